// Requests to the control API, and its events.

import { state, redraw, run } from './state.js';

const BASE = '/sandbox/api';

function refusal(status, { code, detail, errors = [], invalid_members = [] }) {
	const places = errors.map((it) => `${it.pointer}: ${it.detail}.`);
	return new Error(['Refused:', status, code && `${code}.`, detail, ...places, invalid_members.join(', ')].filter(Boolean).join(' '));
}

async function send(method, path, headers, body) {
	const response = await fetch(BASE + path, { method, headers, body }).catch(() => { throw new Error('The sandbox does not answer.'); });
	const text = await response.text();
	let json = null;
	try {
		json = text ? JSON.parse(text) : null;
	} catch { /* The response of something else than the sandbox. */ }
	if (!response.ok) throw refusal(response.status, json ?? { detail: text.slice(0, 200) });
	if (method !== 'GET') state.notice.refusal = '';
	return json;
}

let handled;

/** Events that come meanwhile are handled after the response, which may be older. */
export function get(path) {
	const response = send('GET', path);
	handled = Promise.allSettled([handled, response]);
	return response;
}

export const change = (method, path, body) => send(method, path, { 'Content-Type': 'application/json' }, body && JSON.stringify(body));
export const post = (path, body) => change('POST', path, body);

export const id = encodeURIComponent;
export const person = (uid = state.uid) => `/people/${id(uid)}`;
export const chat = (tid = state.tid) => `${person()}/chats/${id(tid)}`;
export const message = ({ tid, mid }) => `${chat(tid)}/messages/${id(mid)}`;
export const asset = (it) => `${BASE}${person()}/assets/${id(it)}`;
export const avatar = (tid) => `${BASE}${chat(tid)}/avatar`;

export function upload(uid, file) {
	const query = new URLSearchParams({ file_name: file.name || 'file', media_type: file.type || 'application/octet-stream' });
	return send('POST', `${person(uid)}/assets?${query}`, { 'Content-Type': 'application/octet-stream' }, file);
}

const CHANNEL = 'teamwire-sandbox';
export const LOST = 'The sandbox does not answer. Trying again …';

/** Handles events after a position. One tab holds the stream for all: a browser opens six connections to a host. */
export function follow(position, handlers) {
	let last = position;
	const deliver = ({ id, name, data, isConnected }) => {
		if (!id) {
			state.notice.connection = isConnected ? '' : LOST;
			return redraw();
		}
		const [boot, seq] = id.split('.');
		const [lastBoot, lastSeq] = last.split('.');
		if (boot === lastBoot && +seq <= +lastSeq && name !== 'resync') return;
		last = id;
		run(handled = Promise.allSettled([handled]).then(() => handlers[name](data)));
	};

	const channel = new BroadcastChannel(CHANNEL);
	const both = (it) => {
		channel.postMessage(it);
		deliver(it);
	};
	const open = () => {
		const source = new EventSource(`${BASE}/events?after=${id(last)}`);
		for (const name of Object.keys(handlers)) source.addEventListener(name, ({ lastEventId, data }) => both({ id: lastEventId, name, data: JSON.parse(data) }));
		source.onopen = () => both({ isConnected: true });
		source.onerror = () => {
			both({ isConnected: false });
			source.close();
			setTimeout(open, 1000);
		};
	};

	// Without a secure context, each tab has a stream of its own.
	if (!navigator.locks) {
		const mine = Math.random();
		let others = 0;
		channel.onmessage = ({ data }) => {
			if (data.from) channel.postMessage({ to: data.from });
			if (data.to === mine && ++others === 4) run(Promise.reject(new Error('This is the fifth tab. Here each holds a connection, and a browser opens six: further tabs will hang.')));
		};
		channel.postMessage({ from: mine });
		return open();
	}
	channel.onmessage = ({ data }) => deliver(data);
	navigator.locks.request(CHANNEL, () => {
		open();
		// The lock is kept until the tab is closed.
		return new Promise(() => {});
	});
}
