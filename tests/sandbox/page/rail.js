// The people, the chats of the one who is played, and the bar on top.

import { h, icon, button, show, sync, name, visible, onEscape, one } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, fullName, titleOf, otherOf, time, now, summary, me, isBot } from './state.js';

/** A hue from the digest of an id: neighbours differ. */
const hue = (uid) => Math.round(([...uid].reduce((sum, c) => Math.imul(sum ^ c.codePointAt(0), 0x01000193), 0x811c9dc5) >>> 0) * 0.618034) % 360;
const initials = (user) => ((user?.first_name?.[0] ?? '') + (user?.last_name?.[0] ?? '')).toUpperCase() || '?';

/** The initials of a person, or the sign of a bot. They are drawn by the style, so that they are no part of a name. */
export function face(user, kind = '') {
  if (user?.is_bot || isBot(user?.uid)) return h(`span.avatar.bot.${kind}`, { 'aria-hidden': true }, icon('bot'));
  return h(`span.avatar.${kind}`, { 'aria-hidden': true, 'data-text': initials(user), vars: { '--hue': String(hue(user?.uid ?? '')) } });
}

export function chatFace(chat) {
  const other = otherOf(chat);
  if (other) return face(other);
  if (chat.has_avatar) {
    return h('span.avatar.square', { 'aria-hidden': true }, h('img', { src: api.avatar(state.uid, chat.tid), alt: '' }));
  }
  return h('span.avatar.square', { 'aria-hidden': true }, chat.is_alert ? icon('horn') : [...titleOf(chat)][0]?.toUpperCase() ?? '?');
}

const people = () => state.world.people.filter((person) => !person.is_deleted && !person.is_hidden);

function badgeOf(uid) {
  const { unread = 0, alerts = 0 } = state.world.badges[uid] ?? {};
  if (alerts) return { node: h('span.badge.alert', { 'aria-hidden': true, 'data-text': '!' }), words: alerts > 1 ? `${alerts} alerts wait` : 'an alert waits' };
  if (unread) return { node: h('span.badge', { 'aria-hidden': true, 'data-text': unread > 99 ? '99+' : String(unread) }), words: `${unread} unread` };
  return { node: null, words: '' };
}

export function drawRail(play) {
  const list = h('ul');
  const further = button('', () => toggleFurther(play), { icon: 'more', label: 'Further people', kind: 'plain', 'aria-expanded': false });
  show(one('#rail'), h('h2', 'Play as'), list, h('div.grow'), h('div.row.further-button', further));
  view('rail', () => {
    const version = (person) => JSON.stringify([person, state.world.badges[person.uid], person.uid === state.uid]);
    const shown = people();
    const current = me();
    if (current && !shown.includes(current)) shown.push(current);
    sync(list, shown, (person) => person.uid, version, (person) => {
      const badge = badgeOf(person.uid);
      const label = [fullName(person), badge.words].filter(Boolean).join(', ');
      return h('li', h('button.person', { 'aria-current': person.uid === state.uid ? 'true' : undefined,
        label: visible(label), keep: `person-${person.uid}`, onclick: () => play(person.uid) },
      face(person), badge.node, name(person.first_name, 'bdi.cut', { 'aria-hidden': true })));
    });
  });
}

function toggleFurther(play) {
  const open = one('.further');
  const toggle = one('.further-button .button');
  toggle.setAttribute('aria-expanded', String(!open));
  if (open) return open.remove();
  const rows = state.world.people.filter((person) => person.is_deleted || person.is_hidden).map((person) => {
    const words = person.is_deleted ? 'deleted' : 'hidden from bots';
    const act = person.is_deleted ? null : button('Play', () => { toggleFurther(play); play(person.uid); });
    return h('li', face(person, 'tiny'), h('span.grow', name(fullName(person)), `, ${words}`), act);
  });
  const box = h('div.further', { role: 'group', label: 'Further people' }, h('ul', rows));
  onEscape(box, () => { toggleFurther(play); toggle.focus(); });
  one('#rail').append(box);
  box.querySelector('button')?.focus();
}

/** The chats of the person. */
export function drawChats(open, create) {
  const pane = one('#chats');
  const head = h('div.pane-head');
  const find = h('input.field', { type: 'search', id: 'find', placeholder: 'Find a chat', label: 'Find a chat', oninput: () => redraw('chats') });
  const list = h('div.chat-list');
  show(pane, head, h('div.find', find, h('kbd', { 'aria-hidden': true }, '/')), list);
  find.addEventListener('keydown', (event) => { if (event.key === 'Escape') { find.value = ''; redraw('chats'); } });
  view('chats', () => {
    const person = me();
    if (!person) return;
    pane.setAttribute('aria-label', visible(`Chats of ${person.first_name}`));
    show(head, face(person), h('div.grow', name(fullName(person), 'h2.cut'),
      h('p.small.muted.cut', 'You play ', name(person.first_name), ` · ${person.uid}`)),
    button('', create, { icon: 'plus', label: 'New chat' }));
    drawList(list, find.value.trim().toLowerCase(), open);
  });
}

const at = (chat) => chat.last_message?.timestamp ?? 0;

/** The chats in the order of the list: those that need an answer first. */
export function chatsInOrder(filter = '') {
  const chats = [...state.chats.values()].filter((chat) => titleOf(chat).toLowerCase().includes(filter));
  chats.sort((a, b) => at(b) - at(a));
  return [chats.filter((chat) => chat.alerts.length), chats.filter((chat) => !chat.alerts.length)];
}

function drawList(list, filter, open) {
  const [urgent, rest] = chatsInOrder(filter);
  const rows = [...(urgent.length ? [{ head: 'Needs your answer' }] : []), ...urgent, ...(rest.length || !urgent.length ? [{ head: 'Chats' }] : []), ...rest];
  if (!urgent.length && !rest.length) rows.push({ empty: true });
  const version = (row) => row.tid ? JSON.stringify([titleOf(row), row.tid === state.tid, row.unread, row.alerts, row.is_closed, row.has_avatar, row.last_message, time.near(at(row))]) : filter + state.uid;
  sync(list, rows, (row) => row.tid ?? row.head ?? 'empty', version, (row) => {
    if (row.head) return h(`h3.${row.head === 'Chats' ? '' : 'urgent'}`, row.head);
    if (row.empty) return h('p.empty', filter ? 'No chat has this in its title.' : [name(me()?.first_name), ' is in no chat. Start one, or let the bot add them.']);
    return chatRow(row, open);
  });
}

function chatRow(chat, open) {
  const last = chat.last_message;
  const sender = last && (last.from_user.uid === state.uid ? 'You' : last.sender_display_name ?? (otherOf(chat) ? '' : last.from_user.is_bot ? fullName(last.from_user) : last.from_user.first_name));
  const mark = chat.alerts.length ? h('span.badge.alert', '!', h('span.hush', ' alert without your answer'))
    : chat.unread ? h('span.badge', String(chat.unread), h('span.hush', ' unread')) : null;
  return h('button.chat', { 'aria-current': chat.tid === state.tid ? 'true' : undefined, keep: `chat-${chat.tid}`, onclick: () => open(chat.tid) },
    chatFace(chat), name(titleOf(chat), 'b.cut', { dir: 'auto' }), h('time', last ? time.near(last.timestamp) : ''),
    h('span.last.cut', { dir: 'auto' }, chat.is_closed && 'Closed. ', sender && [name(sender), ': '], visible(summary(last))),
    h('span.mark', chat.is_closed && [icon('lock'), h('span.hush', 'closed')], mark));
}

/** The bar on top: bots, clock, and buttons. */
export function drawTop({ toggleDrawer, toggleTheme, showKeys, toggleClock }) {
  const top = one('#top');
  const bots = h('span.pill');
  const clock = h('button.pill.mono', { onclick: toggleClock, title: 'Hold or run the clock' });
  clock.style.setProperty('border', '0');
  const developer = button(h('span.word', 'Developer'), toggleDrawer, { icon: 'dev', 'aria-expanded': false, kind: 'toggle', label: 'Developer' });
  show(top, h('span.mark', icon('logo')), h('h1.cut', 'Teamwire sandbox'), h('span.organisation.small.muted.cut'),
    h('span.grow'), bots, clock, developer, button('', toggleTheme, { icon: 'theme', label: 'Theme', kind: 'plain', id: 'theme' }),
    button('', showKeys, { icon: 'help', label: 'Keys and settings', kind: 'plain' }));
  view('top', () => {
    top.querySelector('.organisation').textContent = state.world.name;
    developer.setAttribute('aria-expanded', String(state.drawer.open));
    const [kind, mark, words] = botState();
    bots.className = `pill ${kind}`;
    show(bots, mark && h(`span.${mark}`), visible(words));
    const { is_held } = state.clock;
    clock.className = `pill mono ${is_held ? 'held' : ''}`;
    show(clock, is_held && [icon('pause'), 'Clock held '], time.second(now().utc), is_held ? '' : ' UTC');
  });
}

function botState() {
  if (state.world.outage) return ['out', '', 'Outage'];
  const polls = new Map();
  for (const poll of state.feeds.polls) polls.set(poll.app_id, (polls.get(poll.app_id) ?? 0) + 1);
  const botOf = (app_id) => fullName(state.world.bots.find((bot) => bot.app_id === app_id));
  if (polls.size > 1) return ['', 'dot', `${polls.size} bots poll`];
  for (const [app_id, count] of polls) return ['', 'dot', `${botOf(app_id)} polls ${count} feed${count > 1 ? 's' : ''}`];
  const seen = Object.entries(state.world.last_seen).sort((a, b) => b[1] - a[1])[0];
  if (!seen) return ['', 'ring', 'No bot yet'];
  const silent = Math.floor((now().utc - seen[1]) / 1000);
  if (silent < 10) return ['', 'dot', botOf(seen[0])];
  return ['', 'ring', `${botOf(seen[0])}, silent for ${silent < 60 ? `${silent} s` : `${Math.floor(silent / 60)} min`}`];
}

export const playable = () => people();
