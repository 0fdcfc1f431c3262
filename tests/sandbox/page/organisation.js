// Feeds, and the organisation: switches, limits, keys, people and groups.

import { h, button, form, submit, toggle, plural } from './dom.js';
import * as api from './api.js';
import { waitingPolls } from './requests.js';
import { state, now, redraw, time, fullName, botOf } from './state.js';

export function feeds() {
  const { elapsed } = now();
  const row = (it) => {
    const left = Math.ceil((it.ends_at_ms - elapsed) / 1000);
    const lease = it.state === 'deleted' ? 'deleted' : left > 0 && it.state === 'active' ? `lease: ${left} s left` : 'lease has run out';
    return h('li.list-row.small', h('span.grow', h('b', it.topic), it.tid && ` · ${it.tid}`, h('br'), h('span.muted', h('bdi', fullName(botOf(it.app_id)) || it.app_id), ` · ${it.id}`)),
      h('span', [lease, `cursor ${time.span(elapsed - it.cursor_since_ms)} old`, plural(it.pending_polls, 'poll')].join(' · ')));
  };
  const { subscriptions } = state.feeds;
  const act = (words, path) => button(words, () => api.act('POST', path));
  return [waitingPolls() || h('p.empty', 'No poll waits.'), h('h3', 'Subscriptions'), subscriptions.length ? h('ul', subscriptions.map(row)) : h('p.empty', 'No subscription.'),
    h('div.row', act('Let all leases run out', '/leases/expire'), act('Make all cursors too old', '/cursors/expire'), act('Unsubscribe all', '/subscriptions/delete'))];
}

const SWITCHES = {
  member_updates: ['Change members', 'update_members_not_allowed'],
  leaving: ['Leave chats', 'leave_chat_not_allowed'],
  closing: ['Close chats', 'close_chat_not_allowed'],
  read_receipts: ['Read receipts', 'read_receipts_disabled'],
  avatar_removal: ['Remove avatars', 'image_remove'],
  bot_read_marks: ['Bots mark as read', 'auth'],
  bot_reactions: ['Bots react', 'auth'],
};

let made = null;

export function organisation() {
  const { switches, bots, people, groups, rate_limit } = state.world;
  const row = (it, ...content) => h('li.list-row.small', { key: it.uid }, content);
  const bot = (it) => row(it, h('span.grow', h('b', { dir: 'auto' }, fullName(it)), h('br'), h('span.mono', it.app_id)),
    button(it.is_revoked ? 'Make good' : 'Revoke', () => api.act('PUT', `/keys/${api.id(it.app_id)}`, { is_revoked: !it.is_revoked })));
  const change = (it, words, changes, props) => button(words, () => api.act('PATCH', api.person(it.uid), changes), props);
  const person = (it) => row(it, h('span.grow', h('bdi', fullName(it)), it.is_hidden && ' (hidden)', it.is_deleted && ' (deleted)'),
    !it.is_deleted && [change(it, it.is_hidden ? 'Show to bots' : 'Hide', { is_hidden: !it.is_hidden }), change(it, 'Delete', { is_deleted: true }, { kind: 'danger' })]);
  const group = ({ gid, title, members }) => h('details.small', { key: gid }, h('summary', h('bdi', title), ` (${members.length})`), people.filter((it) => !it.is_deleted).map((it) =>
    toggle(h('bdi', fullName(it)), members.some((member) => member.uid === it.uid), (isMember) => api.act(isMember ? 'PUT' : 'DELETE', `/groups/${api.id(gid)}/members/${api.id(it.uid)}`))));
  const number = (words, name, step) => h('label.small', words, ' ', h('input.field.inline', { name, type: 'number', min: 0, step, defaultValue: rate_limit?.[name] ?? '' }));
  const limit = (body) => api.act('PUT', '/rate-limit', body);
  const create = async (values) => {
    made = await api.act('POST', '/bots', values);
    redraw();
  };
  return [h('h3', 'Allowed in this organisation'), Object.entries(SWITCHES).map(([key, [words, code]]) => toggle(h('span', h('b', words), h('span.muted', `Otherwise 403 ${code}`)), switches[key], (it) => api.act('PATCH', '/switches', { [key]: it }), { role: 'switch' })),
    h('h3', 'Rate limit of each key'), form('row', {}, (values) => limit(values.per_second ? { burst: 1, ...values } : {}),
      number('Requests a second', 'per_second', 'any'), number('Burst', 'burst', 1), submit('Apply'), rate_limit && button('No limit', () => limit({}))),
    h('h3', 'Bots'), h('ul', bots.map(bot)), form('row', {}, create, h('input.field', { name: 'first_name', label: 'Name of the new bot', placeholder: 'Name', maxlength: 64 }), submit('New bot')),
    made && h('pre', `App ID  ${made.app_id}\nSecret  ${made.secret}`), h('h3', 'People'), h('ul', people.map(person)), h('h3', 'Groups'), groups.map(group)];
}
