// SPDX-License-Identifier: Apache-2.0
// What may come next in a question: fields and values of the records that are shown, and the names
// of pipes. Nothing is asked of the desk for it.

import { h, put } from './dom.js';

const PIPES = ['fields', 'field_names', 'field_values', 'limit', 'offset', 'rename', 'sort by', 'stats by',
	'top', 'uniq by', 'where'];
const ALWAYS = ['_msg', '_stream', '_peer', '_listener', 'app_name', 'facility', 'hostname', 'level',
	'priority', 'proc_id', 'severity'];
const MOST = 12, VALUES = 40, LONG = 80;

// Fields of rows with some of their values.
export function seen(rows) {
	const out = new Map(ALWAYS.map((name) => [name, new Set()]));

	for (const row of rows)
		for (const name of Object.keys(row)) {
			if (!out.has(name))
				out.set(name, new Set());
			const values = out.get(name);
			if (values.size < VALUES && row[name].length <= LONG)
				values.add(row[name]);
		}
	return out;
}

function value(text) {
	return /^[A-Za-z0-9_]+$/.test(text) ? text : JSON.stringify(text);
}

// [{text, from}]: what could stand instead of text from there to the caret.
export function candidates(query, caret, known) {
	const before = query.slice(0, caret);
	const given = /([\w.-]+):(=?)("?)([^\s"():|]*)$/.exec(before);
	const word = /(^|[\s(!|])([\w.]*)$/.exec(before);
	const like = (all, part, make) => all.filter((one) => one !== part &&
	    one.toLowerCase().startsWith(part.toLowerCase())).slice(0, MOST).map((one) =>
		({ text: make(one), from: caret - part.length }));

	if (given !== null && known.has(given[1]))
		return like([...known.get(given[1])].sort(), given[4], value).map((one) =>
			({ text: one.text, from: one.from - given[3].length }));
	if (word === null)
		return [];
	if (/\|\s*[\w.]*$/.test(before))
		return like(PIPES, word[2], (one) => one + ' ');
	return word[2] === '' ? [] : like([...known.keys()].filter((name) => name !== '_stream_id' &&
	    name !== '_seq').sort(), word[2], (one) => (/^[\w.]+$/.test(one) ? one :
	    JSON.stringify(one)) + ':');
}

// Makes the input a combobox with a list beneath; known: a function that gives what was seen.
export function complete(input, known) {
	const list = h('ul', { class: 'choices', role: 'listbox', id: 'choices', hidden: true });
	let found = [], at = -1;

	const show = (which) => {
		at = which;
		put(list, found.map((one, i) => h('li', { role: 'option', id: 'choice-' + i,
			'aria-selected': String(i === at), onpointerdown: (event) => {
				event.preventDefault();
				take(i);
			} }, one.text)));
		list.hidden = found.length === 0;
		input.setAttribute('aria-expanded', String(found.length > 0));
		if (at >= 0)
			input.setAttribute('aria-activedescendant', 'choice-' + at);
		else
			input.removeAttribute('aria-activedescendant');
	};
	const close = () => {
		found = [];
		show(-1);
	};
	const take = (i) => {
		const one = found[i], end = input.selectionStart;
		input.setRangeText(one.text, one.from, end, 'end');
		close();
		input.focus();
	};

	input.setAttribute('role', 'combobox');
	input.setAttribute('aria-expanded', 'false');
	input.setAttribute('aria-controls', 'choices');
	input.setAttribute('aria-autocomplete', 'list');
	input.addEventListener('input', () => {
		found = candidates(input.value, input.selectionStart, known());
		show(-1);
	});
	input.addEventListener('blur', close);
	input.addEventListener('keydown', (event) => {
		const n = found.length;
		if (n === 0)
			return;
		if (event.key === 'ArrowDown')
			show((at + 1) % n);
		else if (event.key === 'ArrowUp')
			show((at + n - (at < 0 ? 0 : 1)) % n);
		else if (event.key === 'Escape')
			close();
		else if ((event.key === 'Enter' || event.key === 'Tab') && at >= 0)
			take(at);
		else
			return;
		event.preventDefault();
	});
	return h('span', { class: 'combo' }, input, list);
}
