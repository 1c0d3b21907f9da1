// SPDX-License-Identifier: Apache-2.0
// One record of a search: a line, and behind it all its fields, the octets as they came in, and how
// to prove it to somebody else.

import { h, put } from './dom.js';
import { t } from './words.js';
import * as api from './api.js';
import * as kit from './kit.js';
import * as time from './time.js';

const AROUND_MS = 60000;
const SHORT = 600;		// of a message, in the list; all of it stands among the fields

// A name or a value of LogsQL in quotes where it needs them.
export function quoted(text) {
	return /^[A-Za-z_][A-Za-z0-9_.]*$/.test(text) ? text : JSON.stringify(text);
}

function grave(row) {
	return /^(emerg|alert|critical|crit|fatal|error|err)$/i.test(row.level || '');
}

async function exactLoad(row, node, view) {
	const at = +new Date(row._time);

	put(node, h('p', { class: 'quiet' }, t('loading')));
	try {
		await api.lines('/select/logsql/query', { query: '_seq:=' + JSON.stringify(row._seq) +
		    ' | fields _raw, _source, _trust, _peer, _listener', stream: view.ctx.params.stream,
		start: new Date(at - 1000).toISOString(), end: new Date(at + 1000).toISOString() },
		(one) => {
			put(node, h('pre', { class: 'exact' }, one._raw || row._msg),
			    kit.facts([t('listener'), one._listener], [t('peer'), one._peer],
			        [t('trust'), one._trust]));
		}, { signal: view.ctx.signal });
	} catch (e) {
		put(node, kit.trouble(e));
	}
}

function around(row) {
	const at = +new Date(row._time);
	const query = row.hostname ? 'hostname:=' + JSON.stringify(row.hostname) : '*';

	return '#' + api.address('/nhat-ky', { query, from: new Date(at - AROUND_MS).toISOString(),
		to: new Date(at + AROUND_MS).toISOString() });
}

function fieldRow(name, value, view) {
	return h('tr', {}, h('th', { scope: 'row' }, h('code', {}, name)), h('td', { class: 'value' },
	    name === '_time' ? time.exact(value) + ' ' + time.zoneName() : value),
	h('td', {}, name.startsWith('_') ? null : [
		h('button', { type: 'button', class: 'small', title: t('only_this'),
		    'aria-label': t('only_this_of', name), onclick: () =>
		        view.narrow(name, value, false) }, '+'),
		h('button', { type: 'button', class: 'small', title: t('without_this'),
		    'aria-label': t('without_this_of', name), onclick: () =>
		        view.narrow(name, value, true) }, '−')]));
}

// raw:1:120 -> 120; the stream that it is of.
function proof(row, view) {
	const number = row._seq.split(':')[2];
	const stream = view.ctx.params.stream ? ' --stream ' + view.ctx.params.stream : '';

	return h('details', {}, h('summary', {}, t('proof')), h('p', {}, t('proof_seq', row._seq)),
	    h('p', {}, t('proof_how')), h('pre', {}, 'trucban evidence export --seq ' + number + '-' +
	        number + stream + ' -o ban-ghi-' + number + '.zip'));
}

function opened(row, view) {
	const exact = h('div', {});

	return [h('table', { class: 'fields-of' }, h('tbody', {}, Object.keys(row)
	    .filter((name) => name !== '_stream_id').map((name) => fieldRow(name, row[name], view)))),
	row._seq ? h('p', { class: 'buttons' }, kit.button(t('exact_line'),
	    () => exactLoad(row, exact, view)), h('a', { class: 'button', href: around(row) },
	    t('around'))) : null, exact, row._seq ? proof(row, view) : null];
}

export function recordItem(row, view) {
	const said = row._msg || row.message || '';
	const body = h('div', { class: 'record-body' });

	return h('li', {}, h('details', { ontoggle: (event) => {
		if (event.target === event.currentTarget && event.target.open &&
		    body.childNodes.length === 0)
			put(body, opened(row, view));
	} }, h('summary', { 'data-row': '1', class: grave(row) ? 'grave' : '' },
	    h('time', { datetime: row._time }, time.exact(row._time)), ' ',
	    h('span', { class: 'host' }, row.hostname || row['host.name'] || ''), ' ',
	    h('span', { class: 'app' }, row.app_name || row.act || ''), ' ',
	    row.level ? h('span', { class: 'lvl' }, row.level + ' ') : null,
	    h('span', { class: 'msg' }, said.length > SHORT ? said.slice(0, SHORT) + ' …' : said)),
	body));
}
