// SPDX-License-Identifier: Apache-2.0
// Sổ trực: who is on duty and who comes, the hand-over from one shift to the next, the roster, how
// people are reached, and the book of what was done.

import { h, put } from './dom.js';
import { t, word, either } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const AHEAD_MS = 14 * 86400000;

// A button whose dialog does an act; then the screen is drawn anew, or another one.
function act(ctx, label, path, fields, more = {}) {
	return h('button', { type: 'button', class: more.kind || '', onclick: async () => {
		const answer = await kit.dialog({ title: label, label, intro: more.intro,
			fields: typeof fields === 'function' ? await fields() : fields,
			send: (v) => api.post(typeof path === 'function' ? path(v) : path,
			    more.fix ? more.fix(v) : v) });
		if (answer === null)
			return;
		kit.say(t('done_and_sealed'));
		if (more.go)
			location.hash = more.go(answer);
		else
			ctx.again();
	} }, label);
}

function section(id, title, ...body) {
	return h('section', { id }, h('h2', {}, title), body);
}

const text = (required, label) => ({ name: 'what', label: t(label || 'note'), kind: 'text', required });

// The roster calls a tier's id name, what stands now calls it tier.
const tierId = (x) => x.name || x.tier;

function tierName(tiers, name) {
	const tier = tiers.find((x) => tierId(x) === name);
	return tier ? either(tier.title, tier.english) : name;
}

function tierField(tiers) {
	return { name: 'tier', label: t('tier'), kind: 'select', required: true,
		value: tiers.length ? tierId(tiers[0]) : '', options: tiers.map((x) => [tierId(x),
		    either(x.title, x.english)]) };
}

async function personField() {
	const all = await api.get('/api/contacts', { limit: 1000 });
	return { name: 'person', label: t('field_person'), kind: 'select', required: true, value: '',
		options: all.contacts.map((c) => [c.person, c.name + (c.unit ? ', ' + c.unit : '')]) };
}

function shiftText(s) {
	return [h('strong', {}, s.name || s.person), s.phone ? [' · ', h('span', { class: 'phone' },
	    s.phone)] : '', ' ', h('span', { class: 'quiet' }, time.stamp(s.start), ' – ',
	time.stamp(s.end), s.holiday ? ' · ' + s.holiday : '', s.note ? ' · ' + s.note : '')];
}

// ---- now ----

function nowNode(duty) {
	return duty.tiers.map((tier) => h('div', { class: 'item' }, h('h3', {}, either(tier.title,
	    tier.english)), tier.now.length > 0 ? h('ul', { class: 'plain' }, tier.now.map((s) =>
	    h('li', {}, shiftText(s)))) : h('p', { class: 'late' }, t('nobody_on_duty')),
	tier.next.length > 0 ? h('p', {}, h('span', { class: 'quiet' }, t('next') + ': '),
	    shiftText(tier.next[0])) : null));
}

function gapsNode(duty) {
	return [duty.gaps.length > 0 ? h('div', { class: 'item bad' }, h('p', {}, h('strong', {},
	    t('gaps', duty.gaps.length))), h('ul', { class: 'plain' }, duty.gaps.slice(0, 10).map((x) =>
	    h('li', {}, tierName(duty.tiers, x.tier), ': ', time.stamp(x.start), ' – ',
	        time.stamp(x.end))))) : null,
	duty.overlaps.length > 0 ? h('div', { class: 'item' }, h('p', {}, t('overlaps',
	    duty.overlaps.length)), h('ul', { class: 'plain' }, duty.overlaps.slice(0, 10).map((x) =>
	    h('li', {}, '#' + x.shift + ', #' + x.with + ': ', x.person, ', ', x.with_person, ', ',
	        time.stamp(x.start), ' – ', time.stamp(x.end))))) : null];
}

// ---- hand-over ----

function handoverItem(x) {
	return kit.row('#/so-truc/' + x.handover, x.state === 'waiting' ? x.late ? 'bad' : 'waits' : '',
	    h('span', { class: 'mark' }, '#' + x.handover), kit.stateMark('handover_state', x.state),
	    h('span', { class: 'row-main' }, (x.leaver_name || x.leaver) + ' → ' + (x.comer_name ||
	        x.comer || '?')), h('span', { class: 'quiet' }, x.tier_title || x.tier, ' · ',
	    time.stamp(x.begun), ' · ', t('matters_n', x.alerts, x.incidents)));
}

function handoversNode(ctx, duty, found) {
	return section('ban-giao', t('handovers'), api.may('act') ? h('p', { class: 'buttons' },
	    act(ctx, t('handover_begin'), '/api/handovers', [tierField(duty.tiers),
	        text(false, 'handover_note')], { kind: 'main', intro: t('handover_intro'),
	        go: (answer) => '#/so-truc/' + answer.handover })) : null,
	kit.rows(found.handovers.map(handoverItem), t('no_handovers')));
}

// ---- roster ----

function shiftItem(ctx, s, roster) {
	const ahead = +new Date(s.end) > Date.now();
	const path = '/api/duty/shifts/' + s.shift + '/';
	const others = () => [{ name: 'with', label: t('swap_with'), kind: 'select', required: true,
		value: '', options: roster.shifts.filter((o) => o.person !== s.person &&
		    +new Date(o.end) > Date.now()).map((o) => [String(o.shift), (o.name || o.person) + ', ' +
		    time.stamp(o.start)]) }, { name: 'agreed', label: t('agreed'), kind: 'line',
		required: true }, text(false)];

	return h('li', { class: 'item beside-it' }, h('p', {}, h('span', { class: 'mark' },
	    tierName(roster.tiers, s.tier)), ' ', shiftText(s)), ahead ? h('p', { class: 'buttons' },
	    api.may('act') ? act(ctx, t('swap'), path + 'swap', others) : null,
	    api.may('admin') || api.may('head') ? act(ctx, t('shift_remove'), path + 'remove',
	        [text(true, 'reason')]) : null) : null);
}

function planFields(roster, people) {
	return [tierField(roster.tiers), { name: 'people', label: t('plan_people'), kind: 'line',
		required: true, value: people.contacts.map((c) => c.person).join(','),
		hint: t('plan_people_hint') },
	{ name: 'pattern', label: t('plan_pattern'), kind: 'line', required: true,
	    value: '07:30-17:30,17:30-07:30', hint: t('plan_pattern_hint') },
	{ name: 'start', label: t('from'), kind: 'time', required: true },
	{ name: 'end', label: t('to'), kind: 'time', required: true },
	{ name: 'replace', label: t('plan_replace'), kind: 'flag' }, text(false)];
}

function rosterNode(ctx, roster) {
	const manage = api.may('admin') || api.may('head');

	return section('lich-truc', t('roster'), manage ? h('p', { class: 'buttons' },
	    act(ctx, t('shift_set'), '/api/duty/shifts', async () => [tierField(roster.tiers),
	        await personField(), { name: 'start', label: t('from'), kind: 'time', required: true },
	        { name: 'end', label: t('to'), kind: 'time', required: true }, text(false)]),
	    act(ctx, t('plan'), '/api/duty/plan', async () => planFields(roster,
	        await api.get('/api/contacts', { limit: 1000 })), { intro: t('plan_intro'),
	        fix: (v) => Object.assign({}, v, { people: v.people.replace(/\s/g, '') }) })) : null,
	roster.holidays.length > 0 ? h('p', {}, t('holidays') + ': ', roster.holidays.map((x) =>
	    either(x.title, x.english) + ' (' + time.day(x.start) + ')').join(', ')) : null,
	roster.shifts.length === 0 ? h('p', { class: 'quiet' }, t('no_shifts')) :
	    h('ul', { class: 'items' }, roster.shifts.map((s) => shiftItem(ctx, s, roster))));
}

// ---- people ----

function contactFields(roles, c) {
	return [c ? null : { name: 'person', label: t('login'), kind: 'code-name', required: true,
		hint: t('person_hint') },
	{ name: 'name', label: t('full_name'), kind: 'line', required: true, value: c && c.name },
	{ name: 'unit', label: t('unit'), kind: 'line', value: c && c.unit },
	{ name: 'roles', label: t('duty_roles'), kind: 'line', value: c ? c.roles.join(',') : '',
	    hint: roles.map((r) => r.name + ' – ' + either(r.title, r.english)).join('; ') },
	{ name: 'phone', label: t('phone'), kind: 'line', value: c && c.phone },
	{ name: 'second', label: t('second_phone'), kind: 'line', value: c && c.second },
	{ name: 'mail', label: t('mail'), kind: 'line', value: c && c.mail },
	{ name: 'language', label: t('contact_language'), kind: 'select', value: c ? c.language : 'vi',
	    options: [['vi', 'Tiếng Việt'], ['en', 'English']] },
	{ name: 'what', label: t('note'), kind: 'text', value: c && c.note },
	{ name: 'checked', label: t('contact_verified'), kind: 'flag' }].filter(Boolean);
}

// All of a contact is said anew: what was verified before stays so.
const contactFix = (c) => (v) => {
	const out = Object.assign({}, v, { roles: v.roles.replace(/\s/g, ''),
		verified: v.checked ? time.rfc(Date.now()).slice(0, 10) : c && c.verified });
	delete out.person;
	delete out.checked;
	return out;
};

function contactItem(ctx, c, roles) {
	const path = '/api/contacts/' + encodeURIComponent(c.person);

	return h('li', { class: 'item' }, h('p', {}, h('strong', {}, c.name), ' ', h('span',
	    { class: 'mark reach-' + c.reach }, t('reach_' + c.reach)), c.stale ? [' ', h('span',
	    { class: 'mark' }, t('stale'))] : null), h('p', {}, [c.phone, c.second, c.mail]
	    .filter(Boolean).join(' · ')), h('p', { class: 'quiet' }, [c.person, c.unit,
	    c.roles.map((r) => tierName(roles, r)).join(', ')]
	    .filter(Boolean).join(' · ')),
	h('p', { class: 'buttons' }, api.may('act') ? act(ctx, t('drill'), '/api/duty/drills', [
		{ name: 'channel', label: t('channel'), kind: 'select', value: 'phone', options:
		    ['phone', 'second', 'mail', 'zalo', 'radio'].map((n) => [n, t('channel_' + n)]) },
		{ name: 'reached', label: t('drill_reached'), kind: 'select', value: '1', required: true,
		    options: [['1', t('answer_yes')], ['0', t('answer_no')]] },
		{ name: 'minutes', label: t('drill_minutes'), kind: 'number' }, text(false)],
	{ intro: c.name, fix: (v) => Object.assign({ person: c.person }, v) }) : null,
	api.may('admin') ? [act(ctx, t('edit'), path, contactFields(roles, c), { fix: contactFix(c) }),
		act(ctx, t('remove'), path + '/remove', [text(true, 'reason')])] : null));
}

function contactsNode(ctx, found) {
	return section('danh-ba', t('contacts'), api.may('admin') ? h('p', { class: 'buttons' },
	    act(ctx, t('contact_add'), (v) => '/api/contacts/' + encodeURIComponent(v.person),
	        contactFields(found.roles, null), { fix: contactFix(null) })) : null,
	found.contacts.length === 0 ? h('p', { class: 'quiet' }, t('no_contacts')) :
	    h('ul', { class: 'items' }, found.contacts.map((c) => contactItem(ctx, c, found.roles))));
}

// ---- the book ----

function entries(list) {
	return h('ol', { class: 'events' }, list.map((e) => h('li', {}, kit.when(e.time), ' ',
	    kit.who(e.who), ' ', h('em', {}, word('did', e.act)),
	    e.kind === 'alert' ? [' ', h('a', { href: '#/canh-bao/' + e.id }, t('alert'))] :
	    e.kind === 'incident' ? [' ', h('a', { href: '#/su-co/' + encodeURIComponent(e.id) },
	        e.id)] : e.kind === 'handover' ? [' ', h('a', { href: '#/so-truc/' + e.id },
	        '#' + e.id)] : '', e.text ? [': ', kit.told(e.text)] : '')));
}

function bookNode(ctx, book) {
	return section('so', t('book'), h('p', { class: 'quiet' }, time.stamp(book.start), ' – ',
	    time.stamp(book.end), ' · ', t('total', book.total)),
	api.may('act') ? h('p', { class: 'buttons' }, act(ctx, t('book_note'), '/api/duty/notes',
	    [text(true, 'text')])) : null, book.entries.length === 0 ? h('p', { class: 'quiet' },
	    t('no_entries')) : entries(book.entries));
}

export function dutyScreen(ctx) {
	const body = h('div', {}), how = { signal: ctx.signal };

	put(ctx.main, h('h1', {}, t('screen_so_truc')), h('p', { class: 'buttons' }, h('a', {
	    class: 'button', href: '#/so-truc/bao-ngoai' }, t('notices'))), body);
	kit.into(body, Promise.all([api.get('/api/duty', {}, how),
		api.get('/api/handovers', { limit: 10 }, how),
		api.get('/api/duty/roster', { end: time.rfc(Date.now() + AHEAD_MS), limit: 200 }, how),
		api.get('/api/contacts', {}, how), api.get('/api/duty/book', {}, how)]),
	([duty, handovers, roster, contacts, book]) => [
		section('dang-truc', t('on_duty_now'), nowNode(duty), gapsNode(duty)),
		handoversNode(ctx, duty, handovers), bookNode(ctx, book), rosterNode(ctx, roster),
		contactsNode(ctx, contacts)]);
}

// ---- one sheet ----

function matterItem(m) {
	const href = m.kind === 'incident' ? '#/su-co/' + encodeURIComponent(m.id) : '#/canh-bao/' + m.id;

	return h('li', {}, h('span', { class: 'mark' }, t(m.kind === 'incident' ? 'incident' : 'alert')),
	    ' ', h('a', { href }, m.title), ' ', h('span', { class: 'quiet' }, m.since ?
	        t('since', time.stamp(m.since)) : ''));
}

function sheetDraw(ctx, x) {
	const path = '/api/handovers/' + x.handover + '/';

	return [h('h1', {}, t('sheet_title', x.handover)), h('p', {}, kit.stateMark('handover_state', x.state),
	    x.late ? [' ', h('strong', { class: 'late' }, t('handover_late'))] : null),
	h('section', {}, kit.facts([t('tier'), x.tier_title || x.tier], [t('leaver'), [x.leaver_name || x.leaver, ', ',
	    kit.when(x.begun)]], [t('comer'), x.comer ? [x.comer_name || x.comer, ', ',
	    kit.when(x.accepted)] : ''], [t('handover_note'), x.note ? h('span', { class: 'lines' },
	    x.note) : ''], [t('remark'), x.remark], [t('checkpoint'), h('code', { class: 'hash' },
	    x.checkpoint)], [t('since_before'), kit.when(x.since)], [t('reason'), x.why])),
	h('p', { class: 'buttons' }, x.state === 'waiting' && api.may('act') ? [
		act(ctx, t('handover_accept'), path + 'accept', [text(false, 'remark')],
		    { kind: 'main', intro: t('accept_intro') }),
		act(ctx, t('handover_cancel'), path + 'cancel', [text(true, 'reason')])] : null,
	kit.button(t('print'), () => print())),
	h('section', {}, h('h2', {}, t('matters')), x.matters.length === 0 ? h('p', {}, t('none')) :
	    h('ol', { class: 'plain' }, x.matters.map(matterItem))),
	h('section', {}, h('h2', {}, t('book_of_shift')), entries(x.book)),
	h('div', { class: 'signatures' }, h('p', {}, t('leaver')), h('p', {}, t('comer')))];
}

export function sheetScreen(ctx) {
	const body = h('div', {});

	put(ctx.main, h('p', {}, h('a', { href: '#/so-truc' }, '← ' + t('screen_so_truc'))), body);
	kit.into(body, api.get('/api/handovers/' + encodeURIComponent(ctx.id), {},
	    { signal: ctx.signal }), (x) => sheetDraw(ctx, x));
}
