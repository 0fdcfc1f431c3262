// The composer: text, type, attachments, reply, and the strip of an own live location.

import { h, icon, button, iconButton, bytes, field, select, form, onEscape, submit, toggle, one } from './dom.js';
import * as api from './api.js';
import { state, acts, edit, drawNow, chat, me, isAdmin, now, summary, firstName, playable } from './state.js';
import { chooser, moved } from './map.js';
import { IMAGES } from './cards.js';

/** What is being written, for each person and chat. */
const drafts = new Map();
const EMPTY = { text: '', kind: '', attachments: [], reply: null, refusal: '' };
function draft() {
  const key = `${state.uid}\n${state.tid}`;
  if (!drafts.has(key)) drafts.set(key, { ...EMPTY });
  return drafts.get(key);
}
export const forgetDrafts = () => drafts.clear();

const write = (changes, mine = draft()) => edit(mine, changes);

export const focusText = () => one('#write')?.focus();
acts.reply = (reply) => {
  write({ reply });
  focusText();
};

function refusal(it) {
  if (it.is_closed) return ['This chat is closed.', isAdmin(it) && button('Reopen it', () => api.act('POST', `${api.chat()}/reopen`))];
  return !it.allow_sending && !isAdmin(it) && 'Only admins post here.';
}

const KINDS = [['', 'Ordinary'], ['alert', 'Alert'], ['announcement', 'Announcement'], ['note', 'Note']];

export function composer() {
  const refused = refusal(chat());
  if (refused) return [strip(), h('p.row.muted', icon('lock'), refused)];
  const mine = draft();
  const next = playable().findIndex((person) => person.uid === state.uid) + 1;
  const other = next < 9 && playable()[next];
  const words = `Write as ${me().first_name}`;
  const hint = (key, ...does) => h('span', h('kbd', key), ' ', does);
  const files = h('input', { type: 'file', id: 'files', multiple: true, hidden: true, onchange: ({ target }) => { attach([...target.files]); target.value = ''; } });
  const item = (sign, words, act, props) => h('button', { onclick: () => { one('#attach').hidePopover(); act(); }, ...props }, icon(sign), words);
  return [strip(), mine.form && askForm(mine), mine.refusal && h('p.refusal', { role: 'alert' }, mine.refusal), chips(mine),
    h('div.compose', iconButton('clip', 'Attach', null, { popovertarget: 'attach' }),
      h('div.popup.menu', { id: 'attach', popover: true, role: 'group', label: 'Attach' }, item('file', 'File, image, sound or video', () => one('#files').click(), { autofocus: true }),
        item('poll', 'Poll', pollForm), item('calendar', 'Calendar entry', calendarForm), item('pin', 'Location', placeForm), item('live', 'Live location', liveForm)), files,
      h('textarea', { id: 'write', rows: 1, maxlength: 10000, dir: 'auto', label: words, placeholder: words, value: mine.text, oninput: (event) => write({ text: event.target.value }), onkeydown: onKey, onpaste: (event) => drop(event, event.clipboardData) }),
      select({ label: 'Type of the message', value: mine.kind, onchange: (event) => write({ kind: event.target.value }) }, KINDS), iconButton('send', 'Post', send, { kind: 'primary' })),
    h('p.hints', { 'aria-hidden': true }, hint('Enter', 'posts'), hint('Shift Enter', 'new line'), other && hint(next + 1, 'play ', h('bdi', other.first_name)))];
}

function onKey(event) {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
  onEscape(() => (draft().reply ? write({ reply: null }) : event.target.blur()))(event);
}

const SIGNS = { location: 'pin', live_location: 'live' };

function chips({ reply, attachments }) {
  const chip = (sign, drop, ...words) => h('span.chip', icon(sign), h('span.cut', words), iconButton('close', 'Remove', drop));
  return (reply || attachments.length > 0) && h('div.chips', reply && chip('reply', () => write({ reply: null }), 'Reply to ', h('bdi', firstName(reply.from_user.uid)), ': ', h('bdi', summary(reply))),
    attachments.map((it) => chip(SIGNS[it.kind] ?? it.kind ?? 'file', () => without(it), h('bdi', it.words))));
}

const without = (it, mine = draft()) => write({ attachments: mine.attachments.filter((other) => other !== it) }, mine);

async function send() {
  const mine = draft();
  const { tid } = state;
  const { text, kind, reply } = mine;
  const images = mine.attachments.flatMap((it) => it.image ?? []);
  const attachments = [...(images.length ? [{ kind: 'gallery', images }] : []), ...mine.attachments.flatMap((it) => it.image ? [] : [it.json])];
  const msg = text.trim() ? text : undefined;
  // Nothing is sent twice, and nothing before it is uploaded.
  if ((!msg && !attachments.length) || attachments.includes(null)) return;
  const sent = { ...mine };
  write(EMPTY);
  try {
    acts.posted(tid, await api.post(`${api.chat()}/messages`, { msg, alert_type: kind || undefined, reply_to: reply?.mid, attachments: attachments.length ? attachments : undefined }));
  } catch ({ message }) {
    // What was written meanwhile stays.
    write({ ...sent, text: sent.text + mine.text, attachments: [...sent.attachments, ...mine.attachments], refusal: message }, mine);
  }
}

function drop(event, data) {
  const files = [...(data?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  attach(files);
}
one('#main').ondragover = (event) => { if (event.dataTransfer.types.includes('Files')) event.preventDefault(); };
one('#main').ondrop = (event) => drop(event, event.dataTransfer);

async function attach(files) {
  if (!chat() || refusal(chat())) return;
  const [mine, uid] = [draft(), state.uid];
  for (const file of files) {
    const waiting = { words: `${file.name}, uploading …`, json: null };
    write({ attachments: [...mine.attachments, waiting] }, mine);
    try {
      const { id, media_type, file_name, size } = await api.upload(uid, file);
      const kind = { audio: 'sound', video: 'video' }[media_type.split('/')[0]] ?? 'file';
      edit(waiting, { words: `${file_name} · ${bytes(size)}`, ...(IMAGES.includes(media_type) ? { kind: 'image', image: id } : { kind, json: { kind, asset: id } }) });
    } catch ({ message }) {
      without(waiting, mine);
      write({ refusal: message }, mine);
    }
  }
}

/** Shows a form above the composer. `read` returns the attachment as JSON from its values, if it makes one. */
function ask(title, fields, read) {
  write({ form: { title, fields, read } });
  drawNow();
  one('.foot form').querySelector('input, textarea, [tabindex]').focus();
}

function askForm(mine) {
  const { title, fields, read } = mine.form;
  const done = () => write({ form: null }, mine).then(focusText);
  const attachTo = (values) => {
    const json = read(values);
    if (json) mine.attachments = [...mine.attachments, { kind: json.kind, words: json.question ?? json.title ?? json.name ?? title, json }];
    done();
  };
  return form('form', { key: title, label: title, onkeydown: onEscape(done) }, attachTo,
    h('h3', title), fields(), h('div.actions', button('Cancel', done), submit('Attach')));
}

const two = (...fields) => h('div.two', fields);
const pollForm = () => ask('Poll', () => [field('Question', { name: 'question', required: true }), field('Options, one a line', { name: 'options', rows: 3, required: true }, 'textarea'), toggle('Several answers', false, null, { name: 'several' })],
  ({ question, options, several }) => ({ kind: 'poll', question, options: [...new Set(options.split('\n').map((it) => it.trim()).filter(Boolean))], multiple_choice: Boolean(several) }));

function calendarForm() {
  const hour = 36e5;
  const start = Math.ceil(now().utc / hour) * hour;
  const at = (value) => new Date(`${value}Z`).toISOString();
  const when = (name, words, value) => field(words, { name, type: 'datetime-local', required: true, defaultValue: new Date(value).toISOString().slice(0, 16) });
  ask('Calendar entry', () => [field('Title', { name: 'title', required: true }), two(when('start', 'Start, UTC', start), when('end', 'End, UTC', start + hour)), field('Place', { name: 'location' }), field('Description', { name: 'description', rows: 2 }, 'textarea')],
    (it) => ({ kind: 'calendar', ...it, start: at(it.start), end: at(it.end) }));
}

const HOME = [53.5511, 9.9937];

function placeForm() {
  const choose = chooser(...HOME);
  ask('Location', () => [field('Name', { name: 'name', required: true }), two(field('Address', { name: 'address' }), field('City', { name: 'city' })), choose()],
    (it) => ({ kind: 'location', ...it }));
}

function liveForm() {
  const choose = chooser(...HOME);
  ask('Live location', () => [h('label', 'Duration', select({ name: 'duration' }, [[900, '15 minutes'], [3600, '1 hour'], [28800, '8 hours']])), choose()],
    ({ lat, lon, duration }) => ({ kind: 'live_location', initial_lat: lat, initial_lon: lon, duration: Number(duration) }));
}

function strip() {
  const share = chat().locations.find((it) => it.uid === state.uid);
  if (!share) return null;
  const go = (place) => { api.act('PUT', `${api.person()}/location`, place); };
  const step = (sign, word, ...by) => button(sign, () => {
    const [lat, lon] = moved(share.lat, share.lon, ...by);
    go({ lat, lon });
  }, { label: `Move 100 m ${word}` });
  const left = Math.ceil(Math.max(0, Date.parse(share.ends_at) - now().utc) / 60_000);
  return h('div.strip.row', { role: 'group', label: 'Your live location' }, icon('live'), h('b', 'You share your live location here.'), h('span.muted.grow', `${left} min left`), 'Move by 100 m',
    step('←', 'west', -100, 0), step('↑', 'north', 0, 100), step('↓', 'south', 0, -100), step('→', 'east', 100, 0),
    button('Go to …', () => ask('Go to …', chooser(share.lat, share.lon), go)), button('Stop sharing', () => api.act('DELETE', `${api.chat()}/location`)));
}
