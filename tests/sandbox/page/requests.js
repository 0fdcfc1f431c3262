// The requests of bots, newest first.

import { h, icon, button, cached, bytes, copy, plural, one } from './dom.js';
import * as api from './api.js';
import { state, acts, edit, redraw, time, now } from './state.js';

const MAX_ROWS = 300;
const filter = { text: '', hidePolls: true, failed: false };
/** The newest number when the list was last allowed to move. */
let shownUpTo = Infinity;
const details = new Map();

export function requests() {
  const all = [...state.requests.values()].sort((a, b) => b.number - a.number);
  const newest = all[0]?.number ?? 0;
  // While a row is open or the list is scrolled, it does not move.
  const isHeld = state.drawer.request !== null || one('#panel')?.scrollTop > 200;
  shownUpTo = isHeld ? Math.min(shownUpTo, newest) : Infinity;
  const matching = all.filter(matches);
  const rows = matching.filter((it) => it.number <= shownUpTo);
  const fresh = matching.length - rows.length;
  const keys = Map.groupBy(rows.slice(0, MAX_ROWS), (it) => it.key);
  const option = (name, words) => button(words, () => edit(filter, { [name]: !filter[name] }), { 'aria-pressed': filter[name] });
  const showNew = () => {
    shownUpTo = newest;
    redraw();
  };
  return [armed(), waitingPolls(),
    h('div.row', h('input.field.grow', { type: 'search', label: 'Filter by path, status, key or mid', placeholder: 'Filter: path, status, key, mid', value: filter.text, oninput: ({ target }) => edit(filter, { text: target.value }) }), option('hidePolls', 'Hide polls'), option('failed', 'Failed')),
    fresh > 0 && button(plural(fresh, 'new request'), showNew, { kind: 'primary' }),
    h('ul.requests', rows.slice(0, MAX_ROWS).map((it) => row(it, it.key && keys.get(it.key).length > 1)), !rows.length && h('li.empty', all.length ? 'No request matches.' : 'No request yet.'))];
}

const isFailed = (it) => it.is_complete && (it.status === null || it.status >= 400 || it.delivered === false);

function matches(it) {
  if (filter.failed ? !isFailed(it) : filter.hidePolls && it.route?.endsWith('/updates')) return false;
  const text = filter.text.trim().toLowerCase();
  return [it.path, it.status, it.key, it.mid, it.code, it.method, it.fault].some((value) => String(value ?? '').toLowerCase().includes(text));
}

function describe({ kind, status, method, path, under, after, times }) {
  const where = [method, path?.replace(/^\/v1\/chats\/\*\//, '…/') ?? under].filter(Boolean).join(' ') || 'any request';
  return [[kind.replaceAll('_', ' '), status].filter(Boolean).join(' '), where, after && `after ${after}`, times === null ? 'always' : `${times} left`].filter(Boolean).join(' · ');
}

export const armed = () => state.faults.items.map((rule) => h('div.armed', { key: rule.id }, icon('alert'), h('span.grow', h('b', 'Armed: '), describe(rule)), button('Disarm', () => api.act('DELETE', `/faults/${rule.id}`))));

export function waitingPolls() {
  const { polls } = state.feeds;
  const { elapsed } = now();
  return polls.length > 0 && h('div', h('p.row.small', h('b.grow.muted', 'Waiting now'), h('span.muted', plural(polls.length, 'poll'), state.clock.is_held && ' · time stands while the clock is held')), polls.map((poll) => {
    const [left, total] = [Math.max(0, poll.until_ms - elapsed), poll.until_ms - poll.since_ms];
    return h('div.waiting-poll', h('p.row', h('span.grow', `GET ${poll.path}`), `${Math.ceil(left / 1000)} of ${Math.round(total / 1000)} s left${poll.subscription ? ' · lease kept' : ''}`), h('div.bar', h('i', { style: `width: ${(left / Math.max(1, total)) * 100}%` })));
  }));
}

function statusOf(it) {
  if (!it.is_complete) return ['', '…'];
  if (it.status === null) return ['bad', it.fault?.includes('cut') ? 'cut' : 'none'];
  if (it.delivered === false) return ['bad', 'cut'];
  return [it.status < 300 ? 'good' : it.status < 500 ? 'refused' : 'bad', it.status];
}

/** What a request came with, in place of the right key. */
export const REASONS = { missing: 'no credentials', unknown_app_id: 'an unknown App ID', wrong_secret: 'a wrong secret', revoked: 'a revoked key' };

function second(it) {
  const key = it.key && `key ${it.key.slice(0, 8)}${it.key.length > 8 ? '…' : ''}`;
  const size = it.file_name ? it.request_bytes : it.key ? null : it.response_bytes || null;
  return [key, it.key && it.attempt > 1 && `try ${it.attempt}`, it.file_name, it.fault && `fault: ${it.fault}`, it.code, REASONS[it.credentials], size !== null && bytes(size)].filter(Boolean).join(' · ');
}

function row(it, isJoined) {
  const isOpen = state.drawer.request === it.number;
  const full = isOpen && details.get(it.number);
  return cached(it.number, [it, isJoined, isOpen, Boolean(full)], () => {
    const [kind, words] = statusOf(it);
    return h(`li.${isJoined ? 'joined' : ''}`, h('button.request', { id: `request-${it.number}`, 'aria-expanded': isOpen, onclick: () => toggle(isOpen ? null : it.number) },
      h('span', time.second(it.at)), h('b', it.method), h('span.path', it.path.split('?')[0]), h(`span.status.${kind}`, words), h('span.ms', it.is_complete && `${it.duration_ms} ms`), h('span.second', second(it))),
    isOpen && opened(it, full));
  });
}

async function toggle(number) {
  edit(state.drawer, { request: number });
  if (number !== null) details.set(number, await api.get(`/requests/${number}`).catch(() => null));
  return redraw();
}

acts.showRequest = async (number) => {
  Object.assign(state.drawer, { open: true, tab: 'Requests' });
  shownUpTo = Infinity;
  filter.text = '';
  await toggle(number);
  one(`#request-${number}`)?.scrollIntoView({ block: 'center' });
};

function opened(it, full) {
  const copyCurl = async ({ target }) => {
    const text = curl(it, full);
    if (await copy(text)) acts.say('The command is copied.');
    else target.closest('.details').append(Object.assign(document.createElement('pre'), { textContent: text }));
  };
  const part = (title, words, headers, body) => [h('h3', words), h('pre', { tabindex: 0, label: title }, headers.map(({ name, value }) => `${name}: ${value}\n`), '\n', bodyOf(body))];
  return h('div.details', h('div.row', h('b.grow', `Request ${it.number}`), it.mid && button('Show message', () => acts.showMessage(it), { kind: 'plain' }), button('curl', copyCurl, { icon: 'copy', kind: 'plain' })),
    full && [part('Request', 'Request', [{ name: 'authorization', value: '(not shown)' }, ...full.request_headers ?? []], full.request_body),
      it.is_complete && part('Response', it.status === null ? 'No response' : `Response · ${it.status}${it.delivered ? '' : ' · not delivered'}`, full.response_headers ?? [], full.response_body)]);
}

function bodyOf(body) {
  if (!body || body.bytes === 0) return '';
  if (body.text === null) return [body.bytes !== null && bytes(body.bytes), body.is_kept ? 'not text' : 'not kept'].filter(Boolean).join(', ');
  try {
    return coloured(JSON.stringify(JSON.parse(body.text), null, 2));
  } catch {
    return [body.text, body.bytes > new TextEncoder().encode(body.text).length && `\n… of ${bytes(body.bytes)}`];
  }
}

const coloured = (json) => json.split('\n').map((line) => {
  const [, start, name, rest] = /^(\s*)("(?:[^"\\]|\\.)*")(:.*)$/.exec(line) ?? [];
  return name ? [start, h('span.json-key', name), `${rest}\n`] : `${line}\n`;
});

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
/** Headers that curl sends by itself. */
const SKIPPED = ['host', 'content-length', 'user-agent', 'accept', 'connection', 'accept-encoding'];

function curl(it, full) {
  const headers = (full?.request_headers ?? []).filter(({ name }) => !SKIPPED.includes(name)).flatMap(({ name, value }) => ['-H', quoted(`${name}: ${value}`)]);
  const body = full?.request_body?.text ? ['--data-raw', quoted(full.request_body.text)] : [];
  return ['curl -u "$TEAMWIRE_APP_ID:$TEAMWIRE_SECRET" -X', it.method, ...headers, ...body, `"$TEAMWIRE_URL"${quoted(it.path)}`].join(' ');
}
