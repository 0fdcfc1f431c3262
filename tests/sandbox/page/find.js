// Finds a text in the messages of a chat, also in those that are not in the page.

import { h, button, show, onEscape } from './dom.js';
import * as api from './api.js';
import { state, time, fullName } from './state.js';
import { reveal } from './conversation.js';

const texts = (message) => [message.msg, message.sender_display_name, ...(message.attachments ?? []).flatMap((it) => [it.title, it.name, it.question, it.description, it.address, it.asset?.file_name])];

/** Returns the next message before or after the one that is marked, or null. */
async function next(text, direction) {
  const path = `${api.chat(state.uid, state.tid)}/messages?limit=200`;
  const has = (message) => texts(message).some((it) => it?.toLowerCase().includes(text));
  let from = state.linked;
  for (;;) {
    const { items } = await api.get(from ? `${path}&${direction}=${api.id(from)}` : path);
    if (!items.length) return null;
    const found = direction === 'before' ? items.findLast(has) : items.find(has);
    if (found) return found;
    from = (direction === 'before' ? items[0] : items.at(-1)).mid;
  }
}

/** Opens the row in which a text is found, or closes it. */
export function toggleFind(row) {
  if (row.hasChildNodes()) return show(row);
  const text = h('input.field.grow', { type: 'search', label: 'Find in this chat', placeholder: 'Find in this chat' });
  const found = h('span.small', { role: 'status' });
  const go = async (direction) => {
    const wanted = text.value.trim().toLowerCase();
    if (!wanted) return;
    const tid = state.tid;
    try {
      const it = await next(wanted, direction);
      if (tid !== state.tid) return;
      found.textContent = it ? `${fullName(it.from_user)}, ${time.near(it.timestamp)}` : 'No further message.';
      if (it) await reveal(it.mid);
    } catch (error) { found.textContent = error.message; }
  };
  const close = () => show(row);
  show(row, h('form.find-row.row', { role: 'search', onsubmit: (event) => { event.preventDefault(); go('before'); } }, text, found,
    button('Earlier', () => go('before')), button('Later', () => go('after')), button('', close, { icon: 'close', label: 'Close', kind: 'plain' })));
  onEscape(row.firstChild, close);
  text.focus();
}
