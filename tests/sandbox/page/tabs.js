// The other tabs of the developer view: feeds, faults and the organisation.

import { h, icon, button, input, bind, number, form, field, select, submit, toggle, plural, one, actions } from './dom.js';
import * as api from './api.js';
import { state, drawNow, now, time, dots, fullName, botOf } from './state.js';

export const armed = () => state.faults.items.map((rule) => h('div.armed', { key: rule.id }, icon('alert'), h('span.grow', h('b', 'Armed: '), rule.summary), button('Disarm', () => api.change('DELETE', `/faults/${rule.id}`))));

export function waitingPolls() {
	const { polls } = state.feeds;
	const { elapsed } = now();
	return polls.length && h('div', h('p.row.small', h('b.grow.muted', 'Waiting now'), h('span.muted', plural(polls.length, 'poll'), state.clock.is_held && ' · time stands while the clock is held')), polls.map((poll) => {
		const [left, total] = [Math.max(0, poll.until_ms - elapsed), poll.until_ms - poll.since_ms];
		return h('div.waiting-poll', h('p.row', h('span.grow', `GET ${poll.path}`), `${Math.ceil(left / 1000)} of ${Math.round(total / 1000)} s left${poll.subscription ? ' · lease kept' : ''}`), h('div.bar', h('i', { style: `width: ${(left / Math.max(1, total)) * 100}%` })));
	}));
}

export function feeds() {
	const { elapsed } = now();
	const row = (it) => {
		const left = Math.ceil((it.ends_at_ms - elapsed) / 1000);
		const lease = it.state === 'deleted' ? 'deleted' : left > 0 && it.state === 'active' ? `lease: ${left} s left` : 'lease has run out';
		return h('li.list-row.small', h('span.grow', h('b', it.topic), it.tid && ` · ${it.tid}`, h('br'), h('span.muted', h('bdi', fullName(botOf(it.app_id)) || it.app_id), ` · ${it.id}`)),
			h('span', dots(lease, `cursor ${time.span(elapsed - it.cursor_since_ms)} old`, plural(it.pending_polls, 'poll'))));
	};
	const { subscriptions } = state.feeds;
	const act = (words, path) => button(words, () => api.post(path));
	return [waitingPolls() || h('p.empty', 'No poll waits.'), h('h3', 'Subscriptions'), subscriptions.length ? h('ul', subscriptions.map(row)) : h('p.empty', 'No subscription.'),
		h('div.row', act('Let all leases run out', '/leases/expire'), act('Make all cursors too old', '/cursors/expire'), act('Unsubscribe all', '/subscriptions/delete'))];
}

/** Kinds of faults: words, and parameters with their first values. */
const FAULTS = {
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
	const { kind, fields, words } = draft;
	const set = (body) => api.change('PUT', '/closing', body);
	const choose = (kind, words, fields) => {
		if (!fields) return arm(kind, {});
		Object.assign(draft, { kind, words, fields });
		drawNow();
		one('.panel .form input').focus();
	};
	return [toggle(h('span', h('b', 'Outage'), 'Cut every connection, and each new one. The world is kept.'), state.world.outage, (outage) => api.change('PUT', '/outage', { outage }), { role: 'switch' }),
		armed(), h('h3', 'New fault'),
		h('div.row', 'For ', select({ $label: 'For', class: 'field grow', ...bind(draft, 'route') }, [ANY, ...state.world.routes].map((it) => [it]))),
		h('div.row', h('label', 'after ', number(null, bind(draft, 'after')), ' requests, '),
			h('span.segments', { role: 'group', $label: 'How often' }, [[1, 'once'], [2, '2 times'], [0, 'always']].map(([times, words]) => h('button', { $pressed: draft.times === times, onclick: () => { draft.times = times; } }, words)))),
		kind && form('form', { key: kind, $label: words }, (values) => arm(kind, values), h('b', words),
			Object.entries(fields).map(([name, defaultValue]) => field(LABELS[name], name, { defaultValue, type: /^(text|content_type)$/.test(name) ? 'text' : 'number', min: 0 })), actions(button('Cancel', () => { draft.kind = null; }), submit('Arm'))),
		Object.entries(FAULTS).map(([title, kinds]) => [h('h3', title), h('div.faults', Object.entries(kinds).map(([kind, [words, about, fields]]) => h('button', { onclick: () => choose(kind, words, fields) }, h('b', words), h('span', about))))]),
		h('h3', 'Connections'), form('grid', {}, ({ every, announced }) => set({ every, announced: Boolean(announced) }),
			h('p.row.small', 'Close the connection after every ', number('n', { name: 'every', min: 1, defaultValue: closing?.every ?? 3 }), ' answers'), toggle('Announced by Connection: close', closing?.announced ?? true, null, { name: 'announced' }),
			h('p.row', submit('Apply'), closing && [button('Stop', () => set({ every: 0 })), h('span.small', `Now: every ${closing.every}, ${closing.announced ? 'announced' : 'abruptly'}`)]))];
}

async function arm(kind, values) {
	const body = { kind, ...values };
	body.text &&= body.text.replaceAll('\\r', '\r').replaceAll('\\n', '\n');
	if (draft.route !== ANY) [body.method, body.path] = draft.route.replace(/\{\w+\}/g, '*').split(' ');
	body.after = Number(draft.after) || undefined;
	Object.assign(body, draft.times ? { times: draft.times } : { always: true });
	await api.post('/faults', body);
	draft.kind = null;
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
		button(it.is_revoked ? 'Make good' : 'Revoke', () => api.change('PUT', `/keys/${api.id(it.app_id)}`, { is_revoked: !it.is_revoked })));
	const change = (it, words, changes, props) => button(words, () => api.change('PATCH', api.person(it.uid), changes), props);
	const person = (it) => row(it, h('span.grow', h('bdi', fullName(it)), it.is_hidden && ' (hidden)', it.is_deleted && ' (deleted)'),
		!it.is_deleted && [change(it, it.is_hidden ? 'Show to bots' : 'Hide', { is_hidden: !it.is_hidden }), change(it, 'Delete', { is_deleted: true }, { kind: 'danger' })]);
	const group = ({ gid, title, members }) => h('details.small', { key: gid }, h('summary', h('bdi', title), ` (${members.length})`), people.filter((it) => !it.is_deleted).map((it) =>
		toggle(h('bdi', fullName(it)), members.some((member) => member.uid === it.uid), (isMember) => api.change(isMember ? 'PUT' : 'DELETE', `/groups/${api.id(gid)}/members/${api.id(it.uid)}`))));
	const amount = (words, name, step) => h('label.small', words, ' ', number(null, { name, step, defaultValue: rate_limit?.[name] ?? '' }));
	const limit = (body) => api.change('PUT', '/rate-limit', body);
	const create = async (values) => { made = await api.post('/bots', values); };
	return [h('h3', 'Allowed in this organisation'), Object.entries(SWITCHES).map(([key, [words, code]]) => toggle(h('span', h('b', words), h('span.muted', `Otherwise 403 ${code}`)), switches[key], (it) => api.change('PATCH', '/switches', { [key]: it }), { role: 'switch' })),
		h('h3', 'Rate limit of each key'), form('row', {}, (values) => limit(values.per_second ? { burst: 1, ...values } : {}),
			amount('Requests a second', 'per_second', 'any'), amount('Burst', 'burst', 1), submit('Apply'), rate_limit && button('No limit', () => limit({}))),
		h('h3', 'Bots'), h('ul', bots.map(bot)), form('row', {}, create, input('Name of the new bot', '', { name: 'first_name', placeholder: 'Name', maxlength: 64 }), submit('New bot')),
		made && h('pre', `App ID  ${made.app_id}\nSecret  ${made.secret}`), h('h3', 'People'), h('ul', people.map(person)), h('h3', 'Groups'), groups.map(group)];
}
