// SPDX-License-Identifier: Apache-2.0
// Sự cố: all of them, the next deadline first, and how one is begun: from an alert or by what
// somebody told.

import { h, put } from './dom.js';
import { t, word, either } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const LIMIT = 50;

export function severityWord(i) {
	return i.severity === null ? t('not_judged') : either(i.severity_title, i.severity_english);
}

function incidentRow(i) {
	return kit.row('#/su-co/' + encodeURIComponent(i.id), i.next && i.next.left < 0 ? 'bad' :
	    i.state === 'open' ? 'waits' : '',
	h('span', { class: 'mark' }, i.id), kit.stateMark('incident_state', i.state),
	i.exercise ? h('span', { class: 'mark' }, t('exercise')) : null,
	h('span', { class: 'row-main' }, i.title),
	i.next ? h('span', {}, either(i.next.title, i.next.english) + ': ', kit.left(i.next.left)) :
	    null,
	h('span', { class: 'quiet' }, severityWord(i), ' · ', t('t0'), ' ', time.stamp(i.t0),
	    i.tasks_open ? ' · ' + t('tasks_left', i.tasks_open) : ''));
}

export function incidentsScreen(ctx) {
	const p = ctx.params, offset = Number(p.offset) || 0, list = h('div', {});
	const text = h('input', { type: 'search', value: p.text || '', 'data-query': '1',
		'aria-label': t('incidents_text'), placeholder: t('incidents_text') });

	put(ctx.main, h('h1', {}, t('screen_su_co')),
	    h('form', { class: 'filters', role: 'search', onsubmit: (event) => {
	        event.preventDefault();
	        ctx.choose({ text: text.value.trim(), offset: '' });
	    } }, h('label', {}, t('state') + ' ', h('select', { name: 'state', onchange: (event) =>
	        ctx.choose({ state: event.target.value, offset: '' }) },
	    ['open', 'closed', 'merged', 'all'].map((s) => h('option', { value: s,
	        selected: s === (p.state || 'open') }, t('incident_state_' + s))))), text,
	    h('button', { type: 'submit' }, t('filter')),
	    api.may('act') ? h('a', { class: 'button main', href: '#/su-co/moi' },
	        t('incident_open')) : null, h('a', { class: 'button', href: '#/su-co/yeu-cau' },
	        t('requests'))), list);
	kit.into(list, api.get('/api/incidents', { state: p.state || 'open', text: p.text,
		limit: LIMIT, offset }, { signal: ctx.signal }), (a) => [
		kit.rows(a.incidents.map(incidentRow), t('no_incidents')),
		kit.pager(a.total, offset, a.incidents.length, LIMIT, (to) =>
			ctx.choose({ offset: to }))]);
}

// ---- a new one ----

const HOW = ['phone', 'letter', 'citizen', 'body', 'found', 'other'];

function openFields(alert, pack) {
	const profiles = [...new Set(pack.severities.map((s) => s.profile))];

	return [
		{ name: 'title', label: t('incident_title'), kind: 'line', required: true, most: 300,
		    value: alert ? alert.message.slice(0, 300) : '' },
		{ name: 't0', label: t('t0_long'), kind: 'time', required: true,
		    value: time.stamp(alert ? alert.opened : Date.now()) },
		{ name: 'occurred', label: t('occurred'), kind: 'time' },
		{ name: 'personal', label: t('personal'), kind: 'time', hint: t('personal_hint') },
		{ name: 'what', label: t('known'), kind: 'text', required: true,
		    value: alert ? alert.message : '' },
		alert ? null : { name: 'how', label: t('how'), kind: 'select', required: true,
		    value: 'phone', options: HOW.map((n) => [n, t('how_' + n)]) },
		alert ? null : { name: 'teller', label: t('teller'), kind: 'line', required: true },
		{ name: 'unit', label: t('unit'), kind: 'line' },
		{ name: 'system', label: t('system'), kind: 'line', value: alert ? alert.host : '' },
		{ name: 'level', label: t('system_level'), kind: 'select', value: '', options: [['',
		    t('unknown')], ['1', '1'], ['2', '2'], ['3', '3'], ['4', '4'], ['5', '5']] },
		profiles.length > 1 ? { name: 'profile', label: t('profile'), kind: 'select',
		    value: pack.profile, options: profiles.map((n) => [n, word('profile', n)]) } : null,
		{ name: 'exercise', label: t('is_exercise'), kind: 'flag' },
	].filter(Boolean);
}

async function openLoad(ctx) {
	const id = ctx.params.alert;
	const [pack, alert] = await Promise.all([
		api.get('/api/packs/incident', {}, { signal: ctx.signal }),
		id ? api.get('/api/alerts/' + encodeURIComponent(id), {}, { signal: ctx.signal }) :
		    null]);
	return { pack, alert };
}

function openDraw(ctx, found) {
	const fields = openFields(found.alert, found.pack);
	const wrong = h('p', { class: 'error', role: 'alert', hidden: true });
	const go = h('button', { type: 'submit', class: 'main' }, t('incident_open'));

	return h('form', { class: 'sheet wide', novalidate: true, onsubmit: async (event) => {
		event.preventDefault();
		wrong.hidden = true;
		go.disabled = true;
		try {
			const made = await api.post('/api/incidents', Object.assign(kit.values(fields),
			    { alert: ctx.params.alert }));
			kit.say(t('incident_opened', made.id));
			location.hash = '#/su-co/' + encodeURIComponent(made.id);
		} catch (e) {
			put(wrong, e.status === undefined ? e.message : kit.sentence(e));
			wrong.hidden = false;
		}
		go.disabled = false;
	} }, h('p', {}, t('incident_open_why')), fields.map(kit.fieldNode), wrong,
	h('p', { class: 'buttons' }, go));
}

export function openScreen(ctx) {
	const body = h('div', {});

	put(ctx.main, h('p', {}, h('a', { href: '#/su-co' }, '← ' + t('screen_su_co'))),
	    h('h1', {}, t('incident_open')), body);
	if (api.may('act'))
		kit.into(body, openLoad(ctx), (found) => openDraw(ctx, found));
	else
		put(body, h('p', {}, t('may_not')));
}
