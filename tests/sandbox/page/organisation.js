// Feeds, and the organisation: switches, limits, keys, people and groups.

import { h, button, show, name, toggle } from './dom.js';
import * as api from './api.js';
import { drawPolls } from './requests.js';
import { state, now, fullName, attempt } from './state.js';

const botOf = (app_id) => state.world.bots.find((bot) => bot.app_id === app_id);

const age = (ms) => (ms < 60_000 ? `${Math.floor(ms / 1000)} s` : `${Math.floor(ms / 60_000)} min`);

export function drawFeeds(panel) {
  const { elapsed } = now();
  const post = (path) => () => attempt(api.post(path));
  const rows = state.feeds.subscriptions.map((it) => {
    const left = Math.ceil((it.ends_at_ms - elapsed) / 1000);
    const words = it.state === 'deleted' ? 'deleted' : left > 0 && it.state === 'active' ? `lease: ${left} s left` : 'lease has run out';
    return h('li.list-row.small', h('span.grow', h('b', it.topic), it.tid && ` · ${it.tid}`, h('br'), h('span.muted', name(fullName(botOf(it.app_id)) || it.app_id), ` · ${it.id}`)), h('span', `${words} · cursor ${age(elapsed - it.cursor_since_ms)} old · ${it.pending_polls} poll${it.pending_polls === 1 ? '' : 's'}`));
  });
  const polls = h('div');
  drawPolls(polls);
  show(panel, polls.hasChildNodes() ? polls : h('p.empty', 'No poll waits.'), h('h3', 'Subscriptions'), rows.length ? h('ul', rows) : h('p.empty', 'No subscription.'),
    h('div.row', button('Let all leases run out', post('/leases/expire')), button('Make all cursors too old', post('/cursors/expire')), button('Unsubscribe all', post('/subscriptions/delete'))));
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

export function drawOrganisation(panel, _, isNew) {
  const { switches, bots, people, groups, rate_limit } = state.world;
  const version = JSON.stringify([switches, bots, people, groups, rate_limit]);
  if (!isNew && version === drawn) return;
  drawn = version;
  const put = (method, path, body) => attempt(api.change(method, path, body));
  const onOff = ([key, [word, about]]) => toggle(switches[key], (it) => put('PATCH', '/switches', { [key]: it }), h('span', h('b', word), h('span.muted', about)), { role: 'switch', keep: key });
  const bot = (it) => h('li.list-row.small', h('span.grow', h('b', name(fullName(it))), h('br'), h('span.mono', it.app_id)), button(it.is_revoked ? 'Make good' : 'Revoke', () => put('PUT', `/keys/${api.id(it.app_id)}`, { is_revoked: !it.is_revoked }), { keep: `key-${it.app_id}` }));
  const person = (it) => h('li.list-row.small', h('span.grow', name(fullName(it)), it.is_hidden && ' (hidden)', it.is_deleted && ' (deleted)'),
    !it.is_deleted && [button(it.is_hidden ? 'Show to bots' : 'Hide', () => put('PATCH', api.person(it.uid), { is_hidden: !it.is_hidden }), { keep: `hide-${it.uid}` }), button('Delete', () => put('PATCH', api.person(it.uid), { is_deleted: true }), { kind: 'danger', keep: `delete-${it.uid}` })]);
  const group = (it) => h('details.small', h('summary', name(it.title), ` (${it.members.length})`), people.filter((user) => !user.is_deleted).map((user) => toggle(it.members.some((member) => member.uid === user.uid), (isMember) => put(isMember ? 'PUT' : 'DELETE', `/groups/${api.id(it.gid)}/members/${api.id(user.uid)}`), name(fullName(user)), { keep: `${it.gid}-${user.uid}` })));
  const [second, burst] = [['per_second', 'Requests a second'], ['burst', 'Burst']].map(([key, word]) => h('label.small', `${word} `, h('input.field.inline', { type: 'number', min: '0', step: key === 'burst' ? '1' : 'any', value: rate_limit ? String(rate_limit[key]) : '' })));
  const limit = () => put('PUT', '/rate-limit', second.lastChild.value === '' ? {} : { per_second: Number(second.lastChild.value), burst: Number(burst.lastChild.value || 1) });
  const first = h('input.field', { label: 'Name of the new bot', placeholder: 'Name', maxlength: '64' });
  const made = h('pre', { hidden: true });
  const create = () => attempt(api.post('/bots', { first_name: first.value }).then((key) => {
    made.hidden = false;
    made.textContent = `App ID  ${key.app_id}\nSecret  ${key.secret}`;
  }));
  show(panel, h('h3', 'Allowed in this organisation'), Object.entries(SWITCHES).map(onOff), h('h3', 'Rate limit of each key'), h('div.row', second, burst, button('Apply', limit), rate_limit && button('No limit', () => put('PUT', '/rate-limit', {}))),
    h('h3', 'Bots'), h('ul', bots.map(bot)), h('div.row', first, button('New bot', create)), made, h('h3', 'People'), h('ul', people.map(person)), h('h3', 'Groups'), groups.map(group));
}
