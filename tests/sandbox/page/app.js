// Starts the page, and lets events change its state.

import { h, button, show, one } from './dom.js';
import * as api from './api.js';
import { state, acts, edit, redraw, setClock, view, me, titleOf, playable } from './state.js';
import { follow, LOST } from './stream.js';
import './rail.js';
import { load, loadAround, receive, reveal } from './conversation.js';
import { forgetDrafts } from './composer.js';
import { say } from './alerts.js';
import './drawer.js';
import './keys.js';

const panes = one('#panes');
let store = {};
try { store = localStorage; } catch { /* Private windows may have no storage. */ }

const THEMES = ['system', 'light', 'dark'];
function applyTheme(theme) {
  state.theme = theme;
  document.documentElement.style.colorScheme = theme === 'system' ? 'light dark' : theme;
}

/* The address holds person and chat, so that a reload and two windows as two people work. */
const decode = (text) => { try { return decodeURIComponent(text); } catch { return ''; } };
const address = () => location.hash.replace(/^#\/?/, '').split('/').map(decode);

async function fetchChats(uid = state.uid) {
  const { items } = await api.get(`${api.person(uid)}/chats`);
  if (uid === state.uid) state.chats = new Map(items.map((it) => [it.tid, it]));
  return items;
}

async function fetchAlerts() {
  const { uid } = state;
  const { items } = await api.get(`${api.person()}/alerts`);
  if (uid === state.uid) state.alerts = items;
  redraw();
}

async function play(uid, tid) {
  const isOther = uid !== state.uid;
  state.uid = uid;
  if (isOther) [state.tid, state.log, state.alerts] = [null, null, []];
  const [chats] = await Promise.all([fetchChats(), fetchAlerts()]);
  if (uid !== state.uid) return;
  store.teamwirePerson = uid;
  if (isOther) {
    const { alerts, unread = 0 } = state.world.badges[uid] ?? {};
    say(`You play ${me().first_name}. ${alerts ? 'An alert waits. ' : ''}${unread} unread.`);
  }
  const at = (chat) => chat.last_message?.timestamp ?? 0;
  const newest = chats.reduce((a, b) => (a && at(a) >= at(b) ? a : b), null);
  const wanted = tid ?? state.tid;
  await open(state.chats.has(wanted) ? wanted : newest?.tid ?? null, { stay: true });
}

async function open(tid, { stay = false, around } = {}) {
  const isOther = tid !== state.tid;
  state.tid = tid;
  if (isOther) [state.log, state.linked] = [null, null];
  if (!stay) acts.showMain();
  history.replaceState(null, '', `#/${[state.uid, tid].filter(Boolean).map(api.id).join('/')}`);
  redraw();
  if (!tid) return;
  await (around ? loadAround(around) : load());
  if (state.settings.readOnOpen && isOther && !stay) acts.markRead();
}

Object.assign(acts, {
  play: (uid = state.uid) => api.attempt(play(uid)),
  open: (tid) => api.attempt(open(tid)),
  openNew: (tid, uid = state.uid) => api.attempt(play(uid, tid).then(() => open(tid))),
  openAlert: (alert) => api.attempt(open(alert.tid, { around: alert.mid })),
  /** Shows the conversation, in place of the first steps and, where there is room for one pane, of the chats. */
  showMain: () => {
    panes.dataset.show = 'main';
    edit(state, { firstRun: false });
  },
  back: () => {
    panes.dataset.show = 'chats';
    redraw().then(() => one('.chat[aria-current=true]')?.focus());
  },
  showFirst: () => {
    acts.showMain();
    state.firstRun = 'again';
  },
  react: (message, kind) => api.act('PUT', `${api.message(message)}/reaction`, { reaction_type: kind }),
  markRead: () => {
    if (state.log) state.log.firstUnread = state.log.count;
    redraw();
    return api.act('POST', `${api.chat()}/read`);
  },
  posted: async (tid, { mid }) => {
    if (state.log?.items.some((it) => it.mid === mid)) return;
    await api.attempt(fetchChats());
    if (tid === state.tid) await api.attempt(load());
  },
  toggleDrawer: () => {
    edit(state.drawer, { open: !state.drawer.open });
    if (!state.drawer.open) one('#top .toggle').focus();
  },
  toggleClock: () => api.act('POST', state.clock.is_held ? '/clock/run' : '/clock/hold'),
  toggleTheme: () => {
    applyTheme(THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length]);
    store.teamwireTheme = state.theme;
    say(`Theme: ${state.theme}.`);
    redraw();
  },
  async showMessage({ path, mid }) {
    const tid = decode(path.split('?')[0].split('/')[3] ?? '');
    acts.showMain();
    if (!state.chats.has(tid)) {
      const lists = await Promise.all(playable().map(async ({ uid }) => [uid, await fetchChats(uid)]));
      const seeing = lists.find(([, chats]) => chats.some((it) => it.tid === tid));
      if (!seeing) return api.refused({ message: 'None of the people is in this chat.' });
      await play(seeing[0], tid);
    } else if (tid !== state.tid) await open(tid);
    await api.attempt(reveal(mid));
  },
});

const patch = (tid, changes) => Object.assign(state.chats.get(tid) ?? {}, changes);

const HANDLERS = {
  organisation(data) {
    Object.assign(state.world, data);
    const person = me();
    if (!person || person.is_deleted) acts.play(playable()[0].uid);
  },
  badges({ people, chats }) {
    Object.assign(state.world.badges, people);
    for (const { uid, tid, unread, alerts } of chats) if (uid === state.uid) patch(tid, { unread, alerts });
    if (people[state.uid]) refreshAlerts();
  },
  chat(data) {
    const { tid } = data;
    if (data.members.includes(state.uid)) {
      state.chats.set(tid, { unread: 0, alerts: [], ...state.chats.get(tid), ...data });
      if (!state.tid) api.attempt(open(tid, { stay: true }));
    } else {
      state.chats.delete(tid);
      if (tid === state.tid) acts.play();
    }
  },
  message({ tid, message }) {
    const it = state.chats.get(tid);
    patch(tid, { last_message: message, message_count: message.index + 1 });
    receive(tid, message);
    if (it && message.from_user.uid !== state.uid) say(`New message in ${titleOf(it)}.`);
  },
  message_deleted({ tid, message }) {
    if (state.chats.get(tid)?.last_message?.mid === message.mid) patch(tid, { last_message: message });
    receive(tid, message);
  },
  reaction({ tid, mid, reactions }) {
    const found = state.log?.tid === tid && state.log.items.find((it) => it.mid === mid);
    if (found) found.reactions = reactions;
  },
  read: ({ tid, reads }) => patch(tid, { reads }),
  location: ({ tid, locations }) => patch(tid, { locations }),
  request_begun: addRequest,
  request_ended(data) {
    addRequest(data);
    if (data.app_id && !data.credentials && data.route) {
      state.world.last_seen[data.app_id] = data.at;
      if (state.firstRun === 'waiting') state.firstRun = false;
    }
    const found = data.mid && state.log?.items.find((it) => it.mid === data.mid);
    if (found) found.request ??= data.number;
  },
  feeds(data) { state.feeds = data; },
  faults(data) { state.faults = data; },
  outage({ outage }) { state.world.outage = outage; },
  clock: setClock,
  hello({ boot }) {
    if (boot === state.world.boot) return;
    state.world.boot = boot;
    state.notice.restarted = 'The sandbox has started anew. Without --data, its world is another.';
    forgetDrafts();
  },
  resync() { api.attempt(start()); },
};
for (const [name, handle] of Object.entries(HANDLERS)) HANDLERS[name] = (data) => { handle(data); redraw(); };

function addRequest(data) {
  state.requests.set(data.number, data);
  while (state.requests.size > 1000) state.requests.delete(state.requests.keys().next().value);
}

let refreshing = null;
function refreshAlerts() {
  refreshing ??= setTimeout(() => {
    refreshing = null;
    fetchAlerts().catch(() => {});
  }, 20);
}

function drawNotice() {
  const { notice } = state;
  const kind = Object.keys(notice).find((it) => notice[it]);
  show(one('#notice'), kind && [h('span', { key: kind, role: kind === 'refusal' ? 'alert' : null }, notice[kind]),
    kind !== 'connection' && button('Close', () => edit(notice, { [kind]: '' }))]);
}
view(drawNotice);

/** Fetches all, at the start and when the stream has lost events. Returns the position in the stream. */
async function start() {
  const world = await api.get('/world');
  const [requests, feeds, faults] = await Promise.all(['/requests?limit=300', '/feeds', '/faults'].map(api.get));
  const isFirst = !state.world;
  Object.assign(state, { world, feeds, faults, log: null, alerts: [] });
  setClock(world.clock);
  state.requests = new Map(requests.items.reverse().map((it) => [it.number, it]));
  state.drawer.request = null;
  if (isFirst && !Object.keys(world.last_seen).length) state.firstRun = 'waiting';
  const [uid, tid] = address();
  const known = (it) => world.people.some((person) => person.uid === it && !person.is_deleted);
  await play([state.uid, uid, store.teamwirePerson].find(known) ?? playable()[0]?.uid, tid);
  return `${world.boot}.${world.seq}`;
}

async function main() {
  applyTheme(store.teamwireTheme ?? 'system');
  let position;
  try {
    position = await start();
  } catch {
    state.notice.connection = LOST;
    drawNotice();
    setTimeout(main, 1000);
    return;
  }
  follow(position, HANDLERS);
  addEventListener('hashchange', () => {
    const [uid, tid] = address();
    if (uid && (uid !== state.uid || tid !== state.tid)) api.attempt(uid === state.uid && state.chats.has(tid) ? open(tid) : play(uid, tid));
  });
  document.documentElement.dataset.ready = '';
  // Times that are left. No timer is faster than a second, and none runs while nothing is seen.
  setInterval(() => { if (!document.hidden && !state.clock.is_held) redraw(); }, 1000);
}

main();
