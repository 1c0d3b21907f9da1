// SPDX-License-Identifier: Apache-2.0
// What the screens share: sentences of errors, forms in dialogs, lists, pieces that are read aloud.

import { h, put } from './dom.js';
import { t, word } from './words.js';
import * as time from './time.js';

// ---- said aloud ----

const polite = h('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
const urgent = h('p', { class: 'unseen', role: 'alert', 'aria-live': 'assertive' });
const toast = h('p', { class: 'toast', hidden: true, 'aria-hidden': 'true' });
let toastEnd = 0;

export function voices() {
	return [polite, urgent, toast];
}

// What was done, for the eye and for who listens.
export function say(text) {
	put(polite, text);
	put(toast, text);
	toast.hidden = false;
	clearTimeout(toastEnd);
	toastEnd = setTimeout(() => {
		toast.hidden = true;
	}, 6000);
}

export function shout(text) {
	put(urgent, text);
}

// ---- errors ----

export function sentence(e) {
	if (e.code === 'unreachable')
		return t('unreachable');
	if (e.code === 'broken')
		return t('broken_off');
	if (e.status === 401)
		return e.message || t('session_over');
	return e.message;
}

export function trouble(e) {
	if (e.name === 'AbortError')
		return h('p', {});
	return h('p', { class: 'error', role: 'alert' }, t('failed') + ' ', sentence(e));
}

// Shows what a promise gives, or why it gives nothing. What comes after the screen has gone is left.
export function into(node, promise, draw) {
	put(node, h('p', { class: 'quiet' }, t('loading')));
	return promise.then((answer) => {
		put(node, draw(answer));
		node.dispatchEvent(new Event('drawn', { bubbles: true }));
	}, (e) => put(node, trouble(e)));
}

// ---- small pieces ----

export function stateMark(kind, name) {
	return h('span', { class: 'mark ' + kind + '-' + name }, word(kind, name));
}

export function levelMark(level) {
	return h('span', { class: 'mark level-' + level }, t('level_' + level));
}

export function when(iso) {
	return iso ? h('time', { datetime: iso, title: time.exact(iso) + ' ' + time.zoneName() },
	    time.stamp(iso)) : '';
}

// Who did it: an account, the desk by itself, or somebody on the server.
export function who(name) {
	return h('strong', {}, name === 'desk' ? t('who_desk') : /^uid \d+$/.test(name || '') ?
	    t('who_server', name) : name);
}

// What was done, with times as people write them.
export function told(text) {
	return h('span', { class: 'lines' }, (text || '').replace(
	    /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, time.stamp));
}

// Time left of a deadline, in words; less than two hours or over needs a person.
export function left(seconds) {
	const late = seconds < 0;
	return h('strong', { class: late ? 'late' : seconds < 7200 ? 'soon' : 'calm' },
	    late ? t('late_by', time.lasts(-seconds)) : t('time_left', time.lasts(seconds)));
}

// Pairs of a name and what it is; empty ones are left out.
export function facts(...pairs) {
	return h('dl', { class: 'facts' }, pairs.filter((p) => p && p[1] !== '' && p[1] !== null &&
	    p[1] !== undefined).map((p) => [h('dt', {}, p[0]), h('dd', {}, p[1])]));
}

export function button(label, onclick, kind) {
	return h('button', { type: 'button', class: kind || '', onclick }, label);
}

// A row of a list: the whole of it is a link; j and k go from one to the next.
export function row(href, cls, ...children) {
	return h('li', {}, h('a', { class: 'row ' + cls, href, 'data-row': '1' }, children));
}

export function rows(items, none) {
	return items.length === 0 ? h('p', { class: 'quiet' }, none) :
	    h('ul', { class: 'rows' }, items);
}

// What of how many is shown, and the way to the rest. go: called with an offset.
export function pager(total, offset, shown, limit, go) {
	if (total <= shown && offset === 0)
		return h('p', { class: 'quiet' }, t('total', time.count(total)));
	return h('nav', { class: 'pager', 'aria-label': t('pages') },
	    h('button', { type: 'button', disabled: offset === 0,
	        onclick: () => go(Math.max(0, offset - limit)) }, t('newer')),
	    h('span', {}, t('shown_of', time.count(shown ? offset + 1 : 0),
	        time.count(offset + shown), time.count(total))),
	    h('button', { type: 'button', disabled: offset + shown >= total,
	        onclick: () => go(offset + limit) }, t('older')));
}

// ---- forms ----

let fieldCount = 0;

// The input of a field: {name, label, kind, value, required, options, hint, autocomplete}
function input(field, id) {
	const most = { id, name: field.name, required: field.required,
	    autocomplete: field.autocomplete || 'off', 'aria-describedby': id + '-hint' };

	if (field.kind === 'text')
		return h('textarea', Object.assign(most, { rows: field.rows || 3 }), field.value || '');
	if (field.kind === 'select')
		return h('select', most, field.options.map(([value, label]) =>
		    h('option', { value, selected: value === field.value }, label)));
	if (field.kind === 'flag')
		return h('input', { id, name: field.name, type: 'checkbox', checked: field.value });
	return h('input', Object.assign(most, { type: field.kind === 'password' ? 'password' : 'text',
	    value: field.value, list: field.options ? id + '-list' : null,
	    inputmode: field.kind === 'number' || field.kind === 'code' ? 'numeric' : null,
	    spellcheck: field.kind === 'line' ? null : 'false', maxlength: field.most,
	    placeholder: field.kind === 'time' ? t('time_form') : null }));
}

export function fieldNode(field) {
	const id = 'f' + ++fieldCount;
	const control = input(field, id);
	const hint = field.hint || (field.kind === 'time' ? t('time_hint', time.zoneName()) : '');
	const list = field.kind !== 'select' && field.options ? h('datalist', { id: id + '-list' },
	    field.options.map(([value, label]) => h('option', { value }, label))) : null;

	field.control = control;
	if (field.kind === 'flag')
		return h('p', { class: 'field flag' }, control, h('label', { for: id }, field.label));
	return h('p', { class: 'field' }, h('label', { for: id }, field.label,
	    field.required ? null : h('span', { class: 'quiet' }, ' ' + t('optional'))), control, list,
	    h('span', { class: 'hint', id: id + '-hint' }, hint));
}

// The values of fields as the desk takes them; throws a sentence when one cannot be read.
export function values(fields) {
	const out = {};
	for (const field of fields) {
		const control = field.control;
		let value = field.kind === 'flag' ? (control.checked ? '1' : '') : control.value;

		if (field.kind !== 'password' && field.kind !== 'flag')
			value = value.trim();
		if (field.required && value === '') {
			control.focus();
			throw new Error(t('field_missing', field.label));
		}
		if (field.kind === 'time' && value !== '') {
			const ms = time.read(value);
			if (ms === null) {
				control.focus();
				throw new Error(t('field_no_time', field.label, t('time_form')));
			}
			value = time.rfc(ms);
		}
		out[field.name] = value;
	}
	return out;
}

// Of the desk's refusal, by the field's own name.
function refusalText(e, fields) {
	const field = fields.find((f) => e.param && f.name === e.param);
	if (field === undefined)
		return sentence(e);
	field.control.focus();
	return sentence(e).replace(e.param + ':', field.label + ':');
}

// What was typed into a dialog that was left, by where it was: a session that ends at night takes
// nobody's words away. Gone when somebody else logs in.
const drafts = new Map();

function draftKey(what, field) {
	return [location.hash, what.title, field.name].join('\n');
}

function draftsPut(what) {
	for (const field of what.fields.filter((f) => f.kind === 'text'))
		if (drafts.has(draftKey(what, field)))
			field.control.value = drafts.get(draftKey(what, field));
}

function draftsTake(what, sent) {
	for (const field of what.fields.filter((f) => f.kind === 'text'))
		if (sent)
			drafts.delete(draftKey(what, field));
		else
			drafts.set(draftKey(what, field), field.control.value);
}

export function draftsForget() {
	drafts.clear();
}

export function dialogsClose() {
	document.querySelectorAll('dialog').forEach((box) => box.close());
}

/*
 * A form in a dialog: {title, intro, fields, send, label, danger}. send gets the values and returns
 * a promise; while it refuses, the dialog stays and says why. Gives what send gave, or null.
 */
export function dialog(what) {
	return new Promise((done) => {
		const wrong = h('p', { class: 'error', role: 'alert', hidden: true });
		const go = h('button', { type: 'submit', class: what.danger ? 'danger' : 'main' },
		    what.label);
		const nodes = what.fields.map(fieldNode);
		const titleId = 'd' + ++fieldCount;
		let answer = null;
		const key = location.hash;
		const box = h('dialog', { 'aria-labelledby': titleId, onclose: () => {
			if (location.hash === key)
				draftsTake(what, answer !== null);
			box.remove();
			done(answer);
			// What opened it may be gone by now: the keyboard goes on at the screen's top.
			setTimeout(() => {
				if (document.activeElement === document.body)
					document.getElementById('main').focus({ preventScroll: true });
			}, 0);
		} }, h('form', { novalidate: true, onsubmit: async (event) => {
			event.preventDefault();
			if (go.disabled)
				return;
			wrong.hidden = true;
			go.disabled = true;
			try {
				answer = await what.send(values(what.fields));
				box.close();
			} catch (e) {
				put(wrong, e.status === undefined ? e.message :
				    refusalText(e, what.fields));
				wrong.hidden = false;
			}
			go.disabled = false;
		} }, h('h2', { id: titleId }, what.title), what.intro ? h('p', {}, what.intro) : null,
		nodes, wrong, h('p', { class: 'buttons' }, go, button(t('cancel'), () => box.close()))));
		document.body.append(box);
		draftsPut(what);
		box.showModal();
	});
}
