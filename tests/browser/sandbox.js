// Starts sandboxes, and acts as a bot and as people.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const BINARY = process.env.TEAMWIRE_SANDBOX ?? fileURLToPath(new URL('../../target/debug/teamwire-sandbox', import.meta.url));

/** A running sandbox. `ports` are those of the bot and of the page. */
export class Sandbox {
  static async start(ports = [0, 0]) {
    const child = spawn(BINARY, ['--port', String(ports[0]), '--page-port', String(ports[1]), '--seed', '7', '--variables', 'env'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const sandbox = new Sandbox();
    sandbox.child = child;
    sandbox.ended = new Promise((done) => child.on('exit', done));
    const values = {};
    const lines = createInterface({ input: child.stdout });
    await new Promise((started, failed) => {
      child.on('error', failed);
      child.on('exit', (code) => failed(new Error(`the sandbox ended with ${code}`)));
      lines.on('line', (line) => {
        const [, name, value] = /^(TEAMWIRE_\w+)=(.*)$/.exec(line) ?? [];
        if (name) values[name] = value;
        const page = /^The page.*(http:\S+)$/.exec(line);
        if (page) sandbox.page = page[1];
        if (line.startsWith('Press Ctrl-C')) started();
      });
    });
    sandbox.url = values.TEAMWIRE_URL;
    sandbox.key = `${values.TEAMWIRE_APP_ID}:${values.TEAMWIRE_SECRET}`;
    return sandbox;
  }

  get ports() {
    return [this.url, this.page].map((it) => Number(new URL(it).port));
  }

  async stop() {
    this.child.kill('SIGINT');
    await this.ended;
  }

  /** A request of the bot. */
  async bot(method, path, body, headers = {}) {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Basic ${btoa(this.key)}`, 'content-type': 'application/json', ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }), ...headers },
      body: body === undefined || isBytes ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.headers.get('content-type')?.startsWith('application/json') ? response.json() : new Uint8Array(await response.arrayBuffer());
  }

  post(message, tid = 't-lobby') {
    return this.bot('POST', `/v1/chats/${tid}/messages`, message);
  }

  asset(name, type, bytes) {
    return this.bot('POST', '/v1/assets', bytes, { 'content-type': type, 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27').replaceAll('(', '%28').replaceAll(')', '%29').replaceAll('*', '%2A')}` });
  }

  /** A request to the control API. */
  async control(method, path, body) {
    const response = await fetch(`${this.page}/sandbox/api${path}`, { method, headers: method === 'GET' ? {} : { 'content-type': 'application/json' }, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Posts many messages of a person, in their order. */
  async fill(uid, messages, tid = 't-lobby') {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (message) => new Promise((done, failed) => {
      const sent = request(`${this.page}/sandbox/api/people/${uid}/chats/${tid}/messages`, { agent, method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
        if (response.statusCode !== 201) failed(new Error(`${response.statusCode}`));
        response.resume().on('end', done);
      });
      sent.on('error', failed).end(JSON.stringify(message));
    });
    await Promise.all(messages.map(post));
    agent.destroy();
  }

  as(uid, message, tid = 't-lobby') {
    return this.control('POST', `/people/${uid}/chats/${tid}/messages`, message);
  }
}

/** A PCM sound of silence, which every browser plays. */
export function wav(samples = 800) {
  const bytes = new Uint8Array(44 + samples);
  const data = new DataView(bytes.buffer);
  const text = (at, it) => [...it].forEach((c, index) => data.setUint8(at + index, c.charCodeAt(0)));
  text(0, 'RIFF');
  data.setUint32(4, 36 + samples, true);
  text(8, 'WAVEfmt ');
  [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, 8000, 4], [28, 8000, 4], [32, 1, 2], [34, 8, 2]].forEach(([at, value, size]) => (size === 4 ? data.setUint32(at, value, true) : data.setUint16(at, value, true)));
  text(36, 'data');
  data.setUint32(40, samples, true);
  return bytes.fill(128, 44);
}

export const PNG = Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0));
