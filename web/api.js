// SPDX-License-Identifier: Apache-2.0
// What the page asks of the desk, all of it under its own address. A question of the page itself,
// not of the person (poll), does not keep the session awake.

import { language } from './words.js';

export let session = null;	// what /api/me says; null: nobody is logged in
let onLost = () => {};

export class Refusal extends Error {
	constructor(status, text, code, param) {
		super(text);
		this.status = status;
		this.code = code;
		this.param = param;
	}
}

export function sessionSet(me) {
	session = me;
}

// Called when the desk says that nobody is logged in any more.
export function whenLost(fn) {
	onLost = fn;
}

export function may(right) {
	return session !== null && session.rights.includes(right);
}

export function form(fields) {
	const out = new URLSearchParams();
	for (const name of Object.keys(fields))
		if (fields[name] !== null && fields[name] !== undefined && fields[name] !== '')
			out.append(name, fields[name]);
	return out;
}

export function address(path, fields) {
	const text = form(fields || {}).toString();
	return text === '' ? path : path + '?' + text;
}

async function refused(answer) {
	const text = (await answer.text()).trim();
	let said = null;

	if (text.startsWith('{'))
		try {
			said = JSON.parse(text);
		} catch (e) {
			said = null;
		}
	// A wrong password in a form is no end of the session.
	if (answer.status === 401 && session !== null && (said === null || said.code !== 'wrong')) {
		session = null;
		onLost();
	}
	return said !== null ? new Refusal(answer.status, said.error, said.code, said.param) :
	    new Refusal(answer.status, text || 'HTTP ' + answer.status, '', '');
}

async function ask(url, options) {
	let answer;
	try {
		answer = await fetch(url, Object.assign({ credentials: 'same-origin', cache: 'no-store',
		    redirect: 'error' }, options));
	} catch (e) {
		if (e.name === 'AbortError')
			throw e;
		throw new Refusal(0, '', 'unreachable', '');
	}
	if (!answer.ok)
		throw await refused(answer);
	return answer;
}

function heads(poll) {
	return poll ? { 'X-Trucban-Poll': '1' } : {};
}

// {poll, signal}
export async function get(path, fields, how = {}) {
	const url = address(path, Object.assign({ lang: language() }, fields));
	return (await ask(url, { headers: heads(how.poll), signal: how.signal })).json();
}

export async function text(path, how = {}) {
	return (await ask(path, { headers: heads(how.poll), signal: how.signal })).text();
}

async function send(path, fields) {
	const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
	if (session !== null && session.csrf)
		headers['X-Trucban-Csrf'] = session.csrf;
	const answer = await ask(path, { method: 'POST', headers,
	    body: form(Object.assign({ lang: language() }, fields)).toString() });
	return answer.json();
}

// The same person logged in anew in another window: what this one knows is of the old session.
export async function post(path, fields) {
	const was = session;
	try {
		return await send(path, fields);
	} catch (e) {
		if (was === null || e.status !== 403 || !e.message.includes('X-Trucban-Csrf'))
			throw e;
		const now = await get('/api/me');
		if (now.login !== was.login)
			throw e;
		session = now;
		return send(path, fields);
	}
}

// JSON lines, one by one as they come; each returns false to stop.
export async function lines(path, fields, each, how = {}) {
	const answer = await ask(address(path, fields), { headers: heads(how.poll),
	    signal: how.signal });
	const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = '';

	for (;;) {
		const { done, value } = await reader.read().catch((e) => {
			throw e.name === 'AbortError' ? e : new Refusal(0, '', 'broken', '');
		});
		if (done)
			break;
		const parts = (rest + value).split('\n');
		rest = parts.pop();
		for (const line of parts)
			if (line !== '' && each(JSON.parse(line)) === false) {
				await reader.cancel();
				return;
			}
	}
	if (rest !== '')
		each(JSON.parse(rest));
}
