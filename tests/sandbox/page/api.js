// Requests to the control API. The messages of their errors are to be shown.

import { state, edit } from './state.js';

const BASE = '/sandbox/api';

function refusal(status, { code, detail, errors, invalid_members }) {
  const places = (errors ?? []).map((it) => `${it.pointer}: ${it.detail}.`);
  return new Error(['Refused:', status, code && `${code}.`, detail, ...places, invalid_members?.join(', ')].filter(Boolean).join(' '));
}

async function send(method, path, headers, body) {
  const response = await fetch(BASE + path, { method, headers, body }).catch(() => { throw new Error('The sandbox does not answer.'); });
  const text = await response.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch { /* The response of something else than the sandbox. */ }
  if (!response.ok) throw refusal(response.status, json ?? { detail: text.slice(0, 200) });
  return json;
}

export const get = (path) => send('GET', path);
export const change = (method, path, body) => send(method, path, { 'Content-Type': 'application/json' }, body && JSON.stringify(body));
export const post = (path, body) => change('POST', path, body);

export const refused = ({ message }) => edit(state.notice, { refusal: message });
export const attempt = (promise) => promise.catch(refused);
/** Changes something; a refusal is shown on top. */
export const act = (method, path, body) => attempt(change(method, path, body));

/* Paths: of the person who is played, and of the chat that is open. */
export const id = encodeURIComponent;
export const person = (uid = state.uid) => `/people/${id(uid)}`;
export const chat = (tid = state.tid, uid = state.uid) => `${person(uid)}/chats/${id(tid)}`;
export const message = ({ tid, mid }) => `${chat(tid)}/messages/${id(mid)}`;
export const asset = (it) => `${BASE}${person()}/assets/${id(it)}`;
export const avatar = (tid) => `${BASE}${chat(tid)}/avatar`;

export function upload(uid, file) {
  const query = new URLSearchParams({ file_name: file.name || 'file', media_type: file.type || 'application/octet-stream' });
  return send('POST', `${person(uid)}/assets?${query}`, { 'Content-Type': 'application/octet-stream' }, file);
}
