// The people, the chats of the played one, and the bars on top.

import { h, icon, button, iconButton, input, bind, show, cached, onEscape, plural, visible, one, face, chatFace } from './dom.js';
import { state, acts, view, fullName, titleOf, otherOf, senderOf, playable, botOf, time, now, summary, me, isBot } from './state.js';
import { newChat, keys } from './dialogs.js';
import { isInView } from './conversation.js';
import { answerButtons } from './message.js';

view(() => {
	drawRail();
	drawChats();
	drawTop();
	drawAlerts();
});

function badgeOf(uid) {
	const { unread = 0, alerts = 0 } = state.world.badges[uid] ?? {};
	if (alerts) return ['!', alerts > 1 ? `, ${alerts} alerts wait` : ', an alert waits', 'alert'];
	return [unread > 99 ? '99+' : unread, unread ? `, ${unread} unread` : ''];
}

function drawRail() {
	const shown = playable();
	if (me() && !shown.includes(me())) shown.push(me());
	const person = (it) => {
		const [shown, words, kind = ''] = badgeOf(it.uid);
		return h('li', { key: it.uid }, h('button.person', { $current: it.uid === state.uid || null, $label: fullName(it) + words, onclick: () => acts.play(it.uid) },
			face(it), shown && h(`span.badge.${kind}`, { $hidden: true, 'data-text': shown }), h('bdi.cut', { $hidden: true }, it.first_name)));
	};
	const play = ({ uid }) => {
		one('#further').hidePopover();
		return acts.play(uid);
	};
	const other = (it) => h('li.row', face(it, 'tiny'), h('span.grow', h('bdi', fullName(it)), it.is_deleted ? ', deleted' : ', hidden from bots'), !it.is_deleted && button('Play', () => play(it)));
	show(one('#rail'), h('h2', 'Play as'), h('ul', shown.map(person)), h('span.grow'), iconButton('more', 'Further people', null, { popovertarget: 'further' }),
		h('ul.popup', { id: 'further', popover: true, $label: 'Further people' }, state.world.people.filter((it) => it.is_deleted || it.is_hidden).map(other)));
}

const at = (chat) => chat.last_message?.timestamp ?? 0;

export const newestFirst = (chats) => chats.sort((a, b) => at(b) - at(a));

export function chatsInOrder(filter = '') {
	const chats = newestFirst([...state.chats.values()].filter((chat) => titleOf(chat).toLowerCase().includes(filter)));
	return [chats.filter((chat) => chat.alerts.length), chats.filter((chat) => !chat.alerts.length)];
}

const filter = { text: '' };

function drawChats() {
	const person = me();
	if (!person) return;
	const pane = one('#chats');
	pane.ariaLabel = visible(`Chats of ${person.first_name}`);
	const [urgent, rest] = chatsInOrder(filter.text.trim().toLowerCase());
	const none = filter.text ? 'No chat has this in its title.' : [h('bdi', person.first_name), ' is in no chat. Start one, or let the bot add them.'];
	show(pane, h('div.pane-head', face(person), h('div.grow', h('h2.cut', { dir: 'auto' }, fullName(person)),
		h('p.small.muted.cut', 'You play ', h('bdi', person.first_name), ` · ${person.uid}`)), iconButton('plus', 'New chat', newChat, { kind: '' })),
	h('div.find', input('Find a chat', '', { type: 'search', id: 'find', placeholder: 'Find a chat', ...bind(filter, 'text'), onkeydown: onEscape(() => { filter.text = ''; }) }),
		h('kbd', { $hidden: true }, '/')),
	h('div.chat-list', urgent.length && h('h3.urgent', 'Needs your answer'), urgent.map(chatRow), (rest.length > 0 || !urgent.length) && h('h3', 'Chats'), rest.map(chatRow),
		!urgent.length && !rest.length && h('p.empty', none)));
}

const chatRow = (chat) => cached(chat.tid, [state.uid, chat.tid === state.tid, titleOf(chat), chat.unread, chat.alerts, chat.is_closed, chat.has_avatar, chat.last_message, time.near(at(chat))], () => {
	const last = chat.last_message;
	const from = last?.from_user;
	const sender = last && (from.uid === state.uid ? 'You' : last.sender_display_name ?? (otherOf(chat) ? '' : isBot(from.uid) ? fullName(from) : from.first_name));
	const badge = chat.alerts.length ? h('span.badge.alert', '!', h('span.hush', ' alert without your answer')) : chat.unread > 0 && h('span.badge', chat.unread, h('span.hush', ' unread'));
	return h('button.chat', { $current: chat.tid === state.tid || null, onclick: () => acts.open(chat.tid) },
		chatFace(chat), h('b.cut', { dir: 'auto' }, titleOf(chat)), h('time', last && time.near(last.timestamp)),
		h('span.last.cut', { dir: 'auto' }, chat.is_closed && 'Closed. ', sender && [h('bdi', sender), ': '], summary(last)),
		h('span.mark', chat.is_closed && [icon('lock'), h('span.hush', 'closed')], badge));
});

function drawTop() {
	const { is_held } = state.clock;
	const [kind, mark, words] = botState();
	show(one('#top'), h('span.mark', icon('logo')), h('h1.cut', 'Teamwire sandbox'), h('span.organisation.small.muted.cut', state.world.name), h('span.grow'),
		h(`span.pill.${kind}`, mark && h(`span.${mark}`), words),
		h(`button.pill.mono.${is_held ? 'held' : ''}`, { onclick: acts.toggleClock, title: 'Hold or run the clock' }, is_held && [icon('pause'), 'Clock held '], time.second(now().utc), !is_held && ' UTC'),
		button(h('span.word', 'Developer'), acts.toggleDrawer, { icon: 'dev', $expanded: state.drawer.open, kind: 'toggle', $label: 'Developer' }),
		iconButton('theme', `Theme: ${state.theme}`, acts.toggleTheme), iconButton('help', 'Keys and settings', keys));
}

function botState() {
	const { world, feeds } = state;
	if (world.outage) return ['out', '', 'Outage'];
	const polling = new Set(feeds.polls.map((poll) => poll.app_id));
	if (polling.size > 1) return ['', 'dot', `${polling.size} bots poll`];
	for (const app of polling) return ['', 'dot', `${fullName(botOf(app))} polls ${plural(feeds.polls.length, 'feed')}`];
	const [app, at] = Object.entries(world.last_seen).sort((a, b) => b[1] - a[1])[0] ?? [];
	if (!app) return ['', 'ring', 'No bot yet'];
	const silent = now().utc - at;
	return silent < 10_000 ? ['', 'dot', fullName(botOf(app))] : ['', 'ring', `${fullName(botOf(app))}, silent for ${time.span(silent)}`];
}

let turned = 0;
const known = new Set();

function drawAlerts() {
	const bar = one('#alert-bar');
	announce(bar);
	const { alerts } = state;
	turned = Math.min(turned, Math.max(0, alerts.length - 1));
	const alert = alerts[turned];
	const chat = state.chats.get(alert?.tid);
	const isSlim = Boolean(alert) && alert.tid === state.tid && isInView(alert.mid);
	bar.classList.toggle('slim', isSlim);
	const place = `${turned + 1} of ${alerts.length}`;
	show(bar, alert && [icon('alert'), h('div.grow', h('h2', { dir: 'auto' }, summary(alert)),
		!isSlim && chat && h('p.small', 'Alert to ', h('bdi', me().first_name), ' in ', h('bdi', titleOf(chat)), ' · from ', h('bdi', senderOf(alert)), ` · ${time.second(alert.timestamp)}, ${time.ago(alert.timestamp)}`)),
	alerts.length > 1 && button(place, () => { turned = (turned + 1) % alerts.length; }, { kind: 'open', $label: `${place}: the next alert` }),
	answerButtons(alert), !isSlim && button('Open chat', () => acts.openAlert(alert), { kind: 'open' })]);
}

function announce(bar) {
	const keys = state.alerts.map(({ mid }) => `${state.uid} ${mid}`);
	const alert = state.alerts[keys.findLastIndex((key) => !known.has(key))];
	keys.forEach((key) => known.add(key));
	if (alert) {
		const chat = state.chats.get(alert.tid);
		one('#assertive').textContent = visible(`Alert to ${me().first_name}${chat ? ` in ${titleOf(chat)}` : ''}: ${summary(alert)}`);
		bar.classList.remove('shake');
		requestAnimationFrame(() => bar.classList.add('shake'));
		if (state.settings.sound) beep();
	}
	const waits = Object.values(state.world.badges).some((badge) => badge.alerts);
	document.title = `${waits ? '(!) ' : ''}${visible(me()?.first_name ?? '')} · Teamwire sandbox`;
}

function beep() {
	const audio = new AudioContext();
	const tone = new OscillatorNode(audio, { frequency: 880 });
	tone.connect(new GainNode(audio, { gain: 0.1 })).connect(audio.destination);
	tone.start();
	tone.stop(audio.currentTime + 0.7);
	tone.onended = () => audio.close();
}
