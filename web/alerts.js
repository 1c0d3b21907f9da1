// SPDX-License-Identifier: Apache-2.0
// Cảnh báo: what waits for a person, and one of them with what can be done about it.

import { h, put } from './dom.js';
import { t, word, language } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const LIMIT = 50;
const STATES = ['waiting', 'new', 'taken', 'done', 'false', 'muted', 'all'];
const DECIDED = ['done', 'false'];

// The finding's own sentence is Vietnamese, as it was sealed; in English its rule goes before.
export function headline(a) {
	const what = a.host || a.identity || a.peer || a.subject || a.listener;

	return language() === 'en' ? word('rule', a.rule) + (what ? ': ' + what : '') : a.message;
}

export function alertRow(a) {
	const waits = a.state === 'new' && a.closed === null;

	return kit.row('#/canh-bao/' + a.id, waits && a.level >= 3 ? 'bad' : waits ? 'waits' : '',
	    kit.levelMark(a.level), kit.stateMark('state', a.state),
	    h('span', { class: 'row-main' }, headline(a)),
	    h('span', { class: 'quiet' }, time.stamp(a.opened), ' · ', time.ago(a.opened),
	        a.closed ? ' · ' + t('over') : '', a.assignee ? ' · ' + a.assignee : '',
	        a.incident ? ' · ' + a.incident : ''));
}

// ---- the list ----

function choice(name, label, options, value, ctx) {
	return h('label', {}, label, ' ', h('select', { name, onchange: (event) =>
		ctx.choose({ [name]: event.target.value, offset: '' }) },
	options.map(([v, text]) => h('option', { value: v, selected: v === (value || '') }, text))));
}

export function alertsScreen(ctx) {
	const p = ctx.params, offset = Number(p.offset) || 0, list = h('div', {});
	const text = h('input', { type: 'search', name: 'text', value: p.text || '',
		'data-query': '1', 'aria-label': t('alerts_text'), placeholder: t('alerts_text') });
	const load = (poll) => api.get('/api/alerts', { state: p.state || 'waiting',
		level: p.level, rule: p.rule, text: p.text, limit: LIMIT, offset }, { signal: ctx.signal,
		    poll });
	const draw = (a) => [kit.rows(a.alerts.map(alertRow), t('no_alerts')),
		kit.pager(a.total, offset, a.alerts.length, LIMIT, (to) => ctx.choose({ offset: to }))];

	put(ctx.main, h('h1', {}, t('screen_canh_bao')),
	    h('form', { class: 'filters', role: 'search', onsubmit: (event) => {
	        event.preventDefault();
	        ctx.choose({ text: text.value.trim(), offset: '' });
	    } }, choice('state', t('state'), STATES.map((s) => [s, t('state_' + s)]),
	        p.state || 'waiting', ctx),
	    choice('level', t('level_from'), [0, 1, 2, 3, 4].map((n) => [n ? String(n) : '',
	        n ? t('level_' + n) : t('level_any')]), p.level, ctx), text,
	    h('button', { type: 'submit' }, t('filter')),
	    p.rule ? kit.button(t('rule_only', word('rule', p.rule)) + ' ×',
	        () => ctx.choose({ rule: '', offset: '' })) : null,
	    h('a', { class: 'button', href: '#/canh-bao/tat-tam' }, t('mutes'))), list);
	kit.into(list, load(false), draw);
	ctx.onAlerts(() => {
		// Not under the hand of who goes through the list by keys.
		if (!list.contains(document.activeElement))
			load(true).then((a) => put(list, draw(a)), () => {});
	});
}

// ---- mutes ----

function muteRow(m, ctx) {
	const runs = m.ended === null && new Date(m.until) > Date.now();

	return h('li', { class: 'item' }, h('strong', {}, '#' + m.number + ' ' +
	    [word('rule', m.rule), m.host, m.listener, m.peer, m.subject].filter(Boolean).join(' · ')),
	h('p', {}, m.reason), h('p', { class: 'quiet' }, t('mute_told', m.who, time.stamp(m.since),
	    time.stamp(m.until), m.hides)),
	runs && api.may('act') ? kit.button(t('mute_end'), () => kit.dialog({ title: t('mute_end'),
	    label: t('mute_end'), fields: [{ name: 'what', label: t('reason'), kind: 'text' }],
	    send: (v) => api.post('/api/mutes/' + m.number + '/end', v) }).then((done) => done &&
	    ctx.again())) : h('p', { class: 'quiet' }, t('mute_over')));
}

function mutesScreen(ctx) {
	const list = h('div', {});

	put(ctx.main, h('p', {}, h('a', { href: '#/canh-bao' }, '← ' + t('screen_canh_bao'))),
	    h('h1', {}, t('mutes')), list);
	kit.into(list, api.get('/api/mutes', {}, { signal: ctx.signal }), (a) =>
		a.mutes.length === 0 ? h('p', { class: 'quiet' }, t('no_mutes')) :
		h('ul', { class: 'items' }, a.mutes.map((m) => muteRow(m, ctx))));
}

// ---- one alert ----

// What an act asks for: fields beside the path. The reason is wanted where the desk wants it.
function acts(a) {
	const why = (required) => ({ name: 'what', label: t(required ? 'reason' : 'note'),
		kind: 'text', required });

	return [
		{ name: 'take', when: a.state === 'new', main: true, fields: [why(false)] },
		{ name: 'assign', when: true, fields: [{ name: 'to', label: t('assign_to'), kind: 'line',
		    required: true, value: a.assignee }, why(false)] },
		{ name: 'note', when: true, always: true, fields: [why(true)] },
		{ name: 'done', when: true, fields: [why(true)] },
		{ name: 'false', when: true, fields: [why(true)] },
	].filter((x) => x.when && (x.always || !DECIDED.includes(a.state)));
}

function actButton(a, x, show) {
	const go = async () => {
		const answer = await kit.dialog({ title: t('act_' + x.name), label: t('act_' + x.name),
			intro: headline(a), fields: x.fields,
			send: (v) => api.post('/api/alerts/' + a.id + '/' + x.name, v) });
		if (answer !== null) {
			kit.say(t('said_' + x.name));
			show(answer);
		}
	};
	return h('button', { type: 'button', class: x.main ? 'main' : '', 'data-act': x.name,
		onclick: go }, t('act_' + x.name));
}

function muteButton(a) {
	const scope = ['host', 'listener', 'peer', 'subject'].filter((n) => a[n]);
	const fields = () => [
		{ name: 'until', label: t('mute_until'), kind: 'time', required: true,
		    value: time.stamp(Date.now() + 3600000) },
		{ name: 'what', label: t('reason'), kind: 'text', required: true },
		{ name: 'wide', label: t('mute_wide'), kind: 'select', value: 'this', options: [
		    ['this', t('mute_this', scope.map((n) => a[n]).join(' · ') || '–')],
		    ['rule', t('mute_rule', word('rule', a.rule))]] }];

	return h('button', { type: 'button', 'data-act': 'mute', onclick: async () => {
		const answer = await kit.dialog({ title: t('act_mute'), label: t('act_mute'),
			intro: t('mute_intro'), fields: fields(), send: (v) => {
				const what = { rule: a.rule, until: v.until, what: v.what };
				if (v.wide === 'this')
					scope.forEach((n) => {
						what[n] = a[n];
					});
				return api.post('/api/mutes', what);
			} });
		if (answer !== null)
			location.hash = '#/canh-bao/tat-tam';
	} }, t('act_mute'));
}

// The records that the finding was made of: of its host, in its time.
function recordsLink(a) {
	const query = a.host ? 'hostname:="' + a.host.replace(/["\\]/g, '\\$&') + '"' : '*';
	const from = new Date(+new Date(a.from || a.opened) - 900000).toISOString();
	const to = new Date(+new Date(a.last || a.opened) + 60000).toISOString();

	return api.may('search') ? h('a', { class: 'button', href: '#' + api.address('/nhat-ky',
	    { query, from, to }) }, t('records_behind')) : null;
}

function notes(a) {
	return a.notes.length === 0 ? h('p', { class: 'quiet' }, t('no_notes')) :
	    h('ol', { class: 'events' }, a.notes.map((n) => h('li', {}, kit.when(n.time), ' ',
	        kit.who(n.who), ' ', word('did', n.act), n.text ? ': ' : '', kit.told(n.text))));
}

// What to do now is told by the rule that found it, while it is open.
function advice(a, node, ctx) {
	if (a.closed !== null || DECIDED.includes(a.state))
		return;
	api.lines('/trucban/findings', { lang: language() }, (f) => {
		if (f['finding.id'] !== a.id)
			return true;
		put(node, h('h2', {}, t('advice')), h('p', {}, f.advice), h('p', { class: 'quiet' },
		    f.sure));
		return false;
	}, { signal: ctx.signal }).catch(() => {});
}

function alertDraw(a, ctx, show) {
	const more = h('div', {});

	advice(a, more, ctx);
	return [h('h1', {}, headline(a)),
		h('p', {}, kit.levelMark(a.level), ' ', kit.stateMark('state', a.state), ' ',
		    a.closed ? h('span', { class: 'mark' }, t('over')) : null),
		api.may('act') ? h('p', { class: 'buttons acts' }, acts(a).map((x) =>
		    actButton(a, x, show)), DECIDED.includes(a.state) ? null : muteButton(a),
		a.incident === null && !DECIDED.includes(a.state) ? h('a', { class: 'button',
		    href: '#/su-co/moi?alert=' + a.id }, t('incident_from')) : null,
		recordsLink(a)) : h('p', { class: 'buttons' }, recordsLink(a)),
		h('section', {}, kit.facts([t('message'), a.message], [t('rule'), word('rule', a.rule) + ' (' + a.rule +
		    ')'],
		[t('opened'), kit.when(a.opened)], [t('last'), kit.when(a.last)],
		[t('closed'), kit.when(a.closed)], [t('host'), a.host], [t('listener'), a.listener],
		[t('peer'), a.peer], [t('identity'), a.identity], [t('subject'), a.subject],
		[t('assignee'), a.assignee], [t('taker'), a.taker ? [a.taker, ', ', kit.when(a.taken)] :
		    ''],
		[t('decided'), a.decider ? [a.decider, ', ', kit.when(a.decided)] : ''],
		[t('reason'), a.reason],
		[t('incident'), a.incident ? h('a', { href: '#/su-co/' + a.incident }, a.incident) : ''],
		[t('muted'), a.muted ? h('a', { href: '#/canh-bao/tat-tam' }, '#' + a.muted) : ''],
		[t('id'), h('code', {}, a.id)]), more),
		h('section', {}, h('h2', {}, t('notes')), notes(a))];
}

export function alertScreen(ctx) {
	if (ctx.id === 'tat-tam')
		return mutesScreen(ctx);
	const body = h('div', {});
	const show = (a) => {
		put(body, alertDraw(a, ctx, show));
	};

	put(ctx.main, h('p', {}, h('a', { href: '#/canh-bao' }, '← ' + t('screen_canh_bao'))), body);
	kit.into(body, api.get('/api/alerts/' + encodeURIComponent(ctx.id), {},
	    { signal: ctx.signal }), (a) => alertDraw(a, ctx, show));
	return null;
}
