// Builds nodes. Text is only ever text: no string becomes markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Creates an element. `on...` are listeners, `data` and `vars` are objects, other names are attributes. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'vars') for (const [key, it] of Object.entries(value)) node.style.setProperty(key, it);
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name === 'value') node.value = value;
    else if (name === 'checked') node.checked = true;
    else node.setAttribute(name, value === true ? '' : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(9)) {
    if (child !== undefined && child !== null && child !== false) node.append(child);
  }
}

export const icon = (name, big) =>
  svg('svg', { class: big ? 'icon big' : 'icon', 'aria-hidden': 'true' }, svg('use', { href: `#i-${name}` }));

/** A button with an icon, a word, or both. Without a word it has a name. */
export function button(word, action, { icon: name, label, kind = '', ...props } = {}) {
  const only = !word && name ? ' only' : '';
  return h('button', { type: 'button', class: `button ${kind}${only}`, 'aria-label': label, title: word ? undefined : label,
    onclick: action, ...props }, name && icon(name), word);
}

/** Replaces the content of a node, and keeps the focus on the element with the same `data-f`. */
export function show(node, ...children) {
  const focus = node.contains(document.activeElement) ? document.activeElement.closest('[data-f]')?.dataset.f : undefined;
  node.replaceChildren();
  append(node, children);
  if (focus !== undefined) node.querySelector(`[data-f="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
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
      made.dataset.key = id;
      made.dataset.version = now;
      if (node) {
        const focus = node.contains(document.activeElement) ? document.activeElement : null;
        const mark = focus?.closest('[data-f]')?.dataset.f;
        if (at === node) at = made;
        node.replaceWith(made);
        if (focus === node) made.focus({ preventScroll: true });
        else if (mark !== undefined) made.querySelector(`[data-f="${CSS.escape(mark)}"]`)?.focus({ preventScroll: true });
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
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g, (c) =>
    `⟨${NAMES[c] ?? `U+${c.codePointAt(0).toString(16).padStart(4, '0').toUpperCase()}`}⟩`);

/** A name in a line: isolated from the direction of the text around it. */
export const name = (text, tag = 'bdi', props) => h(tag, props, visible(text ?? ''));

/** Text of a user in a block, with its links. */
export function prose(text, props = {}) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"]+/g)) {
    const url = found[0].replace(/[.,;:!?)'\]]+$/, '');
    parts.push(text.slice(end, found.index), h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, url));
    end = found.index + url.length;
  }
  parts.push(text.slice(end));
  return h('p', { ...props, class: `user ${props.class ?? ''}`, dir: 'auto' }, parts);
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
