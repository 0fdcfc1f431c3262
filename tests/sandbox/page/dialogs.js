// The dialogs: new chat, members and settings, reset, keys.

import { h, button, show, field, select, form, submit, toggle, one } from './dom.js';
import * as api from './api.js';
import { state, acts, view, redraw, chat, isAdmin, fullName } from './state.js';
import { face } from './face.js';

let open = null;
export const closeDialog = () => one('dialog')?.close();
const drawOpen = () => show(one('#dialog'), open?.());
view(drawOpen);

/** Opens a dialog. `draw(attempt)` describes what is in it; `attempt(promise)` shows there why something is refused. */
export function openDialog(title, draw, props) {
  let refusal = '';
  const attempt = async (promise) => {
    refusal = await promise.then(() => '', ({ message }) => message);
    redraw();
  };
  const onclose = () => {
    open = null;
    redraw();
  };
  open = () => h('dialog', { key: title, label: title, onclose, ...props }, h('h2', title), refusal && h('p.refusal', { role: 'alert' }, refusal), draw(attempt));
  drawOpen();
  one('dialog').showModal();
}

const actions = (...buttons) => h('div.actions', buttons);
const done = (words) => button(words, closeDialog, { kind: 'primary' });

const active = () => [...state.world.people.filter((person) => !person.is_deleted), ...state.world.bots];

function pick(users, groups) {
  const box = (name, value, ...words) => h('label', { key: value }, h('input', { type: 'checkbox', name, value }), words);
  return h('div.pick', { role: 'group', label: 'People and groups' }, users.map((user) => box('users', user.uid, face(user, 'tiny'), h('bdi', fullName(user)))),
    groups.map((group) => box('groups', group.gid, h('bdi', group.title), ` (group, ${group.members.length})`)));
}

function chosen(node) {
  const data = new FormData(node);
  return Object.fromEntries(['users', 'groups'].map((kind) => [kind, data.getAll(kind)]).filter(([, ids]) => ids.length));
}

export function newChat() {
  let isSingle = false;
  openDialog('New chat', (attempt) => {
    const others = active().filter((user) => user.uid !== state.uid);
    const create = ({ title, recipient }, node) => attempt(api.post(`${api.person()}/chats`, isSingle ? { type: 'one_to_one', recipient } : { type: 'group', title, ...chosen(node) })
      .then(({ tid }) => {
        closeDialog();
        acts.openNew(tid);
      }));
    const swap = () => {
      isSingle = !isSingle;
      redraw();
    };
    return form('', {}, create, isSingle ? h('label', 'Person', select({ name: 'recipient' }, others.map((user) => [user.uid, fullName(user)])))
      : [field('Title', { name: 'title', required: true }), h('h3', 'People and groups'), pick(others, state.world.groups)],
    actions(button(isSingle ? 'A group instead' : 'One to one instead', swap, { kind: 'plain' }), button('Cancel', closeDialog), submit('Create chat')));
  });
}

acts.members = () => openDialog('Members and settings', (attempt) => {
  const it = chat();
  if (!it) return closeDialog();
  const path = api.chat();
  const act = (method, end, json) => () => attempt(api.change(method, path + end, json));
  const may = isAdmin(it);
  const why = may ? null : it.type === 'one_to_one' ? 'A 1:1 chat has no admins.' : 'Only admins of the chat may do this.';
  const admin = (words, run, props) => button(words, run, { disabled: !may, title: why, 'aria-description': why, ...props });
  const remove = (users) => admin('Remove', act('POST', '/members/remove', users));
  const member = (user) => h('li.list-row', { key: user.uid }, face(user, 'tiny'), h('span.grow', h('bdi', fullName(user)), isAdmin(it, user.uid) && h('span.tag', 'admin'), user.uid === state.uid && ' (you)'),
    isAdmin(it, user.uid) ? admin('Make plain member', act('DELETE', `/admins/${api.id(user.uid)}`)) : admin('Make admin', act('PUT', `/admins/${api.id(user.uid)}`)),
    user.uid !== state.uid && remove({ users: [user.uid] }));
  const group = ({ gid, title, members }) => h('li.list-row', { key: gid }, h('span.grow', h('bdi', title), ` (group, ${members.length})`), remove({ groups: [gid] }));
  const leave = () => attempt(api.post(`${path}/leave`).then(() => {
    closeDialog();
    acts.play();
  }));
  return [h('ul', it.users.map(member), it.groups.map(group)), h('p.small.muted', why),
    may && h('details', h('summary', 'Add people or groups'), form('', {}, (_, node) => act('POST', '/members/add', chosen(node))(),
      pick(active().filter((user) => !it.users.some((other) => other.uid === user.uid)), state.world.groups.filter((group) => !it.groups.some((other) => other.gid === group.gid))), actions(submit('Add')))),
    h('h3', 'Settings'), form('row', {}, (values) => act('PATCH', '', values)(), h('input.field.grow', { name: 'title', defaultValue: it.title, maxlength: 256, label: 'Title', disabled: !may }), admin('Rename', null, { type: 'submit' })),
    toggle('Only admins post', !it.allow_sending, (only) => act('PATCH', '', { allow_sending: !only })(), { disabled: !may }),
    actions(it.is_closed ? admin('Reopen chat', act('POST', '/reopen')) : admin('Close chat', act('POST', '/close')), button('Leave chat', leave, { kind: 'danger' }), done('Done'))];
});

export const reset = () => openDialog('Reset world', (attempt) => form('', {}, (values) => attempt(api.post('/reset', values).then(closeDialog)),
  h('p', 'All chats, files and other bots of this world go, and faults end. The key stays.'), field('Seed of the new ids', { name: 'seed', type: 'number', min: 0, placeholder: 'the same' }),
  actions(button('Cancel', closeDialog), button('Reset world', null, { kind: 'danger', type: 'submit' }))));

const KEYS = { '1 … 9': 'play a person', 'j k': 'next and previous chat', n: 'next unread chat', a: 'to the alert', c: 'write', r: 'reply', m: 'mark as read', '/': 'find a chat', f: 'find in the chat', d: 'developer view', h: 'hold or run the clock', '?': 'this list',
  Esc: 'close, back', F6: 'next pane', '↑ ↓ Home End': 'in the messages', Enter: 'to the tools of a message; posts', 'Shift Enter': 'new line' };

export function keys() {
  const { settings } = state;
  const setting = (key, words) => toggle(words, settings[key], (it) => { settings[key] = it; });
  const first = () => {
    closeDialog();
    acts.showFirst();
  };
  openDialog('Keys and settings', () => [setting('keys', 'Single keys'), setting('readOnOpen', 'Mark as read when opened'), setting('sound', 'Sound with an alert'),
    h('h3', 'Keys'), h('ul', Object.entries(KEYS).map(([key, words]) => h('li.list-row', h('kbd', key), h('span', words)))), h('p.small.muted', 'OK and SOS have no key: an answer is never a slip.'),
    actions(button('Show the first steps', first), done('Close'))]);
}
