// Feeds, and the organisation: switches, limits, keys, people and groups.

import { h, button, show, name } from './dom.js';
import * as api from './api.js';
import { state, now, fullName } from './state.js';

const botOf = (app_id) => state.world.bots.find((bot) => bot.app_id === app_id);

export function drawFeeds(panel, acts) {
  const { elapsed } = now();
  const post = (path) => () => api.post(path).catch(acts.refused);
  const rows = state.feeds.subscriptions.map((it) => {
    const left = Math.ceil((it.ends_at_ms - elapsed) / 1000);
    const words = it.state === 'deleted' ? 'deleted' : left > 0 && it.state === 'active' ? `lease: ${left} s left` : 'lease has run out';
    return h('li', { class: 'list-row small' }, h('span', { class: 'grow' }, h('b', null, it.topic), it.tid && ` · ${it.tid}`, h('br'), h('span', { class: 'muted' }, name(fullName(botOf(it.app_id)) || it.app_id), ` · ${it.id}`)), h('span', null, `${words} · ${it.pending_polls} poll${it.pending_polls === 1 ? '' : 's'}`));
  });
  const polls = state.feeds.polls.map((it) => h('li', { class: 'list-row mono' }, h('span', { class: 'grow' }, name(it.path)), `${Math.max(0, Math.ceil((it.until_ms - elapsed) / 1000))} s left`));
  show(panel, h('h3', null, 'Waiting polls'), polls.length ? h('ul', null, polls) : h('p', { class: 'empty' }, 'No poll waits.'), h('h3', null, 'Subscriptions'), rows.length ? h('ul', null, rows) : h('p', { class: 'empty' }, 'No subscription.'),
    h('div', { class: 'row' }, button('Let all leases run out', post('/leases/expire'), { 'data-f': 'leases' }), button('Make all cursors too old', post('/cursors/expire'), { 'data-f': 'cursors' }), button('Unsubscribe all', post('/subscriptions/delete'), { 'data-f': 'unsubscribe' })));
}

const SWITCHES = {
  member_updates: ['Change members', 'Otherwise 403 update_members_not_allowed'],
  leaving: ['Leave chats', 'Otherwise 403 leave_chat_not_allowed'],
  closing: ['Close chats', 'Otherwise 403 close_chat_not_allowed'],
  read_receipts: ['Read receipts', 'Otherwise 403 read_receipts_disabled'],
  avatar_removal: ['Remove avatars', 'Otherwise 403 image_remove'],
  bot_read_marks: ['Bots mark as read', 'Otherwise 403 auth'],
  bot_reactions: ['Bots react', 'Otherwise 403 auth'],
};

let drawn = '';

export function drawOrganisation(panel, acts, isNew) {
  const { switches, bots, people, groups, rate_limit } = state.world;
  const version = JSON.stringify([switches, bots, people, groups, rate_limit]);
  if (!isNew && version === drawn) return;
  drawn = version;
  const put = (method, path, body) => api.change(method, path, body).catch(acts.refused);
  const toggle = ([key, [word, about]]) => h('label', { class: 'switch' }, h('input', { type: 'checkbox', role: 'switch', checked: switches[key], 'data-f': key, onchange: (event) => put('PATCH', '/switches', { [key]: event.target.checked }) }), h('span', null, h('b', null, word), h('span', { class: 'muted' }, about)));
  const bot = (it) => h('li', { class: 'list-row small' }, h('span', { class: 'grow' }, h('b', null, name(fullName(it))), h('br'), h('span', { class: 'mono' }, it.app_id)), button(it.is_revoked ? 'Make good' : 'Revoke', () => put('PUT', `/keys/${encodeURIComponent(it.app_id)}`, { is_revoked: !it.is_revoked }), { 'data-f': `key-${it.app_id}` }));
  const person = (it) => h('li', { class: 'list-row small' }, h('span', { class: 'grow' }, name(fullName(it)), it.is_hidden && ' (hidden)', it.is_deleted && ' (deleted)'),
    !it.is_deleted && [button(it.is_hidden ? 'Show to bots' : 'Hide', () => put('PATCH', `/people/${encodeURIComponent(it.uid)}`, { is_hidden: !it.is_hidden }), { 'data-f': `hide-${it.uid}` }), button('Delete', () => put('PATCH', `/people/${encodeURIComponent(it.uid)}`, { is_deleted: true }), { kind: 'danger', 'data-f': `delete-${it.uid}` })]);
  const group = (it) => h('details', { class: 'small' }, h('summary', null, name(it.title), ` (${it.members.length})`), people.filter((user) => !user.is_deleted).map((user) => h('label', { class: 'switch' }, h('input', { type: 'checkbox', checked: it.members.some((member) => member.uid === user.uid), 'data-f': `${it.gid}-${user.uid}`,
    onchange: (event) => put(event.target.checked ? 'PUT' : 'DELETE', `/groups/${encodeURIComponent(it.gid)}/members/${encodeURIComponent(user.uid)}`) }), name(fullName(user)))));
  const [second, burst] = [['per_second', 'Requests a second'], ['burst', 'Burst']].map(([key, word]) => h('label', { class: 'small' }, `${word} `, h('input', { class: 'field inline', type: 'number', min: '0', step: key === 'burst' ? '1' : 'any', value: rate_limit ? String(rate_limit[key]) : '' })));
  const limit = () => put('PUT', '/rate-limit', second.lastChild.value === '' ? {} : { per_second: Number(second.lastChild.value), burst: Number(burst.lastChild.value || 1) });
  const first = h('input', { class: 'field', 'aria-label': 'Name of the new bot', placeholder: 'Name', maxlength: '64' });
  const made = h('pre', { hidden: true });
  const create = async () => {
    try {
      const key = await api.post('/bots', { first_name: first.value });
      made.hidden = false;
      made.textContent = `App ID  ${key.app_id}\nSecret  ${key.secret}`;
    } catch (error) { acts.refused(error); }
  };
  show(panel, h('h3', null, 'Allowed in this organisation'), Object.entries(SWITCHES).map(toggle), h('h3', null, 'Rate limit of each key'), h('div', { class: 'row' }, second, burst, button('Apply', limit, { 'data-f': 'limit' }), rate_limit && button('No limit', () => put('PUT', '/rate-limit', {}), { 'data-f': 'no-limit' })),
    h('h3', null, 'Bots'), h('ul', null, bots.map(bot)), h('div', { class: 'row' }, first, button('New bot', create, { 'data-f': 'new-bot' })), made, h('h3', null, 'People'), h('ul', null, people.map(person)), h('h3', null, 'Groups'), groups.map(group));
}
