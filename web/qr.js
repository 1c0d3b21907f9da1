// SPDX-License-Identifier: Apache-2.0
// A QR code (ISO/IEC 18004) for the address that an authenticator takes: at most 134 octets, so
// always version 6 (41 x 41), level L, mask 0. What else the standard has is not needed here.

import { g } from './dom.js';

const SIZE = 41, DATA = 68, CHECK = 18, BLOCKS = 2;
const MOST = DATA * BLOCKS - 2;
const FORMAT = 0b111011111000100;	// level L, mask 0, with its check bits; table C.1

// ---- octets: GF(256) by x^8 + x^4 + x^3 + x^2 + 1 ----

function times(a, b) {
	let out = 0;
	for (; b > 0; b >>= 1) {
		if (b & 1)
			out ^= a;
		a = a << 1 ^ (a & 0x80 ? 0x11d : 0);
	}
	return out;
}

// (x - 1)(x - 2)(x - 4)...: its coefficients but the first.
function generator() {
	let out = new Array(CHECK).fill(0), root = 1;

	out[CHECK - 1] = 1;
	for (let i = 0; i < CHECK; i++) {
		out = out.map((c, j) => times(c, root) ^ (j + 1 < CHECK ? out[j + 1] : 0));
		root = times(root, 2);
	}
	return out;
}

function checked(block, by) {
	const out = new Array(CHECK).fill(0);

	for (const octet of block) {
		const factor = octet ^ out.shift();
		out.push(0);
		by.forEach((c, i) => {
			out[i] ^= times(c, factor);
		});
	}
	return out;
}

// Mode 4 (octets), length, octets, 0000, then 236, 17, 236...; the blocks' octets in turn.
function codewords(text) {
	const octets = [...new TextEncoder().encode(text)], all = [4 << 4 | octets.length >> 4];

	if (octets.length > MOST)
		throw new Error('too long for this code');
	// Everything stands four bits later than an octet begins.
	[...octets, 0].reduce((before, octet) => {
		all.push((before << 4 & 0xf0) | octet >> 4);
		return octet;
	}, octets.length & 15);
	for (let i = 0; all.length < DATA * BLOCKS; i++)
		all.push(i % 2 === 0 ? 236 : 17);
	const by = generator(), blocks = [all.slice(0, DATA), all.slice(DATA)];
	const check = blocks.map((block) => checked(block, by));
	const turn = (parts, n) => Array.from({ length: n * BLOCKS },
	    (x, i) => parts[i % BLOCKS][Math.floor(i / BLOCKS)]);
	return turn(blocks, DATA).concat(turn(check, CHECK));
}

// ---- squares ----

// What stands at its place whatever is said: null where data goes.
function frame() {
	const at = Array.from({ length: SIZE }, () => new Array(SIZE).fill(null));
	const set = (x, y, dark) => {
		if (x >= 0 && y >= 0 && x < SIZE && y < SIZE)
			at[y][x] = dark;
	};
	const rings = (cx, cy, most, light) => {
		for (let dy = -most; dy <= most; dy++)
			for (let dx = -most; dx <= most; dx++)
				set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
	};

	for (let i = 0; i < SIZE; i++) {
		set(6, i, i % 2 === 0);
		set(i, 6, i % 2 === 0);
	}
	rings(3, 3, 4, [2, 4]);
	rings(SIZE - 4, 3, 4, [2, 4]);
	rings(3, SIZE - 4, 4, [2, 4]);
	rings(SIZE - 7, SIZE - 7, 2, [1]);
	for (let i = 0; i < 15; i++) {
		const dark = (FORMAT >> i & 1) === 1;
		set(i < 8 ? SIZE - 1 - i : i < 9 ? 7 : 14 - i, 8, dark);
		set(8, i < 6 ? i : i < 8 ? i + 1 : SIZE - 15 + i, dark);
	}
	set(8, SIZE - 8, true);
	return at;
}

// Upwards and downwards in columns of two, from the right; mask 0: every other square is turned.
export function squares(text) {
	const at = frame(), bits = codewords(text);
	let n = 0;

	for (let right = SIZE - 1; right > 0; right -= right === 8 ? 3 : 2)
		for (let i = 0; i < SIZE; i++)
			for (const x of [right, right - 1]) {
				const y = (right + 1 & 2) === 0 ? SIZE - 1 - i : i;
				if (at[y][x] !== null)
					continue;
				const bit = n >> 3 < bits.length ? bits[n >> 3] >> 7 - (n & 7) & 1 : 0;
				at[y][x] = (bit === 1) !== ((x + y) % 2 === 0);
				n++;
			}
	return at;
}

export function qr(text, label) {
	const path = squares(text).map((row, y) => row.map((dark, x) => dark ?
	    'M' + x + ' ' + y + 'h1v1h-1z' : '').join('')).join('');
	return g('svg', { class: 'qr', viewBox: '-4 -4 ' + (SIZE + 8) + ' ' + (SIZE + 8), role: 'img',
		'aria-label': label }, g('path', { d: path }));
}
