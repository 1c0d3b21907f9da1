// SPDX-License-Identifier: Apache-2.0
// Đăng nhập: password and code; then, when the desk asks for it, a password of one's own and the
// codes of a telephone. Nothing that is typed here is kept anywhere but in its field.

import { h, put } from './dom.js';
import { t } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import { qr } from './qr.js';
import * as sound from './sound.js';

// A form on the screen itself: {title, intro, fields, label, send}
function sheet(main, what) {
	const wrong = h('p', { class: 'error', role: 'alert', hidden: !what.wrong }, what.wrong);
	const go = h('button', { type: 'submit', class: 'main' }, what.label);
	const nodes = what.fields.map(kit.fieldNode);

	put(main, h('form', { class: 'sheet', novalidate: true, onsubmit: async (event) => {
		event.preventDefault();
		wrong.hidden = true;
		go.disabled = true;
		try {
			await what.send(kit.values(what.fields));
		} catch (e) {
			put(wrong, e.status === undefined ? e.message : kit.sentence(e));
			wrong.hidden = false;
		}
		go.disabled = false;
	} }, h('h1', {}, what.title), what.intro, nodes, wrong, h('p', { class: 'buttons' }, go),
	what.more));
	document.title = what.title + ' · Trực Ban';
	if (what.fields.length > 0)
		what.fields[0].control.focus();
}

function logIn(main, reason, done) {
	sheet(main, { title: t('log_in'), wrong: reason ? kit.sentence(reason) : null,
		label: t('log_in'), fields: [
			{ name: 'login', label: t('login'), kind: 'code-name', required: true,
			    autocomplete: 'username' },
			{ name: 'password', label: t('password'), kind: 'password', required: true,
			    autocomplete: 'current-password' },
			{ name: 'code', label: t('code'), kind: 'code', hint: t('code_hint'),
			    autocomplete: 'one-time-code', most: 8 } ],
		send: async (values) => {
			api.sessionSet(await api.post('/api/login', values));
			sound.wake();
			done();
		},
		more: h('p', { class: 'quiet' }, t('log_in_first')) });
}

function password(main, done) {
	sheet(main, { title: t('password_change'), label: t('password_change'),
		intro: h('p', {}, t('password_why')), fields: [
			{ name: 'old', label: t('password_old'), kind: 'password', required: true,
			    autocomplete: 'current-password' },
			{ name: 'new', label: t('password_new'), kind: 'password', required: true,
			    autocomplete: 'new-password', hint: t('password_hint') },
			{ name: 'again', label: t('password_again'), kind: 'password', required: true,
			    autocomplete: 'new-password' } ],
		send: async (values) => {
			if (values.new !== values.again)
				throw new Error(t('password_differs'));
			api.sessionSet(await api.post('/api/password',
			    { old: values.old, new: values.new }));
			done();
		} });
}

async function codes(main, done) {
	let secret;

	put(main, h('p', { class: 'quiet' }, t('loading')));
	try {
		secret = await api.post('/api/totp', {});
	} catch (e) {
		put(main, kit.trouble(e));
		return;
	}
	sheet(main, { title: t('totp'), label: t('totp_done'),
		intro: [h('ol', {}, h('li', {}, t('totp_1')), h('li', {}, t('totp_2'),
		    qr(secret.uri, t('totp_code')),
		    h('output', { class: 'secret', id: 'secret' }, secret.secret)),
		h('li', {}, t('totp_3')))],
		fields: [{ name: 'code', label: t('code'), kind: 'code', required: true, most: 8,
		    autocomplete: 'one-time-code' }],
		send: async (values) => {
			api.sessionSet(await api.post('/api/totp', values));
			kit.say(t('totp_set'));
			done();
		} });
}

export function loginScreen(main, reason, done) {
	if (api.session === null)
		logIn(main, reason, done);
	else if (api.session.must.includes('password'))
		password(main, done);
	else
		codes(main, done);
}
