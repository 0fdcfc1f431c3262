// The composer: text, type, attachments, reply, and the strip of an own live location.

import { h, icon, button, show, name, bytes } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, chat, me, isAdmin, now, summary, firstName } from './state.js';
import { chooser, moved } from './map.js';
import { playable } from './rail.js';

/** What is being written, for each person and chat. */
const drafts = new Map();
const draft = () => {
  const key = `${state.uid}\n${state.tid}`;
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
  const main = document.querySelector('#main');
  main.addEventListener('dragover', (event) => { if (event.dataTransfer.types.includes('Files')) event.preventDefault(); });
  main.addEventListener('drop', (event) => attachFiles([...event.dataTransfer.files], event));
  view('composer', draw);
}

export const write = () => text?.focus();

export function reply(message) {
  draft().reply = message;
  redraw('composer');
  requestAnimationFrame(() => requestAnimationFrame(write));
}

function refusal() {
  const it = chat();
  if (it.is_closed) return ['This chat is closed.', isAdmin(it) && button('Reopen it', acts.reopen, { 'data-f': 'reopen' })];
  if (!it.allow_sending && !isAdmin(it)) return ['Only admins post here.'];
  return null;
}

function draw() {
  const it = chat();
  if (!it || state.firstRun) return;
  const mine = draft();
  const refused = refusal();
  const key = `${state.uid}\n${state.tid}`;
  if (drawnFor !== key) { form = null; drawnFor = key; }
  const share = it.locations.find((other) => other.uid === state.uid);
  const version = JSON.stringify([key, it.is_closed, it.allow_sending, isAdmin(it), mine.refusal, mine.reply?.mid, mine.kind, mine.attachments.map((other) => other.words), share, share && minutesLeft(share), state.world.people]);
  // A button that is made anew while it is pressed is never clicked.
  if (drawn[0] === version && drawn[1] === form) {
    if (text && text.value !== mine.text) { text.value = mine.text; grow(); }
    return;
  }
  drawn = [version, form];
  if (refused) return show(foot, strip(), h('p', { class: 'row muted' }, icon('lock'), refused));
  const focused = document.activeElement === text;
  text = h('textarea', { id: 'write', rows: '1', maxlength: '10000', dir: 'auto', 'data-f': 'write', 'aria-label': `Write as ${me().first_name}`, placeholder: `Write as ${me().first_name}`, value: mine.text,
    oninput: () => { mine.text = text.value; grow(); }, onkeydown: onKey });
  const kind = h('select', { 'aria-label': 'Type of the message', 'data-f': 'kind', onchange: (event) => { mine.kind = event.target.value; } },
    [['', 'Ordinary'], ['alert', 'Alert'], ['announcement', 'Announcement'], ['note', 'Note']].map(([value, word]) => h('option', { value }, word)));
  kind.value = mine.kind;
  const files = h('input', { type: 'file', multiple: true, hidden: true, onchange: () => { attachFiles([...files.files]); files.value = ''; } });
  const clip = button('', () => menu(box, clip, files), { icon: 'clip', label: 'Attach', kind: 'plain', 'aria-expanded': 'false', 'aria-haspopup': 'menu', 'data-f': 'clip' });
  const box = h('div', { class: 'compose' }, clip, files, text, kind, button('', send, { icon: 'send', label: 'Post', kind: 'primary', 'data-f': 'post' }));
  box.style.setProperty('position', 'relative');
  const next = playable().findIndex((person) => person.uid === state.uid) + 1;
  const other = playable()[next];
  show(foot, strip(), form?.node, mine.refusal && h('p', { class: 'refusal', role: 'alert' }, mine.refusal), chips(mine), box,
    h('p', { class: 'hints', 'aria-hidden': 'true' }, h('span', null, h('kbd', null, 'Enter'), ' posts'), h('span', null, h('kbd', null, 'Shift Enter'), ' new line'),
      other && next < 9 && h('span', null, h('kbd', null, String(next + 1)), ' play ', name(other.first_name))));
  grow();
  if (focused) text.focus({ preventScroll: true });
}

function grow() {
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
  const reply_ = mine.reply && h('span', { class: 'chip' }, icon('reply'), h('span', { class: 'cut' }, 'Reply to ', name(firstName(mine.reply.from_user.uid)), ': ', name(summary(mine.reply))), drop(() => { mine.reply = null; }));
  const attached = mine.attachments.map((it) => h('span', { class: 'chip' }, icon(it.icon), h('span', { class: 'cut' }, name(it.words)), drop(() => { mine.attachments = mine.attachments.filter((other) => other !== it); })));
  return (mine.reply || attached.length > 0) && h('div', { class: 'chips' }, reply_, attached);
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
    Object.assign(mine, { text: sent.text + mine.text, kind: sent.kind, attachments: [...sent.attachments, ...mine.attachments], reply: sent.reply, refusal: error.words ?? 'The sandbox does not answer.' });
  }
  redraw('composer');
}

function attach(it) {
  draft().attachments.push(it);
  form = null;
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
      const isImage = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'].includes(asset.media_type);
      Object.assign(waiting, { words: `${asset.file_name} · ${bytes(asset.size)}` }, isImage ? { icon: 'image', image: asset.id } : { icon: kind, json: { kind, asset: asset.id } });
    } catch (error) {
      mine.attachments = mine.attachments.filter((it) => it !== waiting);
      mine.refusal = error.words ?? 'The sandbox does not answer.';
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
  const item = (sign, word, act) => h('button', { type: 'button', role: 'menuitem', onclick: () => { close(); act(); } }, icon(sign), word);
  const list = h('div', { class: 'menu', role: 'menu', 'aria-label': 'Attach' }, item('file', 'File, image, sound or video', () => files.click()), item('poll', 'Poll', pollForm),
    item('calendar', 'Calendar entry', calendarForm), item('pin', 'Location', () => placeForm(false)), item('live', 'Live location', () => placeForm(true)));
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

/** Shows a form above the composer. `read` returns the attachment. */
function ask(title, fields, read) {
  const submit = (event) => { event.preventDefault(); const it = read(); if (it) attach(it); };
  const cancel = () => { form = null; redraw('composer'); requestAnimationFrame(write); };
  const node = h('form', { class: 'form', 'aria-label': title, onsubmit: submit }, h('h3', null, title), fields, h('div', { class: 'actions' }, button('Cancel', cancel), h('button', { class: 'button primary' }, 'Attach')));
  node.addEventListener('keydown', (event) => { if (event.key === 'Escape') { event.stopPropagation(); cancel(); } });
  form = { node };
  redraw('composer');
  requestAnimationFrame(() => requestAnimationFrame(() => node.querySelector('input, textarea, [tabindex]')?.focus()));
}

const field = (label, props) => h('label', null, label, h('input', { class: 'field', ...props }));
const valueOf = (label) => label.lastChild.value;

function pollForm() {
  const question = field('Question', { required: true, maxlength: '256' });
  const options = h('label', null, 'Options, one a line', h('textarea', { class: 'field', rows: '3', required: true }));
  const several = h('input', { type: 'checkbox' });
  ask('Poll', [question, options, h('label', { class: 'row' }, h('span', null, several, ' Several answers'))], () => {
    const list = [...new Set(valueOf(options).split('\n').map((it) => it.trim()).filter(Boolean))];
    return { icon: 'poll', words: valueOf(question), json: { kind: 'poll', question: valueOf(question), options: list, multiple_choice: several.checked } };
  });
}

function calendarForm() {
  const hour = 36e5;
  const start = Math.ceil(now().utc / hour) * hour;
  const local = (at) => new Date(at).toISOString().slice(0, 16);
  const [title, place] = [field('Title', { required: true, maxlength: '256' }), field('Place', { maxlength: '256' })];
  const [from, to] = [field('Start, UTC', { type: 'datetime-local', required: true, value: local(start) }), field('End, UTC', { type: 'datetime-local', required: true, value: local(start + hour) })];
  const about = h('label', null, 'Description', h('textarea', { class: 'field', rows: '2' }));
  ask('Calendar entry', [title, h('div', { class: 'two' }, from, to), place, about], () => {
    const at = (label) => new Date(`${valueOf(label)}Z`).toISOString();
    const json = { kind: 'calendar', title: valueOf(title), start: at(from), end: at(to) };
    if (valueOf(place)) json.location = valueOf(place);
    if (valueOf(about)) json.description = valueOf(about);
    return { icon: 'calendar', words: json.title, json };
  });
}

const HOME = [53.5511, 9.9937];

function placeForm(isLive) {
  let [lat, lon] = HOME;
  const title = field('Name', { required: true, maxlength: '256' });
  const duration = h('label', null, 'Duration', h('select', { class: 'field' }, [[900, '15 minutes'], [3600, '1 hour'], [28800, '8 hours']].map(([value, word]) => h('option', { value }, word))));
  const [address, city] = [field('Address', { maxlength: '256' }), field('City', { maxlength: '256' })];
  const place = chooser(lat, lon, (a, b) => { [lat, lon] = [a, b]; });
  ask(isLive ? 'Live location' : 'Location', [isLive ? duration : [title, h('div', { class: 'two' }, address, city)], place], () => {
    if (isLive) return { icon: 'live', words: 'Live location', json: { kind: 'live_location', initial_lat: lat, initial_lon: lon, duration: Number(valueOf(duration)) } };
    const json = { kind: 'location', name: valueOf(title), lat, lon };
    if (valueOf(address)) json.address = valueOf(address);
    if (valueOf(city)) json.city = valueOf(city);
    return { icon: 'pin', words: json.name, json };
  });
}

const minutesLeft = (share) => Math.ceil(Math.max(0, Date.parse(share.ends_at) - now().utc) / 60_000);

/** The strip of the person's own live location in this chat. */
function strip() {
  const share = chat()?.locations.find((it) => it.uid === state.uid);
  if (!share) return null;
  const go = async (lat, lon) => api.change('PUT', `${api.person(state.uid)}/location`, { lat, lon }).catch((error) => acts.say(error.words));
  const step = (sign, word, east, north) => button(sign, () => go(...moved(share.lat, share.lon, east, north)), { label: `Move 100 m ${word}`, 'data-f': `go-${word}` });
  const goTo = () => {
    let [lat, lon] = [share.lat, share.lon];
    ask('Go to …', chooser(lat, lon, (a, b) => { [lat, lon] = [a, b]; }), () => { go(lat, lon); form = null; redraw('composer'); return null; });
  };
  const stop = () => api.change('DELETE', `${api.chat(state.uid, state.tid)}/location`).catch((error) => acts.say(error.words));
  return h('div', { class: 'strip row', role: 'group', 'aria-label': 'Your live location' }, icon('live'), h('b', null, 'You share your live location here.'), h('span', { class: 'muted grow' }, `${minutesLeft(share)} min left`), 'Move by 100 m',
    step('←', 'west', -100, 0), step('↑', 'north', 0, 100), step('↓', 'south', 0, -100), step('→', 'east', 100, 0), button('Go to …', goTo, { 'data-f': 'go-to' }), button('Stop sharing', stop, { 'data-f': 'stop' }));
}

