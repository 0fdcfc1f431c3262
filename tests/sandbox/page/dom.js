// Builds nodes. Text is only ever text: no string becomes markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Creates an element. The tag has its classes: `p.small.muted`. The properties, which may be left out, are listeners
 * (`on...`), variables of the style (`vars`), the mark by which the focus is kept (`keep`), what is read aloud
 * (`label`), and attributes.
 */
export const h = (tag, ...content) => fill((it) => document.createElement(it), tag, content);
export const svg = (tag, ...content) => fill((it) => document.createElementNS(SVG, it), tag, content);

function fill(create, tag, content) {
  const [kind, ...classes] = tag.split('.');
  const node = create(kind);
  if (classes.length) node.classList.add(...classes.filter(Boolean));
  if (kind === 'button') node.type = kind;
  const props = content[0]?.constructor === Object ? content.shift() : {};
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'vars') for (const [key, it] of Object.entries(value)) node.style.setProperty(key, it);
    else if (name === 'keep') node.dataset.f = value;
    else if (name === 'label') node.setAttribute('aria-label', value);
    else if (name === 'value') node.value = value;
    else if (name.startsWith('aria')) node.setAttribute(name, value);
    else if (value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  append(node, content);
  return node;
}

function append(node, children) {
  for (const child of children.flat(9)) {
    if (child !== undefined && child !== null && child !== false) node.append(child);
  }
}

export const one = (selector) => document.querySelector(selector);

export const icon = (name, kind = '') => svg(`svg.icon.${kind}`, { viewBox: '0 0 24 24', 'aria-hidden': true }, svg('use', { href: `#i-${name}` }));

/** A button with an icon, a word, or both. Without a word it has a name. */
export function button(word, action, { icon: name, label, kind = '', ...props } = {}) {
  return h(`button.button.${kind}.${word ? '' : 'only'}`, { label, title: word ? null : label, keep: label ?? word, onclick: action, ...props },
    name && icon(name), word);
}

export const submit = (word) => button(word, () => {}, { type: 'submit', kind: 'primary' });

/** A box to check, with its words. */
export const toggle = (checked, change, words, props) =>
  h('label.switch', h('input', { type: 'checkbox', checked, onchange: (event) => change(event.target.checked), ...props }), words);

/** Runs an act when Escape is pressed, which then closes nothing else. */
export const onEscape = (node, act) => node.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  event.stopPropagation();
  act();
});

/** The mark of the element with the focus in a node. */
const markIn = (node) => (node.contains(document.activeElement) ? document.activeElement.closest('[data-f]')?.dataset.f : undefined);
const focusOn = (node, mark) => mark !== undefined && node.querySelector(`[data-f="${CSS.escape(mark)}"]`)?.focus({ preventScroll: true });

/** Replaces the content of a node, and keeps the focus. */
export function show(node, ...children) {
  const mark = markIn(node);
  node.replaceChildren();
  append(node, children);
  focusOn(node, mark);
}

/** Makes the children of a node those of the items, in order. Nodes are kept, and made anew if their version differs. */
export function sync(parent, items, key, version, create) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    const now = String(version(item));
    let node = old.get(id);
    old.delete(id);
    if (!node || node.dataset.version !== now) {
      const made = create(item);
      Object.assign(made.dataset, { key: id, version: now });
      if (node) {
        const [mark, isFocused] = [markIn(node), node === document.activeElement];
        if (at === node) at = made;
        node.replaceWith(made);
        if (isFocused) made.focus({ preventScroll: true });
        else focusOn(made, mark);
      }
      node = made;
    }
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
  for (const node of old.values()) node.remove();
}

/** Shows control characters and marks of direction by their names, so that they cannot reorder what is shown. */
const NAMES = { '\u202a': 'LRE', '\u202b': 'RLE', '\u202c': 'PDF', '\u202d': 'LRO', '\u202e': 'RLO', '\u2066': 'LRI', '\u2067': 'RLI', '\u2068': 'FSI', '\u2069': 'PDI', '\u200e': 'LRM', '\u200f': 'RLM', '\u061c': 'ALM' };
export const visible = (text) =>
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g, (c) =>
    `⟨${NAMES[c] ?? `U+${c.codePointAt(0).toString(16).padStart(4, '0').toUpperCase()}`}⟩`);

/** A name in a line: isolated from the direction of the text around it. */
export const name = (text, tag = 'bdi', props) => h(tag, props ?? {}, visible(text ?? ''));

/** Text of a user in a block, with its links. */
export function prose(text, kind = '') {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"]+/g)) {
    const url = found[0].replace(/[.,;:!?)'\]]+$/, '');
    parts.push(text.slice(end, found.index), h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, url));
    end = found.index + url.length;
  }
  parts.push(text.slice(end));
  return h(`p.user.${kind}`, { dir: 'auto' }, parts);
}

export const bytes = (count) =>
  count < 1000 ? `${count} B` : count < 1e6 ? `${Math.round(count / 1000)} KB` : `${(count / 1e6).toFixed(1)} MB`;

/** Copies a text, or selects the element that shows it where the clipboard is not allowed. */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection().selectAllChildren(shown);
    return false;
  }
}
