// SPDX-License-Identifier: Apache-2.0
// Times as an office in Vietnam writes them: 24/11/2026 07:30, in the office's zone, whatever the
// zone and language of the browser. And back, from what a person types.

import { t } from './words.js';

let zone = 420;			// minutes east of UTC

export function zoneSet(minutes) {
	zone = minutes;
}

export function zoneMinutes() {
	return zone;
}

export function zoneName() {
	const abs = Math.abs(zone);
	return 'UTC' + (zone < 0 ? '-' : '+') + two(Math.floor(abs / 60)) +
	    (abs % 60 ? ':' + two(abs % 60) : '');
}

function two(n) {
	return String(n).padStart(2, '0');
}

function local(ms) {
	return new Date(ms + zone * 60000);
}

export function day(when) {
	const d = local(+new Date(when));
	return two(d.getUTCDate()) + '/' + two(d.getUTCMonth() + 1) + '/' + d.getUTCFullYear();
}

export function clock(when) {
	const d = local(+new Date(when));
	return two(d.getUTCHours()) + ':' + two(d.getUTCMinutes());
}

// 24/11/2026 07:30; null: nothing
export function stamp(when) {
	return when === null || when === undefined || when === '' ? '' : day(when) + ' ' + clock(when);
}

// With seconds and what the record has behind them.
export function exact(when) {
	const part = /\.(\d{1,9})/.exec(when);
	const d = local(+new Date(when));
	return day(when) + ' ' + clock(when) + ':' + two(d.getUTCSeconds()) +
	    (part ? '.' + part[1].slice(0, 3) : '');
}

// The two largest parts: 1 giờ 5 phút
export function lasts(seconds) {
	const parts = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']];
	let left = Math.max(0, Math.round(seconds)), i = 0;

	while (i < 3 && left < parts[i][0])
		i++;
	const one = Math.floor(left / parts[i][0]);
	left %= parts[i][0];
	const two_ = i < 3 ? Math.floor(left / parts[i + 1][0]) : 0;
	return one + ' ' + t('unit_' + parts[i][1]) +
	    (two_ > 0 && i < 2 ? ' ' + two_ + ' ' + t('unit_' + parts[i + 1][1]) : '');
}

export function ago(when) {
	const s = (Date.now() - new Date(when)) / 1000;
	return s < 60 ? t('just_now') : t('ago', lasts(s));
}

// RFC 3339 in the office's zone, as the desk takes it.
export function rfc(ms) {
	const d = local(ms), abs = Math.abs(zone);
	return d.getUTCFullYear() + '-' + two(d.getUTCMonth() + 1) + '-' + two(d.getUTCDate()) + 'T' +
	    two(d.getUTCHours()) + ':' + two(d.getUTCMinutes()) + ':' + two(d.getUTCSeconds()) +
	    (zone < 0 ? '-' : '+') + two(Math.floor(abs / 60)) + ':' + two(abs % 60);
}

// 24/11/2026 07:30, 24/11 7:30, 7:30 (today), 24/11/2026; null: it is none of them.
export function read(text, now = Date.now()) {
	const m = /^(?:(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?)?\s*(?:(\d{1,2})(?::|h)(\d{2})?)?$/
	    .exec(text.trim());
	if (m === null || (m[1] === undefined && m[4] === undefined))
		return null;
	const today = local(now);
	const y = m[3] !== undefined ? +m[3] : today.getUTCFullYear();
	const mo = m[2] !== undefined ? +m[2] - 1 : today.getUTCMonth();
	const d = m[1] !== undefined ? +m[1] : today.getUTCDate();
	const at = new Date(Date.UTC(y, mo, d, +(m[4] || 0), +(m[5] || 0)));
	if (at.getUTCMonth() !== mo || at.getUTCDate() !== d || +(m[4] || 0) > 23 || +(m[5] || 0) > 59)
		return null;
	return +at - zone * 60000;
}

// 1234567 -> 1.234.567
export function count(n) {
	return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, t('thousands'));
}

// 0.5 -> 0,5
export function tenths(n) {
	return n.toFixed(1).replace('.', t('decimal'));
}

export function bytes(n) {
	const units = ['B', 'KB', 'MB', 'GB', 'TB'];
	let i = 0;

	while (n >= 1000 && i < 4) {
		n /= 1000;
		i++;
	}
	return (n < 10 && i > 0 ? tenths(n) : Math.round(n)) + ' ' + units[i];
}
