// SPDX-License-Identifier: Apache-2.0
// Nhật ký hệ thống: a question in LogsQL, when and what it finds, and each record as it came in.
// The whole question stands in the address. Every question is a row of the ledger.

import { h, put } from './dom.js';
import { t, word } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';
import { chart, step, stepText } from './chart.js';
import { complete, seen } from './complete.js';
import { recordItem, quoted } from './record.js';

const LIMIT = 200;
const MORE = 5;			// times as many when more are wanted
const VALUES = 20;
const TAIL_MOST = 500;
const RANGES = { '15m': 900, '1h': 3600, '24h': 86400, '7d': 604800, '30d': 2592000 };

// ---- the question ----

// From when to when, in ms; what ends now does so at the moment it is asked.
function rangeOf(p, now = Date.now()) {
	const from = p.from ? +new Date(p.from) : NaN, to = p.to ? +new Date(p.to) : NaN;

	if (!Number.isNaN(from) && !Number.isNaN(to) && from < to)
		return { from, to, fixed: true };
	return { from: now - (RANGES[p.range] || RANGES['1h']) * 1000, to: now, fixed: false };
}

// What stands before the first pipe that is not inside of quotes.
function filterOf(query) {
	let quote = '';
	for (let i = 0; i < query.length; i++) {
		if (quote !== '') {
			if (query[i] === '\\')
				i++;
			else if (query[i] === quote)
				quote = '';
		} else if ('"\'`'.includes(query[i])) {
			quote = query[i];
		} else if (query[i] === '|') {
			return query.slice(0, i);
		}
	}
	return query;
}

function asked(ctx, more) {
	const p = ctx.params, range = rangeOf(p);

	return Object.assign({ query: p.query || '*', start: new Date(range.from).toISOString(),
		end: new Date(range.to).toISOString(), stream: p.stream, fold: p.exact ? '' : '1' }, more);
}

// "column 5, at the end: missing ')'" with its place shown in what was typed.
function wrongQuery(e, query) {
	const m = /^column (\d+), at (?:the end|'([\s\S]*)'): ([\s\S]*)$/.exec(e.message || '');

	if (e.status !== 400 || m === null)
		return kit.trouble(e);
	const at = Math.max(0, Number(m[1]) - 1), letters = [...query];
	const said = { 'missing filter': 'wrong_filter', "missing ')'": 'wrong_closing' }[m[3]];
	return h('div', { class: 'error', role: 'alert', id: 'query-wrong' },
	    h('p', {}, t('wrong_query', m[1]), ' ', m[2] === undefined ? t('wrong_at_end') :
	        t('wrong_at', m[2]), ' ', said ? t(said) : m[3]),
	    h('pre', {}, letters.slice(0, at).join(''), h('mark', {}, letters[at] || '\u00a0'),
	        letters.slice(at + 1).join('')));
}

// ---- what it finds ----

function isTable(row) {
	return !('_msg' in row) && !('_seq' in row);
}

function table(found) {
	const names = [...new Set(found.flatMap((row) => Object.keys(row)))].slice(0, 40);

	return h('div', { class: 'scroll', tabindex: '0' }, h('table', {}, h('thead', {}, h('tr', {},
	    names.map((n) => h('th', { scope: 'col' }, n)))), h('tbody', {}, found.map((row) =>
		h('tr', {}, names.map((n) => h('td', {}, row[n] === undefined ? '' : n === '_time' ?
		    time.exact(row[n]) : row[n])))))));
}

function foundDraw(found, limit, view) {
	if (found.length === 0)
		return h('p', { class: 'quiet' }, t('nothing_found'));
	const body = isTable(found[0]) ? table(found) : h('ol', { class: 'records' },
	    found.map((row) => recordItem(row, view)));
	return [body, found.length < limit ? h('p', { class: 'quiet' }, t('all_shown',
	    time.count(found.length))) : h('p', { class: 'buttons' }, t('first_shown',
	    time.count(limit)), ' ', kit.button(t('show_more'),
	    () => view.ctx.choose({ limit: Math.min(5000, limit * MORE) })))];
}

async function rowsLoad(view) {
	const limit = Number(view.ctx.params.limit) || LIMIT, found = [];

	put(view.rows, h('p', { class: 'quiet' }, t('searching')));
	view.rows.setAttribute('aria-busy', 'true');
	try {
		await api.lines('/select/logsql/query', asked(view.ctx, { limit }), (row) => {
			found.push(row);
		}, { signal: view.ctx.signal });
		view.known = seen(found);
		put(view.rows, foundDraw(found, limit, view));
		kit.say(t('found_rows', found.length));
	} catch (e) {
		if (e.name === 'AbortError')
			return;
		put(view.rows, wrongQuery(e, view.ctx.params.query || '*'));
		view.query.setAttribute('aria-invalid', 'true');
	}
}

async function histogramLoad(view) {
	const range = rangeOf(view.ctx.params), counts = new Map();
	const query = filterOf(view.ctx.params.query || '*');
	const pick = (from, to) => view.ctx.choose({ range: '', from: new Date(from).toISOString(),
		to: new Date(to).toISOString() });

	range.step = step(range.from, range.to);
	try {
		await api.lines('/select/logsql/query', asked(view.ctx, { query: query +
		    ' | stats by (_time:' + stepText(range.step) + (range.step >= 3600 ? ' offset ' +
		    time.zoneMinutes() + 'm' : '') + ') count() n' }), (row) => {
			counts.set(+new Date(row._time), Number(row.n));
		}, { signal: view.ctx.signal });
		put(view.histogram, chart(counts, range, pick));
	} catch (e) {
		put(view.histogram);
	}
}

// ---- fields ----

async function valuesLoad(view, name, node) {
	const found = [];

	try {
		await api.lines('/select/logsql/query', asked(view.ctx, { query:
		    filterOf(view.ctx.params.query || '*') + ' | field_values ' + quoted(name) +
		    ' limit ' + VALUES }), (row) => {
			found.push(row);
		}, { signal: view.ctx.signal });
		put(node, h('ul', { class: 'values' }, found.map((row) => h('li', {},
		    h('button', { type: 'button', class: 'plain', title: t('only_this'),
		        onclick: () => view.narrow(name, row[name], false) }, row[name] || t('empty')),
		    h('span', { class: 'quiet' }, ' ' + time.count(row.hits))))));
	} catch (e) {
		put(node, kit.trouble(e));
	}
}

function fieldItem(view, row) {
	const node = h('div', {});

	return h('details', { ontoggle: (event) => {
		if (event.target.open && node.childNodes.length === 0)
			valuesLoad(view, row.name, node);
	} }, h('summary', {}, h('code', {}, row.name), h('span', { class: 'quiet' }, ' ' +
	    time.count(row.hits))), node);
}

// Asked for when somebody looks at them.
function fieldsNode(view) {
	const node = h('div', {});
	let asked_ = false;

	return h('details', { class: 'fields', ontoggle: async (event) => {
		if (event.target !== event.currentTarget || !event.target.open || asked_)
			return;
		asked_ = true;
		const found = [];
		put(node, h('p', { class: 'quiet' }, t('loading')));
		try {
			await api.lines('/select/logsql/query', asked(view.ctx, { query:
			    filterOf(view.ctx.params.query || '*') + ' | field_names' }), (row) => {
				if (!['_time', '_stream_id', '_msg', '_seq', '_stream'].includes(row.name))
					found.push(row);
			}, { signal: view.ctx.signal });
			put(node, found.map((row) => fieldItem(view, row)));
		} catch (e) {
			put(node, kit.trouble(e));
		}
	} }, h('summary', {}, t('fields')), node);
}

// ---- live ----

function tail(view) {
	const stop = new AbortController();
	const list = h('ol', { class: 'records', 'aria-live': 'off' });
	const state = h('p', { class: 'live' }, t('live_on'), ' ', kit.button(t('live_stop'), () => {
		stop.abort();
		put(state, t('live_off'));
	}));

	view.ctx.signal.addEventListener('abort', () => stop.abort());
	put(view.histogram);
	put(view.rows, state, list);
	api.lines('/select/logsql/tail', { query: view.ctx.params.query || '*',
		stream: view.ctx.params.stream, fold: view.ctx.params.exact ? '' : '1' }, (row) => {
		list.prepend(recordItem(row, view));
		while (list.childNodes.length > TAIL_MOST)
			list.lastChild.remove();
	}, { signal: stop.signal }).then(() => put(state, t('live_off')), (e) => {
		if (e.name !== 'AbortError')
			put(state, wrongQuery(e, view.ctx.params.query || '*'));
	});
}

// ---- the screen ----

function rangeField(p) {
	const now = p.from && p.to ? 'own' : RANGES[p.range] ? p.range : '1h';

	return h('select', { name: 'range', 'aria-label': t('range') },
	    [...Object.keys(RANGES), 'own'].map((r) => h('option', { value: r, selected: r === now },
	        t('range_' + r))));
}

function timeField(name, value) {
	return h('input', { type: 'text', name, value: value ? time.stamp(value) : '',
		'aria-label': t(name), placeholder: t('time_form'), spellcheck: 'false' });
}

// What the form says, as the address has it; throws a sentence.
function formRead(form) {
	const value = (name) => form.elements[name] ? form.elements[name].value.trim() : '';
	const out = { query: value('query'), range: value('range'), from: '', to: '', limit: '',
		stream: value('stream'), exact: form.elements.exact.checked ? '1' : '', live: '' };

	if (out.range !== 'own')
		return out;
	for (const name of ['from', 'to']) {
		const ms = time.read(value(name));
		if (ms === null)
			throw new Error(t('field_no_time', t(name), t('time_form')));
		out[name] = new Date(ms).toISOString();
	}
	if (out.from >= out.to)
		throw new Error(t('from_after_to'));
	out.range = '';
	return out;
}

function streamField(p) {
	return h('label', {}, t('stream') + ' ', h('select', { name: 'stream' },
	    [['', 'raw'], ['findings', 'findings'], ['ledger', 'ledger']].map(([value, name]) =>
	        h('option', { value, selected: value === (p.stream || '') }, word('stream', name)))));
}

function exportLinks(ctx) {
	const link = (format, label, file) => h('a', { class: 'button', download: file,
		href: api.address('/select/logsql/query', asked(ctx, { format, limit: 100000 })) }, label);

	return h('details', { class: 'export' }, h('summary', {}, t('export')),
	    h('p', {}, t('export_note')), h('p', { class: 'buttons' },
	        link('json', t('export_json'), 'nhat-ky.jsonl'),
	        link('text', t('export_text'), 'nhat-ky.txt'),
	        link('raw', t('export_raw'), 'nhat-ky.log')));
}

function searchForm(ctx, view) {
	const p = ctx.params, wrong = h('p', { class: 'error', role: 'alert', hidden: true });
	const own = h('span', { class: 'own', hidden: !(p.from && p.to) }, timeField('from', p.from),
	    ' – ', timeField('to', p.to), h('span', { class: 'quiet' }, ' ' + time.zoneName()));
	const range = rangeField(p);

	range.addEventListener('change', () => {
		own.hidden = range.value !== 'own';
		if (!own.hidden && !p.from) {
			const now = rangeOf(p);
			own.querySelector('[name=from]').value = time.stamp(now.from);
			own.querySelector('[name=to]').value = time.stamp(now.to);
		}
	});
	const go = (form, more) => {
		wrong.hidden = true;
		try {
			const chosen = Object.assign(formRead(form), more);
			// Asked again as it is: the address does not change, the answer may.
			if (!ctx.choose(chosen))
				ctx.again();
		} catch (e) {
			put(wrong, e.message);
			wrong.hidden = false;
		}
	};
	const form = h('form', { class: 'query', role: 'search', onsubmit: (event) => {
		event.preventDefault();
		go(form, {});
	} }, complete(view.query, () => view.known),
	h('button', { type: 'submit', class: 'main' }, t('search')),
	h('div', { class: 'options' }, range, own, streamField(p),
	    h('label', {}, h('input', { type: 'checkbox', name: 'exact', checked: Boolean(p.exact) }),
	        ' ' + t('exact')),
	    kit.button(t('live'), () => go(form, { live: '1' }))), wrong);
	return form;
}

export function searchScreen(ctx) {
	const p = ctx.params;
	const view = { ctx, rows: h('div', {}), histogram: h('div', {}), known: seen([]) };

	view.query = h('input', { type: 'search', name: 'query', value: p.query || '', 'data-query': '1',
		placeholder: t('query_form'), 'aria-label': t('query'), spellcheck: 'false',
		autocapitalize: 'off', autocomplete: 'off', 'aria-describedby': 'query-wrong' });
	// One value more, or one less.
	view.narrow = (name, value, not) => {
		const rest = /^\s*\*?\s*$/.test(filterOf(p.query || '')) ? '' :
		    filterOf(p.query || '').trim() + ' ';
		ctx.choose({ query: rest + (not ? '!' : '') + quoted(name) + ':=' + JSON.stringify(value),
			live: '' });
	};
	put(ctx.main, h('h1', {}, t('screen_nhat_ky')), searchForm(ctx, view),
	    h('details', { class: 'help' }, h('summary', {}, t('query_help')), h('ul', {},
	        ['query_help_1', 'query_help_2', 'query_help_3', 'query_help_4', 'query_help_5']
	            .map((key) => {
	                const [code, text] = t(key).split(' — ', 2);
	                return h('li', {}, h('code', {}, code), ' — ' + text);
	            }))),
	    view.histogram, h('div', { class: 'beside' }, p.live ? null : fieldsNode(view), view.rows),
	    p.live ? null : exportLinks(ctx));
	if (p.live) {
		tail(view);
		return;
	}
	rowsLoad(view).then(() => histogramLoad(view))
	    .then(() => view.rows.removeAttribute('aria-busy'));
}
