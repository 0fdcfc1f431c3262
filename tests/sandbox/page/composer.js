// The composer, and the strip of an own live location.

import { h, icon, button, iconButton, bytes, bind, field, select, form, onEscape, submit, toggle, one, actions } from './dom.js';
import * as api from './api.js';
import { state, acts, run, redraw, drawNow, chat, me, isAdmin, now, summary, firstName, playable } from './state.js';
import { chooser, moved, startAt } from './map.js';
import { IMAGES } from './message.js';

/** Drafts, by person and chat. */
const drafts = new Map();
const EMPTY = { text: '', kind: '', attachments: [], reply: null, refusal: '' };
function draft() {
	const key = `${state.uid}\n${state.tid}`;
	if (!drafts.has(key)) drafts.set(key, { ...EMPTY });
	return drafts.get(key);
}
export const forgetDrafts = () => drafts.clear();

function write(changes, mine = draft()) {
	Object.assign(mine, changes);
	redraw();
}

export const focusText = () => one('#write')?.focus();
acts.reply = (reply) => {
	write({ reply });
	focusText();
};

function refusal(it) {
	if (it.is_closed) return ['This chat is closed.', isAdmin(it) && button('Reopen it', () => api.post(`${api.chat()}/reopen`))];
	return !it.allow_sending && !isAdmin(it) && 'Only admins post here.';
}

export function composer() {
	const refused = refusal(chat());
	if (refused) return [strip(), h('p.row.muted', icon('lock'), refused)];
	const mine = draft();
	const next = playable().findIndex((person) => person.uid === state.uid) + 1;
	const other = next < 9 && playable()[next];
	const words = `Write as ${me().first_name}`;
	const hint = (key, ...does) => h('span', h('kbd', key), ' ', does);
	const item = (sign, words, act, props) => h('button', { onclick: () => { one('#attach').hidePopover(); act(); }, ...props }, icon(sign), words);
	return [strip(), mine.form && askForm(mine), mine.refusal && h('p.refusal', { role: 'alert' }, mine.refusal), chips(mine),
		h('div.compose', iconButton('clip', 'Attach', null, { popovertarget: 'attach' }),
			h('div.popup.menu', { id: 'attach', popover: true, role: 'group', $label: 'Attach' }, item('file', 'File, image, sound or video', () => one('#files').click(), { autofocus: true }), FORMS.map((it) => item(it[0], it[1], () => ask(it, 53.5511, 9.9937)))),
			h('input', { type: 'file', id: 'files', multiple: true, hidden: true, onchange: ({ target }) => { attach([...target.files]); target.value = ''; } }),
			h('textarea', { id: 'write', rows: 1, maxlength: 10000, dir: 'auto', $label: words, placeholder: words, ...bind(mine, 'text'), onkeydown: onKey, onpaste: (event) => drop(event, event.clipboardData) }),
			select({ $label: 'Type of the message', ...bind(mine, 'kind') }, [['', 'Ordinary'], ['alert', 'Alert'], ['announcement', 'Announcement'], ['note', 'Note']]), iconButton('send', 'Post', send, { kind: 'primary' })),
		h('p.hints', { $hidden: true }, hint('Enter', 'posts'), hint('Shift Enter', 'new line'), other && hint(next + 1, 'play ', h('bdi', other.first_name)))];
}

function onKey(event) {
	if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
		event.preventDefault();
		send();
	}
	onEscape(() => (draft().reply ? write({ reply: null }) : event.target.blur()))(event);
}

function chips({ reply, attachments }) {
	const chip = (sign, drop, ...words) => h('span.chip', icon(sign), h('span.cut', words), iconButton('close', 'Remove', drop));
	return (reply || attachments.length > 0) && h('div.chips', reply && chip('reply', () => write({ reply: null }), 'Reply to ', h('bdi', firstName(reply.from_user.uid)), ': ', h('bdi', summary(reply))),
		attachments.map((it) => chip(it.kind ?? 'file', () => without(it), h('bdi', it.words))));
}

const without = (it, mine = draft()) => write({ attachments: mine.attachments.filter((other) => other !== it) }, mine);

async function send() {
	const mine = draft();
	const { text, kind, reply } = mine;
	const images = mine.attachments.flatMap((it) => it.image ?? []);
	const attachments = mine.attachments.flatMap((it) => it.image ? [] : [it.json]);
	if (images.length) attachments.unshift({ kind: 'gallery', images });
	const msg = text.trim() ? text : undefined;
	// Nothing is sent twice, and nothing before it is uploaded.
	if ((!msg && !attachments.length) || attachments.includes(null)) return;
	const sent = { ...mine };
	write(EMPTY);
	try {
		await api.post(`${api.chat()}/messages`, { msg, alert_type: kind || undefined, reply_to: reply?.mid, attachments: attachments.length ? attachments : undefined });
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
			write({ words: `${file_name} · ${bytes(size)}`, ...(IMAGES.includes(media_type) ? { kind: 'image', image: id } : { kind, json: { kind, asset: id } }) }, waiting);
		} catch ({ message }) {
			without(waiting, mine);
			write({ refusal: message }, mine);
		}
	}
}

function ask(form, ...place) {
	write({ form, place: startAt(...place), at: Math.ceil(now().utc / HOUR) * HOUR });
	drawNow();
	one('.foot form').querySelector('input, textarea, [tabindex]').focus();
}

function askForm(mine) {
	const [kind, title, fields, read] = mine.form;
	const done = () => {
		mine.form = null;
		drawNow();
		focusText();
	};
	const attachTo = (values) => {
		const json = { kind, ...read(values) };
		if (kind) mine.attachments = [...mine.attachments, { kind, words: json.question ?? json.title ?? json.name ?? title, json }];
		done();
	};
	return form('form', { key: title, $label: title, onkeydown: onEscape(done) }, attachTo,
		h('h3', title), fields(mine), actions(button('Cancel', done), submit('Attach')));
}

const HOUR = 36e5;
const required = { required: true };
const two = (...fields) => h('div.two', fields);
const when = (name, words, at) => field(words, name, { ...required, type: 'datetime-local', defaultValue: new Date(at).toISOString().slice(0, 16) });
const at = (value) => new Date(`${value}Z`).toISOString();

/** Attachments of forms: kind, title, fields, and JSON of their values. */
const FORMS = [
	['poll', 'Poll', () => [field('Question', 'question', required), field('Options, one a line', 'options', { ...required, rows: 3 }, 'textarea'), toggle('Several answers', false, null, { name: 'several' })],
		({ question, options, several }) => ({ question, options: [...new Set(options.split('\n').map((it) => it.trim()).filter(Boolean))], multiple_choice: Boolean(several) })],
	['calendar', 'Calendar entry', ({ at }) => [field('Title', 'title', required), two(when('start', 'Start, UTC', at), when('end', 'End, UTC', at + HOUR)), field('Place', 'location'), field('Description', 'description', { rows: 2 }, 'textarea')],
		(it) => ({ ...it, start: at(it.start), end: at(it.end) })],
	['location', 'Location', ({ place }) => [field('Name', 'name', required), two(field('Address', 'address'), field('City', 'city')), chooser(place)],
		(it) => it],
	['live_location', 'Live location', ({ place }) => [h('label', 'Duration', select({ name: 'duration' }, [[900, '15 minutes'], [3600, '1 hour'], [28800, '8 hours']])), chooser(place)],
		({ lat, lon, duration }) => ({ initial_lat: lat, initial_lon: lon, duration: Number(duration) })],
];
const go = (place) => api.change('PUT', `${api.person()}/location`, place);
const GO = ['', 'Go to …', ({ place }) => chooser(place), (place) => { run(go(place)); }];

function strip() {
	const share = chat().locations.find((it) => it.uid === state.uid);
	if (!share) return null;
	const step = (sign, word, ...by) => button(sign, () => {
		const [lat, lon] = moved(share.lat, share.lon, ...by);
		return go({ lat, lon });
	}, { $label: `Move 100 m ${word}` });
	const left = Math.ceil(Math.max(0, Date.parse(share.ends_at) - now().utc) / 60_000);
	return h('div.strip.row', { role: 'group', $label: 'Your live location' }, icon('live_location'), h('b', 'You share your live location here.'), h('span.muted.grow', `${left} min left`), 'Move by 100 m',
		step('←', 'west', -100, 0), step('↑', 'north', 0, 100), step('↓', 'south', 0, -100), step('→', 'east', 100, 0),
		button('Go to …', () => ask(GO, share.lat, share.lon)), button('Stop sharing', () => api.change('DELETE', `${api.chat()}/location`)));
}
