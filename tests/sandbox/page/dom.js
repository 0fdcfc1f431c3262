// Describes what is to be seen, and draws it. Text is only ever text: no string becomes markup.

import { ICONS } from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

class Description {
  constructor(tag, content) {
    const [kind, ...classes] = tag.split('.');
    const props = content[0]?.constructor === Object ? content.shift() : {};
    const more = kind === 'button' ? { type: 'button' } : {};
    if (classes.length) more.class = classes.filter(Boolean).join(' ');
    Object.assign(this, { kind, key: props.key, props: { ...more, ...props }, children: content });
  }
}

/**
 * Describes an element. The tag has its classes: `p.small.muted`. The properties, which may be left out, are listeners
 * (`on...`), which of its siblings it is (`key`), what is read aloud (`label`), and attributes.
 */
export const h = (tag, ...content) => new Description(tag, content);

/** An element that is described anew only if what it depends on has changed. */
export const cached = (key, depends, create) => ({ key, version: JSON.stringify(depends), create });

export const icon = (name) => h('svg.icon', { viewBox: '0 0 24 24', 'aria-hidden': true }, h('path', { d: ICONS[name] }));

export const button = (words, onclick, { icon: sign, kind = '', ...props } = {}) =>
  h(`button.button.${kind}`, { onclick, ...props }, sign && icon(sign), words);

export const iconButton = (sign, label, onclick, { kind = 'plain', ...props } = {}) =>
  h(`button.button.only.${kind}`, { label, title: label, onclick, ...props }, icon(sign));

export const submit = (words) => h('button.button.primary', { type: 'submit' }, words);

export const toggle = (words, checked, change, props) =>
  h('label.switch', h('input', { type: 'checkbox', checked, onchange: ({ target }) => change?.(target.checked), ...props }), words);

export const field = (words, props, kind = 'input') => h('label', words, h(`${kind}.field`, { maxlength: kind === 'input' ? 256 : null, ...props }));
/** A choice of values, each with its words. */
export const select = (props, options) => h('select.field', props, options.map(([value, words]) => h('option', { value }, words)));

/** A form. `act` receives by their names the values that are not empty, and the form. */
export const form = (tag, props, act, ...content) => h(`form.${tag}`, {
  onsubmit: (event) => {
    event.preventDefault();
    const node = event.target;
    const values = [...new FormData(node)].filter(([, value]) => value !== '');
    act(Object.fromEntries(values.map(([name, value]) => [name, node.elements[name].type === 'number' ? Number(value) : value])), node);
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

/** Makes the children of a node those that are described. Nodes stay, and so do the focus, and what is typed and pressed. */
export function show(parent, ...children) {
  const wanted = new Map();
  place(wanted, '', children);
  const old = parent.shown ?? new Map();
  parent.shown = new Map();
  for (const [key, node] of old) if (!wanted.has(key)) node.remove();
  let at = parent.firstChild;
  for (const [key, it] of wanted) {
    const known = old.get(key);
    const node = draw(known, it, parent);
    if (known && known !== node) {
      if (at === known) at = node;
      known.replaceWith(node);
    }
    if (node === at) at = at.nextSibling;
    else if (known === node && parent.moveBefore) parent.moveBefore(node, at);
    else parent.insertBefore(node, at);
    parent.shown.set(key, node);
  }
}

/** A child is known by its key, or by its place in its list. */
function place(wanted, prefix, children) {
  children.forEach((it, at) => {
    if (Array.isArray(it)) place(wanted, `${prefix}${at}/`, it);
    else if (it || it === 0) wanted.set(prefix + (it.key ?? at), it);
  });
}

/** Makes a node what is described, or creates one if it is of another kind. */
function draw(node, it, parent) {
  if (it.create) {
    if (node?.version === it.version) return node;
    const drawn = draw(node, it.create(), parent);
    drawn.version = it.version;
    return drawn;
  }
  if (!(it instanceof Description)) {
    const text = it.raw ?? visible(String(it));
    if (!(node instanceof Text)) return new Text(text);
    if (node.data !== text) node.data = text;
    return node;
  }
  if (node?.localName !== it.kind) node = document.createElementNS(it.kind === 'svg' ? SVG : parent.namespaceURI, it.kind);
  show(node, ...it.children);
  const before = node.props ?? {};
  for (const name of Object.keys({ ...before, ...it.props })) {
    if (name === 'value' || before[name] !== it.props[name]) set(node, name, it.props[name]);
  }
  node.props = it.props;
  return node;
}

function set(node, name, value) {
  if (name === 'key') return;
  // A listener that returns false would cancel the event.
  if (name.startsWith('on')) node[name] = value && ((event) => { value(event); });
  else if (name === 'checked' || name === 'defaultValue') node[name] = value;
  else if (name === 'style') node.style.cssText = value;
  else if (name === 'value') { if (node.value !== String(value)) node.value = value; }
  else if (value === undefined || value === null || (value === false && !name.startsWith('aria'))) node.removeAttribute(name);
  else node.setAttribute(name === 'label' ? 'aria-label' : name, value === true && !name.startsWith('aria') ? '' : visible(String(value)));
}

const MARKS = new Map([[0x200e, 'LRM RLM'], [0x202a, 'LRE RLE PDF LRO RLO'], [0x2066, 'LRI RLI FSI PDI'], [0x61c, 'ALM']]
  .flatMap(([first, names]) => names.split(' ').map((name, at) => [first + at, name])));

/** Shows control characters and marks of direction by their names, so that they cannot reorder what is shown. */
export const visible = (text) => text.replace(/[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
  const code = char.codePointAt(0);
  return `⟨${MARKS.get(code) ?? `U+${code.toString(16).padStart(4, '0').toUpperCase()}`}⟩`;
});

/** Text of a user in a block of a direction of its own, with its links. */
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

/** Copies a text. False where the clipboard is not allowed: then the element that shows it is selected. */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection().selectAllChildren(shown);
    return false;
  }
}
