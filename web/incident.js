// SPDX-License-Identifier: Apache-2.0
// One incident: which deadline runs, what is to be done, what happened. What may be done is there
// as long as it may be; each act is sealed before this page shows it.

import { h, put } from './dom.js';
import { t, word, either } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';
import { severityWord } from './incidents.js';
import { headline } from './alerts.js';

const TOUCH = ['person', 'account', 'host', 'address', 'system', 'data', 'other'];
const SURE = ['sure', 'likely', 'guess'];

const what = (required, label) => ({ name: 'what', label: t(label || (required ? 'reason' : 'note')),
	kind: 'text', required });
const at = () => ({ name: 'at', label: t('at'), kind: 'time', hint: t('at_hint') });
const line = (name, required, value) => ({ name, label: t('field_' + name), kind: 'line', required,
	value });

// A button whose dialog does an act, and shows the incident as it is then.
function act(view, label, path, fields, more = {}) {
	return h('button', { type: 'button', class: more.kind || '', onclick: async () => {
		const answer = await kit.dialog({ title: label, label: more.label || label,
			intro: more.intro, danger: more.kind === 'danger',
			fields: typeof fields === 'function' ? await fields() : fields,
			send: (v) => api.post(path, v) });
		if (answer !== null) {
			kit.say(t('done_and_sealed'));
			if (answer.id && answer.id !== view.id)
				location.hash = '#/su-co/' + encodeURIComponent(answer.id);
			else
				view.show(answer);
		}
	} }, label);
}

function section(title, ...body) {
	return h('section', {}, h('h2', {}, title), body);
}

// ---- deadlines ----

function clockItem(view, c) {
	const path = view.path + '/clocks/' + encodeURIComponent(c.clock) + '/';
	const runs = c.sent === null && c.dropped === null;
	const state = c.sent ? h('strong', {}, t('sent_at', time.stamp(c.sent)), c.late ?
	    [' ', h('span', { class: 'late' }, t('was_late'))] : '') : c.waiver ?
	    h('strong', {}, t('waived_by', c.waiver)) : c.dropped ? t('dropped') : kit.left(c.left);

	return h('li', { class: 'item' + (runs && c.left < 0 ? ' bad' : '') },
	    h('p', {}, h('strong', {}, either(c.title, c.english)), ' ', state),
	    h('p', {}, t('due_at', time.stamp(c.due)), c.recipient ? ' · ' + t('send_to',
	        c.recipient) : ''),
	    h('p', { class: 'quiet' }, c.law, ', ', c.article, ' · ', word('law_status', c.status),
	        c.channel ? ' · ' + c.channel + ', ' + c.to : '',
	        c.receipt ? ' · ' + t('receipt_no', c.receipt) : '', c.waived ? ' · ' + c.waived : ''),
	    view.open && api.may('act') && !c.dropped ? h('p', { class: 'buttons' },
	        runs ? act(view, t('clock_sent'), path + 'sent', [line('channel', true),
	            line('to', true, c.recipient), line('receipt', false), at(), what(false)],
	        { kind: 'main' }) : act(view, t('clock_receipt'), path + 'receipt',
	            [line('receipt', true, c.receipt), at(), what(false)]),
	        runs && api.may('head') ? act(view, t('clock_waive'), path + 'waive', [what(true)]) :
	            null) : null);
}

// ---- tasks ----

function taskItem(view, x) {
	const path = '/api/tasks/' + x.task + '/', open = x.state === 'open';

	return h('li', { class: 'item' + (open && x.left !== null && x.left < 0 ? ' bad' : '') },
	    h('p', {}, open ? '☐ ' : '☑ ', h('strong', {}, '#' + x.task + ' ' +
	        either(x.title, x.english)), x.evidence ? h('span', { class: 'mark' },
	        t('evidence_first')) : null, ' ', open && x.left !== null ? kit.left(x.left) : null),
	    h('p', { class: 'quiet' }, x.person || t('nobody'), x.due ? ' · ' + t('due_at',
	        time.stamp(x.due)) : '', open ? '' : ' · ' + word('task_state', x.state) + ', ' +
	        x.doer + ', ' + time.stamp(x.done) + ': ' + x.result),
	    open && view.open && api.may('act') ? h('p', { class: 'buttons' },
	        act(view, t('task_done'), path + 'done', [what(true, 'task_result')],
	            { kind: 'main', intro: either(x.title, x.english) }),
	        act(view, t('act_assign'), path + 'assign', [line('person', true, x.person),
	            { name: 'due', label: t('due'), kind: 'time' }]),
	        act(view, t('task_drop'), path + 'drop', [what(true)])) : null);
}

function taskActs(view, i) {
	if (!view.open || !api.may('act'))
		return null;
	return h('p', { class: 'buttons' },
	    act(view, t('playbook_start'), view.path + '/playbook', async () => {
	        const pack = await api.get('/api/packs/incident');
	        return [{ name: 'playbook', label: t('playbook'), kind: 'select', required: true,
	            value: '', options: pack.playbooks.map((p) => [p.name, either(p.title,
	                p.english)]) }, line('person', false)];
	    }, { kind: i.tasks.length === 0 ? 'main' : '' }),
	    act(view, t('task_add'), view.path + '/tasks', [line('title', true), line('person', false),
	        { name: 'due', label: t('due'), kind: 'time' }]));
}

// ---- severity ----

async function questions(i) {
	const pack = await api.get('/api/packs/incident');
	const answers = i.answers || {};

	return pack.questions.filter((q) => q.profile === i.profile || q.profile === 'any').map((q) => ({
		name: 'answer.' + q.name, label: either(q.title, q.english), kind: 'select', required: true,
		value: answers[q.name] || 'unsure', hint: q.law + ', ' + q.article + ' · ' +
		    word('law_status', q.status),
		options: ['unsure', 'yes', 'no'].map((n) => [n, t('answer_' + n)]) })).concat([
		{ name: 'raise', label: t('raise'), kind: 'select', value: '', options: [['',
		    t('raise_no')]].concat(pack.severities.filter((s) => s.profile === i.profile)
		    .map((s) => [String(s.level), either(s.title, s.english)])) },
		Object.assign(what(false), { hint: t('severity_why') })]);
}

function severityNode(view, i) {
	return section(t('severity'), h('p', {}, h('strong', { class: i.severity === null ? 'soon' :
	    '' }, severityWord(i))), i.severity === null ? h('p', {}, t('not_judged_long')) :
	    kit.facts([t('judged_by'), [i.classifier, ', ', kit.when(i.classified)]],
	        [t('because'), i.reasons && i.reasons.length ? h('ul', {}, i.reasons.map((r) =>
	            h('li', {}, either(r.title, r.english), ' ', h('strong', {},
	                t('answer_' + r.said))))) : ''], [t('pack'), i.pack + ' ' + i.pack_version]),
	view.open && api.may('act') ? h('p', { class: 'buttons' }, act(view, t('judge'),
	    view.path + '/severity', () => questions(i), { kind: i.severity === null ? 'main' : '',
	        intro: t('severity_intro') })) : null);
}

// ---- evidence ----

function hands(holder) {
	return [line('giver', true, holder), line('taker', true), line('place', true), at(), what(false)];
}

function evidenceItem(view, e) {
	const last = e.custody[e.custody.length - 1];

	return h('li', { class: 'item' }, h('p', {}, h('strong', {}, e.evidence + '. ' + e.name)),
	    h('p', {}, 'SHA-256 ', h('code', { class: 'hash' }, e.sha256)), e.text ?
	        h('p', {}, e.text) : null,
	    h('ol', { class: 'events' }, e.custody.map((c) => h('li', {}, kit.when(c.at), ' ',
	        c.giver, ' → ', h('strong', {}, c.taker), ', ', c.place, c.text ? ': ' + c.text :
	            ''))),
	    view.open && api.may('act') ? act(view, t('custody_move'), view.path + '/evidence/' +
	        e.evidence + '/moved', hands(last ? last.taker : '')) : null);
}

function evidenceNode(view, i) {
	return section(t('evidence'), i.evidence.length === 0 ? h('p', { class: 'quiet' },
	    t('no_evidence')) : h('ol', { class: 'items' }, i.evidence.map((e) =>
	    evidenceItem(view, e))),
	view.open && api.may('act') ? h('p', { class: 'buttons' }, act(view, t('evidence_add'),
	    view.path + '/evidence', [line('name', true), { name: 'sha256', label: 'SHA-256',
	        kind: 'code-name', required: true, most: 64, hint: t('sha256_hint') }]
	        .concat(hands('')))) : null);
}

// ---- the rest ----

function timeline(i) {
	const events = [...i.events].sort((a, b) => new Date(b.at || b.time) - new Date(a.at || a.time));

	return [i.events_total > i.events.length ? h('p', { class: 'quiet' }, t('shown_of',
	    i.events_total - i.events.length + 1, i.events_total, i.events_total)) : null,
	h('ol', { class: 'events' }, events.map((e) => h('li', {}, kit.when(e.at || e.time), ' ',
	    kit.who(e.who), ' ', h('em', {}, word('did', e.act)), e.text ? ': ' : '',
	    kit.told(e.text))))];
}

function noteActs(view, i) {
	const path = view.path + '/', by = line('by', false), out = [];
	const text = (label, name) => act(view, t(label), path + name, [what(true, 'text'), by, at()]);

	if (!api.may('act') || i.state === 'merged')
		return null;
	out.push(text('act_note', 'note'));
	if (view.open)
		out.push(text('decision', 'decision'), api.may('head') ? text('instruction', 'instruction') :
		    null, act(view, t('touch'), path + 'touch', [{ name: 'kind', label: t('touch_kind'),
		    kind: 'select', value: 'host', options: TOUCH.map((n) => [n, t('touch_' + n)]) },
		line('name', true), what(false), at()]), i.exercise ? act(view, t('minutes'),
		    path + 'minutes', [{ name: 'people', label: t('minutes_people'), kind: 'text',
		        required: true }, what(true, 'text'), at()]) : null);
	return h('p', { class: 'buttons' }, out);
}

function endActs(view, i) {
	const path = view.path + '/';

	if (!api.may('act'))
		return null;
	if (i.state === 'closed')
		return h('p', { class: 'buttons' }, act(view, t('reopen'), path + 'reopen', [what(true)]));
	if (!view.open)
		return null;
	return h('p', { class: 'buttons' }, act(view, t('incident_close'), path + 'close', [
		{ name: 'cause', label: t('cause'), kind: 'text', required: true },
		{ name: 'sure', label: t('how_sure'), kind: 'select', value: 'likely', required: true,
		    options: SURE.map((n) => [n, t('sure_' + n)]) },
		{ name: 'remedy', label: t('remedy'), kind: 'text', required: true },
		{ name: 'lessons', label: t('lessons'), kind: 'text', required: true }, what(false)]),
	act(view, t('time_set'), path + 'time', [{ name: 't0', label: t('t0_long'), kind: 'time',
	    value: time.stamp(i.t0) }, { name: 'personal', label: t('personal'), kind: 'time',
	    value: time.stamp(i.personal) }, what(true)]),
	act(view, t('merge'), path + 'merge', async () => {
		const open = await api.get('/api/incidents', { limit: 200 });
		return [{ name: 'into', label: t('merge_into'), kind: 'select', required: true, value: '',
		    options: open.incidents.filter((o) => o.id !== i.id).map((o) => [o.id, o.id + ' ' +
		        o.title]) }, what(true)];
	}));
}

function alertsNode(view, i) {
	return section(t('linked_alerts'), i.linked.length === 0 ? h('p', { class: 'quiet' },
	    t('none')) : h('ul', { class: 'items' }, i.linked.map((a) => h('li', { class: 'item' },
	    kit.levelMark(a.level), ' ', h('a', { href: '#/canh-bao/' + a.id }, headline(a)), ' ',
	    h('span', { class: 'quiet' }, time.stamp(a.opened)), ' ',
	    view.open && api.may('act') ? act(view, t('alert_remove'), view.path + '/alerts/' + a.id +
	        '/remove', [what(true)]) : null))),
	view.open && api.may('act') ? h('p', { class: 'buttons' }, h('button', { type: 'button',
	    onclick: async () => {
	        const found = await api.get('/api/alerts', { limit: 200 });
	        const answer = await kit.dialog({ title: t('alert_add'), label: t('alert_add'),
	            fields: [{ name: 'alert', label: t('alert'), kind: 'select', required: true,
	                value: '', options: found.alerts.filter((a) => a.incident === null).map((a) =>
	                    [a.id, time.stamp(a.opened) + ' ' + headline(a)]) }, what(false)],
	            send: (v) => api.post(view.path + '/alerts/' + v.alert + '/add',
	                { what: v.what }) });
	        if (answer !== null)
	            view.show(answer);
	    } }, t('alert_add'))) : null);
}

function touchedNode(i) {
	return i.touched.length === 0 ? null : section(t('touched'), h('ul', { class: 'plain' },
	    i.touched.map((x) => h('li', {}, t('touch_' + x.kind), ': ', h('strong', {}, x.name),
	        x.text ? ' – ' + x.text : ''))));
}

function link(id) {
	return h('a', { href: '#/su-co/' + encodeURIComponent(id) }, id);
}

function headNode(i) {
	return [h('h1', {}, i.id + ' ' + i.title), i.exercise ? h('p', { class: 'banner' },
	    t('exercise_long')) : null,
	h('p', {}, kit.stateMark('incident_state', i.state), ' ', i.into ? link(i.into) : '')];
}

function aboutNode(i) {
	return section(t('about'), kit.facts([t('t0'), [kit.when(i.t0), ' (', time.ago(i.t0), ')']], [t('occurred'),
	    kit.when(i.occurred)], [t('personal'), kit.when(i.personal)],
	[t('known'), h('span', { class: 'lines' }, i.known)], [t('system'), i.system ? i.system +
	    (i.level ? ', ' + t('system_level') + ' ' + i.level : '') : ''], [t('unit'), i.unit],
	[t('how'), t('how_' + i.how) + (i.teller ? ', ' + i.teller : '')], [t('profile'),
	    word('profile', i.profile)],
	[t('opened'), [kit.when(i.opened), ', ', i.opener]],
	[t('closed'), i.closed ? [kit.when(i.closed), ', ', i.closer] : ''],
	[t('cause'), i.cause ? i.cause + ' (' + t('sure_' + i.sure) + ')' : ''], [t('remedy'), i.remedy],
	[t('lessons'), i.lessons],
	[t('merged_here'), i.merged.length ? i.merged.map((id) => [link(id), ' ']) : '']));
}

function incidentDraw(view, i) {
	view.open = i.state === 'open';
	return [headNode(i), section(t('clocks'), i.clocks.length === 0 ? h('p', { class: 'quiet' },
	    t('no_clocks')) : h('ul', { class: 'items' }, i.clocks.map((c) => clockItem(view, c)))),
	severityNode(view, i), aboutNode(i),
	section(t('tasks'), i.tasks.length === 0 ? h('p', { class: 'quiet' }, t('no_tasks')) :
	    h('ul', { class: 'items' }, i.tasks.map((x) => taskItem(view, x))), taskActs(view, i)),
	evidenceNode(view, i), alertsNode(view, i), touchedNode(i),
	section(t('timeline'), noteActs(view, i), timeline(i)),
	api.may('act') ? section(t('incident_end'), endActs(view, i)) : null];
}

export function incidentScreen(ctx) {
	const body = h('div', {});
	const view = { id: ctx.id, path: '/api/incidents/' + encodeURIComponent(ctx.id) };

	view.show = (i) => put(body, incidentDraw(view, i));
	put(ctx.main, h('p', {}, h('a', { href: '#/su-co' }, '← ' + t('screen_su_co'))), body);
	kit.into(body, api.get(view.path, {}, { signal: ctx.signal }), (i) => incidentDraw(view, i));
	// Clocks go on while nobody acts; not under the hand of who is at work here.
	ctx.every(60000, () => {
		if (!body.contains(document.activeElement) && document.querySelector('dialog') === null)
			api.get(view.path, {}, { poll: true, signal: ctx.signal }).then(view.show, () => {});
	});
}
