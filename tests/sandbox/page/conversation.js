// The conversation: a window of its messages.

import { h, button, show, sync, name, visible, one } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, chat, titleOf, isAdmin, time, firstName, users, attempt } from './state.js';
import { messageNode, messageVersion } from './message.js';
import { chatFace, face } from './rail.js';
import { toggleFind } from './find.js';

/** The most messages that are in the page at once. */
const MAX = 200;
const PAGE = 50;
/** The height for which a message counts that is not in the page. */
const ROW = 70;

const main = () => one('#main');
let log;
let head;
let finder;
/** Leads to the newest message. It is beside the messages, so that it covers none. */
let toEnd;
let receipts = new Map();
let loading = false;
/** True if it was scrolled meanwhile. */
let missed = false;
/** True while the newest message is in view. */
let atEnd = true;
let arrived = 0;

export function drawConversation(acts) {
  head = h('div.conversation-head.row');
  log = h('div.log', { role: 'log', 'aria-live': 'off', label: 'Messages', tabindex: '0' });
  const foot = h('div.foot', { id: 'foot' });
  toEnd = h('div.to-end');
  finder = h('div');
  show(main(), head, finder, log, toEnd, foot);
  log.addEventListener('scroll', onScroll, { passive: true });
  log.addEventListener('keydown', onKey);
  view('conversation', () => draw(acts));
  return foot;
}

const nodeOf = (mid) => mid && log.querySelector(`[data-key="${CSS.escape(mid)}"]`);
/** True if the messages of this chat are loaded. */
const of = (tid) => state.log && state.log.tid === tid;

/** Loads a window of the chat that is open: the newest messages, or those that a query names. */
export async function load(query = '', mid) {
  if (!(await fetchWindow(query))) return;
  const { firstUnread, items } = state.log;
  const unread = firstUnread > 0 && items.find((it) => it.index === firstUnread)?.mid;
  const node = nodeOf(mid ?? unread);
  if (node) node.scrollIntoView({ block: 'center' });
  else log.scrollTop = log.scrollHeight;
  onScroll();
}

/** Replaces the window. False if another chat was opened meanwhile. */
async function fetchWindow(query) {
  const { uid, tid } = state;
  if (!tid) return false;
  const page = await api.get(`${api.chat(uid, tid)}/messages?limit=${PAGE}${query}`);
  if (uid !== state.uid || tid !== state.tid) return false;
  const firstUnread = of(tid) && state.log.uid === uid ? state.log.firstUnread : page.read;
  state.log = { ...page, uid, tid, firstUnread };
  arrived = 0;
  await redraw('conversation');
  return true;
}

export const loadAround = (mid) => load(`&around=${api.id(mid)}`, mid);

async function extend(direction) {
  const it = state.log;
  const edge = direction === 'before' ? it.items[0] : it.items.at(-1);
  const page = await api.get(`${api.chat(it.uid, it.tid)}/messages?limit=${PAGE}&${direction}=${api.id(edge.mid)}`);
  if (state.log !== it) return;
  // The first message in view stays where it is.
  const anchor = [...log.querySelectorAll('.message')].find((node) => bottomOf(node) > log.scrollTop);
  const offset = anchor ? anchor.offsetTop - log.scrollTop : 0;
  it.items = direction === 'before' ? [...page.items, ...it.items].slice(0, MAX) : [...it.items, ...page.items].slice(-MAX);
  it.start = it.items[0].index;
  await redraw('conversation');
  if (anchor?.isConnected) log.scrollTop = anchor.offsetTop - offset;
}

const bottomOf = (node) => node.offsetTop + node.offsetHeight;
const end = () => state.log.start + state.log.items.length;
const hasLater = () => of(state.tid) && end() < state.log.count;

async function loadNewest() {
  await load();
  log.scrollTop = log.scrollHeight;
}

/** Loads what comes into view, of the messages for which there is only a spacer. */
async function onScroll() {
  const nodes = log.querySelectorAll('.message');
  const [top, height] = [log.scrollTop, log.clientHeight];
  atEnd = !hasLater() && log.scrollHeight - top - height < 60;
  if (atEnd && arrived) {
    arrived = 0;
    redraw('conversation');
  }
  redraw('alerts');
  if (loading) missed = true;
  if (loading || !nodes.length || !of(state.tid)) return;
  const [above, below] = [nodes[0].offsetTop - top, top + height - bottomOf(nodes[nodes.length - 1])];
  const { start } = state.log;
  [loading, missed] = [true, false];
  try {
    const isFar = (start > 0 && above > 2 * height) || (hasLater() && below > 2 * height);
    // With the spacer before it, this window is where the old one was scrolled to.
    if (isFar && log.scrollHeight - top - height > ROW) await fetchWindow(`&start=${Math.min(state.log.count - PAGE, Math.floor(top / ROW))}`);
    else if (isFar) await loadNewest();
    else if (start > 0 && above > -200) await extend('before');
    else if (hasLater() && below > -200) await extend('after');
  } catch { /* The next scrolling tries again. */ } finally {
    loading = false;
    if (missed) onScroll();
  }
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
      else attempt(load());
    } else {
      arrived += 1;
      if (it.items.length > MAX) it.items.pop();
    }
  }
  redraw('conversation');
}

function scrollToEnd() {
  redraw('conversation').then(() => { log.scrollTop = log.scrollHeight; });
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
    head.hidden = finder.hidden = log.hidden = toEnd.hidden = true;
    one('#foot').hidden = !it || state.firstRun;
    return;
  }
  head.hidden = finder.hidden = log.hidden = toEnd.hidden = one('#foot').hidden = false;
  drawHead(it, acts);
  if (!of(it.tid)) return show(log, h('p.empty', 'Loading …'));
  receipts = readersByIndex();
  const rows = [{ key: 'before', space: state.log.start }];
  let before = null;
  for (const message of state.log.items) {
    if (!before || !time.sameDay(before.timestamp, message.timestamp)) rows.push({ key: `day-${message.index}`, day: message.timestamp });
    if (message.index === state.log.firstUnread && message.index > 0) rows.push({ key: 'new', isNew: true });
    rows.push({ key: message.mid, message });
    const readers = receipts.get(message.index)?.filter((uid) => uid !== message.from_user.uid);
    if (readers?.length) rows.push({ key: `read-${message.index}`, readers });
    before = message;
  }
  if (!before) rows.push({ key: 'empty', empty: true });
  if (!state.world.switches.read_receipts) rows.push({ key: 'receipts-off', off: true });
  rows.push({ key: 'after', space: state.log.count - end() });
  const version = (row) => row.message ? messageVersion(row.message) : row.readers?.join() ?? row.space;
  sync(log, rows, (row) => row.key, version, (row) => node(row, acts));
  drawToEnd();
}

function node(row, acts) {
  if (row.message) return messageNode(row.message, acts);
  if (row.space !== undefined) return h('div', { vars: { height: `${row.space * ROW}px` } });
  if (row.day !== undefined) return h('div.rule', time.day(row.day));
  if (row.isNew) return h('div.rule.new', 'New');
  if (row.empty) return h('p.empty', 'No messages yet.');
  if (row.off) return h('p.receipts', 'Read receipts are switched off.');
  const all = users();
  return h('p.receipts', 'Read by ', row.readers.map((uid, at) => [at > 0 && ', ', name(firstName(uid))]), row.readers.slice(0, 5).map((uid) => face(all.get(uid), 'tiny')));
}

function drawToEnd() {
  const words = arrived ? `${arrived} new message${arrived > 1 ? 's' : ''}` : 'To the newest';
  show(toEnd, (arrived > 0 || hasLater()) && button(words, () => attempt(loadNewest()), { icon: 'down', kind: 'primary', keep: 'to-end' }));
}

function drawHead(it, acts) {
  const count = it.members.length;
  const facts = it.type === 'one_to_one' ? `1:1 chat · ${it.tid}` : `${count} member${count === 1 ? '' : 's'}${isAdmin(it) ? ' · you are an admin' : ''}${it.is_closed ? ' · closed' : ''} · ${it.tid}`;
  show(head, button('', acts.back, { icon: 'back', label: 'Back to the chats', kind: 'plain.back' }), chatFace(it),
    h('div.grow', name(titleOf(it), 'h2.cut', { dir: 'auto' }), h('p.small.muted.cut', visible(facts))),
    button(h('span.word', 'Mark as read'), acts.markRead, { icon: 'check', label: 'Mark as read', disabled: it.unread === 0 && it.reads[state.uid] === it.message_count }),
    button('', find, { icon: 'find', label: 'Find in this chat', kind: 'plain' }), button('', acts.members, { icon: 'people', label: 'Members and settings', kind: 'plain' }));
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
  if (!state.log?.items.some((it) => it.mid === mid)) await loadAround(mid);
  await redraw('conversation');
  nodeOf(mid)?.scrollIntoView({ block: 'center' });
}

export const find = () => toggleFind(finder);

/** True if a message is in view. */
export function isInView(mid) {
  const found = log && !log.hidden && nodeOf(mid);
  if (!found) return false;
  const [a, b] = [found.getBoundingClientRect(), log.getBoundingClientRect()];
  return a.top >= b.top - 20 && a.bottom <= b.bottom + 20;
}
