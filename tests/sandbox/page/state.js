// The state of the page, and what draws it anew.

export const state = {
	world: null, uid: null, tid: null, chats: new Map(), log: null, alerts: [], clock: null,
	requests: new Map(), feeds: { polls: [], subscriptions: [] }, faults: { items: [], closing: null },
	drawer: { open: false, tab: 'Requests', request: null },
	linked: null,
	firstRun: false,
	settings: { keys: true, readOnOpen: false, sound: false },
	notice: { connection: '', restarted: '', refusal: '' },
	// What is unfolded, and what cannot be played.
	marks: new Set(),
};

/** What modules do for those that they import. */
export const acts = {};

const views = [];
let drawing = null;

export const view = (draw) => views.push(draw);

/** Draws at once, so that the next key meets what is shown. */
export const drawNow = () => { for (const draw of views) draw(); };

/** Draws in the next frame. */
export const redraw = () => drawing ??= new Promise((done) => {
	// A hidden page has no frames.
	(document.hidden ? setTimeout : requestAnimationFrame)(() => {
		drawing = null;
		done();
		drawNow();
	});
});

/** Draws now, and when what was started has ended; a refusal is shown on top. */
export async function run(started) {
	redraw();
	try {
		await started;
	} catch (error) {
		if (error.constructor !== Error) throw error;
		state.notice.refusal = error.message;
	}
	return redraw();
}

export const mark = (key, isMarked = !state.marks.has(key)) => { state.marks[isMarked ? 'add' : 'delete'](key); };

export const setClock = (clock) => { state.clock = { ...clock, at: performance.now() }; };

export function now() {
	const { utc_ms, elapsed_ms, is_held, at } = state.clock;
	const passed = is_held ? 0 : performance.now() - at;
	return { utc: utc_ms + passed, elapsed: elapsed_ms + passed };
}

export const userOf = (uid) => [...state.world.people, ...state.world.bots].find((user) => user.uid === uid);
export const botOf = (appId) => state.world.bots.find((bot) => bot.app_id === appId);
export const me = () => userOf(state.uid);
export const fullName = (user) => `${user?.first_name ?? ''} ${user?.last_name ?? ''}`.trim() || user?.uid || '';
export const firstName = (uid) => userOf(uid)?.first_name ?? uid;
export const isBot = (uid) => state.world.bots.some((bot) => bot.uid === uid);
export const playable = () => state.world.people.filter((person) => !person.is_deleted && !person.is_hidden);

export const chat = () => state.chats.get(state.tid);
export const isAdmin = (chat, uid = state.uid) => chat.admins.some((user) => user.uid === uid);
export const otherOf = (chat) => chat.type === 'one_to_one' && chat.users.find((user) => user.uid !== state.uid);
export const titleOf = (chat) =>
	chat.type === 'one_to_one' ? fullName(otherOf(chat) || { uid: 'Deleted person' }) : chat.title || 'Untitled chat';
export const inLog = (mid) => state.log?.items.find((it) => it.mid === mid);
export const senderOf = (message) => message.sender_display_name ?? fullName(message.from_user);

const iso = (from, to) => (at) => new Date(at).toISOString().slice(from, to);
const day = iso(0, 10);
const LONG = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });

/** In UTC, as on the wire and in the terminal. */
export const time = {
	minute: iso(11, 16),
	second: iso(11, 19),
	milli: iso(11, 23),
	day: (at) => LONG.format(at),
	short: (at) => new Date(at).toUTCString().slice(0, 11).replace(',', ''),
	sameDay: (a, b) => day(a) === day(b),
	near(at) {
		const today = now().utc;
		if (time.sameDay(at, today)) return time.minute(at);
		return today - at < 6 * 864e5 ? time.short(at).slice(0, 3) : time.short(at).slice(4);
	},
	span: (ms) => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : `${Math.floor(ms / 60_000)} min`),
	ago(at) {
		const ms = now().utc - at;
		return ms < 36e5 ? `${time.span(ms)} ago` : time.near(at);
	},
};

export const dots = (...facts) => facts.filter(Boolean).join(' · ');

export function summary(message) {
	if (!message) return 'No messages yet';
	if (message.deleted) return 'Deleted message';
	if (message.msg) return message.msg.replace(/\s+/g, ' ').slice(0, 200);
	const count = message.attachments?.length ?? 0;
	return count === 1 ? message.attachments[0].kind.replace('_', ' ') : `${count} attachments`;
}
