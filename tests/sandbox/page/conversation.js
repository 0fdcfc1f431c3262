// The conversation: a window of its messages.

import { h, button, iconButton, input, form, onEscape, show, plural, one, chatFace, face, names } from './dom.js';
import * as api from './api.js';
import { state, acts, view, run, redraw, drawNow, chat, titleOf, fullName, isAdmin, time, dots, userOf, inLog } from './state.js';
import { message } from './message.js';
import { composer } from './composer.js';
import { firstSteps } from './dialogs.js';

/** The most messages in the page, how many are fetched, and the height of one in a spacer. */
const [MAX, PAGE, ROW] = [200, 100, 70];

const log = () => one('.log');
const messages = () => [...log().querySelectorAll('.message')];
const nodeOf = (mid) => mid && messages().find((node) => node.dataset.mid === mid);
let loading = false;
let missed = false;
let atEnd = true;
let arrived = 0;

const isLoaded = (tid) => state.log?.tid === tid;
const toEnd = () => log()?.scrollTo(0, log().scrollHeight);

/** Loads the newest messages, or those that a query names. */
export async function load(query = '', mid) {
	if (!(await fetchWindow(query)) || !log()) return;
	const { firstUnread, items } = state.log;
	const node = nodeOf(mid ?? (firstUnread > 0 && items.find((it) => it.index === firstUnread)?.mid));
	if (node) node.scrollIntoView({ block: 'center' });
	else toEnd();
	onScroll();
}

/** Replaces the window. False if another chat was opened meanwhile. */
async function fetchWindow(query) {
	const { uid, tid } = state;
	if (!tid) return false;
	const page = await api.get(`${api.chat()}/messages?limit=${PAGE}${query}`);
	if (uid !== state.uid || tid !== state.tid) return false;
	// The first message in view stays where it is.
	const anchor = isLoaded(tid) && firstInView();
	const offset = anchor && anchor.offsetTop - log().scrollTop;
	state.log = { ...page, tid, firstUnread: isLoaded(tid) ? state.log.firstUnread : page.read };
	arrived = 0;
	await redraw();
	if (anchor?.isConnected) log().scrollTop = anchor.offsetTop - offset;
	return true;
}

export const loadAround = (mid) => load(`&around=${api.id(mid)}`, mid);

const bottomOf = (node) => node.offsetTop + node.offsetHeight;
const later = () => state.log.count - state.log.start - state.log.items.length;
const hasLater = () => isLoaded(state.tid) && later() > 0;
const loadNewest = () => load().then(toEnd);
const firstInView = () => messages().find((node) => bottomOf(node) > log().scrollTop && node.offsetTop < log().scrollTop + log().clientHeight);

/** Loads what comes into view in place of a spacer. */
async function onScroll() {
	if (!log()) return;
	const nodes = messages();
	const { scrollTop: top, clientHeight: height, scrollHeight } = log();
	atEnd = !hasLater() && scrollHeight - top - height < 60;
	if (atEnd) arrived = 0;
	redraw();
	missed ||= loading;
	if (loading || !nodes.length || !isLoaded(state.tid)) return;
	const { start, count, items } = state.log;
	const [above, below] = [nodes[0].offsetTop - top, top + height - bottomOf(nodes.at(-1))];
	if (!(start > 0 && above > -height) && !(hasLater() && below > -height)) return;
	const mid = firstInView()?.dataset.mid;
	const first = mid ? start + items.findIndex((it) => it.mid === mid) : Math.floor(top / ROW);
	const wanted = Math.max(0, Math.min(count - PAGE, first - PAGE / 2));
	if (wanted === start) return;
	[loading, missed] = [true, false];
	try {
		// Without a spacer behind it, the end is in view.
		if (!mid && scrollHeight - top - height < ROW) await loadNewest();
		else await fetchWindow(`&start=${wanted}`);
	} catch { /* The next scrolling tries again. */ } finally {
		loading = false;
		if (missed) onScroll();
	}
}

export function receive(tid, message) {
	if (!isLoaded(tid)) return;
	const it = state.log;
	const known = it.items.findIndex((other) => other.mid === message.mid);
	if (known >= 0) {
		it.items[known] = { request: it.items[known].request, ...message };
		return;
	}
	const isNext = later() === 0 && it.count === message.index;
	it.count = Math.max(it.count, message.index + 1);
	if (isNext) it.items.push(message);
	const isOwn = message.from_user.uid === state.uid;
	if (isOwn) it.firstUnread = it.count;
	if (atEnd || isOwn) {
		it.items = it.items.slice(-MAX);
		it.start = it.items[0]?.index ?? 0;
		if (isNext) redraw().then(toEnd);
		else run(load());
	} else {
		arrived += 1;
		it.items = it.items.slice(0, MAX);
	}
}

view(() => {
	const it = chat();
	show(one('#main'), state.firstRun ? firstSteps() : it && [head(it), findRow(),
		h('div.log', { role: 'log', $live: 'off', $label: 'Messages', tabindex: 0, onscroll: onScroll, onkeydown: onKey }, isLoaded(it.tid) ? rows(it) : h('p.empty', 'Loading …')),
		h('div.to-end', (arrived > 0 || hasLater()) && button(arrived ? plural(arrived, 'new message') : 'To the newest', loadNewest, { icon: 'down', kind: 'primary' })),
		h('div.foot', { id: 'foot' }, composer())]);
});

function rows({ reads }) {
	const { items, start, firstUnread } = state.log;
	const space = (key, count) => h('div', { key, style: `height: ${count * ROW}px` });
	const readers = Map.groupBy(Object.keys(reads).filter((uid) => uid !== state.uid), (uid) => reads[uid] - 1);
	return [space('before', start), items.flatMap((it, at) => [
		!(at && time.sameDay(items[at - 1].timestamp, it.timestamp)) && h('div.rule', { key: `day-${it.index}` }, time.day(it.timestamp)),
		it.index > 0 && it.index === firstUnread && h('div.rule.new', { key: 'new' }, 'New'),
		message(it),
		receipts(it, readers.get(it.index)?.filter((uid) => uid !== it.from_user.uid) ?? [])]),
	!items.length && h('p.empty', 'No messages yet.'),
	!state.world.switches.read_receipts && h('p.receipts', 'Read receipts are switched off.'), space('after', later())];
}

const receipts = ({ mid }, uids) => uids.length && h('p.receipts', { key: `read-${mid}` }, 'Read by ', names(uids), uids.slice(0, 5).map((uid) => face(userOf(uid) ?? { uid }, 'tiny')));

function head(it) {
	const facts = it.type === 'one_to_one' ? ['1:1 chat'] : [plural(it.members.length, 'member'), isAdmin(it) && 'you are an admin', it.is_closed && 'closed'];
	return h('div.conversation-head.row', iconButton('back', 'Back to the chats', acts.back, { kind: 'plain.back' }), chatFace(it),
		h('div.grow', h('h2.cut', { dir: 'auto' }, titleOf(it)), h('p.small.muted.cut', dots(...facts, it.tid))),
		button(h('span.word', 'Mark as read'), acts.markRead, { icon: 'check', $label: 'Mark as read', disabled: it.unread === 0 && it.reads[state.uid] === it.message_count }),
		iconButton('find', 'Find in this chat', toggleFind), iconButton('people', 'Members and settings', acts.members));
}

/** Arrow keys move over the messages: they are one stop of Tab. */
function onKey(event) {
	const nodes = messages();
	const at = nodes.indexOf(document.activeElement);
	const focus = (node) => {
		if (!node) return;
		node.focus({ preventScroll: true });
		node.scrollIntoView({ block: 'nearest' });
		event.preventDefault();
	};
	if (event.target !== log() && at < 0) {
		if (event.key === 'Escape') focus(event.target.closest('.message'));
		return;
	}
	const step = { ArrowUp: at < 0 ? -1 : Math.max(0, at - 1), ArrowDown: at < 0 ? -1 : at + 1, Home: 0, End: -1 }[event.key];
	if (step !== undefined) focus(nodes.at(step));
	else if (event.key === 'Enter') focus(nodes[at]?.querySelector('.tools button, .answer button, .react button'));
}

export const focused = () => {
	const mid = document.activeElement.closest('.message')?.dataset.mid;
	return mid ? inLog(mid) : state.log?.items.at(-1);
};

acts.reveal = async (mid) => {
	state.linked = mid;
	if (!state.log?.items.some((it) => it.mid === mid)) await loadAround(mid);
	await redraw();
	nodeOf(mid)?.scrollIntoView({ block: 'center' });
};

export function isInView(mid) {
	const found = log() && nodeOf(mid);
	if (!found) return false;
	const [a, b] = [found.getBoundingClientRect(), log().getBoundingClientRect()];
	return a.top >= b.top - 20 && a.bottom <= b.bottom + 20;
}

/** Results of the search; null while it is closed. */
let found = null;

async function find(direction) {
	const text = one('#find-text').value.trim();
	if (!text) return;
	const { tid, linked } = state;
	try {
		const { items: [it] } = await api.get(`${api.chat()}/messages?limit=1&text=${api.id(text)}${linked ? `&${direction}=${api.id(linked)}` : ''}`);
		if (tid !== state.tid || found === null) return;
		found = it ? `${fullName(it.from_user)}, ${time.near(it.timestamp)}` : 'No further message.';
		if (it) await acts.reveal(it.mid);
	} catch (error) { found = error.message; }
}

export function toggleFind() {
	found = found === null ? '' : null;
	drawNow();
	one('#find-text')?.focus();
}

const findRow = () => found !== null && form('find-row.row', { role: 'search', onkeydown: onEscape(toggleFind) }, () => find('before'),
	input('Find in this chat', 'grow', { id: 'find-text', type: 'search', placeholder: 'Find in this chat' }), h('span.small', { role: 'status' }, found),
	button('Earlier', () => find('before')), button('Later', () => find('after')), iconButton('close', 'Close', toggleFind));
