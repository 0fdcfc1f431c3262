// The dialogs of chats and keys, and the first steps.

import { h, button, input, field, select, form, submit, toggle, actions, face, openDialog, closeDialog, copy } from './dom.js';
import * as api from './api.js';
import { state, acts, run, mark, chat, isAdmin, fullName, playable, time } from './state.js';

const done = (words) => button(words, closeDialog, { kind: 'primary' });

const active = () => [...state.world.people.filter((person) => !person.is_deleted), ...state.world.bots];

function pick(users, groups) {
	const box = (name, value, ...words) => h('label', { key: value }, h('input', { type: 'checkbox', name, value }), words);
	return h('div.pick', { role: 'group', $label: 'People and groups' }, users.map((user) => box('users', user.uid, face(user, 'tiny'), h('bdi', fullName(user)))),
		groups.map((group) => box('groups', group.gid, h('bdi', group.title), ` (group, ${group.members.length})`)));
}

function chosen(node) {
	const data = new FormData(node);
	return Object.fromEntries(['users', 'groups'].map((kind) => [kind, data.getAll(kind)]).filter(([, ids]) => ids.length));
}

export function newChat() {
	let isSingle = false;
	const create = async ({ title, recipient }, node) => {
		const { tid } = await api.post(`${api.person()}/chats`, isSingle ? { type: 'one_to_one', recipient } : { type: 'group', title, ...chosen(node) });
		closeDialog();
		return acts.openNew(tid);
	};
	const swap = () => { isSingle = !isSingle; };
	openDialog('New chat', () => {
		const others = active().filter((user) => user.uid !== state.uid);
		return form('', {}, create, isSingle ? h('label', 'Person', select({ name: 'recipient' }, others.map((user) => [user.uid, fullName(user)])))
			: [field('Title', 'title', { required: true }), h('h3', 'People and groups'), pick(others, state.world.groups)],
		actions(button(isSingle ? 'A group instead' : 'One to one instead', swap, { kind: 'plain' }), button('Cancel', closeDialog), submit('Create chat')));
	});
}

acts.members = () => openDialog('Members and settings', () => {
	const it = chat();
	if (!it) return closeDialog();
	const act = (method, end, json) => () => api.change(method, api.chat() + end, json);
	const may = isAdmin(it);
	const why = may ? null : it.type === 'one_to_one' ? 'A 1:1 chat has no admins.' : 'Only admins of the chat may do this.';
	const admin = (words, run, props) => button(words, run, { disabled: !may, title: why, $description: why, ...props });
	const remove = (users) => admin('Remove', act('POST', '/members/remove', users));
	const member = (user) => {
		const [is, path] = [isAdmin(it, user.uid), `/admins/${api.id(user.uid)}`];
		return h('li.list-row', { key: user.uid }, face(user, 'tiny'), h('span.grow', h('bdi', fullName(user)), is && h('span.tag', 'admin'), user.uid === state.uid && ' (you)'),
			is ? admin('Make plain member', act('DELETE', path)) : admin('Make admin', act('PUT', path)), user.uid !== state.uid && remove({ users: [user.uid] }));
	};
	const group = ({ gid, title, members }) => h('li.list-row', { key: gid }, h('span.grow', h('bdi', title), ` (group, ${members.length})`), remove({ groups: [gid] }));
	const leave = async () => {
		await act('POST', '/leave')();
		closeDialog();
		return acts.play();
	};
	return [h('ul', it.users.map(member), it.groups.map(group)), h('p.small.muted', why),
		may && h('details', h('summary', 'Add people or groups'), form('', {}, (_, node) => act('POST', '/members/add', chosen(node))(),
			pick(active().filter((user) => !it.users.some((other) => other.uid === user.uid)), state.world.groups.filter((group) => !it.groups.some((other) => other.gid === group.gid))), actions(submit('Add')))),
		h('h3', 'Settings'), form('row', {}, (values) => act('PATCH', '', values)(), input('Title', 'grow', { name: 'title', defaultValue: it.title, disabled: !may }), admin('Rename', null, { type: 'submit' })),
		toggle('Only admins post', !it.allow_sending, (only) => act('PATCH', '', { allow_sending: !only })(), { disabled: !may }),
		actions(it.is_closed ? admin('Reopen chat', act('POST', '/reopen')) : admin('Close chat', act('POST', '/close')), button('Leave chat', leave, { kind: 'danger' }), done('Done'))];
});

const KEYS = { '1 … 9': 'play a person', 'j k': 'next and previous chat', n: 'next unread chat', a: 'to the alert', c: 'write', r: 'reply', m: 'mark as read', '/': 'find a chat', f: 'find in the chat', d: 'developer view', h: 'hold or run the clock', '?': 'this list',
	Esc: 'close, back', F6: 'next pane', '↑ ↓ Home End': 'in the messages', Enter: 'to the tools of a message; posts', 'Shift Enter': 'new line' };

export function keys() {
	const { settings } = state;
	const setting = (key, words) => toggle(words, settings[key], (it) => { settings[key] = it; });
	const first = () => {
		closeDialog();
		acts.showFirst();
	};
	openDialog('Keys and settings', () => [setting('keys', 'Single keys'), setting('readOnOpen', 'Mark as read when opened'), setting('sound', 'Sound with an alert'),
		h('h3', 'Keys'), h('ul', Object.entries(KEYS).map(([key, words]) => h('li.list-row', h('kbd', key), h('span', words)))), h('p.small.muted', 'OK and SOS have no key: an answer is never a slip.'),
		actions(button('Show the first steps', first), done('Close'))]);
}

const REASONS = { missing: 'no credentials', unknown_app_id: 'an unknown App ID', wrong_secret: 'a wrong secret', revoked: 'a revoked key' };

let key = null;
let shell = 'sh';

const FORMS = {
	sh: (name, value) => `export ${name}=${value}`,
	PowerShell: (name, value) => `$env:${name}="${value}"`,
	'.env': (name, value) => `${name}=${value}`,
};

const lines = (secret) => Object.entries({ TEAMWIRE_URL: key.url, TEAMWIRE_APP_ID: key.app_id, TEAMWIRE_SECRET: secret }).map(([name, value]) => FORMS[shell](name, value)).join('\n');

const code = ($label, words) => h('pre', { tabindex: 0, $label }, words);
const step = (number, title, ...content) => h(`div.step.${number === '?' ? 'quiet' : ''}`, h('span.no', { $hidden: true }, number), h('div', h('h3', title), content));
const small = (...words) => h('p.small.muted', words);

function refused() {
	const { at, credentials, app_id } = [...state.requests.values()].findLast((it) => it.credentials) ?? {};
	const more = credentials === 'unknown_app_id' ? ` (${app_id.slice(0, 12)}…).` : credentials === 'missing' ? '. The App ID is the user name of HTTP Basic, the Secret the password.' : '.';
	return credentials && h('p.refusal', { role: 'status' }, `${time.second(at)} A request came with ${REASONS[credentials]}${more}`);
}

async function fetchKey() {
	key = {};
	key = await api.get('/key');
}

async function postSample() {
	const { tid } = await api.post('/sample');
	return acts.openNew(tid, state.chats.has(tid) ? state.uid : playable()[0].uid);
}

export function firstSteps() {
	if (!key) run(fetchKey());
	if (!key.url) return null;
	const isShown = state.marks.has('secret');
	const segment = (it) => h('button', { $pressed: it === shell, onclick: () => { shell = it; } }, it);
	return h('section.first', { $label: 'First steps', tabindex: 0 }, h('div', h('h2', h('span.ring'), 'Waiting for a bot'),
		h('p.muted', 'No request so far at ', h('span.mono', new URL(key.url).host), '. One with a wrong key shows here too, and says what was wrong with it.'), refused(),
		step(1, 'Give your bot these three variables', h('div.row', h('span.segments', { role: 'group', $label: 'Form' }, Object.keys(FORMS).map(segment)), h('span.grow'),
			button(isShown ? 'Hide secret' : 'Show secret', () => mark('secret')), button('Copy all three', () => copy(lines(key.secret), 'The three variables are'), { icon: 'copy', kind: 'primary' })),
		code('The three variables', lines(isShown ? key.secret : '•'.repeat(key.secret.length)))),
		step(2, 'Run it', small('Its first request turns the light above green, and what it does appears here without a reload. Nothing written yet? The example posts an alert and waits for your OK:'), code('A command', 'cargo run --example alert')),
		step(3, 'Answer as the people', small('Choose somebody on the left, read what they read, press OK on their alerts. ', h('b', 'Developer'), ' shows each request, and breaks things on purpose.')),
		step('?', 'No bot at hand?', h('div.row', button(`Post a sample alert as ${fullName(state.world.bots[0])}`, postSample, { icon: 'alert' }), button('To the chats', acts.showMain)),
			small('It happens in this world, as if a bot had done it. A whole night of a bot, in a world of its own:'), code('A command', 'cargo run --example tour -- --slowly'))));
}
