// Single keys, outside of fields, and the order of the panes.

import { one } from './dom.js';
import { state, acts, edit, playable } from './state.js';
import { chatsInOrder } from './rail.js';
import { focused } from './conversation.js';
import { focusText } from './composer.js';
import { toggleFind } from './find.js';
import { keys } from './dialogs.js';

function nextPane(back) {
  const open = ['#rail', '#chats', '#main', '#drawer'].map(one).filter((it) => it.offsetParent);
  const at = open.findIndex((it) => it.contains(document.activeElement));
  const next = open.at((at + (back ? -1 : 1)) % open.length);
  (next.querySelector('#write, [aria-current=true], [aria-selected=true]') ?? next.querySelector('button, input, [tabindex="0"]') ?? next).focus();
}

const openChat = (it) => it && acts.open(it.tid);
const step = (by) => (chats) => openChat(chats[chats.findIndex((it) => it.tid === state.tid) + by]);

/** What a key does; it gets the chats in their order. */
const KEYS = {
  j: step(1),
  k: step(-1),
  n: (chats) => openChat(chats.find((it) => it.unread && it.tid !== state.tid) ?? chats.find((it) => it.unread)),
  a: () => state.alerts[0] && acts.openAlert(state.alerts[0]),
  c: focusText,
  r: () => {
    const message = focused();
    if (message && !message.deleted) acts.reply(message);
  },
  m: () => state.tid && acts.markRead(),
  '/': () => one('#find').focus(),
  f: () => state.tid && toggleFind(),
  d: () => acts.toggleDrawer(),
  h: () => acts.toggleClock(),
  '?': keys,
};

addEventListener('keydown', (event) => {
  const { key, target } = event;
  if (key === 'F6') {
    event.preventDefault();
    nextPane(event.shiftKey);
  }
  if (!state.uid || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || one('dialog[open]')) return;
  if (key === 'Escape' && !one(':popover-open')) {
    if (state.drawer.request !== null) edit(state.drawer, { request: null });
    else if (state.drawer.open) acts.toggleDrawer();
    else if (innerWidth <= 760) acts.back();
    return;
  }
  if (!state.settings.keys || target.closest?.('input, textarea, select, [role=application]')) return;
  const person = /^[1-9]$/.test(key) && playable()[key - 1];
  const run = person ? () => acts.play(person.uid) : KEYS[key];
  if (!run) return;
  event.preventDefault();
  run(chatsInOrder().flat());
});
