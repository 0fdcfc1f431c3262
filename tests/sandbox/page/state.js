// The state of the page, and what redraws it.

export const state = {
  world: null,
  uid: null,
  tid: null,
  chats: new Map(),
  /** The messages that are shown: a window of one chat. */
  log: null,
  alerts: [],
  requests: new Map(),
  feeds: { polls: [], subscriptions: [] },
  faults: { items: [], closing: null },
  /** The difference between the sandbox's clock and that of the browser, while it runs. */
  clock: { utc_ms: 0, elapsed_ms: 0, is_held: false, at: 0 },
  drawer: { open: false, tab: 'requests', request: null },
  linked: null,
  firstRun: false,
  connection: '',
  settings: { keys: true, readOnOpen: false, sound: false },
};

const views = new Map();
const stale = new Set();
let drawing = null;
/** True while something is pressed: what is replaced meanwhile is never clicked. */
let isPressed = false;
for (const name of ['pointerdown', 'pointerup', 'pointercancel', 'pointermove']) addEventListener(name, ({ buttons }) => { isPressed = name === 'pointerdown' || (name === 'pointermove' && buttons > 0 && isPressed); }, true);

/** Registers the function that draws a part. */
export const view = (part, draw) => views.set(part, draw);

/** Draws parts in the next frame, each once. The promise ends when they are drawn. */
export function redraw(...parts) {
  for (const part of parts) stale.add(part);
  drawing ??= new Promise((done) => {
    // A hidden page has no frames, and is still to be right when it is shown.
    const later = document.hidden ? setTimeout : requestAnimationFrame;
    const run = () => {
      if (isPressed) {
        later(run);
        return;
      }
      drawing = null;
      const now = [...stale];
      stale.clear();
      done();
      for (const part of now) views.get(part)?.();
    };
    later(run);
  });
  return drawing;
}

/** Shows why something is refused. */
export function refused(error) {
  state.refusal = error.message;
  redraw('notice');
}
export const attempt = (promise) => promise.catch(refused);

export function setClock(clock) {
  state.clock = { ...clock, at: performance.now() };
}

/** The present times of the sandbox's clock. */
export function now() {
  const { utc_ms, elapsed_ms, is_held, at } = state.clock;
  const passed = is_held ? 0 : performance.now() - at;
  return { utc: utc_ms + passed, elapsed: elapsed_ms + passed };
}

export const allUsers = () => [...(state.world?.people ?? []), ...(state.world?.bots ?? [])];
export const users = () => new Map(allUsers().map((user) => [user.uid, user]));
export const fullName = (user) => `${user?.first_name ?? ''} ${user?.last_name ?? ''}`.trim() || user?.uid || '';
export const firstName = (uid) => users().get(uid)?.first_name ?? uid;
export const isBot = (uid) => (state.world?.bots ?? []).some((bot) => bot.uid === uid);
export const me = () => state.world?.people.find((person) => person.uid === state.uid);
export const chat = () => state.chats.get(state.tid);

/** The title of a chat; of a 1:1 chat, the name of the other. */
export function titleOf(chat, uid = state.uid) {
  if (chat.type !== 'one_to_one') return chat.title || 'Untitled chat';
  const other = chat.users.find((user) => user.uid !== uid);
  return other ? fullName(other) : 'Deleted person';
}

export const otherOf = (chat) => (chat.type === 'one_to_one' ? chat.users.find((user) => user.uid !== state.uid) : null);
export const isAdmin = (chat, uid = state.uid) => chat.admins.some((user) => user.uid === uid);

const two = (number) => String(number).padStart(2, '0');
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
export const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** Times in UTC, as on the wire and in the terminal. */
export const time = {
  minute: (at) => new Date(at).toISOString().slice(11, 16),
  second: (at) => new Date(at).toISOString().slice(11, 19),
  milli: (at) => new Date(at).toISOString().slice(11, 23),
  day: (at) => { const d = new Date(at); return `${LONG_DAYS[d.getUTCDay()]}, ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`; },
  short: (at) => { const d = new Date(at); return `${DAYS[d.getUTCDay()]} ${two(d.getUTCDate())} ${MONTHS[d.getUTCMonth()].slice(0, 3)}`; },
  sameDay: (a, b) => new Date(a).toISOString().slice(0, 10) === new Date(b).toISOString().slice(0, 10),
  /** The time of day, the day of the week, or the date. */
  near(at) {
    const today = now().utc;
    if (time.sameDay(at, today)) return time.minute(at);
    return today - at < 6 * 864e5 ? DAYS[new Date(at).getUTCDay()] : time.short(at).slice(4);
  },
  ago(at) {
    const seconds = Math.max(0, Math.round((now().utc - at) / 1000));
    return seconds < 60 ? `${seconds} s ago` : seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : time.near(at);
  },
};

/** A word for the last message of a chat. */
export function summary(message) {
  if (!message) return 'No messages yet';
  if (message.deleted) return 'Deleted message';
  if (message.msg) return message.msg.replace(/\s+/g, ' ').slice(0, 200);
  const count = message.attachments?.length ?? 0;
  return count === 1 ? message.attachments[0].kind.replace('_', ' ') : `${count} attachments`;
}
