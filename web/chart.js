// SPDX-License-Identifier: Apache-2.0
// How many records when: bars, over which one draws with the mouse or a finger to narrow the time.
// The fields for the times beside it do the same for the keyboard.

import { g, h } from './dom.js';
import { t } from './words.js';
import * as time from './time.js';

const W = 1000, H = 90;
const STEPS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 604800];

// Seconds of one bar, so that there are about 80.
export function step(fromMs, toMs) {
	const want = (toMs - fromMs) / 1000 / 80;
	return STEPS.find((s) => s >= want) || STEPS[STEPS.length - 1];
}

export function stepText(s) {
	return s % 86400 === 0 ? s / 86400 + 'd' : s % 3600 === 0 ? s / 3600 + 'h' :
	    s % 60 === 0 ? s / 60 + 'm' : s + 's';
}

// Bars of counts by the start of each (ms).
function bars(counts, range, most) {
	const width = range.to - range.from, step_ = range.step * 1000, out = [];

	for (const [at, n] of counts) {
		const x = (at - range.from) / width * W, w = step_ / width * W;
		const high = most > 0 ? Math.max(2, n / most * (H - 4)) : 0;
		if (x + w < 0 || x > W || n === 0)
			continue;
		out.push(g('rect', { class: 'bar', x: Math.max(0, x).toFixed(2), y: (H - high).toFixed(2),
		    width: Math.max(1, Math.min(w, W - x) - 1).toFixed(2), height: high.toFixed(2) },
		g('title', {}, time.stamp(at) + ': ' + time.count(n))));
	}
	return out;
}

// counts: Map of ms -> number; range: {from, to, step}; pick(from, to) when a time was drawn.
export function chart(counts, range, pick) {
	const total = [...counts.values()].reduce((a, b) => a + b, 0);
	const most = Math.max(0, ...counts.values());
	const mark = g('rect', { class: 'drawn', x: 0, y: 0, width: 0, height: H });
	let began = null;
	const place = (event) => {
		const box = draw.getBoundingClientRect();
		return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
	};
	const at = (part) => range.from + part * (range.to - range.from);
	const draw = g('svg', { class: 'chart', viewBox: '0 0 ' + W + ' ' + H,
		preserveAspectRatio: 'none', role: 'img', 'aria-label': t('chart_label',
		    time.count(total), time.stamp(range.from), time.stamp(range.to)),
		onpointerdown: (event) => {
			began = place(event);
			draw.setPointerCapture(event.pointerId);
		},
		onpointermove: (event) => {
			if (began === null)
				return;
			const now = place(event);
			mark.setAttribute('x', Math.min(began, now) * W);
			mark.setAttribute('width', Math.abs(now - began) * W);
		},
		onpointerup: (event) => {
			const now = place(event), a = Math.min(began, now), b = Math.max(began, now);
			if (began !== null && b - a > 0.004)
				pick(at(a), at(b));
			began = null;
		} }, bars(counts, range, most), mark);

	return h('figure', { class: 'histogram' }, draw, h('figcaption', {},
	    h('span', {}, time.stamp(range.from)),
	    h('span', {}, t('chart_caption', time.count(total), time.lasts(range.step),
	        time.count(most))),
	    h('span', {}, time.stamp(range.to))));
}
