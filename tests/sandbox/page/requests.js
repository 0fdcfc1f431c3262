// The requests of bots, newest first.

import { h, icon, button, show, sync, bytes, visible, copy, one } from './dom.js';
import * as api from './api.js';
import { state, redraw, time, now } from './state.js';

const MAX_ROWS = 300;
const filter = { text: '', polls: false, failed: false };
/** The newest number when the list was last allowed to move. */
let shownUpTo = Infinity;
const details = new Map();
let parts = null;

export function drawRequests(panel, acts, isNew) {
  if (isNew) {
    const text = h('input.field.grow', { type: 'search', label: 'Filter by path, status, key or mid', placeholder: 'Filter: path, status, key, mid', value: filter.text, oninput: () => { filter.text = text.value; redraw('drawer'); } });
    const toggle = (name, word) => button(word, (event) => { filter[name] = !filter[name]; event.target.setAttribute('aria-pressed', String(filter[name] !== (name === 'polls'))); redraw('drawer'); }, { 'aria-pressed': filter[name] !== (name === 'polls') });
    parts = { armed: h('div'), polls: h('div'), news: h('div'), list: h('ul.requests') };
    show(panel, parts.armed, parts.polls, h('div.row', text, toggle('polls', 'Hide polls'), toggle('failed', 'Failed')), parts.news, parts.list);
  }
  drawArmed(parts.armed);
  drawPolls(parts.polls);
  const all = [...state.requests.values()].sort((a, b) => b.number - a.number);
  const newest = all[0]?.number ?? 0;
  // While a row is open or the list is scrolled, it does not move.
  const held = state.drawer.request !== null || panel.scrollTop > 200;
  if (!held) shownUpTo = Infinity;
  else if (shownUpTo === Infinity) shownUpTo = newest;
  const matching = all.filter(matches);
  const fresh = matching.filter((it) => it.number > shownUpTo);
  show(parts.news, fresh.length > 0 && button(`${fresh.length} new request${fresh.length > 1 ? 's' : ''}`, () => { shownUpTo = newest; redraw('drawer'); }, { kind: 'primary', keep: 'news' }));
  const rows = matching.filter((it) => it.number <= shownUpTo).slice(0, MAX_ROWS);
  const keys = new Map();
  for (const it of rows) if (it.key) keys.set(it.key, (keys.get(it.key) ?? 0) + 1);
  if (!rows.length) return show(parts.list, h('li.empty', all.length ? 'No request matches.' : 'No request yet.'));
  const joined = (it) => it.key && keys.get(it.key) > 1;
  const version = (it) => JSON.stringify([it, joined(it), state.drawer.request === it.number, state.drawer.request === it.number && Boolean(details.get(it.number))]);
  sync(parts.list, rows, (it) => it.number, version, (it) => row(it, joined(it), acts));
}

const isPoll = (it) => it.route?.endsWith('/updates');
const failed = (it) => it.is_complete && (it.status === null || it.status >= 400 || it.delivered === false);

function matches(it) {
  if (isPoll(it) && !filter.polls && !(failed(it) && filter.failed)) return false;
  if (filter.failed && !failed(it)) return false;
  const text = filter.text.trim().toLowerCase();
  return !text || [it.path, it.status, it.key, it.mid, it.code, it.method, it.fault].some((value) => String(value ?? '').toLowerCase().includes(text));
}

export function describe(rule) {
  const where = [rule.method, rule.path?.replace(/^\/v1\/chats\/\*\//, '…/') ?? rule.under].filter(Boolean).join(' ') || 'any request';
  return `${rule.kind.replaceAll('_', ' ')}${rule.status ? ` ${rule.status}` : ''} · ${where}${rule.after ? ` · after ${rule.after}` : ''} · ${rule.times === null ? 'always' : `${rule.times} left`}`;
}

export function drawArmed(node) {
  show(node, state.faults.items.map((rule) => h('div.armed', icon('alert'), h('span.grow', h('b', 'Armed: '), visible(describe(rule))), button('Disarm', () => api.change('DELETE', `/faults/${rule.id}`), { keep: `disarm-${rule.id}` }))));
}

/** Draws the polls that wait, if there are any. */
export function drawPolls(node) {
  const { polls } = state.feeds;
  if (!polls.length) return show(node);
  const { elapsed } = now();
  const held = state.clock.is_held ? ' · time stands while the clock is held' : '';
  show(node, h('p.row.small', h('b.grow.muted', 'Waiting now'), h('span.muted', `${polls.length} poll${polls.length > 1 ? 's' : ''}${held}`)), polls.map((poll) => {
    const [left, total] = [Math.max(0, poll.until_ms - elapsed), poll.until_ms - poll.since_ms];
    return h('div.waiting-poll', h('p.row', h('span.grow', visible(`GET ${poll.path}`)), `${Math.ceil(left / 1000)} of ${Math.round(total / 1000)} s left${poll.subscription ? ' · lease kept' : ''}`), h('div.bar', { vars: { '--part': `${(left / Math.max(1, total)) * 100}%` } }, h('i')));
  }));
}

function statusOf(it) {
  if (!it.is_complete) return ['', '…'];
  if (it.status === null) return ['bad', it.fault?.includes('cut') ? 'cut' : 'none'];
  if (it.delivered === false) return ['bad', 'cut'];
  return [it.status < 300 ? 'good' : it.status < 500 ? 'refused' : 'bad', String(it.status)];
}

function second(it) {
  const key = it.key && `key ${it.key.slice(0, 8)}${it.key.length > 8 ? '…' : ''}${it.attempt > 1 ? ` · try ${it.attempt}` : ''}`;
  const file = it.file_name && `${it.file_name}${it.request_bytes !== null ? ` · ${bytes(it.request_bytes)}` : ''}`;
  const reason = { missing: 'no credentials', unknown_app_id: 'unknown App ID', wrong_secret: 'wrong secret', revoked: 'revoked key' }[it.credentials];
  const size = !it.key && !file && it.response_bytes ? bytes(it.response_bytes) : null;
  return [key, file, it.fault && `fault: ${it.fault}`, it.code, reason, size].filter(Boolean).join(' · ');
}

function row(it, joined, acts) {
  const [kind, word] = statusOf(it);
  const isOpen = state.drawer.request === it.number;
  const toggle = () => {
    state.drawer.request = isOpen ? null : it.number;
    if (!isOpen) loadDetails(it.number);
    redraw('drawer');
  };
  const path = it.path.split('?')[0];
  const node = h(`li.${joined ? 'joined' : ''}`, h('button.request', { 'aria-expanded': isOpen, keep: `request-${it.number}`, onclick: toggle },
    h('span', time.second(it.at)), h('b', it.method), h('span.path', visible(path)), h(`span.status.${kind}`, word), h('span.ms', it.is_complete ? `${it.duration_ms} ms` : ''), h('span.second', visible(second(it)))));
  if (isOpen) node.append(open(it, acts));
  return node;
}

async function loadDetails(number) {
  details.set(number, await api.get(`/requests/${number}`).catch(() => null));
  redraw('drawer');
}

export function showRequest(number) {
  state.drawer.open = true;
  state.drawer.tab = 'requests';
  state.drawer.request = number;
  shownUpTo = Infinity;
  filter.text = '';
  loadDetails(number);
  redraw('drawer', 'top', 'conversation').then(() => one(`[data-f="request-${number}"]`)?.scrollIntoView({ block: 'center' }));
}

function open(it, acts) {
  const full = details.get(it.number);
  const head = h('div.row', h('b.grow', `Request ${it.number}`), it.mid && button('Show message', () => acts.showMessage(it), { kind: 'plain' }),
    button('curl', async (event) => { const text = curl(it, full); if (!(await copy(text))) event.target.closest('.details').append(h('pre', text)); else acts.say('The command is copied.'); }, { icon: 'copy', kind: 'plain' }));
  const box = h('div.details', head);
  if (!full) return box;
  const headers = (list) => (list ?? []).map((header) => `${header.name}: ${header.value}`);
  box.append(h('h3', 'Request'), h('pre', { tabindex: '0', label: 'Request' }, ['authorization: (not shown)', ...headers(full.request_headers)].map((line) => `${visible(line)}\n`), '\n', bodyOf(full.request_body)));
  if (it.is_complete) {
    box.append(h('h3', it.status === null ? 'No response' : `Response · ${it.status}${it.delivered ? '' : ' · not delivered'}`), h('pre', { tabindex: '0', label: 'Response' }, headers(full.response_headers).map((line) => `${visible(line)}\n`), '\n', bodyOf(full.response_body)));
  }
  return box;
}

function bodyOf(body) {
  if (!body || body.bytes === 0) return '';
  if (body.text === null) return body.is_kept ? `${bytes(body.bytes)}, not text` : `${body.bytes === null ? '' : `${bytes(body.bytes)}, `}not kept`;
  try {
    return coloured(JSON.stringify(JSON.parse(body.text), null, 2));
  } catch {
    const cut = body.bytes > new TextEncoder().encode(body.text).length ? `\n… of ${bytes(body.bytes)}` : '';
    return body.text.split('\n').map(visible).join('\n') + cut;
  }
}

/** The names of members in colour, as nodes of text. */
function coloured(json) {
  return json.split('\n').map((line) => {
    const found = /^(\s*)("(?:[^"\\]|\\.)*"):(.*)$/.exec(line);
    return found ? [found[1], h('span.json-key', visible(found[2])), `:${visible(found[3])}\n`] : `${visible(line)}\n`;
  });
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(it, full) {
  const words = ['curl', '-u', '"$TEAMWIRE_APP_ID:$TEAMWIRE_SECRET"', '-X', it.method];
  const skipped = ['host', 'content-length', 'user-agent', 'accept', 'connection', 'accept-encoding'];
  for (const { name, value } of full?.request_headers ?? []) if (!skipped.includes(name)) words.push('-H', quoted(`${name}: ${value}`));
  if (full?.request_body?.text) words.push('--data-raw', quoted(full.request_body.text));
  words.push(`"$TEAMWIRE_URL"${quoted(it.path)}`);
  return words.join(' ');
}
