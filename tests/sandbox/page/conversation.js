// The conversation: a window of its messages.

import { h, button, show, sync, name, visible } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, chat, titleOf, isAdmin, time, firstName, users } from './state.js';
import { messageNode, messageVersion } from './message.js';
import { chatFace, face } from './rail.js';

/** The most messages that are in the page at once. */
const MAX = 200;
const PAGE = 50;

const main = () => document.querySelector('#main');
let log;
let head;
/** Leads to the newest message. It is beside the messages, so that it covers none. */
let toEnd;
let receipts = new Map();
let loading = false;
/** True while the newest message is in view. */
let atEnd = true;
let arrived = 0;

export function drawConversation(acts) {
  head = h('div', { class: 'conversation-head row' });
  log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': 'Messages', tabindex: '0' });
  const foot = h('div', { class: 'foot', id: 'foot' });
  toEnd = h('div', { class: 'to-end' });
  show(main(), head, log, toEnd, foot);
  log.addEventListener('scroll', onScroll, { passive: true });
  log.addEventListener('keydown', onKey);
  view('conversation', () => draw(acts));
  return foot;
}

const of = (log_) => state.log && state.log.tid === log_;

/** Loads a window of the chat that is open. */
export async function load(around) {
  const { uid, tid } = state;
  if (!tid) return;
  const query = around ? `?around=${encodeURIComponent(around)}&limit=${PAGE}` : `?limit=${PAGE}`;
  const window_ = await api.get(`${api.chat(uid, tid)}/messages${query}`);
  if (uid !== state.uid || tid !== state.tid) return;
  const firstUnread = of(tid) && state.log.uid === uid ? state.log.firstUnread : window_.read;
  state.log = { ...window_, uid, tid, firstUnread };
  arrived = 0;
  redraw('conversation');
  await new Promise((done) => requestAnimationFrame(done));
  const target = around ?? (window_.items.find((it) => it.index === firstUnread && firstUnread > 0)?.mid);
  const node = target && log.querySelector(`[data-key="${CSS.escape(target)}"]`);
  if (node) node.scrollIntoView({ block: 'center' });
  else log.scrollTop = log.scrollHeight;
  onScroll();
}

async function extend(direction) {
  const it = state.log;
  if (loading || !it?.items.length) return;
  loading = true;
  try {
    const edge = direction === 'before' ? it.items[0] : it.items.at(-1);
    const page = await api.get(`${api.chat(it.uid, it.tid)}/messages?${direction}=${encodeURIComponent(edge.mid)}&limit=${PAGE}`);
    if (state.log !== it) return;
    // The first message in view stays where it is.
    const anchor = [...log.querySelectorAll('.message')].find((node) => node.offsetTop + node.offsetHeight > log.scrollTop);
    const offset = anchor ? anchor.offsetTop - log.scrollTop : 0;
    it.items = direction === 'before' ? [...page.items, ...it.items].slice(0, MAX) : [...it.items, ...page.items].slice(-MAX);
    it.start = it.items[0].index;
    redraw('conversation');
    await new Promise((done) => requestAnimationFrame(done));
    if (anchor?.isConnected) log.scrollTop = anchor.offsetTop - offset;
  } finally {
    loading = false;
  }
}

const hasLater = () => state.log && state.log.items.length && state.log.items.at(-1).index + 1 < state.log.count;

function onScroll() {
  atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  if (log.scrollTop < 200 && state.log?.start > 0) extend('before').catch(() => {});
  if (atEnd && hasLater()) extend('after').catch(() => {});
  if (atEnd && !hasLater() && arrived) {
    arrived = 0;
    redraw('conversation');
  }
  redraw('alerts');
}

/** Adds a message, or replaces it. */
export function receive(tid, message) {
  if (!of(tid)) return;
  const it = state.log;
  const known = it.items.findIndex((other) => other.mid === message.mid);
  if (known >= 0) {
    it.items[known] = { ...message, request: message.request ?? it.items[known].request };
  } else {
    const isNext = it.items.length === 0 || it.items.at(-1).index + 1 === message.index;
    it.count = Math.max(it.count, message.index + 1);
    if (isNext) it.items.push(message);
    const isOwn = message.from_user.uid === state.uid;
    if (isOwn) it.firstUnread = it.count;
    if (atEnd || isOwn) {
      if (it.items.length > MAX) it.items = it.items.slice(-MAX);
      it.start = it.items[0]?.index ?? 0;
      if (isNext) scrollToEnd();
      else load().catch(() => {});
    } else {
      arrived += 1;
      if (it.items.length > MAX) it.items.pop();
    }
  }
  redraw('conversation');
}

function scrollToEnd() {
  requestAnimationFrame(() => requestAnimationFrame(() => { log.scrollTop = log.scrollHeight; }));
}

/** The readers under the message that each has read last. */
function readersByIndex() {
  const found = new Map();
  for (const [uid, count] of Object.entries(chat()?.reads ?? {})) {
    if (uid === state.uid || !count) continue;
    if (!found.has(count - 1)) found.set(count - 1, []);
    found.get(count - 1).push(uid);
  }
  return found;
}

function draw(acts) {
  const it = chat();
  if (state.firstRun || !it) {
    head.hidden = log.hidden = toEnd.hidden = true;
    document.querySelector('#foot').hidden = !it || state.firstRun;
    return;
  }
  head.hidden = log.hidden = toEnd.hidden = document.querySelector('#foot').hidden = false;
  drawHead(it, acts);
  if (!of(it.tid)) return show(log, h('p', { class: 'empty' }, 'Loading …'));
  receipts = readersByIndex();
  const rows = [];
  let before = null;
  for (const message of state.log.items) {
    if (!before || !time.sameDay(before.timestamp, message.timestamp)) rows.push({ key: `day-${message.index}`, day: message.timestamp });
    if (message.index === state.log.firstUnread && message.index > 0) rows.push({ key: 'new', isNew: true });
    rows.push({ key: message.mid, message });
    const readers = receipts.get(message.index)?.filter((uid) => uid !== message.from_user.uid);
    if (readers?.length) rows.push({ key: `read-${message.index}`, readers });
    before = message;
  }
  if (!rows.length) rows.push({ key: 'empty', empty: true });
  if (!state.world.switches.read_receipts && rows.length) rows.push({ key: 'receipts-off', off: true });
  const version = (row) => row.message ? messageVersion(row.message) : row.readers?.join() ?? '';
  sync(log, rows, (row) => row.key, version, (row) => node(row, acts));
  drawToEnd();
}

function node(row, acts) {
  if (row.message) return messageNode(row.message, acts);
  if (row.day !== undefined) return h('div', { class: 'rule' }, time.day(row.day));
  if (row.isNew) return h('div', { class: 'rule new' }, 'New');
  if (row.empty) return h('p', { class: 'empty' }, 'No messages yet.');
  if (row.off) return h('p', { class: 'receipts' }, 'Read receipts are switched off.');
  const all = users();
  return h('p', { class: 'receipts' }, 'Read by ', row.readers.map((uid, at) => [at > 0 && ', ', name(firstName(uid))]), row.readers.slice(0, 5).map((uid) => face(all.get(uid), 'tiny')));
}

function drawToEnd() {
  const words = arrived ? `${arrived} new message${arrived > 1 ? 's' : ''}` : 'To the newest';
  const go = () => { arrived = 0; load().then(() => { log.scrollTop = log.scrollHeight; }); };
  show(toEnd, (arrived > 0 || hasLater()) && button(words, go, { icon: 'down', kind: 'primary', 'data-f': 'to-end' }));
}

function drawHead(it, acts) {
  const count = it.members.length;
  const facts = it.type === 'one_to_one' ? `1:1 chat · ${it.tid}` : `${count} member${count === 1 ? '' : 's'}${isAdmin(it) ? ' · you are an admin' : ''}${it.is_closed ? ' · closed' : ''} · ${it.tid}`;
  show(head, button('', acts.back, { icon: 'back', label: 'Back to the chats', kind: 'plain back', 'data-f': 'back' }), chatFace(it),
    h('div', { class: 'grow' }, name(titleOf(it), 'h2', { class: 'cut', dir: 'auto' }), h('p', { class: 'small muted cut' }, visible(facts))),
    button(h('span', { class: 'word' }, 'Mark as read'), acts.markRead, { icon: 'check', label: 'Mark as read', 'data-f': 'read', disabled: it.unread === 0 && it.reads[state.uid] === it.message_count }),
    button('', acts.members, { icon: 'people', label: 'Members and settings', kind: 'plain', 'data-f': 'members' }));
}

/** Arrow keys move over the messages, which are one stop of Tab. */
function onKey(event) {
  const nodes = [...log.querySelectorAll('.message')];
  const at = nodes.indexOf(document.activeElement);
  const focus = (node) => { if (node) { node.focus({ preventScroll: true }); node.scrollIntoView({ block: 'nearest' }); event.preventDefault(); } };
  if (event.target !== log && at < 0) {
    if (event.key === 'Escape') { event.stopPropagation(); focus(event.target.closest('.message')); }
    return;
  }
  if (event.key === 'ArrowUp') focus(at < 0 ? nodes.at(-1) : nodes[at - 1]);
  else if (event.key === 'ArrowDown') focus(at < 0 ? nodes.at(-1) : nodes[at + 1]);
  else if (event.key === 'Home') focus(nodes[0]);
  else if (event.key === 'End') focus(nodes.at(-1));
  else if (event.key === 'Enter' && at >= 0) focus(nodes[at].querySelector('.tools button, .answer button, .react button'));
}

/** The message with the focus, or the last one. */
export const focused = () => document.activeElement?.closest?.('.message')?.dataset.key ?? state.log?.items.at(-1)?.mid;

/** Shows a message, loading its surroundings if it is not in the page. */
export async function reveal(mid) {
  state.linked = mid;
  if (!state.log?.items.some((it) => it.mid === mid)) await load(mid);
  redraw('conversation');
  requestAnimationFrame(() => log.querySelector(`[data-key="${CSS.escape(mid)}"]`)?.scrollIntoView({ block: 'center' }));
}

/** True if a message is in view. */
export function isInView(mid) {
  const found = log && !log.hidden && log.querySelector(`[data-key="${CSS.escape(mid)}"]`);
  if (!found) return false;
  const [a, b] = [found.getBoundingClientRect(), log.getBoundingClientRect()];
  return a.top >= b.top - 20 && a.bottom <= b.bottom + 20;
}
