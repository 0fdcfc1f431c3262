// The composer: text, type, attachments, reply, and the strip of an own live location.

import { h, icon, button, show, name, bytes, onEscape, submit, toggle, one } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, chat, me, isAdmin, now, summary, firstName, attempt } from './state.js';
import { chooser, moved } from './map.js';
import { playable } from './rail.js';
import { IMAGES } from './cards.js';

/** What is being written, for each person and chat. */
const drafts = new Map();
const keyOf = () => `${state.uid}\n${state.tid}`;
const draft = () => {
  const key = keyOf();
  if (!drafts.has(key)) drafts.set(key, { text: '', kind: '', attachments: [], reply: null, refusal: '' });
  return drafts.get(key);
};
export const forgetDrafts = () => drafts.clear();

let foot;
let text;
let form = null;
let acts;
let drawnFor = '';
let drawn = [];

export function drawComposer(node, given) {
  foot = node;
  acts = given;
  foot.addEventListener('paste', (event) => attachFiles([...(event.clipboardData?.files ?? [])], event));
  const main = one('#main');
  main.addEventListener('dragover', (event) => { if (event.dataTransfer.types.includes('Files')) event.preventDefault(); });
  main.addEventListener('drop', (event) => attachFiles([...event.dataTransfer.files], event));
  view('composer', draw);
}

export const write = () => text?.focus();

export function reply(message) {
  draft().reply = message;
  redraw('composer').then(write);
}

function refusal() {
  const it = chat();
  if (it.is_closed) return ['This chat is closed.', isAdmin(it) && button('Reopen it', acts.reopen)];
  if (!it.allow_sending && !isAdmin(it)) return ['Only admins post here.'];
  return null;
}

function draw() {
  const it = chat();
  if (!it || state.firstRun) return;
  const mine = draft();
  const refused = refusal();
  const key = keyOf();
  if (drawnFor !== key) { form = null; drawnFor = key; }
  const share = it.locations.find((other) => other.uid === state.uid);
  const version = JSON.stringify([key, it.is_closed, it.allow_sending, isAdmin(it), mine.refusal, mine.reply?.mid, mine.kind, mine.attachments.map((other) => other.words), share, share && minutesLeft(share), state.world.people]);
  // A button that is made anew while it is pressed is never clicked.
  if (drawn[0] === version && drawn[1] === form) {
    if (text && text.value !== mine.text) { text.value = mine.text; grow(); }
    return;
  }
  drawn = [version, form];
  if (refused) return show(foot, strip(), h('p.row.muted', icon('lock'), refused));
  const focused = document.activeElement === text;
  text = h('textarea', { id: 'write', rows: '1', maxlength: '10000', dir: 'auto', keep: 'write', label: `Write as ${me().first_name}`, placeholder: `Write as ${me().first_name}`, value: mine.text,
    oninput: () => { mine.text = text.value; grow(); }, onkeydown: onKey });
  const kind = h('select', { label: 'Type of the message', keep: 'kind', onchange: (event) => { mine.kind = event.target.value; } },
    [['', 'Ordinary'], ['alert', 'Alert'], ['announcement', 'Announcement'], ['note', 'Note']].map(([value, word]) => h('option', { value }, word)));
  kind.value = mine.kind;
  const files = h('input', { type: 'file', multiple: true, hidden: true, onchange: () => { attachFiles([...files.files]); files.value = ''; } });
  const clip = button('', () => menu(box, clip, files), { icon: 'clip', label: 'Attach', kind: 'plain', 'aria-expanded': false, 'aria-haspopup': 'menu' });
  const box = h('div.compose', clip, files, text, kind, button('', send, { icon: 'send', label: 'Post', kind: 'primary' }));
  const next = playable().findIndex((person) => person.uid === state.uid) + 1;
  const other = playable()[next];
  show(foot, strip(), form?.node, mine.refusal && h('p.refusal', { role: 'alert' }, mine.refusal), chips(mine), box,
    h('p.hints', { 'aria-hidden': true }, h('span', h('kbd', 'Enter'), ' posts'), h('span', h('kbd', 'Shift Enter'), ' new line'),
      other && next < 9 && h('span', h('kbd', String(next + 1)), ' play ', name(other.first_name))));
  grow();
  if (focused) text.focus({ preventScroll: true });
}

function grow() {
  // Without a height while it is not shown.
  if (!text.offsetParent) return;
  text.style.setProperty('height', 'auto');
  text.style.setProperty('height', `${Math.min(text.scrollHeight, 190)}px`);
}

function onKey(event) {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  } else if (event.key === 'Escape') {
    event.stopPropagation();
    const mine = draft();
    if (mine.reply) { mine.reply = null; redraw('composer'); } else text.blur();
  }
}

function chips(mine) {
  const drop = (act) => button('', () => { act(); redraw('composer'); }, { icon: 'close', label: 'Remove', kind: 'plain' });
  const reply_ = mine.reply && h('span.chip', icon('reply'), h('span.cut', 'Reply to ', name(firstName(mine.reply.from_user.uid)), ': ', name(summary(mine.reply))), drop(() => { mine.reply = null; }));
  const attached = mine.attachments.map((it) => h('span.chip', icon(it.icon), h('span.cut', name(it.words)), drop(() => { mine.attachments = mine.attachments.filter((other) => other !== it); })));
  return (mine.reply || attached.length > 0) && h('div.chips', reply_, attached);
}

async function send() {
  const mine = draft();
  const { uid, tid } = state;
  const body = {};
  if (mine.text.trim()) body.msg = mine.text;
  if (mine.kind) body.alert_type = mine.kind;
  if (mine.reply) body.reply_to = mine.reply.mid;
  const images = mine.attachments.filter((it) => it.image).map((it) => it.image);
  const others = mine.attachments.filter((it) => !it.image).map((it) => it.json);
  const attachments = [...(images.length ? [{ kind: 'gallery', images }] : []), ...others];
  if (attachments.length) body.attachments = attachments;
  // Nothing is sent twice, and nothing before it is uploaded.
  if ((!body.msg && !attachments.length) || attachments.includes(null)) return;
  const sent = { ...mine };
  Object.assign(mine, { text: '', kind: '', attachments: [], reply: null, refusal: '' });
  redraw('composer');
  try {
    acts.posted(tid, await api.post(`${api.chat(uid, tid)}/messages`, body));
  } catch (error) {
    // What was written meanwhile stays.
    Object.assign(mine, { text: sent.text + mine.text, kind: sent.kind, attachments: [...sent.attachments, ...mine.attachments], reply: sent.reply, refusal: error.message });
  }
  redraw('composer');
}

async function attachFiles(files, event) {
  if (!files.length || !chat() || refusal()) return;
  event?.preventDefault();
  const [mine, uid] = [draft(), state.uid];
  for (const file of files) {
    const waiting = { icon: 'file', words: `${file.name}, uploading …`, json: null };
    mine.attachments.push(waiting);
    redraw('composer');
    try {
      const asset = await api.upload(uid, file);
      const type = asset.media_type.split('/')[0];
      const kind = type === 'audio' ? 'sound' : type === 'video' ? 'video' : 'file';
      const isImage = IMAGES.includes(asset.media_type);
      Object.assign(waiting, { words: `${asset.file_name} · ${bytes(asset.size)}` }, isImage ? { icon: 'image', image: asset.id } : { icon: kind, json: { kind, asset: asset.id } });
    } catch (error) {
      mine.attachments = mine.attachments.filter((it) => it !== waiting);
      mine.refusal = error.message;
    }
    redraw('composer');
  }
}

function menu(box, clip, files) {
  const open = box.querySelector('.menu');
  let isOpen = true;
  // To remove a list with the focus in it calls this once more.
  const close = () => { if (!isOpen) return; isOpen = false; box.querySelector('.menu').remove(); clip.setAttribute('aria-expanded', 'false'); };
  if (open) return close();
  clip.setAttribute('aria-expanded', 'true');
  const item = (sign, word, act) => h('button', { role: 'menuitem', onclick: () => { close(); act(); } }, icon(sign), word);
  const list = h('div.menu', { role: 'menu', label: 'Attach' }, item('file', 'File, image, sound or video', () => files.click()), item('poll', 'Poll', pollForm),
    item('calendar', 'Calendar entry', calendarForm), item('pin', 'Location', placeForm), item('live', 'Live location', liveForm));
  list.addEventListener('keydown', (event) => {
    const items = [...list.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus(); }
    if (event.key === 'Escape') { event.stopPropagation(); close(); clip.focus(); }
    event.stopPropagation();
  });
  list.addEventListener('focusout', (event) => { if (!list.contains(event.relatedTarget) && event.relatedTarget !== clip) close(); });
  box.append(list);
  list.firstChild.focus();
}

/** Shows a form above the composer. `read` returns the attachment from its values. */
function ask(title, fields, read) {
  const done = () => { form = null; redraw('composer').then(write); };
  const onsubmit = (event) => {
    event.preventDefault();
    const it = read(Object.fromEntries(new FormData(node)));
    if (it) draft().attachments.push(it);
    done();
  };
  const node = h('form.form', { label: title, onsubmit }, h('h3', title), fields, h('div.actions', button('Cancel', done), submit('Attach')));
  onEscape(node, done);
  form = { node };
  redraw('composer').then(() => node.querySelector('input, textarea, [tabindex]')?.focus());
}

const field = (name, label, props) => h('label', label, h('input.field', { name, maxlength: '256', ...props }));
const area = (name, label, props) => h('label', label, h('textarea.field', { name, ...props }));
const two = (...fields) => h('div.two', fields);
const required = true;
/** The members that have a value. */
const filled = (json) => Object.fromEntries(Object.entries(json).filter(([, value]) => value !== ''));

function pollForm() {
  const fields = [field('question', 'Question', { required }), area('options', 'Options, one a line', { rows: '3', required }), toggle(false, () => {}, 'Several answers', { name: 'several' })];
  ask('Poll', fields, ({ question, options, several }) => {
    const list = [...new Set(options.split('\n').map((it) => it.trim()).filter(Boolean))];
    return { icon: 'poll', words: question, json: { kind: 'poll', question, options: list, multiple_choice: Boolean(several) } };
  });
}

function calendarForm() {
  const hour = 36e5;
  const start = Math.ceil(now().utc / hour) * hour;
  const local = (at) => new Date(at).toISOString().slice(0, 16);
  const at = (value) => new Date(`${value}Z`).toISOString();
  const when = (name, label, value) => field(name, label, { type: 'datetime-local', required, value: local(value) });
  const fields = [field('title', 'Title', { required }), two(when('start', 'Start, UTC', start), when('end', 'End, UTC', start + hour)), field('location', 'Place'), area('description', 'Description', { rows: '2' })];
  ask('Calendar entry', fields, (it) => ({ icon: 'calendar', words: it.title, json: filled({ kind: 'calendar', ...it, start: at(it.start), end: at(it.end) }) }));
}

/** Where the choice of a place starts. */
const HOME = [53.5511, 9.9937];

function placeForm() {
  const fields = [field('name', 'Name', { required }), two(field('address', 'Address'), field('city', 'City')), chooser(...HOME)];
  ask('Location', fields, ({ lat, lon, ...it }) => ({ icon: 'pin', words: it.name, json: filled({ kind: 'location', ...it, lat: Number(lat), lon: Number(lon) }) }));
}

function liveForm() {
  const duration = h('label', 'Duration', h('select.field', { name: 'duration' }, [[900, '15 minutes'], [3600, '1 hour'], [28800, '8 hours']].map(([value, word]) => h('option', { value }, word))));
  ask('Live location', [duration, chooser(...HOME)], (it) => ({ icon: 'live', words: 'Live location', json: { kind: 'live_location', initial_lat: Number(it.lat), initial_lon: Number(it.lon), duration: Number(it.duration) } }));
}

const minutesLeft = (share) => Math.ceil(Math.max(0, Date.parse(share.ends_at) - now().utc) / 60_000);

/** The strip of the person's own live location in this chat. */
function strip() {
  const share = chat()?.locations.find((it) => it.uid === state.uid);
  if (!share) return null;
  const go = (lat, lon) => attempt(api.change('PUT', `${api.person(state.uid)}/location`, { lat, lon }));
  const step = (sign, word, east, north) => button(sign, () => go(...moved(share.lat, share.lon, east, north)), { label: `Move 100 m ${word}` });
  const goTo = () => ask('Go to …', chooser(share.lat, share.lon), (it) => { go(Number(it.lat), Number(it.lon)); });
  const stop = () => attempt(api.change('DELETE', `${api.chat(state.uid, state.tid)}/location`));
  return h('div.strip.row', { role: 'group', label: 'Your live location' }, icon('live'), h('b', 'You share your live location here.'), h('span.muted.grow', `${minutesLeft(share)} min left`), 'Move by 100 m',
    step('←', 'west', -100, 0), step('↑', 'north', 0, 100), step('↓', 'south', 0, -100), step('→', 'east', 100, 0), button('Go to …', goTo), button('Stop sharing', stop));
}
