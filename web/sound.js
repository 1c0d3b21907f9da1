// SPDX-License-Identifier: Apache-2.0
// The sound of a new alert: two tones made by the browser itself. Browsers are silent until the
// person has done something on the page; until then `asleep` says so, and the shell tells it.

let audio = null;
let wanted = localStorage.getItem('sound') !== 'off';

export function isOn() {
	return wanted;
}

export function turn(on) {
	wanted = on;
	localStorage.setItem('sound', on ? 'on' : 'off');
	if (on)
		wake();
}

// To be called where a person has just clicked or typed.
export function wake() {
	if (audio === null)
		audio = new AudioContext();
	if (audio.state === 'suspended')
		audio.resume().catch(() => {});
}

export function asleep() {
	return wanted && (audio === null || audio.state !== 'running');
}

function tone(hertz, from, seconds) {
	const source = audio.createOscillator(), gain = audio.createGain();

	source.frequency.value = hertz;
	gain.gain.setValueAtTime(0.0001, from);
	gain.gain.exponentialRampToValueAtTime(0.25, from + 0.03);
	gain.gain.exponentialRampToValueAtTime(0.0001, from + seconds);
	source.connect(gain).connect(audio.destination);
	source.start(from);
	source.stop(from + seconds);
}

// grave: longer and higher.
export function ring(grave) {
	if (!wanted || audio === null || audio.state !== 'running')
		return;
	for (let i = 0; i < (grave ? 4 : 2); i++)
		tone(i % 2 === 0 ? 880 : grave ? 1175 : 660, audio.currentTime + i * 0.28, 0.26);
}
