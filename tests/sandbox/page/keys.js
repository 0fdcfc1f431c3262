// Single keys, outside of fields, and the order of the panes.

import { one } from './dom.js';
import { state, redraw } from './state.js';
import { chatsInOrder, playable } from './rail.js';

const PANES = ['#rail', '#chats', '#main', '#drawer'];

function nextPane(back) {
  const open = PANES.map((it) => one(it)).filter((it) => it.offsetParent);
  const at = open.findIndex((it) => it.contains(document.activeElement));
  const next = open[(at + (back ? -1 : 1) + open.length) % open.length];
  const target = next.id === 'main' ? next.querySelector('#write, .log') : next.querySelector('[aria-current=true], [aria-selected=true]');
  (target ?? next.querySelector('button, input, [tabindex="0"]') ?? next).focus();
}

const isField = (node) => node.closest?.('input, textarea, select, [contenteditable], dialog, [role=menu], [role=application]');

export function onKey(event, { acts, play, open, write, find, focused, toggleClock, showKeys }) {
  if (event.key === 'F6') {
    event.preventDefault();
    nextPane(event.shiftKey);
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape' && !one('dialog[open]')) {
    if (state.drawer.request !== null) { state.drawer.request = null; redraw('drawer'); }
    else if (state.drawer.open) acts.toggleDrawer();
    else if (innerWidth <= 760) acts.back();
    return;
  }
  if (!state.settings.keys || isField(event.target)) return;
  const [urgent, rest] = chatsInOrder();
  const chats = [...urgent, ...rest];
  const step = (by) => {
    const at = chats.findIndex((it) => it.tid === state.tid);
    const next = chats[at + by];
    if (next) open(next.tid);
  };
  const run = {
    j: () => step(1),
    k: () => step(-1),
    n: () => { const next = chats.find((it) => it.unread && it.tid !== state.tid) ?? chats.find((it) => it.unread); if (next) open(next.tid); },
    a: () => { if (state.alerts[0]) acts.openAlert(state.alerts[0]); },
    c: write,
    r: () => { const message = state.log?.items.find((it) => it.mid === focused()); if (message && !message.deleted) acts.reply(message); },
    m: () => { if (state.tid) acts.markRead(); },
    '/': () => one('#find').focus(),
    f: () => { if (state.tid) find(); },
    d: acts.toggleDrawer,
    h: toggleClock,
    '?': showKeys,
  }[event.key];
  const person = /^[1-9]$/.test(event.key) && playable()[Number(event.key) - 1];
  if (!run && !person) return;
  event.preventDefault();
  if (person) play(person.uid);
  else run();
}
