// Starts the page, and lets events change its state.

import { h, button, show, one } from './dom.js';
import * as api from './api.js';
import { state, redraw, setClock, view, me, titleOf, attempt, refused } from './state.js';
import { follow } from './stream.js';
import { drawRail, drawChats, drawTop, playable } from './rail.js';
import { drawConversation, load, loadAround, receive, reveal, focused, find } from './conversation.js';
import { drawComposer, write, reply, forgetDrafts } from './composer.js';
import { drawAlerts, say } from './alerts.js';
import { drawDrawer, toggleClock } from './drawer.js';
import { showRequest } from './requests.js';
import { drawFirst } from './first.js';
import { newChat, members, membersChanged, keys } from './dialogs.js';
import { onKey } from './keys.js';

const EVERYTHING = ['rail', 'chats', 'top', 'conversation', 'composer', 'alerts', 'drawer', 'first', 'notice'];
const panes = one('#panes');
const store = {
  get: (key) => { try { return localStorage.getItem(`teamwire-${key}`); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(`teamwire-${key}`, value); } catch { /* Private windows may have no storage. */ } },
};

/* The theme */
const THEMES = ['system', 'light', 'dark'];
let theme = store.get('theme') ?? 'system';
function applyTheme() {
  document.documentElement.style.setProperty('color-scheme', theme === 'system' ? 'light dark' : theme);
  one('#theme')?.setAttribute('aria-label', `Theme: ${theme}`);
}
function toggleTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  store.set('theme', theme);
  applyTheme();
  say(`Theme: ${theme}.`);
}

/* The address holds person and chat, so that a reload and two windows as two people work. */
const decode = (text) => { try { return decodeURIComponent(text); } catch { return ''; } };
const address = () => location.hash.replace(/^#\/?/, '').split('/').map(decode);
function setAddress() {
  const path = [state.uid, state.tid].filter(Boolean).map(api.id).join('/');
  history.replaceState(null, '', `#/${path}`);
}

async function play(uid, tid) {
  const isOther = uid !== state.uid;
  state.uid = uid;
  if (isOther) [state.tid, state.log, state.alerts] = [null, null, []];
  const [{ items }, alerts] = await Promise.all([api.get(`${api.person(uid)}/chats`), api.get(`${api.person(uid)}/alerts`)]);
  if (uid !== state.uid) return;
  state.chats = new Map(items.map((it) => [it.tid, it]));
  state.alerts = alerts.items;
  store.set('person', uid);
  if (isOther) {
    const badge = state.world.badges[uid];
    say(`You play ${me().first_name}. ${badge?.alerts ? 'An alert waits. ' : ''}${badge?.unread ?? 0} unread.`);
  }
  const newest = [...items].sort((a, b) => (b.last_message?.timestamp ?? 0) - (a.last_message?.timestamp ?? 0))[0];
  const wanted = tid ?? state.tid;
  await open(state.chats.has(wanted) ? wanted : newest?.tid ?? null, { stay: true });
}

async function open(tid, { stay = false, around } = {}) {
  const isOther = tid !== state.tid;
  state.tid = tid;
  if (isOther) [state.log, state.linked] = [null, null];
  if (!stay) {
    state.firstRun = false;
    panes.dataset.show = 'main';
  }
  setAddress();
  redraw(...EVERYTHING);
  if (!tid) return;
  await (around ? loadAround(around) : load());
  if (state.settings.readOnOpen && isOther && !stay) acts.markRead();
}

const acts = {
  say,
  reply: (message) => reply(message),
  reveal: (mid) => attempt(reveal(mid)),
  react: (message, kind) => attempt(api.change('PUT', `${api.message(state.uid, message.tid, message.mid)}/reaction`, { reaction_type: kind })),
  remove: (message) => attempt(api.change('DELETE', api.message(state.uid, message.tid, message.mid))),
  markRead: () => {
    if (state.log) state.log.firstUnread = state.log.count;
    redraw('conversation');
    return attempt(api.post(`${api.chat(state.uid, state.tid)}/read`));
  },
  members: () => members(() => attempt(play(state.uid))),
  reopen: () => attempt(api.post(`${api.chat(state.uid, state.tid)}/reopen`)),
  back: () => { panes.dataset.show = 'chats'; redraw('chats').then(() => one('.chat[aria-current=true]')?.focus()); },
  posted: (tid, message) => { if (!state.log?.items.some((it) => it.mid === message.mid)) attempt(refresh(tid)); },
  openAlert: (alert) => attempt(open(alert.tid, { around: alert.mid })),
  openSample: (tid) => { state.firstRun = false; attempt(state.chats.has(tid) ? open(tid) : play(playable()[0].uid, tid)); },
  leaveFirst: () => { state.firstRun = false; redraw(...EVERYTHING); },
  showRequest,
  toggleDrawer: () => { state.drawer.open = !state.drawer.open; redraw('drawer', 'top'); if (!state.drawer.open) one('#top .toggle')?.focus(); },
  async showMessage(request) {
    const tid = decode(request.path.split('?')[0].split('/')[3] ?? '');
    state.firstRun = false;
    if (!state.chats.has(tid)) {
      const seeing = await firstOf(playable(), async (it) => (await api.get(`${api.person(it.uid)}/chats`)).items.some((other) => other.tid === tid));
      if (!seeing) return refused(new Error('None of the people is in this chat.'));
      await play(seeing.uid, tid);
    } else if (tid !== state.tid) await open(tid);
    panes.dataset.show = 'main';
    await attempt(reveal(request.mid));
  },
};

async function firstOf(items, condition) {
  for (const item of items) if (await condition(item)) return item;
  return null;
}

async function refresh(tid) {
  const { items } = await api.get(`${api.person(state.uid)}/chats`);
  state.chats = new Map(items.map((it) => [it.tid, it]));
  if (tid === state.tid) await load();
  redraw('chats', 'conversation', 'composer');
}

/* Events */
function patch(tid, changes) {
  const it = state.chats.get(tid);
  if (it) Object.assign(it, changes);
  return it;
}

const HANDLERS = {
  organisation(data) {
    Object.assign(state.world, data);
    const person = me();
    if (!person || person.is_deleted) attempt(play(playable()[0].uid));
    redraw(...EVERYTHING);
    membersChanged();
  },
  badges(data) {
    Object.assign(state.world.badges, data.people);
    for (const it of data.chats.filter((other) => other.uid === state.uid)) {
      patch(it.tid, { unread: it.unread, alerts: it.alerts });
    }
    if (data.people[state.uid]) refreshAlerts();
    redraw('rail', 'chats', 'alerts', 'conversation');
  },
  chat(data) {
    const isIn = data.members.includes(state.uid);
    const known = state.chats.get(data.tid);
    if (isIn) state.chats.set(data.tid, { unread: 0, alerts: [], ...known, ...data });
    else state.chats.delete(data.tid);
    if (!isIn && state.tid === data.tid) attempt(play(state.uid));
    if (isIn && !state.tid) attempt(open(data.tid, { stay: true }));
    redraw('chats', 'conversation', 'composer');
    if (data.tid === state.tid) membersChanged();
  },
  message({ tid, message }) {
    const it = patch(tid, { last_message: message, message_count: message.index + 1 });
    receive(tid, message);
    if (it && message.from_user.uid !== state.uid) say(`New message in ${titleOf(it)}.`);
    redraw('chats', 'top');
  },
  message_deleted({ tid, message }) {
    const it = state.chats.get(tid);
    if (it?.last_message?.mid === message.mid) it.last_message = message;
    receive(tid, message);
    redraw('chats');
  },
  reaction({ tid, mid, reactions }) {
    const found = state.log?.tid === tid && state.log.items.find((it) => it.mid === mid);
    if (found) found.reactions = reactions;
    redraw('conversation');
  },
  read({ tid, reads }) { patch(tid, { reads }); redraw('conversation'); },
  location({ tid, locations }) { patch(tid, { locations }); redraw('conversation', 'composer'); },
  request_begun: (data) => addRequest(data),
  request_ended(data) {
    addRequest(data);
    if (data.app_id && !data.credentials && data.route) {
      state.world.last_seen[data.app_id] = data.at;
      if (state.firstRun === 'waiting') { state.firstRun = false; redraw(...EVERYTHING); }
    }
    const found = data.mid && state.log?.items.find((it) => it.mid === data.mid);
    if (found && !found.request) found.request = data.number;
    redraw('conversation', 'first');
  },
  feeds(data) { state.feeds = data; redraw('drawer', 'top'); },
  faults(data) { state.faults = data; redraw('drawer'); },
  outage(data) { state.world.outage = data.outage; redraw('drawer', 'top'); },
  clock(data) { setClock(data); redraw('top', 'clock', 'drawer', 'chats'); },
  hello(data) {
    if (data.boot === state.world.boot) return;
    state.world.boot = data.boot;
    state.restarted = true;
    forgetDrafts();
  },
  resync() { attempt(start()); },
};

function addRequest(data) {
  state.requests.set(data.number, data);
  while (state.requests.size > 1000) state.requests.delete(state.requests.keys().next().value);
  redraw('drawer', 'top');
}

let alertsStale = false;
async function refreshAlerts() {
  if (alertsStale) return;
  alertsStale = true;
  await new Promise((done) => setTimeout(done, 20));
  alertsStale = false;
  const uid = state.uid;
  const { items } = await api.get(`${api.person(uid)}/alerts`).catch(() => ({ items: state.alerts }));
  if (uid === state.uid) state.alerts = items;
  redraw('alerts');
}

/* The start, and each start anew */
async function start() {
  const world = await api.get('/world');
  const [requests, feeds, faults] = await Promise.all(['/requests?limit=300', '/feeds', '/faults'].map(api.get));
  state.world = world;
  setClock(world.clock);
  [state.feeds, state.faults] = [feeds, faults];
  state.requests = new Map(requests.items.reverse().map((it) => [it.number, it]));
  state.drawer.request = null;
  const [uid, tid] = address();
  const known = (it) => world.people.some((person) => person.uid === it && !person.is_deleted);
  const person = [state.uid, uid, store.get('person')].find(known) ?? playable()[0]?.uid;
  if (state.firstRun === false && !Object.keys(world.last_seen).length && !state.started) state.firstRun = 'waiting';
  state.started = true;
  [state.log, state.alerts] = [null, []];
  await play(person, tid);
  return `${world.boot}.${world.seq}`;
}

view('notice', () => {
  const node = one('#notice');
  const close = (key) => button('Close', () => { state[key] = ''; redraw('notice'); });
  if (state.connection) show(node, state.connection);
  else if (state.restarted) show(node, 'The sandbox has started anew. Without --data, its world is another.', close('restarted'));
  else if (state.refusal) show(node, h('span', { role: 'alert' }, state.refusal), close('refusal'));
  else show(node);
});

async function main() {
  applyTheme();
  let position;
  try {
    position = await prepare();
  } catch {
    one('#notice').textContent = 'The sandbox does not answer. Trying again …';
    setTimeout(main, 1000);
    return;
  }
  follow(position, (id, name, data) => HANDLERS[name]?.(data), (isConnected) => {
    state.connection = isConnected ? '' : 'The sandbox does not answer. Trying again …';
    redraw('notice');
  }, () => refused(new Error('This is the fifth tab. Here each holds a connection, and a browser opens six: further tabs will hang.')));
  addEventListener('hashchange', () => {
    const [uid, tid] = address();
    if (uid && (uid !== state.uid || tid !== state.tid)) attempt(uid === state.uid && state.chats.has(tid) ? open(tid) : play(uid, tid));
  });
  addEventListener('keydown', (event) => onKey(event, { acts, play: (uid) => attempt(play(uid)), open: (tid) => attempt(open(tid)), write, find, focused, toggleClock, showKeys }));
  document.documentElement.dataset.ready = '';
  // Times that are left. No timer is faster than a second, and none runs while nothing is seen.
  setInterval(() => { if (!document.hidden && !state.clock.is_held) redraw('top', 'clock', 'alerts', ...(state.drawer.open && ['requests', 'feeds'].includes(state.drawer.tab) ? ['drawer'] : [])); }, 1000);
  setInterval(() => { if (!document.hidden && !state.clock.is_held) redraw('conversation', 'chats'); }, 10_000);
}

const showKeys = () => keys(() => { state.firstRun = 'again'; panes.dataset.show = 'main'; redraw(...EVERYTHING); });

async function prepare() {
  state.world = await api.get('/world');
  if (!state.uid) {
    drawTop({ toggleDrawer: acts.toggleDrawer, toggleTheme, showKeys, toggleClock });
    drawRail((uid) => attempt(play(uid)));
    drawChats((tid) => attempt(open(tid)), () => newChat((tid) => attempt(play(state.uid, tid).then(() => open(tid)))));
    drawComposer(drawConversation(acts), acts);
    drawAlerts(acts);
    drawDrawer(acts);
    drawFirst(acts);
    applyTheme();
  }
  return start();
}

main();

