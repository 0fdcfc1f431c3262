// Requests to the control API.

const BASE = '/sandbox/api';

/** A response with status 400 and above. */
export class Refusal extends Error {
  constructor(status, problem) {
    const places = (problem.errors ?? []).map((it) => ` ${it.pointer}: ${it.detail}.`).join('');
    const members = (problem.invalid_members ?? []).join(', ');
    super(`${problem.detail ?? ''}${places}${members ? ` ${members}` : ''}`);
    this.status = status;
    this.code = problem.code ?? '';
  }
  get words() {
    return `Refused: ${this.status} ${this.code}. ${this.message}`;
  }
}

async function send(method, path, headers, body) {
  const response = await fetch(BASE + path, { method, headers, body });
  const text = await response.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch { /* The response of something else than the sandbox. */ }
  if (!response.ok) throw new Refusal(response.status, json ?? { detail: text.slice(0, 200) });
  return json;
}

export const get = (path) => send('GET', path);
export const change = (method, path, body) =>
  send(method, path, { 'Content-Type': 'application/json' }, body === undefined ? undefined : JSON.stringify(body));
export const post = (path, body) => change('POST', path, body);

/** Uploads a file as it is. */
export const upload = (uid, file) => {
  const query = new URLSearchParams({ file_name: file.name || 'file', media_type: file.type || 'application/octet-stream' });
  return send('POST', `/people/${encodeURIComponent(uid)}/assets?${query}`, { 'Content-Type': 'application/octet-stream' }, file);
};

const id = encodeURIComponent;
export const person = (uid) => `/people/${id(uid)}`;
export const chat = (uid, tid) => `${person(uid)}/chats/${id(tid)}`;
export const message = (uid, tid, mid) => `${chat(uid, tid)}/messages/${id(mid)}`;
export const asset = (uid, it) => `${BASE}${person(uid)}/assets/${id(it)}`;
export const avatar = (uid, tid) => `${BASE}${chat(uid, tid)}/avatar`;
