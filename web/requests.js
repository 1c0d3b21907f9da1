// SPDX-License-Identifier: Apache-2.0
// Yêu cầu: what an authority wants to know and what a unit wants help with, by when, and what was
// answered.

import { h, put } from './dom.js';
import { t } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const LIMIT = 50;
const KINDS = ['authority', 'help'];

function takeIn(ctx) {
	return kit.button(t('request_in'), async () => {
		const open = await api.get('/api/incidents', { limit: 200 });
		const answer = await kit.dialog({ title: t('request_in'), label: t('request_in'), fields: [
			{ name: 'kind', label: t('request_kind'), kind: 'select', required: true,
			    value: 'authority', options: KINDS.map((k) => [k, t('request_' + k)]) },
			{ name: 'body', label: t('request_body'), kind: 'line', required: true },
			{ name: 'letter', label: t('request_letter'), kind: 'line' },
			{ name: 'what', label: t('text'), kind: 'text', required: true },
			{ name: 'received', label: t('request_received'), kind: 'time', required: true,
			    value: time.stamp(Date.now()) },
			{ name: 'due', label: t('due'), kind: 'time' },
			{ name: 'incident', label: t('incident'), kind: 'select', value: '',
			    options: [['', t('none')]].concat(open.incidents.map((i) => [i.id, i.id + ' ' +
			        i.title])) },
			{ name: 'person', label: t('field_person'), kind: 'line' }],
		send: (v) => api.post('/api/requests', v) });
		if (answer !== null) {
			kit.say(t('done_and_sealed'));
			ctx.again();
		}
	}, 'main');
}

function answerButton(ctx, r) {
	return kit.button(t('request_answer'), async () => {
		const answer = await kit.dialog({ title: t('request_answer') + ': ' + r.id,
			label: t('request_answer'), intro: r.body + ': ' + r.text, fields: [
				{ name: 'what', label: t('request_said'), kind: 'text', required: true },
				{ name: 'channel', label: t('field_channel'), kind: 'line', required: true },
				{ name: 'receipt', label: t('field_receipt'), kind: 'line' },
				{ name: 'at', label: t('at'), kind: 'time', hint: t('at_hint') }],
			send: (v) => api.post('/api/requests/' + encodeURIComponent(r.id) + '/answer', v) });
		if (answer !== null) {
			kit.say(t('done_and_sealed'));
			ctx.again();
		}
	}, 'main');
}

function item(ctx, r) {
	const waits = r.answered === null;

	return h('li', { class: 'item' + (waits && r.left !== null && r.left < 0 ? ' bad' : '') },
	    h('p', {}, h('span', { class: 'mark' }, r.id), ' ', h('span', { class: 'mark' },
	        t('request_' + r.kind)), ' ', h('strong', {}, r.body), r.letter ? ', ' + r.letter : '',
	    ' ', waits && r.left !== null ? kit.left(r.left) : null),
	    h('p', { class: 'lines' }, r.text),
	    h('p', { class: 'quiet' }, t('request_received'), ' ', time.stamp(r.received), r.due ?
	        ' · ' + t('due_at', time.stamp(r.due)) : ' · ' + t('request_no_due'), r.person ?
	        ' · ' + r.person : '', r.incident ? [' · ', h('a', { href: '#/su-co/' +
	        encodeURIComponent(r.incident) }, r.incident)] : ''),
	    waits ? null : h('p', {}, t('request_answered', time.stamp(r.answered), r.answerer),
	        r.late ? [' ', h('span', { class: 'late' }, t('was_late'))] : '', ': ',
	        h('span', { class: 'lines' }, r.answer), h('span', { class: 'quiet' }, ' ' +
	        [r.channel, r.receipt].filter(Boolean).join(', '))),
	    waits && api.may('act') ? h('p', { class: 'buttons' }, answerButton(ctx, r)) : null);
}

export function requestsScreen(ctx) {
	const p = ctx.params, offset = Number(p.offset) || 0, list = h('div', {});

	put(ctx.main, h('p', {}, h('a', { href: '#/su-co' }, '← ' + t('screen_su_co'))),
	    h('h1', {}, t('requests')), h('p', { class: 'filters' }, h('label', {}, t('state') + ' ',
	        h('select', { onchange: (event) => ctx.choose({ state: event.target.value,
	            offset: '' }) }, ['open', 'all'].map((s) => h('option', { value: s,
	            selected: s === (p.state || 'open') }, t('request_state_' + s))))),
	    api.may('act') ? takeIn(ctx) : null), list);
	kit.into(list, api.get('/api/requests', { state: p.state || 'open', limit: LIMIT, offset },
	    { signal: ctx.signal }), (a) => [a.requests.length === 0 ? h('p', { class: 'quiet' },
	    t('no_requests')) : h('ul', { class: 'items' }, a.requests.map((r) => item(ctx, r))),
	kit.pager(a.total, offset, a.requests.length, LIMIT, (to) => ctx.choose({ offset: to }))]);
}
