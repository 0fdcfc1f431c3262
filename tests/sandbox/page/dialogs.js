// The dialogs: new chat, members and settings, reset, keys.

import { h, button, show, name, visible, submit, toggle } from './dom.js';
import * as api from './api.js';
import { state, chat, isAdmin, fullName } from './state.js';
import { face } from './rail.js';

/** Opens a dialog. `draw(body, close, refuse)` fills it. Returns the function that draws it anew. */
function open(title, draw) {
  const back = document.activeElement;
  const body = h('div');
  const refused = h('p.refusal', { role: 'alert', hidden: true });
  const dialog = h('dialog', { label: title }, h('h2', title), refused, body);
  const close = () => dialog.close();
  const refuse = (error) => { refused.hidden = !error; refused.textContent = error?.message ?? ''; };
  dialog.addEventListener('close', () => { dialog.remove(); back?.isConnected && back.focus(); });
  document.body.append(dialog);
  const again = () => { if (dialog.isConnected) draw(body, close, refuse); };
  again();
  dialog.showModal();
  return again;
}

const active = () => [...state.world.people.filter((person) => !person.is_deleted), ...state.world.bots];

/** A list of people, bots and groups to choose from. */
function pick(users, groups) {
  const box = (kind, value, words, extra) => h('label', h('input', { type: 'checkbox', name: kind, value }), extra, h('span.grow', name(words)));
  return h('div.pick', { role: 'group', label: 'People and groups' }, users.map((user) => box('users', user.uid, fullName(user), face(user, 'tiny'))), groups.map((group) => box('groups', group.gid, `${group.title} (group, ${group.members.length})`)));
}

/** What is chosen in a form with such a list. */
function chosen(form) {
  const data = new FormData(form);
  return Object.fromEntries(['users', 'groups'].map((kind) => [kind, data.getAll(kind)]).filter(([, ids]) => ids.length));
}

export function newChat(opened, single = false) {
  open('New chat', (body, close, refuse) => {
    const others = active().filter((user) => user.uid !== state.uid);
    const title = h('input.field', { id: 'new-title', maxlength: '256', required: true });
    const one = h('select.field', { id: 'new-person' }, others.map((user) => h('option', { value: user.uid }, visible(fullName(user)))));
    const list = pick(others, state.world.groups);
    const create = async (event) => {
      event.preventDefault();
      const draft = single ? { type: 'one_to_one', recipient: one.value } : { type: 'group', title: title.value, ...chosen(event.target) };
      const made = await api.post(`${api.person(state.uid)}/chats`, draft).catch(refuse);
      if (!made) return;
      close();
      opened(made.tid);
    };
    const fields = single ? [h('label', { for: 'new-person' }, 'Person'), h('div', one)]
      : [h('label', { for: 'new-title' }, 'Title'), h('div', title), h('h3', 'People and groups'), list];
    const swap = button(single ? 'A group instead' : 'One to one instead', () => { close(); newChat(opened, !single); }, { kind: 'plain' });
    show(body, h('form', { onsubmit: create }, fields, h('div.actions', swap, button('Cancel', close), submit('Create chat'))));
  });
}

const ADMINS = 'Only admins of the chat may do this.';
let drawMembers = null;
/** Draws the open dialog of members anew, after an event. */
export const membersChanged = () => drawMembers?.();

export function members(left) {
  drawMembers = open('Members and settings', (body, close, refuse) => {
    const it = chat();
    if (!it) return close();
    const { uid, tid } = state;
    const act = (method, path, json) => { refuse(null); api.change(method, api.chat(uid, tid) + path, json).catch(refuse); };
    const may = isAdmin(it);
    const why = it.type === 'one_to_one' ? 'A 1:1 chat has no admins.' : ADMINS;
    const admin = (word, run, props = {}) => button(word, run, { disabled: !may, title: may ? undefined : why, 'aria-description': may ? undefined : why, ...props });
    const rows = it.users.map((user) => h('li.list-row', face(user, 'tiny'), h('span.grow', name(fullName(user)), isAdmin(it, user.uid) && h('span.tag', 'admin'), user.uid === uid && ' (you)'),
      isAdmin(it, user.uid) ? admin('Make plain member', () => act('DELETE', `/admins/${api.id(user.uid)}`), { keep: `plain-${user.uid}` }) : admin('Make admin', () => act('PUT', `/admins/${api.id(user.uid)}`), { keep: `admin-${user.uid}` }),
      user.uid !== uid && admin('Remove', () => act('POST', '/members/remove', { users: [user.uid] }), { keep: `remove-${user.uid}` })));
    const groups = it.groups.map((group) => h('li.list-row', h('span.grow', name(group.title), ` (group, ${group.members.length})`), admin('Remove', () => act('POST', '/members/remove', { groups: [group.gid] }), { keep: `remove-${group.gid}` })));
    const list = pick(active().filter((user) => !it.users.some((other) => other.uid === user.uid)), state.world.groups.filter((group) => !it.groups.some((other) => other.gid === group.gid)));
    const title = h('input.field.grow', { value: it.title, maxlength: '256', label: 'Title', disabled: !may, keep: 'title' });
    const add = (event) => { event.preventDefault(); act('POST', '/members/add', chosen(event.target)); };
    const leave = () => api.post(`${api.chat(uid, tid)}/leave`).then(() => { close(); left(); }).catch(refuse);
    show(body, h('ul', rows, groups), !may && h('p.small.muted', why),
      may && h('details', h('summary', 'Add people or groups'), h('form', { onsubmit: add }, list, h('div.actions', submit('Add')))),
      h('h3', 'Settings'), h('div.row', title, admin('Rename', () => act('PATCH', '', { title: title.value }))),
      toggle(!it.allow_sending, (only) => act('PATCH', '', { allow_sending: !only }), 'Only admins post', { disabled: !may, keep: 'only-admins' }),
      h('div.actions', it.is_closed ? admin('Reopen chat', () => act('POST', '/reopen')) : admin('Close chat', () => act('POST', '/close')), button('Leave chat', leave, { kind: 'danger' }), button('Done', close, { kind: 'primary' })));
  });
}

export function reset() {
  open('Reset world', (body, close, refuse) => {
    const seed = h('input.field', { type: 'number', min: '0', id: 'seed', placeholder: 'the same' });
    const run = () => api.post('/reset', seed.value === '' ? {} : { seed: Number(seed.value) }).then(close).catch(refuse);
    show(body, h('p', 'All chats, files and other bots of this world go, and faults end. The key stays.'), h('label', { for: 'seed' }, 'Seed of the new ids'), h('div', seed),
      h('div.actions', button('Cancel', close), button('Reset world', run, { kind: 'danger' })));
  });
}

const KEYS = [['1 … 9', 'play a person'], ['j k', 'next and previous chat'], ['n', 'next unread chat'], ['a', 'to the alert'], ['c', 'write'], ['r', 'reply'], ['m', 'mark as read'], ['/', 'find a chat'], ['f', 'find in the chat'], ['d', 'developer view'], ['h', 'hold or run the clock'], ['?', 'this list'], ['Esc', 'close, back'], ['F6', 'next pane'],
  ['↑ ↓ Home End', 'in the messages'], ['Enter', 'to the tools of a message; posts'], ['Shift Enter', 'new line']];

export function keys(showFirstRun) {
  open('Keys and settings', (body, close) => {
    const setting = (key, words) => toggle(state.settings[key], (it) => { state.settings[key] = it; }, words);
    show(body, h('ul', KEYS.map(([key, words]) => h('li.list-row', h('kbd', key), h('span', words)))), h('p.small.muted', 'OK and SOS have no key: an answer is never a slip.'),
      h('h3', 'Settings'), setting('keys', 'Single keys'), setting('readOnOpen', 'Mark as read when opened'), setting('sound', 'Sound with an alert'),
      h('div.actions', button('Show the first steps', () => { close(); showFirstRun(); }), button('Close', close, { kind: 'primary' })));
  });
}
