// Starts the page, and handles events and single keys.

import { one, drawNotice, say } from './dom.js';
import * as api from './api.js';
import { state, acts, run, redraw, setClock, me, titleOf, playable, inLog } from './state.js';
import { chatsInOrder, newestFirst } from './rail.js';
import { load, loadAround, receive, focused, toggleFind } from './conversation.js';
import { focusText, forgetDrafts } from './composer.js';
import { keys } from './dialogs.js';
import './drawer.js';

const panes = one('#panes');
let store = {};
try { store = localStorage; } catch { /* Private windows may have no storage. */ }

const THEMES = ['system', 'light', 'dark'];
function applyTheme(theme) {
	state.theme = theme;
	document.documentElement.style.colorScheme = theme === 'system' ? 'light dark' : theme;
}

/* The address holds person and chat, for reloads and windows of two people. */
const decode = (text) => { try { return decodeURIComponent(text); } catch { return ''; } };
const address = () => location.hash.split('/').slice(1).map(decode);

const list = (what) => async (uid) => (await api.get(`${api.person(uid)}/${what}`)).items;
const chatsOf = list('chats');
const alertsOf = list('alerts');

let playing = null;
async function play(uid = state.uid, tid) {
	playing = uid;
	const [chats, alerts] = await Promise.all([chatsOf(uid), alertsOf(uid)]);
	if (uid !== playing) return;
	const isOther = uid !== state.uid;
	Object.assign(state, { uid, alerts, chats: new Map(chats.map((it) => [it.tid, it])) });
	store.teamwirePerson = uid;
	if (isOther) {
		[state.tid, state.log] = [null, null];
		const { alerts, unread = 0 } = state.world.badges[uid] ?? {};
		say(`You play ${me().first_name}. ${alerts ? 'An alert waits. ' : ''}${unread} unread.`);
	}
	const wanted = tid ?? state.tid;
	await open(state.chats.has(wanted) ? wanted : newestFirst(chats)[0]?.tid ?? null, { stay: true });
}

async function open(tid, { stay = false, around } = {}) {
	const isOther = tid !== state.tid;
	state.tid = tid;
	if (isOther) [state.log, state.linked] = [null, null];
	if (!stay) acts.showMain();
	history.replaceState(null, '', `#/${[state.uid, tid].filter(Boolean).map(api.id).join('/')}`);
	redraw();
	if (!tid) return;
	await (around ? loadAround(around) : load());
	if (state.settings.readOnOpen && isOther && !stay) acts.markRead();
}

Object.assign(acts, {
	play,
	open,
	openNew: (tid, uid) => play(uid, tid).then(() => open(tid)),
	openAlert: (alert) => open(alert.tid, { around: alert.mid }),
	showMain() {
		panes.dataset.show = 'main';
		state.firstRun = false;
	},
	async back() {
		panes.dataset.show = 'chats';
		await redraw();
		one('.chat[aria-current=true]')?.focus();
	},
	showFirst() {
		acts.showMain();
		state.firstRun = 'again';
	},
	markRead() {
		if (state.log) state.log.firstUnread = state.log.count;
		return api.post(`${api.chat()}/read`);
	},
	toggleDrawer() {
		state.drawer.open = !state.drawer.open;
		if (!state.drawer.open) one('#top .toggle').focus();
	},
	toggleClock: () => api.post(state.clock.is_held ? '/clock/run' : '/clock/hold'),
	toggleTheme() {
		applyTheme(THEMES[(THEMES.indexOf(state.theme) + 1) % 3]);
		store.teamwireTheme = state.theme;
		say(`Theme: ${state.theme}.`);
	},
	async showMessage({ path, mid }) {
		const tid = decode(path.split('/')[3]);
		const sees = async ({ uid }) => (await chatsOf(uid)).some((it) => it.tid === tid) && uid;
		const uid = state.chats.has(tid) ? state.uid : (await Promise.all(playable().map(sees))).find(Boolean);
		if (!uid) throw new Error('None of the people is in this chat.');
		acts.showMain();
		if (tid !== state.tid) await play(uid, tid);
		await acts.reveal(mid);
	},
});

const patch = ({ tid, ...changes }) => { Object.assign(state.chats.get(tid) ?? {}, changes); };

function addRequest(data) {
	state.requests.set(data.number, data);
	while (state.requests.size > 1000) state.requests.delete(state.requests.keys().next().value);
}

const EVENTS = {
	organisation(data) {
		Object.assign(state.world, data);
		if (me()?.is_deleted !== false) return play(playable()[0].uid);
	},
	badges({ people, chats }) {
		Object.assign(state.world.badges, people);
		for (const { uid, ...changes } of chats) if (uid === state.uid) patch(changes);
		if (people[state.uid]) refreshAlerts();
	},
	chat(data) {
		const { tid } = data;
		if (data.members.includes(state.uid)) {
			state.chats.set(tid, { unread: 0, alerts: [], ...state.chats.get(tid), ...data });
			if (!state.tid) return open(tid, { stay: true });
		} else {
			state.chats.delete(tid);
			if (tid === state.tid) return acts.play();
		}
	},
	message({ tid, message }) {
		const it = state.chats.get(tid);
		patch({ tid, last_message: message, message_count: message.index + 1 });
		receive(tid, message);
		if (it && message.from_user.uid !== state.uid) say(`New message in ${titleOf(it)}.`);
	},
	message_deleted({ tid, message }) {
		if (state.chats.get(tid)?.last_message?.mid === message.mid) patch({ tid, last_message: message });
		receive(tid, message);
	},
	reaction({ mid, reactions }) { Object.assign(inLog(mid) ?? {}, { reactions }); },
	read: patch,
	location: patch,
	request_begun: addRequest,
	request_ended(data) {
		addRequest(data);
		if (data.app_id && !data.credentials && data.route) {
			state.world.last_seen[data.app_id] = data.at;
			if (state.firstRun === 'waiting') state.firstRun = false;
		}
		const found = inLog(data.mid);
		if (found) found.request ??= data.number;
	},
	feeds(feeds) { Object.assign(state, { feeds }); },
	faults(faults) { Object.assign(state, { faults }); },
	outage(data) { Object.assign(state.world, data); },
	clock: setClock,
	hello({ boot }) {
		if (boot === state.world.boot) return;
		state.world.boot = boot;
		state.notice.restarted = 'The sandbox has started anew. Without --data, its world is another.';
		forgetDrafts();
	},
	resync: start,
};

let refreshing = null;
function refreshAlerts() {
	refreshing ??= setTimeout(async () => {
		refreshing = null;
		const { uid } = state;
		const alerts = await alertsOf(uid).catch(() => state.alerts);
		if (uid === state.uid) state.alerts = alerts;
		redraw();
	}, 20);
}

async function fetchLogs() {
	const [requests, feeds, faults] = await Promise.all(['/requests?limit=300', '/feeds', '/faults'].map(api.get));
	Object.assign(state, { feeds, faults, requests: new Map(requests.items.reverse().map((it) => [it.number, it])) });
}

/** Fetches all. Returns the position in the stream. */
async function start() {
	const world = await api.get('/world');
	const isFirst = !state.world;
	Object.assign(state, { world, log: null, alerts: [] });
	setClock(world.clock);
	state.drawer.request = null;
	if (isFirst && !Object.keys(world.last_seen).length) state.firstRun = 'waiting';
	const [uid, tid] = address();
	const known = (it) => world.people.some((person) => person.uid === it && !person.is_deleted);
	redraw();
	await Promise.all([fetchLogs(), play([state.uid, uid, store.teamwirePerson].find(known) ?? playable()[0]?.uid, tid)]);
	return `${world.boot}.${world.seq}`;
}

function nextPane(back) {
	const open = ['#rail', '#chats', '#main', '#drawer'].map(one).filter((it) => it.offsetParent);
	const at = open.findIndex((it) => it.contains(document.activeElement));
	const next = open.at((at + (back ? -1 : 1)) % open.length);
	(next.querySelector('#write, [aria-current=true], [aria-selected=true]') ?? next.querySelector('button, input, [tabindex="0"]') ?? next).focus();
}

const openChat = (it) => it && open(it.tid);
const step = (by) => (chats) => openChat(chats[chats.findIndex((it) => it.tid === state.tid) + by]);

/** The actions of keys. */
const KEYS = {
	j: step(1),
	k: step(-1),
	n: (chats) => openChat(chats.find((it) => it.unread && it.tid !== state.tid) ?? chats.find((it) => it.unread)),
	a: () => state.alerts[0] && acts.openAlert(state.alerts[0]),
	c: focusText,
	r() {
		const message = focused();
		if (message && !message.deleted) acts.reply(message);
	},
	m: () => state.tid && acts.markRead(),
	'/': () => one('#find').focus(),
	f: () => state.tid && toggleFind(),
	d: acts.toggleDrawer,
	h: acts.toggleClock,
	'?': keys,
};

function onKey(event) {
	const { key, target } = event;
	if (key === 'F6') {
		event.preventDefault();
		nextPane(event.shiftKey);
	}
	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || one('dialog[open]')) return;
	if (key === 'Escape' && !one(':popover-open')) {
		if (state.drawer.request !== null) state.drawer.request = null;
		else if (state.drawer.open) acts.toggleDrawer();
		else if (innerWidth <= 760) return acts.back();
		return;
	}
	if (!state.settings.keys || target.closest?.('input, textarea, select, [role=application]')) return;
	const person = /^[1-9]$/.test(key) && playable()[key - 1];
	const act = person ? () => play(person.uid) : KEYS[key];
	if (!act) return;
	event.preventDefault();
	return act(chatsInOrder().flat());
}

async function main() {
	applyTheme(store.teamwireTheme ?? 'system');
	let position;
	try {
		position = await start();
	} catch {
		state.notice.connection = api.LOST;
		drawNotice();
		setTimeout(main, 1000);
		return;
	}
	api.follow(position, EVENTS);
	addEventListener('keydown', (event) => { run(onKey(event)); });
	addEventListener('hashchange', () => {
		const [uid, tid] = address();
		if (uid && (uid !== state.uid || tid !== state.tid)) run(play(uid, tid));
	});
	document.documentElement.dataset.ready = '';
	// For times that are left.
	setInterval(() => { if (!document.hidden && !state.clock.is_held) redraw(); }, 1000);
}

main();
