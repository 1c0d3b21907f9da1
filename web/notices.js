// SPDX-License-Identifier: Apache-2.0
// Báo ra ngoài: who was told by mail, message or ringing, who could not be, and by which channel.

import { h, put } from './dom.js';
import { t, word } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const LIMIT = 50;
const STATES = ['all', 'waiting', 'sent', 'failed', 'over'];

function about(n) {
	const href = n.kind === 'alert' ? '#/canh-bao/' + n.ref : /^SC-/.test(n.ref) ? '#/su-co/' +
	    encodeURIComponent(n.ref) : /^YC-/.test(n.ref) ? '#/su-co/yeu-cau' : null;
	const label = word('notice_kind', n.kind) + (n.kind === 'alert' ? '' : ' ' + n.ref);

	return href === null ? label : h('a', { href }, label);
}

function item(n) {
	return h('li', { class: 'item' + (n.state === 'failed' ? ' bad' : '') }, h('p', {},
	    h('span', { class: 'mark' }, '#' + n.number), ' ', kit.stateMark('notice', n.state), ' ',
	    h('strong', {}, n.name || n.person), ' ', about(n)), h('p', { class: 'quiet' },
	    time.stamp(n.created), n.told ? ' → ' + time.stamp(n.told) + ' · ' + n.channel : '',
	    n.ways.map((w) => ' · ' + w.channel + ': ' + word('notice', w.state)).join('')));
}

function channelItem(c) {
	const last = (x) => x ? time.stamp(x.time) : '–';

	return h('li', {}, h('strong', {}, c.name), ' ', t('channel_last', last(c.sent), last(c.failed)),
	    c.failed && (!c.sent || c.failed.time > c.sent.time) ? h('span', { class: 'late' }, ' ' +
	        c.failed.text) : '');
}

function testButton(ctx) {
	return kit.button(t('notice_test'), async () => {
		const all = await api.get('/api/contacts', { limit: 1000 });
		const answer = await kit.dialog({ title: t('notice_test'), label: t('notice_test'),
			fields: [{ name: 'person', label: t('full_name'), kind: 'select', required: true,
			    value: '', options: all.contacts.map((c) => [c.person, c.name]) }],
			send: (v) => api.post('/api/notices/test', v) });
		if (answer !== null)
			ctx.again();
	});
}

// Of the first screen too.
export function channelsNode(found) {
	return found.channels.length === 0 ? h('p', { class: 'late' }, t('no_channels')) :
	    h('ul', { class: 'plain' }, found.channels.map(channelItem));
}

export function noticesScreen(ctx) {
	const p = ctx.params, offset = Number(p.offset) || 0, list = h('div', {});
	const channels = h('div', {});

	put(ctx.main, h('p', {}, h('a', { href: '#/so-truc' }, '← ' + t('screen_so_truc'))),
	    h('h1', {}, t('notices')), h('section', {}, h('h2', {}, t('channels')), channels),
	    h('p', { class: 'filters' }, h('label', {}, t('state') + ' ', h('select', {
	        onchange: (event) => ctx.choose({ state: event.target.value, offset: '' }) },
	    STATES.map((s) => h('option', { value: s, selected: s === (p.state || 'all') },
	        s === 'all' ? t('state_all') : t('notice_' + s))))),
	    api.may('act') || api.may('admin') ? testButton(ctx) : null), list);
	kit.into(channels, api.get('/api/notices/channels', {}, { signal: ctx.signal }), channelsNode);
	kit.into(list, api.get('/api/notices', { state: p.state, limit: LIMIT, offset },
	    { signal: ctx.signal }), (a) => [a.notices.length === 0 ? h('p', { class: 'quiet' },
	    t('no_notices')) : h('ul', { class: 'items' }, a.notices.map(item)),
	kit.pager(a.total, offset, a.notices.length, LIMIT, (to) => ctx.choose({ offset: to }))]);
}
