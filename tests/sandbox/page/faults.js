// Faults: an outage, rules, and connections that are closed.

import { h, button, form, field, select, submit, toggle, one } from './dom.js';
import * as api from './api.js';
import { state, edit } from './state.js';
import { armed } from './requests.js';

/** Each kind of fault: its words, and the numbers and texts that it needs, with what they start with. */
const GROUPS = {
  Late: {
    delay: ['Delay', 'it waits first; then all goes well', { ms: 3000 }],
    slow: ['Slow', 'done at once, answered late', { ms: 3000 }],
  },
  'Carried out, but …': {
    cut_after: ['Cut after', 'the connection closes in place of the answer'],
    cut_body: ['Cut body', 'the answer breaks off after some bytes', { after_bytes: 10 }],
    no_response_after: ['No answer after', 'silence, until the bot gives up'],
  },
  'Nothing is done, and …': {
    status: ['Status', '503, 429 with Retry-After, any other', { status: 503, retry_after: '' }],
    cut_before: ['Cut before', 'the connection closes at once'],
    cut_request: ['Cut request', 'it closes while the body comes', { after_bytes: 10 }],
    no_response: ['No answer', 'silence, until the bot gives up'],
    response: ['Answer', 'a well-formed answer of your own', { status: 200, content_type: 'application/json', text: '{}' }],
    raw: ['Raw', 'exact bytes, then closed', { text: 'HTTP/1.1 200 OK\\r\\n\\r\\n' }],
    raw_then_hang: ['Raw, then hang', 'exact bytes, then silence', { text: 'HTTP/1.1 200 OK\\r\\n' }],
  },
};
const LABELS = { ms: 'Milliseconds', after_bytes: 'After bytes', status: 'Status', retry_after: 'Retry-After in seconds', content_type: 'Media type', text: 'Text (\\r and \\n are escapes)' };

const ANY = 'any request';
const draft = { route: 'POST /v1/chats/{tid}/messages', after: 0, times: 1 };

export function faults() {
  const { closing } = state.faults;
  const { kind, fields } = draft;
  const set = (body) => api.act('PUT', '/closing', body);
  const choose = (kind, words, fields) => (fields ? edit(draft, { kind, words, fields }).then(() => one('.panel .form input').focus()) : arm(kind, {}));
  return [toggle(h('span', h('b', 'Outage'), 'Cut every connection, and each new one. The world is kept.'), state.world.outage, (outage) => api.act('PUT', '/outage', { outage }), { role: 'switch' }),
    armed(), h('h3', 'New fault'),
    h('div.row', 'For ', select({ label: 'For', class: 'field grow', value: draft.route, onchange: ({ target }) => edit(draft, { route: target.value }) }, [ANY, ...state.world.routes].map((it) => [it, it]))),
    h('div.row', h('label', 'after ', h('input.field.inline', { type: 'number', min: 0, defaultValue: draft.after, oninput: ({ target }) => edit(draft, { after: Number(target.value) }) }), ' requests, '),
      h('span.segments', { role: 'group', label: 'How often' }, [[1, 'once'], [2, '2 times'], [0, 'always']].map(([times, words]) => h('button', { 'aria-pressed': draft.times === times, onclick: () => edit(draft, { times }) }, words)))),
    kind && form('form', { key: kind, label: draft.words }, (values) => arm(kind, values), h('b', draft.words),
      Object.entries(fields).map(([name, defaultValue]) => field(LABELS[name], { name, defaultValue, type: /^(text|content_type)$/.test(name) ? 'text' : 'number', min: 0 })), h('div.actions', button('Cancel', () => edit(draft, { kind: null })), submit('Arm'))),
    Object.entries(GROUPS).map(([title, kinds]) => [h('h3', title), h('div.faults', Object.entries(kinds).map(([kind, [words, about, fields]]) => h('button', { onclick: () => choose(kind, words, fields) }, h('b', words), h('span', about))))]),
    h('h3', 'Connections'), form('grid', {}, ({ every, announced }) => set({ every, announced: Boolean(announced) }),
      h('p.row.small', 'Close the connection after every ', h('input.field.inline', { type: 'number', name: 'every', min: 1, defaultValue: closing?.every ?? 3, label: 'n' }), ' answers'), toggle('Announced by Connection: close', closing?.announced ?? true, null, { name: 'announced' }),
      h('p.row', submit('Apply'), closing && [button('Stop', () => set({ every: 0 })), h('span.small', `Now: every ${closing.every}, ${closing.announced ? 'announced' : 'abruptly'}`)]))];
}

function arm(kind, values) {
  const body = { kind, ...values };
  body.text &&= body.text.replaceAll('\\r', '\r').replaceAll('\\n', '\n');
  if (draft.route !== ANY) [body.method, body.path] = draft.route.replace(/\{\w+\}/g, '*').split(' ');
  if (draft.after > 0) body.after = draft.after;
  Object.assign(body, draft.times ? { times: draft.times } : { always: true });
  return api.attempt(api.post('/faults', body).then(() => edit(draft, { kind: null })));
}
