// The people, the chats of the one who is played, and the bar on top.

import { h, icon, button, iconButton, show, cached, onEscape, plural, visible, one } from './dom.js';
import * as api from './api.js';
import { state, acts, view, redraw, fullName, titleOf, otherOf, senderOf, playable, botOf, time, now, summary, me, isBot } from './state.js';
import { newChat, keys } from './dialogs.js';
import { face, chatFace } from './face.js';

view(() => {
  drawRail();
  drawChats();
  drawTop();
});

function badgeOf(uid) {
  const { unread = 0, alerts = 0 } = state.world.badges[uid] ?? {};
  if (alerts) return { kind: 'alert', shown: '!', words: alerts > 1 ? `, ${alerts} alerts wait` : ', an alert waits' };
  return unread ? { shown: unread > 99 ? '99+' : unread, words: `, ${unread} unread` } : { words: '' };
}

function drawRail() {
  const shown = playable();
  if (me() && !shown.includes(me())) shown.push(me());
  const person = (it) => {
    const { kind = '', shown, words } = badgeOf(it.uid);
    return h('li', { key: it.uid }, h('button.person', { 'aria-current': it.uid === state.uid || null, label: fullName(it) + words, onclick: () => acts.play(it.uid) },
      face(it), shown && h(`span.badge.${kind}`, { 'aria-hidden': true, 'data-text': shown }), h('bdi.cut', { 'aria-hidden': true }, it.first_name)));
  };
  const other = (it) => h('li.row', face(it, 'tiny'), h('span.grow', h('bdi', fullName(it)), it.is_deleted ? ', deleted' : ', hidden from bots'),
    !it.is_deleted && button('Play', () => { acts.play(it.uid); one('#further').hidePopover(); }));
  show(one('#rail'), h('h2', 'Play as'), h('ul', shown.map(person)), h('span.grow'), iconButton('more', 'Further people', null, { popovertarget: 'further' }),
    h('ul.popup', { id: 'further', popover: true, label: 'Further people' }, state.world.people.filter((it) => it.is_deleted || it.is_hidden).map(other)));
}

const at = (chat) => chat.last_message?.timestamp ?? 0;

export function chatsInOrder(filter = '') {
  const chats = [...state.chats.values()].filter((chat) => titleOf(chat).toLowerCase().includes(filter)).sort((a, b) => at(b) - at(a));
  return [chats.filter((chat) => chat.alerts.length), chats.filter((chat) => !chat.alerts.length)];
}

let filter = '';
const findChats = (text) => {
  filter = text;
  redraw();
};

function drawChats() {
  const person = me();
  if (!person) return;
  const pane = one('#chats');
  pane.ariaLabel = visible(`Chats of ${person.first_name}`);
  const [urgent, rest] = chatsInOrder(filter.trim().toLowerCase());
  const none = filter ? 'No chat has this in its title.' : [h('bdi', person.first_name), ' is in no chat. Start one, or let the bot add them.'];
  show(pane, h('div.pane-head', face(person), h('div.grow', h('h2.cut', { dir: 'auto' }, fullName(person)),
    h('p.small.muted.cut', 'You play ', h('bdi', person.first_name), ` · ${person.uid}`)), iconButton('plus', 'New chat', () => newChat(), { kind: '' })),
  h('div.find', h('input.field', { type: 'search', id: 'find', placeholder: 'Find a chat', label: 'Find a chat', value: filter, oninput: (event) => findChats(event.target.value), onkeydown: onEscape(() => findChats('')) }),
    h('kbd', { 'aria-hidden': true }, '/')),
  h('div.chat-list', urgent.length > 0 && h('h3.urgent', 'Needs your answer'), urgent.map(chatRow), (rest.length > 0 || !urgent.length) && h('h3', 'Chats'), rest.map(chatRow),
    !urgent.length && !rest.length && h('p.empty', none)));
}

const chatRow = (chat) => cached(chat.tid, [state.uid, chat.tid === state.tid, titleOf(chat), chat.unread, chat.alerts, chat.is_closed, chat.has_avatar, chat.last_message, time.near(at(chat))], () => {
  const last = chat.last_message;
  const from = last?.from_user;
  const sender = last && (from.uid === state.uid ? 'You' : last.sender_display_name ?? (otherOf(chat) ? '' : isBot(from.uid) ? fullName(from) : from.first_name));
  const badge = chat.alerts.length ? h('span.badge.alert', '!', h('span.hush', ' alert without your answer')) : chat.unread > 0 && h('span.badge', chat.unread, h('span.hush', ' unread'));
  return h('button.chat', { 'aria-current': chat.tid === state.tid || null, onclick: () => acts.open(chat.tid) },
    chatFace(chat), h('b.cut', { dir: 'auto' }, titleOf(chat)), h('time', last && time.near(last.timestamp)),
    h('span.last.cut', { dir: 'auto' }, chat.is_closed && 'Closed. ', sender && [h('bdi', sender), ': '], summary(last)),
    h('span.mark', chat.is_closed && [icon('lock'), h('span.hush', 'closed')], badge));
});

function drawTop() {
  const { is_held } = state.clock;
  const [kind, mark, words] = botState();
  show(one('#top'), h('span.mark', icon('logo')), h('h1.cut', 'Teamwire sandbox'), h('span.organisation.small.muted.cut', state.world.name), h('span.grow'),
    h(`span.pill.${kind}`, mark && h(`span.${mark}`), words),
    h(`button.pill.mono.${is_held ? 'held' : ''}`, { onclick: acts.toggleClock, title: 'Hold or run the clock' }, is_held && [icon('pause'), 'Clock held '], time.second(now().utc), !is_held && ' UTC'),
    button(h('span.word', 'Developer'), acts.toggleDrawer, { icon: 'dev', 'aria-expanded': state.drawer.open, kind: 'toggle', label: 'Developer' }),
    iconButton('theme', `Theme: ${state.theme}`, acts.toggleTheme), iconButton('help', 'Keys and settings', keys));
}

function botState() {
  const { world, feeds } = state;
  if (world.outage) return ['out', '', 'Outage'];
  const polling = new Set(feeds.polls.map((poll) => poll.app_id));
  if (polling.size > 1) return ['', 'dot', `${polling.size} bots poll`];
  for (const app of polling) return ['', 'dot', `${fullName(botOf(app))} polls ${plural(feeds.polls.length, 'feed')}`];
  const [app, at] = Object.entries(world.last_seen).sort((a, b) => b[1] - a[1])[0] ?? [];
  if (!app) return ['', 'ring', 'No bot yet'];
  const silent = now().utc - at;
  return silent < 10_000 ? ['', 'dot', fullName(botOf(app))] : ['', 'ring', `${fullName(botOf(app))}, silent for ${time.span(silent)}`];
}
