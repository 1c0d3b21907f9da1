// SPDX-License-Identifier: Apache-2.0
// Quản trị: accounts, their roles, and what an administrator does when somebody is locked out.

import { h, put } from './dom.js';
import { t } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const ROLES = ['reader', 'analyst', 'officer', 'head', 'admin', 'auditor'];

function roleFields(roles) {
	return ROLES.map((r) => ({ name: 'role.' + r, label: t('role_' + r), kind: 'flag',
		value: roles.includes(r) }));
}

// role.x: 1 -> roles: x,y
function rolesOf(v) {
	const out = Object.assign({}, v, { roles: ROLES.filter((r) => v['role.' + r]).join(',') });

	if (out.roles === '')
		throw new Error(t('field_missing', t('roles')));
	for (const r of ROLES)
		delete out['role.' + r];
	return out;
}

// Shown once, to be told to the person by another way than mail.
function onceShow(answer) {
	return kit.dialog({ title: t('once_title', answer.login), label: t('once_told'), fields: [],
		intro: [t('once_text', time.stamp(answer.until)), ' ', h('output', { class: 'secret' },
		    answer.password)], send: async () => true });
}

function act(view, u, name, fields, more = {}) {
	return h('button', { type: 'button', onclick: async () => {
		const answer = await kit.dialog({ title: t('user_' + name) + ': ' + u.login,
			label: t('user_' + name), fields, intro: more.intro,
			send: async (v) => api.post('/api/users/' + encodeURIComponent(u.login) + '/' +
			    (more.path || name), more.fix ? more.fix(v) : v) });
		if (answer !== null && answer.password)
			await onceShow(answer);
		if (answer !== null)
			view.load();
	} }, t('user_' + name));
}

function marks(u) {
	return [u.disabled ? 'disabled' : '', u.locked ? 'locked' : '', u.once ? 'once' : '',
		u.code && !u.totp ? 'no_totp' : '', !u.code ? 'no_code' : ''].filter(Boolean)
	    .map((m) => [' ', h('span', { class: 'mark' }, t('mark_' + m))]);
}

function userItem(view, u) {
	return h('li', { class: 'item' }, h('p', {}, h('strong', {}, u.login), u.name ? ' · ' + u.name :
	    '', marks(u)),
	h('p', { class: 'quiet' }, u.roles.map((r) => t('role_' + r)).join(', '), ' · ', u.used ?
	    t('last_login', time.stamp(u.used)) : t('never_login')),
	h('p', { class: 'buttons' }, act(view, u, 'set', [{ name: 'name', label: t('shown_name'),
	    kind: 'line', value: u.name }].concat(roleFields(u.roles)), { fix: rolesOf }),
	u.disabled || u.locked ? act(view, u, 'enable', []) : act(view, u, 'disable', [],
	    { intro: t('disable_intro') }), act(view, u, 'password', [], { intro: t('password_intro') }),
	u.totp ? act(view, u, 'totp_reset', [], { path: 'totp-reset', intro: t('totp_intro') }) :
	    null));
}

function addButton(view) {
	return h('button', { type: 'button', class: 'main', onclick: async () => {
		const answer = await kit.dialog({ title: t('user_add'), label: t('user_add'), fields: [
			{ name: 'login', label: t('login'), kind: 'code-name', required: true,
			    hint: t('login_hint') }, { name: 'name', label: t('shown_name'), kind: 'line' }]
		    .concat(roleFields(['officer'])),
		send: async (v) => api.post('/api/users', rolesOf(v)) });
		if (answer !== null)
			await onceShow(answer);
		if (answer !== null)
			view.load();
	} }, t('user_add'));
}

export function peopleScreen(ctx) {
	const body = h('div', {}), view = {};

	view.load = () => kit.into(body, api.get('/api/users', {}, { signal: ctx.signal }), (a) =>
		h('ul', { class: 'items' }, a.users.map((u) => userItem(view, u))));
	put(ctx.main, h('h1', {}, t('screen_quan_tri')), h('p', { class: 'buttons' }, addButton(view)),
	    body);
	view.load();
}
