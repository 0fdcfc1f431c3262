// Faults: an outage, rules, and connections that are closed.

import { h, button, show, submit, toggle } from './dom.js';
import * as api from './api.js';
import { state, attempt } from './state.js';
import { drawArmed } from './requests.js';

const ROUTES = ['any request', 'POST /v1/chats/*/messages', 'GET /v1/chats/*/messages', 'POST /v1/chats', 'GET /v1/chats', 'GET /v1/chats/*', 'PATCH /v1/chats/*', 'POST /v1/chats/*/members/add', 'POST /v1/chats/*/members/remove',
  'POST /v1/assets', 'GET /v1/assets/*', 'GET /v1/messages/updates', 'GET /v1/chats/*/messages/updates', 'GET /v1/reactions/updates', 'GET /v1/events/updates', 'GET /v1/chats/*/location/updates', 'PUT /v1/reactions/subscriptions', 'PUT /v1/location', 'GET /v1/users', 'GET /v1/groups', 'GET /v1/me'];

const GROUPS = {
  Late: [['delay', 'Delay', 'it waits first; then all goes well'], ['slow', 'Slow', 'done at once, answered late']],
  'Carried out, but …': [['cut_after', 'Cut after', 'the connection closes in place of the answer'], ['cut_body', 'Cut body', 'the answer breaks off after some bytes'], ['no_response_after', 'No answer after', 'silence, until the bot gives up']],
  'Nothing is done, and …': [['status', 'Status', '503, 429 with Retry-After, any other'], ['cut_before', 'Cut before', 'the connection closes at once'], ['cut_request', 'Cut request', 'it closes while the body comes'], ['no_response', 'No answer', 'silence, until the bot gives up'],
    ['response', 'Answer', 'a well-formed answer of your own'], ['raw', 'Raw', 'exact bytes, then closed'], ['raw_then_hang', 'Raw, then hang', 'exact bytes, then silence']],
};

/** The numbers and texts that a kind needs, with what they start with. */
const FIELDS = {
  delay: { ms: 3000 }, slow: { ms: 3000 }, cut_body: { after_bytes: 10 }, cut_request: { after_bytes: 10 }, status: { status: 503, retry_after: '' },
  response: { status: 200, content_type: 'application/json', text: '{}' }, raw: { text: 'HTTP/1.1 200 OK\\r\\n\\r\\n' }, raw_then_hang: { text: 'HTTP/1.1 200 OK\\r\\n' },
};
const LABELS = { ms: 'Milliseconds', after_bytes: 'After bytes', status: 'Status', retry_after: 'Retry-After in seconds', content_type: 'Media type', text: 'Text (\\r and \\n are escapes)' };

const draft = { route: ROUTES[1], after: 0, times: 1 };
let parts = null;

export function drawFaults(panel, _, isNew) {
  if (isNew) {
    parts = { outage: h('div'), armed: h('div'), fields: h('div'), closing: h('div') };
    const route = h('select.field.grow', { id: 'fault-route', onchange: () => { draft.route = route.value; } }, ROUTES.map((it) => h('option', { value: it }, it)));
    route.value = draft.route;
    const after = h('input.field.inline', { type: 'number', min: '0', id: 'fault-after', value: draft.after, oninput: () => { draft.after = Number(after.value); } });
    const times = h('span.segments', { role: 'group', label: 'How often' });
    const drawTimes = () => show(times, [[1, 'once'], [2, '2 times'], [0, 'always']].map(([value, word]) => h('button', { 'aria-pressed': draft.times === value, keep: word, onclick: () => { draft.times = value; drawTimes(); } }, word)));
    drawTimes();
    show(panel, parts.outage, parts.armed, h('h3', 'New fault'), h('div.row', h('label', { for: 'fault-route' }, 'For'), route), h('div.row', h('label', { for: 'fault-after' }, 'after'), after, 'requests, ', times), parts.fields,
      Object.entries(GROUPS).map(([title, kinds]) => [h('h3', title), h('div.faults', kinds.map(([kind, word, about]) => h('button', { keep: kind, onclick: () => choose(kind, word) }, h('b', word), h('span', about))))]), parts.closing);
  }
  show(parts.outage, toggle(state.world.outage, (outage) => attempt(api.change('PUT', '/outage', { outage })), h('span', h('b', 'Outage'), 'Cut every connection, and each new one. The world is kept.'), { role: 'switch', keep: 'outage' }));
  drawArmed(parts.armed);
  drawClosing(parts.closing);
}

function choose(kind, word) {
  const fields = FIELDS[kind];
  if (!fields) return arm(kind, {});
  const inputs = Object.entries(fields).map(([key, value]) => [key, h('input.field', { value, type: typeof value === 'number' || key === 'retry_after' ? 'number' : 'text', min: '0' })]);
  const onsubmit = (event) => {
    event.preventDefault();
    const values = {};
    for (const [key, input] of inputs) {
      if (input.value === '') continue;
      values[key] = input.type === 'number' ? Number(input.value) : key === 'text' ? input.value.replaceAll('\\r', '\r').replaceAll('\\n', '\n') : input.value;
    }
    arm(kind, values);
  };
  show(parts.fields, h('form.form', { onsubmit, label: word }, h('b', word), inputs.map(([key, input]) => h('label', LABELS[key], input)), h('div.actions', button('Cancel', () => show(parts.fields)), submit('Arm'))));
  parts.fields.querySelector('input').focus();
}

function arm(kind, values) {
  const body = { kind, ...values };
  if (draft.route !== ROUTES[0]) [body.method, body.path] = draft.route.split(' ');
  if (draft.after > 0) body.after = draft.after;
  if (draft.times === 0) body.always = true;
  else body.times = draft.times;
  attempt(api.post('/faults', body).then(() => show(parts.fields)));
}

function drawClosing(node) {
  const { closing } = state.faults;
  if (node.contains(document.activeElement)) return;
  const every = h('input.field.inline', { type: 'number', min: '1', value: closing?.every ?? 3, label: 'n' });
  let announced = closing?.announced ?? true;
  const set = (body) => attempt(api.change('PUT', '/closing', body));
  show(node, h('h3', 'Connections'), h('p.row.small', 'Close the connection after every ', every, ' answers'), toggle(announced, (it) => { announced = it; }, 'Announced by Connection: close'),
    h('p.row', button('Apply', () => { set({ every: Number(every.value), announced }); document.activeElement.blur(); }), closing && button('Stop', () => set({ every: 0 })), closing && h('span.small', `Now: every ${closing.every}, ${closing.announced ? 'announced' : 'abruptly'}`)));
}
