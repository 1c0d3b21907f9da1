// SPDX-License-Identifier: Apache-2.0
// The shell: who is logged in, which screen, what came in meanwhile. Addresses are behind the '#',
// so that the server serves one page; what is chosen on a screen stands in its address and can be
// sent to a colleague.

import { h, put } from './dom.js';
import { t, language, languageSet } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as sound from './sound.js';
import * as time from './time.js';
import { loginScreen } from './login.js';
import { nowScreen } from './now.js';
import { alertsScreen, alertScreen } from './alerts.js';
import { incidentsScreen, openScreen } from './incidents.js';
import { incidentScreen } from './incident.js';
import { noticesScreen } from './notices.js';
import { requestsScreen } from './requests.js';
import { searchScreen } from './search.js';
import { sourcesScreen } from './sources.js';
import { dutyScreen, sheetScreen } from './duty.js';
import { peopleScreen } from './people.js';

const POLL_MS = 10000;
const IDLE_TOLD_S = 60;

// Path, word, the right that it takes, and how it is drawn: alone, or with what stands behind it.
const screens = [
	{ path: 'truc-ban', right: 'read', draw: nowScreen },
	{ path: 'canh-bao', right: 'read', draw: alertsScreen, one: alertScreen },
	{ path: 'su-co', right: 'read', draw: incidentsScreen, one: incidentScreen,
	    more: { moi: openScreen, 'yeu-cau': requestsScreen } },
	{ path: 'nhat-ky', right: 'search', draw: searchScreen },
	{ path: 'nguon', right: 'search', draw: sourcesScreen },
	{ path: 'so-truc', right: 'read', draw: dutyScreen, one: sheetScreen,
	    more: { 'bao-ngoai': noticesScreen } },
	{ path: 'quan-tri', right: 'admin', draw: peopleScreen },
];

const main = h('main', { id: 'main', tabindex: '-1' });
const head = h('header', { class: 'top' });
const bar = h('p', { class: 'banner', role: 'alert', hidden: true });
let leave = null;		// AbortController of the screen that is shown
let shownPath = null;
let listeners = [];
let known = null;		// ids of new alerts that were seen; null: none yet
let fresh = [];
let lastHeard = Date.now();
let lastLogin = null;
let touched = Date.now();	// when somebody last did anything here
let asked = 0;			// when the desk was last asked on his behalf
let pollTimer = 0;

// ---- address ----

function where() {
	const [path, query] = location.hash.slice(1).split('?', 2);
	const parts = path.split('/').filter((p) => p !== '').map((p) => {
		try {
			return decodeURIComponent(p);
		} catch (e) {
			return '';
		}
	});
	return { parts, params: Object.fromEntries(new URLSearchParams(query || '')) };
}

// What a screen is given beside its place.
function context(at) {
	const stop = leave.signal;
	return {
		main, id: at.parts[1], params: at.params, signal: stop,
		// What is chosen goes into the address; empty values leave it. False: it was there.
		choose(params) {
			const all = api.form(Object.assign({}, at.params, params)).toString();
			const to = '#/' + at.parts.map(encodeURIComponent).join('/') +
			    (all ? '?' + all : '');
			if (location.hash === to)
				return false;
			location.hash = to;
			return true;
		},
		every(ms, fn) {
			const timer = setInterval(fn, ms);
			stop.addEventListener('abort', () => clearInterval(timer));
		},
		onAlerts(fn) {
			listeners.push(fn);
		},
		again: route,
	};
}

function nothing(ctx) {
	put(ctx.main, h('h1', {}, t('no_screen')), h('p', {}, h('a', { href: '#/truc-ban' },
	    t('screen_truc_ban'))));
}

function drawOf(at) {
	const screen = screens.find((s) => s.path === at.parts[0]);

	if (screen === undefined || !api.may(screen.right))
		return nothing;
	if (at.parts.length === 1)
		return screen.draw;
	return (screen.more || {})[at.parts[1]] || screen.one || nothing;
}

function focusHead() {
	const title = main.querySelector('h1');

	document.title = (fresh.length > 0 ? '(' + fresh.length + ') ' : '') +
	    (title ? title.textContent + ' · ' : '') + 'Trực Ban';
}

function route() {
	main.dataset.at = location.hash;	// what is shown is of this address
	if (!inside())
		return;
	const at = where();
	if (at.parts.length === 0) {
		location.replace('#/' + (api.may('read') ? 'truc-ban' : 'quan-tri'));
		return;
	}
	if (leave !== null)
		leave.abort();
	leave = new AbortController();
	listeners = [];
	drawOf(at)(context(at));
	const path = at.parts.join('/');
	if (path !== shownPath)
		head.classList.remove('open');
	topDraw(path);
	if (shownPath !== null && path !== shownPath) {
		main.focus({ preventScroll: true });
		scrollTo(0, 0);
	}
	shownPath = path;
	focusHead();
}

// ---- the top of the page ----

function soundButton() {
	return h('button', { type: 'button', class: 'tool', id: 'sound',
		'aria-pressed': String(sound.isOn()), onclick: () => {
			sound.turn(!sound.isOn());
			headDraw();
			kit.say(t(sound.isOn() ? 'sound_is_on' : 'sound_is_off'));
		} }, t(sound.isOn() ? 'sound_on' : 'sound_off'));
}

function themeSet(which) {
	document.documentElement.dataset.theme = which;
	localStorage.setItem('theme', which);
}

function themeButton() {
	const order = { auto: 'light', light: 'dark', dark: 'auto' };
	const now = document.documentElement.dataset.theme;

	return h('button', { type: 'button', class: 'tool', id: 'theme', onclick: () => {
		themeSet(order[now]);
		headDraw();
	} }, t('theme_' + now));
}

function languageButton() {
	const other = language() === 'vi' ? 'en' : 'vi';

	return h('button', { type: 'button', class: 'tool', lang: other, id: 'language', onclick: () => {
		languageSet(other);
		draw();
	} }, other === 'en' ? 'English' : 'Tiếng Việt');
}

function link(screen, now) {
	const n = screen.path === 'canh-bao' ? fresh.length : 0;
	const word = t('screen_' + screen.path.replace('-', '_'));

	return h('li', {}, h('a', { href: '#/' + screen.path, id: 'to-' + screen.path,
	    'aria-current': screen.path === now ? 'page' : null }, word, n > 0 ?
	    h('span', { class: 'badge', title: t('alerts_new', n) }, ' ' + n) : null));
}

function topDraw(path) {
	const now = (path || '').split('/')[0];
	const menu = h('ul', { class: 'screens', id: 'screens' },
	    screens.filter((s) => api.may(s.right)).map((s) => link(s, now)));

	// Drawn anew under somebody's keyboard: the focus stays where it was.
	const held = head.contains(document.activeElement) ? document.activeElement.id : '';

	head.classList.add('inside');
	put(head, h('a', { class: 'brand', href: '#/truc-ban' }, 'Trực Ban'),
	    h('button', { type: 'button', class: 'tool menu', id: 'menu', 'aria-controls': 'screens',
	        'aria-expanded': String(head.classList.contains('open')), onclick: (event) => {
	            const open = head.classList.toggle('open');
	            event.currentTarget.setAttribute('aria-expanded', String(open));
	        } }, t('menu'), fresh.length > 0 ? h('span', { class: 'badge' }, fresh.length) : null),
	    h('nav', { 'aria-label': t('screens') }, menu),
	    h('div', { class: 'tools' }, soundButton(), themeButton(), languageButton(),
	        h('span', { class: 'who' }, api.session.name || api.session.login),
	        h('button', { type: 'button', class: 'tool', id: 'logout', onclick: logOut },
	            t('log_out'))));
	if (held !== '')
		document.getElementById(held).focus();
}

function inside() {
	return api.session !== null && api.session.must.length === 0;
}

function headDraw() {
	if (inside()) {
		topDraw(shownPath);
		return;
	}
	head.classList.remove('inside', 'open');
	put(head, h('span', { class: 'brand' }, 'Trực Ban'), h('div', { class: 'tools' },
	    themeButton(), languageButton()));
}

// ---- what comes in ----

function heard(answer) {
	const now = answer.alerts.filter((a) => a.state === 'new' && a.closed === null);
	const arrived = known === null ? [] : now.filter((a) => !known.has(a.id));
	const changed = fresh.map((a) => a.id).join() !== now.map((a) => a.id).join();

	known = new Set(now.map((a) => a.id));
	fresh = now;
	lastHeard = Date.now();
	bar.hidden = !(sound.asleep() && now.length > 0);
	if (!bar.hidden)
		put(bar, t('sound_asleep'));
	idleTell();
	if (arrived.length > 0) {
		kit.shout(t('alert_arrived', arrived.length, arrived[0].message));
		sound.ring(arrived.some((a) => a.level >= 3));
	} else if (now.some((a) => a.level >= 3)) {
		sound.ring(true);
	}
	if (changed && shownPath !== null) {
		headDraw();
		focusHead();
	}
	if (changed)
		listeners.forEach((fn) => fn());
}

// A session that ends takes the alarm with it: said, and heard, before it does.
function idleTell() {
	const left = api.session.idle_s - (Date.now() - touched) / 1000;

	if (left > IDLE_TOLD_S || api.session.idle_s === 0)
		return;
	put(bar, t('idle_soon', time.lasts(left)));
	bar.hidden = false;
	sound.ring(true);
}

async function poll() {
	clearTimeout(pollTimer);
	if (!inside())
		return;
	// Who reads and moves is there, though he asks for nothing.
	const alone = touched < asked;
	if (!alone)
		asked = Date.now();
	if (api.may('read'))
		try {
			heard(await api.get('/api/alerts', { state: 'waiting', limit: 100 },
			    { poll: alone }));
		} catch (e) {
			if (api.session !== null && Date.now() - lastHeard > 2 * POLL_MS) {
				put(bar, t('out_of_date', time.stamp(lastHeard), kit.sentence(e)));
				bar.hidden = false;
				sound.ring(true);
			}
		}
	pollTimer = setTimeout(poll, POLL_MS);
}

// ---- who is there ----

async function logOut() {
	try {
		await api.post('/api/logout', {});
	} catch (e) {
		kit.say(kit.sentence(e));
	}
	api.sessionSet(null);
	lastLogin = null;
	draw();
}

function stopAll() {
	clearTimeout(pollTimer);
	kit.dialogsClose();
	if (leave !== null)
		leave.abort();
	leave = null;
	shownPath = null;
	known = null;
	fresh = [];
	listeners = [];
	bar.hidden = true;
}

function draw(reason) {
	if (!inside()) {
		stopAll();
		headDraw();
		loginScreen(main, reason, () => draw());
		return;
	}
	if (api.session.login !== lastLogin)
		kit.draftsForget();
	lastLogin = api.session.login;
	touched = Date.now();
	time.zoneSet(api.session.zone_minutes);
	route();
	poll();
}

// ---- keys ----

function move(by) {
	const rows = [...main.querySelectorAll('[data-row]')];
	const at = rows.indexOf(document.activeElement.closest('[data-row]'));
	const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];

	if (next !== undefined)
		next.focus();
}

function keysShow() {
	kit.dialog({ title: t('keys'), fields: [], label: t('close'), send: async () => null,
		intro: [['/', 'keys_query'], ['j, k', 'keys_rows'], ['g + 1…7', 'keys_screens'],
		    ['?', 'keys_help']].map(([key, word]) => h('span', { class: 'key-row' },
		    h('kbd', {}, key), ' ', t(word))) });
}

let going = false;

function onKey(event) {
	const typing = event.target.closest && event.target.closest('input, textarea, select, dialog');
	const keys = { j: () => move(1), k: () => move(-1), '?': keysShow, '/': () => {
		const query = main.querySelector('[data-query]');
		if (query !== null)
			query.focus();
		else if (api.may('search'))
			location.hash = '#/nhat-ky';
	}, g: () => {
		going = true;
	} };

	if (typing || event.ctrlKey || event.altKey || event.metaKey || !inside())
		return;
	if (going && event.key >= '1' && event.key <= '7') {
		const open = screens.filter((s) => api.may(s.right))[+event.key - 1];
		if (open !== undefined)
			location.hash = '#/' + open.path;
	}
	going = false;
	if (keys[event.key] === undefined)
		return;
	event.preventDefault();
	keys[event.key]();
}

// ---- start ----

async function start() {
	let reason = null;

	languageSet(language());
	themeSet(['light', 'dark'].includes(localStorage.getItem('theme')) ?
	    localStorage.getItem('theme') : 'auto');
	document.body.append(h('a', { class: 'skip', href: '#main', onclick: (event) => {
		event.preventDefault();
		main.focus();
	} }, t('skip')), head, bar, main, ...kit.voices());
	main.addEventListener('drawn', focusHead);
	api.whenLost(() => {
		sound.ring(true);
		draw({ message: t('session_over') });
		document.title = '⚠ ' + t('session_over');
	});
	for (const what of ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart'])
		addEventListener(what, () => {
			touched = Date.now();
		}, { passive: true });
	addEventListener('hashchange', route);
	addEventListener('keydown', onKey);
	addEventListener('pointerdown', sound.wake, { once: true });
	addEventListener('keydown', sound.wake, { once: true });
	try {
		api.sessionSet(await api.get('/api/me', {}, { poll: true }));
	} catch (e) {
		reason = e.status === 401 && e.code !== 'no-account' ? null : e;
	}
	draw(reason);
}

start();
