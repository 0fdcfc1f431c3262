// One message, with its attachments as cards.

import { h, icon, button, iconButton, cached, prose, bytes, one, face, initials, names, actions, openDialog, closeDialog, copy } from './dom.js';
import * as api from './api.js';
import { state, acts, mark, drawNow, time, now, userOf, fullName, firstName, isBot, chat, inLog, summary, senderOf } from './state.js';
import { map, metres, length, coordinates } from './map.js';

export const message = (it) => cached(it.mid, [it, state.uid, state.linked === it.mid, chat().is_closed, chat().members, state.marks.size, liveVersion(it), inLog(it.reply_to)], () => {
	const from = it.from_user;
	const at = time.minute(it.timestamp);
	return h(`article.message.${state.linked === it.mid ? 'linked' : ''}`, { tabindex: -1, 'data-mid': it.mid, $label: `${senderOf(it)}, ${at}: ${summary(it)}` }, face(from),
		h('div', h('header', h('b', { dir: 'auto' }, senderOf(it)), from.is_bot && h('span.tag', it.sender_display_name ? h('bdi', fullName(from)) : 'bot'),
			h('time', { datetime: new Date(it.timestamp).toISOString() }, at), it.request && h('button.link', { onclick: () => acts.showRequest(it.request) }, `request ${it.request}`)),
		it.deleted ? h('p.deleted', `Deleted by ${firstName(from.uid)}.`) : content(it)),
		!it.deleted && tools(it));
});

function content(it) {
	const text = it.msg && prose(it.msg, 'text');
	const kind = it.is_alert ? it.alert_type ?? 'alert' : '';
	return [it.reply_to && quote(it.reply_to), kind === 'alert' ? alert(it, text) : kind ? notice(it, kind, text) : text,
		it.link_preview && linkPreview(it.link_preview), it.attachments?.length && h('div.cards', it.attachments.map((part) => (KINDS[part.kind] ?? unknown)(part, it)))];
}

function quote(mid) {
	const it = inLog(mid);
	return h('button.quote.cut', { onclick: () => acts.reveal(mid) }, it ? [h('bdi', senderOf(it)), ': ', h('bdi', summary(it))] : 'An earlier message');
}

/** Its image is never loaded: its server would learn who reads. */
const linkPreview = ({ title, description, domain }) => h('div.quote', h('b', { dir: 'auto' }, title ?? domain), description && h('p', { dir: 'auto' }, description), h('p', domain));

const attention = (kind, sign, head, ...body) => h(`section.attention.${kind}`, h('p.kind', icon(sign), head), h('div.body', body));

const by = (it, kind) => it.reactions.filter((other) => other.reaction_type === kind).map((other) => other.uid);

function alert(it, text) {
	const [ok, sos] = [by(it, 'ok'), by(it, 'sos')];
	// Neither bots nor the sender are asked.
	const asked = chat().members.filter((uid) => uid !== it.from_user.uid && !isBot(uid));
	const waiting = asked.filter((uid) => ![...ok, ...sos].includes(uid));
	const answered = asked.length - waiting.length;
	const mine = ok.includes(state.uid) ? 'OK' : sos.includes(state.uid) && 'SOS';
	const other = mine === 'OK' ? 'SOS' : 'OK';
	const may = it.from_user.uid !== state.uid && !chat().is_closed;
	const part = (kind, word, uids) => h('span', h(`b.${kind}`, word), uids.length ? names(uids) : 'nobody');
	return attention('alert', 'alert', ['Alert', h('span', answered ? `answered by ${answered} of ${asked.length}` : 'nobody has answered')], text,
		h('p.tally', part('ok', 'OK', ok), part('sos', 'SOS', sos), waiting.length && part('waiting', 'waiting', waiting)),
		mine ? h('p.row', h('span', 'You answered ', h('b', `${mine}.`)), may && button(`Change to ${other}`, () => react(it, other.toLowerCase())))
			: may && h('p.row.answer', answerButtons(it)));
}

export const answerButtons = (it) => ['OK', 'SOS'].map((word) => button(word, () => react(it, word.toLowerCase()), { icon: word === 'OK' ? 'check' : 'sos' }));

const react = (it, kind) => api.change('PUT', `${api.message(it)}/reaction`, { reaction_type: kind });

const REACTIONS = { thumbs_up: 'Thumbs up', applause: 'Applause', smile: 'Smile', laugh: 'Laugh', love: 'Love' };

function notice(it, kind, text) {
	const [name, sign, word] = { note: ['note', 'note', 'Note'], announcement: [kind, 'horn', 'Announcement'] }[kind] ?? ['announcement', 'horn', kind];
	const mine = it.reactions.find((other) => other.uid === state.uid)?.reaction_type;
	const choose = (kind) => {
		mark(it.mid, false);
		return react(it, kind);
	};
	const reaction = (kind) => {
		const [count, title] = [by(it, kind).length, REACTIONS[kind]];
		return button(count || title, () => choose(kind), { icon: kind, key: kind, 'data-kind': kind, $pressed: mine === kind, $label: count ? `${title}, ${count}` : title, disabled: chat().is_closed, title });
	};
	// Unused ones are behind a button.
	const all = Object.keys(REACTIONS);
	const used = all.filter((kind) => by(it, kind).length);
	const isFolded = used.length && used.length < all.length && !state.marks.has(it.mid);
	const unfold = () => {
		mark(it.mid);
		drawNow();
		one(`[data-mid="${CSS.escape(it.mid)}"] [data-kind=${all.find((kind) => !used.includes(kind))}]`).focus();
	};
	return attention(name, sign, word, text, h('p.row.react', (isFolded ? used : all).map(reaction), isFolded && !chat().is_closed && button('React', unfold, { icon: 'plus', $expanded: false })));
}

const tool = (sign, words, act, kind) => iconButton(sign, words, act, { kind });
const tools = (it) => h('div.tools', tool('reply', 'Reply', () => acts.reply(it)), tool('copy', 'Copy the mid', () => copy(it.mid, 'The mid is')),
	it.from_user.uid === state.uid && tool('trash', 'Delete', () => api.change('DELETE', api.message(it)), 'plain.danger'));

const locationOf = ({ mid }) => chat().locations.find((it) => it.mid === mid);
const liveVersion = (message) => message.attachments?.some((it) => it.kind === 'live_location') && [locationOf(message), Math.floor(now().utc / 10_000)];

const card = (sign, kind, ...children) => h('section.card', h('p.kind', icon(sign), kind), children);
const title = (words) => h('h3', { dir: 'auto' }, words);
const line = (words) => words && h('p.small.muted', h('bdi', words));

function calendar({ start, end, title: words, location, description }, message) {
	const isSame = time.sameDay(start, end);
	const key = `${message.mid} ${words}`;
	const isOpen = state.marks.has(key);
	const [, day, month] = time.short(start).split(' ');
	const when = `${isSame ? time.short(start).slice(0, 3) : time.short(start)} ${time.minute(start)} – ${isSame ? '' : `${time.short(end)} `}${time.minute(end)} UTC`;
	return card('calendar', 'Calendar', h('div.row', h('span.leaf', { $hidden: true }, h('span', month.toUpperCase()), h('b', Number(day))),
		h('div.grow', title(words), h('p.small', when), line(location), description && prose(description, `small.muted.${isOpen ? '' : 'clamp'}`),
			(description?.length > 250 || description?.split('\n').length > 5) && button('More', () => mark(key), { kind: 'plain', $expanded: isOpen }))));
}

function place({ name, lat, lon, address, postal_code, city, country }) {
	const words = coordinates(lat, lon);
	const all = [address, [postal_code, city].filter(Boolean).join(' '), country].filter(Boolean).join(', ');
	return card('location', 'Location', map([[lat, lon]], { $label: `Location ${name} at ${words}` }), title(name), line(all), h('div.end', h('span.mono', words), button('Copy', () => copy(words, 'The coordinates are'), { icon: 'copy', kind: 'plain' })));
}

function live({ initial_lat, initial_lon, duration }, message) {
	const share = locationOf(message);
	const user = userOf(message.from_user.uid) ?? message.from_user;
	const start = [initial_lat, initial_lon];
	const points = !share ? [start] : share.track.length ? share.track : [[share.lat, share.lon]];
	const [east, north] = metres(points.at(-1), start);
	const away = Math.hypot(east, north);
	const side = Math.abs(east) > Math.abs(north) ? (east > 0 ? 'east' : 'west') : (north > 0 ? 'north' : 'south');
	const left = Math.max(0, Date.parse(share?.ends_at) - now().utc);
	const words = share ? `now ${away < 1 ? '' : `${length(away)} ${side} of `}where it started` : 'ended';
	return card('live_location', ['Live location', h(`span.live.${share ? '' : 'muted'}`, share ? `Live · ${Math.ceil(left / 60_000)} min left` : 'Ended')],
		map(points, { who: initials(user), $label: `Live location of ${fullName(user)}, ${words}.` }), title(fullName(user)),
		h('p.small', h('span.mono', coordinates(...points.at(-1))), share?.moved_at && ` · moved ${time.ago(share.moved_at)}`),
		share && h('div.bar', { role: 'presentation' }, h('i', { style: `width: ${Math.min(100, left / duration / 10)}%` })));
}

/** What the server shows, by the first bytes. */
export const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

const inline = (asset) => `${api.asset(asset.id)}/inline`;
const save = (asset) => h('a.button.plain', { href: api.asset(asset.id), download: true }, icon('save'), 'Save');

function fileName(text) {
	const chars = [...text];
	return h('bdi', { title: text }, chars.length > 60 ? [...chars.slice(0, 38), '…', ...chars.slice(-20)].join('') : text);
}

function gallery({ images }) {
	if (!images.some((image) => IMAGES.includes(image.media_type))) return images.map((asset) => file({ asset }));
	const [{ file_name }] = images;
	const more = images.length - 1;
	const small = (image, at) => h('button', { $label: `Image ${at + 1} of ${images.length}: ${image.file_name}`, onclick: () => viewer(images, at) },
		h('img', { src: inline(image), alt: '', loading: 'lazy', onerror: ({ target }) => { target.hidden = true; } }), at === 4 && more > 4 && h('span.more', { 'data-text': `+${more - 3}` }));
	return card('image', more ? `Gallery · ${images.length} images` : 'Image', h('div.gallery', { 'data-count': Math.min(5, images.length) }, images.slice(0, 5).map(small)),
		h('p.small.muted', fileName(more ? `${file_name} and ${more} more` : file_name), ` · ${bytes(images.reduce((sum, image) => sum + image.size, 0))}`));
}

function viewer(images, at) {
	const go = (by) => () => { at = (at + by + images.length) % images.length; };
	const [previous, next] = [go(-1), go(1)];
	openDialog('Images', () => [h('img', { src: inline(images[at]), alt: images[at].file_name }), h('p', { $live: 'polite' }, fileName(images[at].file_name), ` · ${at + 1} of ${images.length}`),
		actions(button('Previous', previous), button('Next', next), save(images[at]), button('Close', closeDialog))],
	{ class: 'viewer', onkeydown: ({ key }) => ({ ArrowLeft: previous, ArrowRight: next })[key]?.() });
}

const media = (tag, word) => ({ asset }) => {
	// What the browser cannot play becomes a file.
	if (state.marks.has(asset.id)) return file({ asset });
	return card(word.toLowerCase(), `${word} · ${bytes(asset.size)}`, h(tag, { controls: true, preload: 'metadata', src: inline(asset), $label: asset.file_name, onerror: () => mark(asset.id, true) }),
		h('div.end.small', h('span', fileName(asset.file_name), h('span.muted', ` ${asset.media_type}`)), save(asset)));
};

const file = ({ asset }) => card('file', 'File', h('div.row', h('span.letters', { $hidden: true }, /\.([a-z0-9]{1,5})$/i.exec(asset.file_name)?.[1].toUpperCase()), h('h3.grow', fileName(asset.file_name))),
	h('div.end.small', h('span.muted', `${asset.media_type} · ${bytes(asset.size)}`), save(asset)));

const poll = ({ question, options, multiple_choice }) => card('poll', `Poll · ${multiple_choice ? 'several answers' : 'one answer'}`, title(question),
	h(`ul.options.${multiple_choice ? 'several' : ''}`, options.map((option) => h('li', { dir: 'auto' }, option))), h('p.small.muted', 'Shown only: the contract has no votes.'));

const unknown = (it) => card('file', 'Attachment', h('p.small', 'A kind this page does not know: ', h('i', h('bdi', it.kind))), h('pre', JSON.stringify(it, null, 1)));

const KINDS = { calendar, location: place, live_location: live, gallery, sound: media('audio', 'Sound'), video: media('video', 'Video'), file, poll };
