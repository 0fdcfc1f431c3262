// Finds a text in the messages of a chat, also in those that are not in the page.

import { h, button, iconButton, form, onEscape, one } from './dom.js';
import * as api from './api.js';
import { state, acts, drawNow, redraw, time, fullName } from './state.js';

let found = null;

const texts = (message) => [message.msg, message.sender_display_name, ...(message.attachments ?? []).flatMap((it) => [it.title, it.name, it.question, it.description, it.address, it.asset?.file_name])];

/** Returns the next message before or after the one that is marked, or null. */
async function next(text, direction) {
  const has = (message) => texts(message).some((it) => it?.toLowerCase().includes(text));
  for (let from = state.linked; ;) {
    const { items } = await api.get(`${api.chat()}/messages?limit=200${from ? `&${direction}=${api.id(from)}` : ''}`);
    if (!items.length) return null;
    const isBefore = direction === 'before';
    const message = isBefore ? items.findLast(has) : items.find(has);
    if (message) return message;
    from = items.at(isBefore ? 0 : -1).mid;
  }
}

async function go(direction) {
  const text = one('#find-text').value.trim().toLowerCase();
  if (!text) return;
  const { tid } = state;
  try {
    const it = await next(text, direction);
    if (tid !== state.tid || found === null) return;
    found = it ? `${fullName(it.from_user)}, ${time.near(it.timestamp)}` : 'No further message.';
    if (it) await acts.reveal(it.mid);
  } catch (error) { found = error.message; }
  redraw();
}

export function toggleFind() {
  found = found === null ? '' : null;
  drawNow();
  one('#find-text')?.focus();
}

export const findRow = () => found !== null && form('find-row.row', { role: 'search', onkeydown: onEscape(toggleFind) }, () => go('before'),
  h('input.field.grow', { id: 'find-text', type: 'search', label: 'Find in this chat', placeholder: 'Find in this chat' }), h('span.small', { role: 'status' }, found),
  button('Earlier', () => go('before')), button('Later', () => go('after')), iconButton('close', 'Close', toggleFind));
