// Describes and draws elements. No string becomes markup.

import * as api from './api.js';
import { state, view, run, drawNow, otherOf, titleOf, isBot, firstName } from './state.js';

class Description {}

/** Describes an element by tag and classes, properties, and children. Each listener draws the page anew. */
export function h(tag, ...children) {
	const [kind, ...classes] = tag.split('.');
	const { key, ...props } = children[0]?.constructor === Object ? children.shift() : {};
	if (kind === 'button') props.type ??= 'button';
	if (classes.length) props.class ??= classes.filter(Boolean).join(' ');
	return Object.assign(new Description(), { kind, key, props, children });
}

/** An element that is described anew only if its dependencies change. */
export const cached = (key, depends, create) => ({ key, version: JSON.stringify(depends), create });

export const icon = (name) => h('svg.icon', { viewBox: '0 0 24 24', $hidden: true }, h('path', { d: ICONS[name] }));

export const button = (words, onclick, { icon: sign, kind = '', ...props } = {}) =>
	h(`button.button.${kind}`, { onclick, ...props }, sign && icon(sign), words);

export const iconButton = (sign, title, onclick, { kind = 'plain', ...props } = {}) =>
	button('', onclick, { icon: sign, kind: `only.${kind}`, $label: title, title, ...props });

export const submit = (words) => button(words, null, { kind: 'primary', type: 'submit' });

export const toggle = (words, checked, change, props) =>
	h('label.switch', h('input', { type: 'checkbox', checked, onchange: ({ target }) => change?.(target.checked), ...props }), words);

export const input = ($label, kind, props) => h(`input.field.${kind}`, { $label, maxlength: 256, ...props });
export const number = ($label, props) => input($label, 'inline', { type: 'number', min: 0, ...props });
export const field = (words, name, props, kind = 'input') => h('label', words, h(`${kind}.field`, { name, maxlength: kind === 'input' ? 256 : null, ...props }));
export const select = (props, options) => h('select.field', props, options.map(([value, words = value]) => h('option', { value }, words)));
export const bind = (object, name) => ({ value: object[name], oninput: ({ target }) => { object[name] = target.value; } });

/** A form. `act` receives the values that are not empty, and the form. */
export const form = (tag, props, act, ...content) => h(`form.${tag}`, {
	onsubmit(event) {
		event.preventDefault();
		const node = event.target;
		const values = [...new FormData(node)].filter(([, value]) => value !== '');
		return act(Object.fromEntries(values.map(([name, value]) => [name, node.elements[name].type === 'number' ? Number(value) : value])), node);
	},
	...props,
}, content);

export const onEscape = (act) => (event) => {
	if (event.key !== 'Escape') return;
	event.preventDefault();
	act();
};

export const one = (selector) => document.querySelector(selector);
export const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Makes the children of a node those described. Nodes stay, with focus and input. */
export function show(parent, ...children) {
	const wanted = new Map();
	place(wanted, '', children);
	// Some are there before the first drawing.
	if (!parent.shown) parent.textContent = '';
	const old = parent.shown ?? new Map();
	parent.shown = new Map();
	for (const [key, it] of wanted) parent.shown.set(key, draw(old.get(key), it, parent));
	for (const [key, node] of old) if (parent.shown.get(key) !== node) node.remove();
	let at = parent.firstChild;
	for (const node of parent.shown.values()) {
		if (node === at) at = at.nextSibling;
		else if (node.parentNode && parent.moveBefore) parent.moveBefore(node, at);
		else parent.insertBefore(node, at);
	}
}

/** A child is known by its key or place. */
function place(wanted, prefix, children) {
	children.forEach((it, at) => {
		if (Array.isArray(it)) place(wanted, `${prefix}${at}/`, it);
		else if (it) wanted.set(prefix + (it.key ?? at), it);
	});
}

function draw(node, it, parent) {
	if (it.create) {
		if (node?.version === it.version) return node;
		const drawn = draw(node, it.create(), parent);
		drawn.version = it.version;
		return drawn;
	}
	if (!it.kind) {
		const text = it.raw ?? visible(String(it));
		if (!(node instanceof Text)) return new Text(text);
		if (node.data !== text) node.data = text;
		return node;
	}
	if (node?.localName !== it.kind) node = document.createElementNS(it.kind === 'svg' ? 'http://www.w3.org/2000/svg' : parent.namespaceURI, it.kind);
	show(node, ...it.children);
	const before = node.props ?? {};
	for (const name of Object.keys({ ...before, ...it.props })) {
		if (name === 'value' || before[name] !== it.props[name]) set(node, name, it.props[name]);
	}
	node.props = it.props;
	return node;
}

function set(node, name, value) {
	const isAria = name[0] === '$';
	// A result of false would cancel the event.
	if (name.startsWith('on')) node[name] = value && ((event) => { run(value(event)); });
	else if (name === 'style') node.style.cssText = value;
	else if (name === 'value') { if (node.value !== String(value)) node.value = value; }
	else if (name === 'checked' || name === 'defaultValue') node[name] = value;
	else if (value === undefined || value === null || (value === false && !isAria)) node.removeAttribute(name.replace('$', 'aria-'));
	else node.setAttribute(name.replace('$', 'aria-'), value === true && !isAria ? '' : visible(String(value)));
}

const MARKS = new Map([[0x200e, 'LRM RLM'], [0x202a, 'LRE RLE PDF LRO RLO'], [0x2066, 'LRI RLI FSI PDI'], [0x61c, 'ALM']]
	.flatMap(([first, names]) => names.split(' ').map((name, at) => [first + at, name])));

/** Shows control characters and marks of direction by name: they could reorder the text. */
export const visible = (text) => text.replace(/[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
	const code = char.codePointAt(0);
	return `⟨${MARKS.get(code) ?? `U+${code.toString(16).padStart(4, '0').toUpperCase()}`}⟩`;
});

export function prose(text, kind = '') {
	const parts = [];
	let end = 0;
	for (const found of text.matchAll(/https?:\/\/[^\s<>"]+/g)) {
		const url = found[0].replace(/[.,;:!?)'\]]+$/, '');
		parts.push({ raw: text.slice(end, found.index) }, h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, { raw: url }));
		end = found.index + url.length;
	}
	return h(`p.user.${kind}`, { dir: 'auto' }, parts, { raw: text.slice(end) });
}

export const bytes = (count) =>
	count < 1000 ? `${count} B` : count < 1e6 ? `${Math.round(count / 1000)} KB` : `${(count / 1e6).toFixed(1)} MB`;

/** Those of the sandbox's people differ by 19 degrees or more. */
const hue = (uid) => [...uid].reduce((sum, c) => (sum * 29 + c.codePointAt(0)) % 353, 0);
export const initials = (user) => (user.first_name?.[0] ?? '') + (user.last_name?.[0] ?? '');

/** The style draws initials: they are no part of a name. */
export const face = (user, kind = '') => isBot(user.uid) || user.is_bot ? h(`span.avatar.bot.${kind}`, { $hidden: true }, icon('bot'))
	: h(`span.avatar.${kind}`, { $hidden: true, 'data-text': initials(user).toUpperCase() || '?', style: `--hue: ${hue(user.uid)}` });

export function chatFace(chat) {
	const other = otherOf(chat);
	if (other) return face(other);
	const sign = chat.has_avatar ? h('img', { src: api.avatar(chat.tid), alt: '' }) : chat.is_alert ? icon('horn') : [...titleOf(chat)][0].toUpperCase();
	return h('span.avatar.square', { $hidden: true }, sign);
}

export const names = (uids) => uids.map((uid, at) => [at > 0 && ', ', h('bdi', firstName(uid)), uid === state.uid && ' (you)']);

export const actions = (...buttons) => h('div.actions', buttons);

let dialog = null;
export const closeDialog = () => one('dialog')?.close();

export function openDialog(title, draw, props) {
	const { notice } = state;
	const onclose = () => {
		dialog = null;
		notice.refusal = '';
	};
	notice.refusal = '';
	dialog = () => h('dialog', { key: title, $label: title, onclose, ...props }, h('h2', title), notice.refusal && h('p.refusal', { role: 'alert' }, notice.refusal), draw());
	drawNow();
	one('dialog').showModal();
}

export function drawNotice() {
	const { notice } = state;
	show(one('#dialog'), dialog?.());
	const kind = Object.keys(notice).find((it) => notice[it] && !(dialog && it === 'refusal'));
	show(one('#notice'), kind && [h('span', { key: kind, role: kind === 'refusal' ? 'alert' : null }, notice[kind]), kind !== 'connection' && button('Close', () => { notice[kind] = ''; })]);
}
view(drawNotice);

let lastSaid = 0;
let next = null;

/** Has the newest sentence read aloud, each two seconds. */
export function say(words) {
	const isWaiting = next !== null;
	next = words;
	if (isWaiting) return;
	setTimeout(() => {
		lastSaid = performance.now();
		one('#polite').textContent = visible(next);
		next = null;
	}, Math.max(0, lastSaid + 2000 - performance.now()));
}

/** Copies a text, or selects it if the clipboard is not allowed. */
export async function copy(text, what) {
	try {
		await navigator.clipboard.writeText(text);
		say(`${what} copied.`);
	} catch {
		openDialog('To copy', () => [h('pre', {}, { raw: text }), actions(button('Close', closeDialog, { kind: 'primary' }))]);
		getSelection().selectAllChildren(one('dialog pre'));
	}
}

/* Paths in squares of 24. */
const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0-${2 * r} 0`;
const FACE = circle(12, 12, 9);

const ICONS = {
	logo: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9',
	dev: 'M5 7l5 5-5 5M12 17h7',
	theme: `${circle(12, 12, 8)}M12 4v16M14.5 5v14M17 6v12`,
	help: `${FACE}M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.8v.2`,
	plus: 'M12 5v14M5 12h14',
	check: 'M5 12.5l4.5 4.5L19 7.5',
	people: `${circle(9, 8, 3.2)}M3 19c0-3.3 2.7-5.5 6-5.5s6 2.2 6 5.5M16 5.2a3 3 0 0 1 0 5.6M17.5 14c2 .7 3.5 2.4 3.5 5`,
	lock: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3',
	clip: 'M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.3 4.3L9.6 16.2a1.5 1.5 0 0 1-2.1-2.1L14 7.6',
	send: 'M20 4L3.5 11l6.5 3 3 6.5zM10 14l10-10',
	reply: 'M10 6l-6 6 6 6M4 12h9c4 0 7 2 7 6',
	copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
	trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
	alert: 'M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2zM12 7.5v5.5M12 16.2v.3',
	horn: 'M4 10v4h3l9 4V6l-9 4zM8 14l1.5 5M19 9.5a3.5 3.5 0 0 1 0 5',
	note: 'M5 4h14v10l-5 6H5zM19 14h-5v6M8.5 8.5h7M8.5 12h5',
	sos: `${FACE}${circle(12, 12, 3.6)}M5.6 5.6l3.8 3.8M14.6 14.6l3.8 3.8M18.4 5.6l-3.8 3.8M9.4 14.6l-3.8 3.8`,
	thumbs_up: 'M7 11v9H4v-9zM7 11l4-7c1.5 0 2.5 1 2.2 2.6L12.6 10H18c1.4 0 2.3 1.2 2 2.5l-1.4 6A2 2 0 0 1 16.7 20H7',
	applause: 'M9 21c-3-1-5-4-4.5-7.5L5 10l2 .5.3 3 4.7-6.5 1.5 1-2.5 4 4-4.5 1.5 1.2-3.5 4.8 3-2.5 1.3 1.5-4.8 5.5c-1 1.5-2 2.5-3.5 3zM4 5l1.5 2M8.5 3v2.5M13 3l-1 2',
	smile: `${FACE}M8 14c1 1.8 2.4 2.7 4 2.7s3-.9 4-2.7M9 9.2v.6M15 9.2v.6`,
	laugh: `${FACE}M7.5 13h9c-.4 2.8-2.2 4.3-4.5 4.3S7.9 15.8 7.5 13zM8 9.5l2 .8M16 9.5l-2 .8M9 15h6`,
	love: 'M12 20S4 15 4 9.3C4 6.5 6 5 8 5c1.7 0 3.2 1 4 2.6C12.8 6 14.3 5 16 5c2 0 4 1.5 4 4.3C20 15 12 20 12 20z',
	bot: `M5 10h14v9H5zM12 10V5M9.5 13.5v1M14.5 13.5v1M2.8 13v3M21.2 13v3${circle(12, 4, 1)}`,
	file: 'M6 3h8l4 4v14H6zM14 3v4h4',
	image: `M3.5 5h17v14h-17z${circle(9, 10, 1.5)}M4 17l5-4 4 3 3-2 4 3`,
	location: `M12 21s-6.5-6.2-6.5-11a6.5 6.5 0 0 1 13 0c0 4.8-6.5 11-6.5 11z${circle(12, 10, 2.3)}`,
	live_location: `${circle(12, 12, 1)}M8.5 15.5a5 5 0 0 1 0-7M15.5 8.5a5 5 0 0 1 0 7M5.8 18.2a8.8 8.8 0 0 1 0-12.4M18.2 5.8a8.8 8.8 0 0 1 0 12.4`,
	calendar: 'M4 5h16v15H4zM4 9.5h16M8.5 3v4M15.5 3v4',
	poll: 'M5 6h13M5 12h9M5 18h6',
	sound: 'M5 10v4M9 7v10M13 4v16M17 8v8M21 10.5v3',
	video: 'M3 6h12v12H3zM15 11l6-3.5v9L15 13',
	save: 'M12 4v11M7 10.5l5 5 5-5M5 20h14',
	play: 'M8 5l11 7-11 7z',
	pause: 'M8.5 5v14M15.5 5v14',
	find: `${circle(10.5, 10.5, 6)}M15 15l5 5`,
	close: 'M6 6l12 12M18 6L6 18',
	back: 'M15 5l-7 7 7 7',
	more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
	down: 'M6 9l6 6 6-6',
};
