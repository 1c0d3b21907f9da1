// SPDX-License-Identifier: Apache-2.0
// Words on the screen, by key, in the language that was chosen. Both dictionaries have the same
// keys, each once; a test holds that. A screen's words in both languages are a file of its own;
// words_vi.js and words_en.js have what several screens say, and what the first screens do.

import shared_vi from './words_vi.js';
import shared_en from './words_en.js';
import * as admin from './words_admin.js';

const parts = [{ vi: shared_vi, en: shared_en }, admin];
const vi = Object.assign({}, ...parts.map((part) => part.vi));
const en = Object.assign({}, ...parts.map((part) => part.en));

let lang = localStorage.getItem('lang') === 'en' ? 'en' : 'vi';

export function language() {
	return lang;
}

export function languageSet(which) {
	lang = which === 'en' ? 'en' : 'vi';
	localStorage.setItem('lang', lang);
	document.documentElement.lang = lang;
}

// {0}, {1}: what is said with it
export function t(key, ...values) {
	const text = (lang === 'en' ? en : vi)[key];
	if (text === undefined)
		throw new Error('no word for ' + key);
	return text.replace(/\{(\d)\}/g, (all, i) => String(values[i]));
}

// A word for a name of the API; what is not known is shown as it is.
export function word(kind, name) {
	const key = kind + '_' + String(name).replace(/[^a-z0-9]/g, '_');
	const text = (lang === 'en' ? en : vi)[key];
	return text === undefined ? String(name) : text;
}

// Of two texts that a pack has.
export function either(vietnamese, english) {
	return lang === 'en' && english ? english : vietnamese;
}
