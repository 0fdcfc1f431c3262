// The dialogs: new chat, members and settings, reset, keys.

import { h, button, show, name, visible } from './dom.js';
import * as api from './api.js';
import { state, chat, isAdmin, fullName } from './state.js';
import { face } from './rail.js';

/** Opens a dialog. `draw(body, close, refuse)` fills it. Returns the function that draws it anew. */
function open(title, draw) {
  const back = document.activeElement;
  const body = h('div');
  const refused = h('p', { class: 'refusal', role: 'alert', hidden: true });
  const dialog = h('dialog', { 'aria-label': title }, h('h2', null, title), refused, body);
  const close = () => dialog.close();
  const refuse = (error) => { refused.hidden = !error; refused.textContent = error ? error.words ?? 'The sandbox does not answer.' : ''; };
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
  const box = (value, words, extra) => h('label', null, h('input', { type: 'checkbox', value }), extra, h('span', { class: 'grow' }, name(words)));
  const list = h('div', { class: 'pick', role: 'group', 'aria-label': 'People and groups' }, users.map((user) => box(user.uid, fullName(user), face(user, 'tiny'))), groups.map((group) => box(`g:${group.gid}`, `${group.title} (group, ${group.members.length})`)));
  const chosen = () => {
    const values = [...list.querySelectorAll('input:checked')].map((it) => it.value);
    return { users: values.filter((it) => !it.startsWith('g:')), groups: values.filter((it) => it.startsWith('g:')).map((it) => it.slice(2)) };
  };
  return [list, chosen];
}

export function newChat(opened, single = false) {
  open('New chat', (body, close, refuse) => {
    const others = active().filter((user) => user.uid !== state.uid);
    const title = h('input', { class: 'field', id: 'new-title', maxlength: '256', required: true });
    const one = h('select', { class: 'field', id: 'new-person' }, others.map((user) => h('option', { value: user.uid }, visible(fullName(user)))));
    const [list, chosen] = pick(others, state.world.groups);
    const create = async (event) => {
      event.preventDefault();
      try {
        const draft = single ? { type: 'one_to_one', recipient: one.value } : { type: 'group', title: title.value, ...chosen() };
        const made = await api.post(`${api.person(state.uid)}/chats`, draft);
        close();
        opened(made.tid);
      } catch (error) { refuse(error); }
    };
    const fields = single ? [h('label', { for: 'new-person' }, 'Person'), h('div', null, one)]
      : [h('label', { for: 'new-title' }, 'Title'), h('div', null, title), h('h3', null, 'People and groups'), list];
    const swap = button(single ? 'A group instead' : 'One to one instead', () => { close(); newChat(opened, !single); }, { kind: 'plain' });
    show(body, h('form', { onsubmit: create }, fields, h('div', { class: 'actions' }, swap, button('Cancel', close), h('button', { class: 'button primary' }, 'Create chat'))));
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
    const act = async (method, path, json) => { try { refuse(null); await api.change(method, api.chat(uid, tid) + path, json); } catch (error) { refuse(error); } };
    const may = isAdmin(it);
    const why = it.type === 'one_to_one' ? 'A 1:1 chat has no admins.' : ADMINS;
    const admin = (word, run, props = {}) => button(word, run, { disabled: !may, title: may ? undefined : why, 'aria-description': may ? undefined : why, ...props });
    const rows = it.users.map((user) => h('li', { class: 'list-row' }, face(user, 'tiny'), h('span', { class: 'grow' }, name(fullName(user)), isAdmin(it, user.uid) && h('span', { class: 'tag' }, 'admin'), user.uid === uid && ' (you)'),
      isAdmin(it, user.uid) ? admin('Make plain member', () => act('DELETE', `/admins/${encodeURIComponent(user.uid)}`), { 'data-f': `plain-${user.uid}` }) : admin('Make admin', () => act('PUT', `/admins/${encodeURIComponent(user.uid)}`), { 'data-f': `admin-${user.uid}` }),
      user.uid !== uid && admin('Remove', () => act('POST', '/members/remove', { users: [user.uid] }), { 'data-f': `remove-${user.uid}` })));
    const groups = it.groups.map((group) => h('li', { class: 'list-row' }, h('span', { class: 'grow' }, name(group.title), ` (group, ${group.members.length})`), admin('Remove', () => act('POST', '/members/remove', { groups: [group.gid] }), { 'data-f': `remove-${group.gid}` })));
    const [list, chosen] = pick(active().filter((user) => !it.users.some((other) => other.uid === user.uid)), state.world.groups.filter((group) => !it.groups.some((other) => other.gid === group.gid)));
    const title = h('input', { class: 'field grow', value: it.title, maxlength: '256', 'aria-label': 'Title', disabled: !may, 'data-f': 'title' });
    const leave = async () => { try { await api.post(`${api.chat(uid, tid)}/leave`); close(); left(); } catch (error) { refuse(error); } };
    show(body, h('ul', null, rows, groups), !may && h('p', { class: 'small muted' }, why),
      may && h('details', null, h('summary', null, 'Add people or groups'), list, h('div', { class: 'actions' }, button('Add', () => act('POST', '/members/add', trim(chosen())), { kind: 'primary', 'data-f': 'add' }))),
      h('h3', null, 'Settings'), h('div', { class: 'row' }, title, admin('Rename', () => act('PATCH', '', { title: title.value }), { 'data-f': 'rename' })),
      h('label', { class: 'switch' }, h('input', { type: 'checkbox', checked: !it.allow_sending, disabled: !may, 'data-f': 'only-admins', onchange: (event) => act('PATCH', '', { allow_sending: !event.target.checked }) }), 'Only admins post'),
      h('div', { class: 'actions' }, it.is_closed ? admin('Reopen chat', () => act('POST', '/reopen'), { 'data-f': 'reopen' }) : admin('Close chat', () => act('POST', '/close'), { 'data-f': 'close' }), button('Leave chat', leave, { kind: 'danger' }), button('Done', close, { kind: 'primary' })));
  });
}

const trim = (ids) => Object.fromEntries(Object.entries(ids).filter(([, list]) => list.length));

export function reset() {
  open('Reset world', (body, close, refuse) => {
    const seed = h('input', { class: 'field', type: 'number', min: '0', id: 'seed', placeholder: 'the same' });
    const run = async () => { try { await api.post('/reset', seed.value === '' ? {} : { seed: Number(seed.value) }); close(); } catch (error) { refuse(error); } };
    show(body, h('p', null, 'All chats, files and other bots of this world go, and faults end. The key stays.'), h('label', { for: 'seed' }, 'Seed of the new ids'), h('div', null, seed),
      h('div', { class: 'actions' }, button('Cancel', close), button('Reset world', run, { kind: 'danger' })));
  });
}

const KEYS = [['1 … 9', 'play a person'], ['j k', 'next and previous chat'], ['n', 'next unread chat'], ['a', 'to the alert'], ['c', 'write'], ['r', 'reply'], ['m', 'mark as read'], ['/', 'find a chat'], ['d', 'developer view'], ['h', 'hold or run the clock'], ['?', 'this list'], ['Esc', 'close, back'], ['F6', 'next pane'],
  ['↑ ↓ Home End', 'in the messages'], ['Enter', 'to the tools of a message; posts'], ['Shift Enter', 'new line']];

export function keys(showFirstRun) {
  open('Keys and settings', (body, close) => {
    const setting = (key, words) => h('label', { class: 'switch' }, h('input', { type: 'checkbox', checked: state.settings[key], onchange: (event) => { state.settings[key] = event.target.checked; } }), words);
    show(body, h('ul', null, KEYS.map(([key, words]) => h('li', { class: 'list-row' }, h('kbd', null, key), h('span', null, words)))), h('p', { class: 'small muted' }, 'OK and SOS have no key: an answer is never a slip.'),
      h('h3', null, 'Settings'), setting('keys', 'Single keys'), setting('readOnOpen', 'Mark as read when opened'), setting('sound', 'Sound with an alert'),
      h('div', { class: 'actions' }, button('Show the first steps', () => { close(); showFirstRun(); }), button('Close', close, { kind: 'primary' })));
  });
}
