// SPDX-License-Identifier: Apache-2.0
// Nguồn: who sent how much in which hour, what was lost, who is silent. A cell is a link to the
// records that it counts.

import { h, put } from './dom.js';
import { t, word } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const RANGES = ['24h', '7d', '30d'];
// Verdicts whose value is a time.
const SECONDS = ['silent', 'clock', 'desk-down'];

function name(s) {
	return s.host || s.identity || s.peer || t('other_sources');
}

function key(s) {
	return [s.host, s.identity, s.peer, s.listener].map((v) => v || '').join('\n');
}

// JSON lines of /trucban/coverage, by what they are.
function sorted(lines) {
	const out = { sources: new Map(), remarks: [], losses: [], expected: [], unknown: [], times:
	    new Set() };

	for (const one of lines) {
		if (one.kind === 'period')
			out.period = one;
		else if (one.kind === 'source')
			out.sources.set(key(one), Object.assign({ steps: new Map() }, one));
		else if (one.kind === 'remark')
			out.remarks.push(one);
		else if (one.kind === 'loss')
			out.losses.push(one);
		else if (one.kind === 'expected' || one.kind === 'unknown')
			out[one.kind].push(one);
	}
	for (const one of lines)
		if (one.kind === 'step' && out.sources.has(key(one)))
			out.sources.get(key(one)).steps.set(+new Date(one._time), one);
	return out;
}

function columns(period) {
	const step = Number(period.step_seconds) * 1000, zone = Number(period.zone_seconds) * 1000;
	const first = Math.floor((+new Date(period.from) + zone) / step) * step - zone, out = [];

	for (let at = first; at < +new Date(period.to); at += step)
		out.push(at);
	return out;
}

// 0: nothing; 1 to 4: little to much, against the source's own fullest hour.
function heat(n, most) {
	return n === 0 ? 0 : Math.max(1, Math.ceil(4 * Math.log1p(n) / Math.log1p(most)));
}

function cell(s, at, step, most) {
	const one = s.steps.get(at), n = one ? Number(one.rows) : 0;
	const before = s.first && at + step <= +new Date(s.first);
	const missing = one ? Number(one.missing_estimate) + Number(one.cut) : 0;
	const label = name(s) + ', ' + time.stamp(at) + ': ' + t('n_records', time.count(n)) +
	    (missing > 0 ? ', ' + t('n_missing', time.count(missing)) : '');
	const to = '#' + api.address('/nhat-ky', { query: s.host ? 'hostname:=' +
	    JSON.stringify(s.host) : '_peer:=' + JSON.stringify(s.peer || ''),
	from: new Date(at).toISOString(), to: new Date(at + step).toISOString() });

	return h('td', { class: 'heat heat-' + heat(n, most) + (missing > 0 ? ' torn' : '') },
	    n > 0 ? h('a', { href: to, title: label, 'aria-label': label }, short(n)) :
	    h('span', { title: label }, before ? '' : '–'));
}

function short(n) {
	return n < 1000 ? String(n) : n < 10000 ? time.tenths(n / 1000) + 'k' : n < 1000000 ?
	    Math.round(n / 1000) + 'k' : time.tenths(n / 1000000) + 'M';
}

function sourceRow(s, times, step) {
	const most = Math.max(1, ...[...s.steps.values()].map((one) => Number(one.rows)));

	return h('tr', {}, h('th', { scope: 'row' }, h('a', { href: '#' + api.address('/nhat-ky', {
	    query: s.host ? 'hostname:=' + JSON.stringify(s.host) : '*', range: '24h' }) }, name(s)),
	h('span', { class: 'quiet' }, ' ' + [s.listener, s.peer].filter(Boolean).join(', '))),
	h('td', { class: 'number' }, time.count(s.rows)), h('td', {}, time.stamp(s.last)),
	times.map((at) => cell(s, at, step, most)));
}

function map(found) {
	const times = columns(found.period), step = Number(found.period.step_seconds) * 1000;
	const list = [...found.sources.values()].sort((a, b) => name(a) < name(b) ? -1 : 1);

	const box = h('div', { class: 'scroll', tabindex: '0', role: 'region',
	    'aria-label': t('heat_map') },
	    h('table', { class: 'heats' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' },
	        t('source')), h('th', { scope: 'col' }, t('records')), h('th', { scope: 'col' },
	        t('last_record')), times.map((at) => h('th', { scope: 'col', title: time.stamp(at) },
	        step < 86400000 ? time.clock(at).slice(0, 2) : time.day(at).slice(0, 5))))),
	    h('tbody', {}, list.map((s) => sourceRow(s, times, step)))));
	// What was last is seen first.
	requestAnimationFrame(() => {
		box.scrollLeft = box.scrollWidth;
	});
	return box;
}

function remarks(found) {
	return found.length === 0 ? h('p', {}, t('no_remarks')) : h('ul', { class: 'items' },
	    found.map((r) => h('li', { class: 'item' }, h('strong', {}, word('verdict', r.verdict)),
	        ' ', [r.host || r.identity || r.peer, r.id, r.listener, r.door, r.name]
	            .filter(Boolean).join(' · '), r.value && r.value !== '0' ? ' (' +
	            (SECONDS.includes(r.verdict) ? time.lasts(r.value) : time.count(r.value)) + ')' :
	            '')));
}

function draw(found) {
	const p = found.period;

	return [h('p', {}, t('coverage_sum', time.count(p.sources), time.count(p.rows),
	    time.stamp(p.from), time.stamp(p.to))),
	h('p', { class: Number(p.missing_estimate) > 0 || Number(p.outages) > 0 ? 'late' : '' },
	    Number(p.missing_estimate) > 0 || Number(p.outages) > 0 ? t('coverage_lost',
	        time.count(p.missing_estimate), time.count(p.outages)) : t('coverage_whole')),
	map(found), h('section', {}, h('h2', {}, t('remarks')), remarks(found.remarks)),
	found.unknown.length > 0 ? h('section', {}, h('h2', {}, t('unknown_sources')),
	    h('ul', { class: 'plain' }, found.unknown.map((u) => h('li', {}, name(u), ' ',
	        h('span', { class: 'quiet' }, [u.listener, u.peer].filter(Boolean).join(', ')))))) :
	    null];
}

export function sourcesScreen(ctx) {
	const body = h('div', {}), range = RANGES.includes(ctx.params.range) ? ctx.params.range : '24h';
	const lines = [];

	put(ctx.main, h('h1', {}, t('screen_nguon')), h('p', { class: 'filters' },
	    RANGES.map((r) => h('button', { type: 'button', 'aria-pressed': String(r === range),
	        onclick: () => ctx.choose({ range: r }) }, t('range_' + r))),
	    h('a', { class: 'button', href: '#/canh-bao?rule=coverage.silent' }, t('sources_silent'))),
	body);
	kit.into(body, api.lines('/trucban/coverage', { start: range }, (one) => {
		lines.push(one);
	}, { signal: ctx.signal }), () => draw(sorted(lines)));
}
