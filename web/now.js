// SPDX-License-Identifier: Apache-2.0
// Trực ban: what a person who sits down at the desk wants to know first. Every figure is a link to
// what it counts.

import { h, put } from './dom.js';
import { t, either } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';
import { alertRow } from './alerts.js';
import { channelsNode } from './notices.js';

const EVERY_MS = 10000;

function section(id, title, href, body) {
	return h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id },
	    href ? h('a', { href }, title) : title), body);
}

function figure(n, label, href, bad) {
	const text = [h('strong', { class: bad ? 'late' : '' }, n), ' ', label];
	return h('p', { class: 'figure' }, href ? h('a', { href }, text) : text);
}

// ---- metrics ----

// trucban_rows_total 5, trucban_x{listener="tcp"} 6 -> sums by name
function metricsRead(text) {
	const out = {};
	for (const line of text.split('\n')) {
		const m = /^trucban_([a-z_]+)(?:\{([^}]*)\})? ([-+.e\d]+)$/.exec(line);
		if (m === null)
			continue;
		out[m[1]] = (out[m[1]] || 0) + Number(m[3]);
		if (m[2])
			out[m[1] + '{' + m[2] + '}'] = Number(m[3]);
	}
	return out;
}

let before = null;		// {at, rows}

function intakeDraw(m) {
	const now = { at: Date.now(), rows: m.intake_records_total || 0 };
	const rate = before !== null && now.at > before.at && now.rows >= before.rows ?
	    (now.rows - before.rows) / (now.at - before.at) * 1000 : null;
	const lost = (m.rows_lost_total || 0) + (m.rows_refused_full_total || 0) +
	    (m.rows_refused_read_only_total || 0);
	const search = api.may('search') ? '#/nhat-ky?range=1h' : null;

	if (before === null || now.at - before.at > 1000)
		before = now;
	return [figure(rate === null ? '…' : rate < 10 ? time.tenths(rate) :
	    time.count(Math.round(rate)), t('per_second'), search),
	figure(time.count(now.rows), t('rows_since_start'), search),
	figure(time.count(m.intake_sources || 0), t('sources_sending'),
	    api.may('search') ? '#/nguon' : null),
	lost > 0 ? figure(time.count(lost), t('rows_lost'), api.may('search') ? '#/nguon' : null,
	    true) : h('p', {}, t('nothing_lost')),
	figure(time.bytes(m.disk_free_bytes || 0), t('disk_free'), '#/canh-bao?rule=disk.days&state=all',
	    (m.disk_free_bytes || 0) < 4 * (m.disk_reserve_bytes || 0))];
}

function sealDraw(m) {
	const behind = (m.tree_leaves || 0) - (m.signed_leaves || 0);

	return [figure(time.count(m.signed_leaves || 0), t('leaves_signed'),
	    '#/canh-bao?text=seal&state=all'),
	figure(time.count(m.checkpoints_total || 0), t('checkpoints')),
	h('p', { class: behind > 600 ? 'late' : '' }, behind > 0 ? t('leaves_waiting',
	    time.count(behind)) : t('all_signed'))];
}

// ---- lists ----

function clockRow(c) {
	return kit.row('#/su-co/' + encodeURIComponent(c.incident), c.left < 0 ? 'bad' : '',
	    h('span', { class: 'row-main' }, c.exercise ? h('em', {}, t('exercise') + ' ') : null,
	        c.title), kit.left(c.left), h('span', { class: 'quiet' }, t('due_at',
	        time.stamp(c.due)), ' · ', c.incident));
}

function taskRow(x) {
	return kit.row('#/su-co/' + encodeURIComponent(x.incident), x.left !== null && x.left < 0 ?
	    'bad' : '', h('span', { class: 'row-main' }, '#' + x.task + ' ' + x.title),
	x.left === null ? null : kit.left(x.left), h('span', { class: 'quiet' },
	    x.person || t('nobody'), ' · ', x.incident));
}

function requestRow(r) {
	return kit.row('#/su-co/yeu-cau', r.left !== null && r.left < 0 ? 'bad' : '',
	    h('span', { class: 'row-main' }, r.body + ': ' + r.text.slice(0, 120)),
	    r.left === null ? null : kit.left(r.left), h('span', { class: 'quiet' }, r.id));
}

function person(s) {
	return h('li', {}, h('strong', {}, s.name || s.person), s.phone ? ' · ' + s.phone : '', ' ',
	    h('span', { class: 'quiet' }, t('until', time.stamp(s.end))));
}

function dutyDraw(duty) {
	return [duty.tiers.map((tier) => h('div', {}, h('h3', {}, either(tier.title, tier.english)),
	    tier.now.length > 0 ? h('ul', { class: 'plain' }, tier.now.map(person)) :
	    h('p', { class: 'late' }, t('nobody_on_duty')),
	    tier.next.length > 0 ? h('p', { class: 'quiet' }, t('next_on_duty',
	        tier.next[0].name || tier.next[0].person, time.stamp(tier.next[0].start))) : null)),
	duty.handovers.length > 0 ? h('p', {}, h('a', { href: '#/so-truc/' +
	    duty.handovers[0].handover, class: duty.handovers[0].late ? 'late' : '' },
	t('handover_waiting', duty.handovers.length))) : null,
	duty.gaps.length > 0 ? h('p', { class: 'late' }, h('a', { href: '#/so-truc' },
	    t('gaps', duty.gaps.length))) : null,
	duty.contacts === 0 ? h('p', { class: 'quiet' }, t('no_contacts')) : null];
}

// ---- the screen ----

// Each part asks for itself: one that cannot be had leaves the others. Where somebody is with the
// keyboard nothing is taken away from under him.
function part(promise, node, draw) {
	const show = (what) => {
		if (!node.contains(document.activeElement))
			put(node, what());
	};
	return promise.then((answer) => show(() => draw(answer)), (e) => {
		if (e.name !== 'AbortError')
			show(() => kit.trouble(e));
	});
}

export function nowScreen(ctx) {
	const how = { poll: true, signal: ctx.signal };
	const node = {};
	const names = ['fresh', 'clocks', 'duty', 'silent', 'tasks', 'requests', 'notices',
		'intake', 'seal'];
	const at = h('p', { class: 'quiet' });
	const links = { fresh: '#/canh-bao', clocks: '#/su-co', duty: '#/so-truc', tasks: '#/su-co',
		requests: '#/su-co/yeu-cau', notices: '#/so-truc/bao-ngoai', silent: '#/canh-bao?rule=coverage.silent' };
	const turn = () => {
		part(api.get('/api/alerts', { state: 'waiting', limit: 6 }, how), node.fresh,
		    (a) => [figure(time.count(a.total), t('alerts_waiting'), '#/canh-bao',
		        a.alerts.some((one) => one.state === 'new')),
		    kit.rows(a.alerts.map(alertRow), t('no_alerts'))]);
		part(api.get('/api/clocks', { limit: 6 }, how), node.clocks,
		    (a) => [figure(time.count(a.total), t('clocks_running'), '#/su-co'),
		        kit.rows(a.clocks.map(clockRow), t('no_clocks'))]);
		part(api.get('/api/duty', {}, how), node.duty, dutyDraw);
		part(api.get('/api/alerts', { state: 'waiting', rule: 'coverage.silent', limit: 6 },
		    how), node.silent, (a) => [figure(time.count(a.total), t('sources_silent'),
		    links.silent, a.total > 0), h('ul', { class: 'plain' }, a.alerts.map((one) =>
		    h('li', {}, h('a', { href: '#/canh-bao/' + one.id }, one.host || one.identity ||
		        one.peer || one.subject), ' ', h('span', { class: 'quiet' },
		        t('since', time.stamp(one.opened))))))]);
		part(api.get('/api/tasks', { limit: 6 }, how), node.tasks,
		    (a) => [figure(time.count(a.total), t('tasks_open'), '#/su-co'),
		        kit.rows(a.tasks.map(taskRow), t('no_tasks'))]);
		part(api.get('/api/requests', { limit: 6 }, how), node.requests,
		    (a) => [figure(time.count(a.total), t('requests_open'), links.requests),
		        kit.rows(a.requests.map(requestRow), t('no_requests'))]);
		part(Promise.all([api.get('/api/notices', { state: 'failed', limit: 1 }, how),
		    api.get('/api/notices/channels', {}, how)]), node.notices, ([failed, found]) =>
		    [figure(time.count(failed.total), t('notices_failed'), links.notices +
		        '?state=failed', failed.total > 0), channelsNode(found)]);
		const metrics = api.text('/metrics', how).then(metricsRead);
		part(metrics, node.intake, intakeDraw);
		part(metrics, node.seal, sealDraw);
		metrics.then(() => put(at, t('as_of', time.stamp(Date.now()), time.zoneName())),
		    () => {});
	};

	names.forEach((name) => {
		node[name] = h('div', {}, h('p', { class: 'quiet' }, t('loading')));
	});
	put(ctx.main, h('h1', {}, t('screen_truc_ban')), at, h('div', { class: 'cards' },
	    names.map((name) => section('now-' + name, t('now_' + name), links[name], node[name]))));
	turn();
	ctx.every(EVERY_MS, turn);
	ctx.onAlerts(turn);
}
