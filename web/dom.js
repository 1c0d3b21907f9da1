// SPDX-License-Identifier: Apache-2.0
// Elements, made in one way only. What comes from a record or from a person becomes a text node or
// an attribute from a closed list: nothing here can make markup out of text, and no address but one
// of the page or the desk itself can become a link.

const SVG = 'http://www.w3.org/2000/svg';
// No on* and no style: the page's own policy would refuse them anyway.
const NAMES = new RegExp('^(aria-[a-z]+|data-[a-z]+|autocapitalize|autocomplete|checked|class|d|datetime' +
    '|disabled|download|for|height|hidden|href|id|inputmode|lang|list|maxlength|method' +
    '|name|novalidate|open|pattern|placeholder|preserveAspectRatio|required|role|rows' +
    '|scope|selected|spellcheck|start|tabindex|title|type|value|viewBox|width|x|y)$');

// Controls, and what turns or hides writing: shown, or a record could look like another one.
const UNSEEN = new RegExp('[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f' +
    '\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]', 'g');

function visible(text) {
	return String(text).replace(UNSEEN, (c) => '⟨U+' +
	    c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0') + '⟩');
}

function set(node, name, value) {
	if (value === false || value === null || value === undefined)
		return;
	if (typeof value === 'function') {
		node.addEventListener(name.slice(2), value);
		return;
	}
	if (!NAMES.test(name))
		throw new Error('no such attribute here: ' + name);
	if (name === 'href' && !/^(#|\/(?![/\\]))/.test(value))
		throw new Error('a link leads out of the desk');
	node.setAttribute(name, value === true ? '' : name === 'title' || name === 'aria-label' ?
	    visible(value) : String(value));
}

function fill(node, children) {
	for (const child of children.flat(9)) {
		if (child === null || child === undefined || child === false)
			continue;
		node.append(child instanceof Node ? child : document.createTextNode(visible(child)));
	}
	return node;
}

function make(node, attributes, children) {
	for (const name of Object.keys(attributes || {}))
		set(node, name, attributes[name]);
	return fill(node, children);
}

// h('a', { href: '#/x', onclick: f }, 'text', node, [more], null)
export function h(tag, attributes, ...children) {
	return make(document.createElement(tag), attributes, children);
}

// The same for a drawing.
export function g(tag, attributes, ...children) {
	return make(document.createElementNS(SVG, tag), attributes, children);
}

export function put(node, ...children) {
	node.replaceChildren();
	return fill(node, children);
}
