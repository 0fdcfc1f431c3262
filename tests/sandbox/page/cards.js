// Attachments as cards.

import { h, icon, button, name, prose, bytes, visible, copy } from './dom.js';
import * as api from './api.js';
import { state, time, MONTHS, chat, now, users, fullName } from './state.js';
import { map, metres, length, coordinates } from './map.js';

export function cards(message, acts) {
  return h('div.cards', message.attachments.map((it) => (KINDS[it.kind] ?? unknown)(it, message, acts)));
}

/** The part of a message's version that depends on live locations. */
export function liveVersion(message) {
  const shares = message.attachments?.some((it) => it.kind === 'live_location');
  return shares ? JSON.stringify(locationOf(message)) + Math.floor(now().utc / 10_000) : '';
}

const locationOf = (message) => chat()?.locations.find((it) => it.mid === message.mid);

const card = (sign, kind, extra, ...children) => h('section.card', h('p.kind', icon(sign), kind, extra), children);

function calendar(it) {
  const [start, end] = [Date.parse(it.start), Date.parse(it.end)];
  const same = time.sameDay(start, end);
  const day = new Date(start);
  const when = `${same ? time.short(start).slice(0, 3) : time.short(start)} ${time.minute(start)} – ${same ? '' : `${time.short(end)} `}${time.minute(end)} UTC`;
  const text = it.description && prose(it.description, 'small.muted.clamp');
  const more = it.description && (it.description.length > 250 || it.description.split('\n').length > 5) && button('More', (event) => {
    event.target.setAttribute('aria-expanded', String(!text.classList.toggle('clamp')));
  }, { kind: 'plain', 'aria-expanded': false });
  return card('calendar', 'Calendar', null, h('div.row', h('span.leaf', { 'aria-hidden': true }, h('span', MONTHS[day.getUTCMonth()].slice(0, 3).toUpperCase()), h('b', String(day.getUTCDate()))),
    h('div.grow', name(it.title, 'h3', { dir: 'auto' }), h('p.small', when), it.location && h('p.small.muted', name(it.location)), text, more)));
}

function place(it, _, acts) {
  const address = [it.address, [it.postal_code, it.city].filter(Boolean).join(' '), it.country].filter(Boolean).join(', ');
  const words = coordinates(it.lat, it.lon);
  const drawn = map([[it.lat, it.lon]], { label: visible(`Location ${it.name} at ${words}`) });
  return card('pin', 'Location', null, drawn, name(it.name, 'h3', { dir: 'auto' }), address && h('p.small.muted', name(address)), where(words, acts));
}

function where(words, acts) {
  const shown = h('span.mono', words);
  return h('div.end', shown, button('Copy', async () => { if (await copy(words, shown)) acts.say('The coordinates are copied.'); }, { icon: 'copy', kind: 'plain' }));
}

function live(it, message) {
  const share = locationOf(message);
  const user = users().get(message.from_user.uid) ?? message.from_user;
  const start = [it.initial_lat, it.initial_lon];
  const points = share ? (share.track.length ? share.track : [[share.lat, share.lon]]) : [start];
  const [east, north] = metres(points.at(-1), start);
  const away = Math.hypot(east, north);
  const side = Math.abs(east) > Math.abs(north) ? (east > 0 ? 'east' : 'west') : (north > 0 ? 'north' : 'south');
  const far = away < 1 ? 'where it started' : `${length(away)} ${side} of where it started`;
  const ends = share ? Date.parse(share.ends_at) : 0;
  const left = Math.max(0, ends - now().utc);
  const minutes = Math.ceil(left / 60_000);
  const drawn = map(points, { who: (user.first_name[0] ?? '') + (user.last_name[0] ?? ''), label: visible(`Live location of ${fullName(user)}, ${share ? `now ${far}` : 'ended'}.`) });
  const state_ = share ? h('span.live', `Live · ${minutes} min left`) : h('span.live.muted', 'Ended');
  const last = points.at(-1);
  return card('live', 'Live location', state_, drawn, name(fullName(user), 'h3'), h('p.small', h('span.mono', coordinates(last[0], last[1])), share?.moved_at && ` · moved ${time.ago(share.moved_at)}`),
    share && h('div.bar', { role: 'presentation', vars: { '--part': `${Math.min(100, (left / (it.duration * 1000)) * 100)}%` } }, h('i')));
}

/** Types that the server shows; it decides by the first bytes. */
export const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

function gallery(it, message, acts) {
  const images = it.images;
  if (!images.some((image) => IMAGES.includes(image.media_type))) return images.map((image) => file({ asset: image }, message, acts));
  const shown = images.slice(0, 5);
  const total = images.reduce((sum, image) => sum + image.size, 0);
  const one = (image, at) => h('button', { keep: `image-${at}`, label: visible(`Image ${at + 1} of ${images.length}: ${image.file_name}`), onclick: () => viewer(images, at) },
    h('img', { src: `${api.asset(state.uid, image.id)}/inline`, alt: '', loading: 'lazy', onerror: (event) => event.target.remove() }), at === 4 && images.length > 5 && h('span.more', { 'data-text': `+${images.length - 4}` }));
  const names = images.length > 1 ? `${images[0].file_name} and ${images.length - 1} more` : images[0].file_name;
  return card('image', images.length > 1 ? `Gallery · ${images.length} images` : 'Image', null, h('div.gallery', { 'data-count': String(shown.length) }, shown.map(one)), h('p.small.muted', fileName(names), ` · ${bytes(total)}`));
}

function viewer(images, start) {
  let at = start;
  const image = h('img', { alt: '' });
  const words = h('p', { 'aria-live': 'polite' });
  const save = h('a.button', { download: true }, icon('save'), 'Save');
  const draw = () => {
    image.src = `${api.asset(state.uid, images[at].id)}/inline`;
    image.alt = visible(images[at].file_name);
    words.replaceChildren(fileName(images[at].file_name), ` · ${at + 1} of ${images.length}`);
    save.href = api.asset(state.uid, images[at].id);
  };
  const go = (by) => { at = (at + by + images.length) % images.length; draw(); };
  const dialog = h('dialog.viewer', { label: 'Images' }, image, words, h('div.actions',
    button('Previous', () => go(-1)), button('Next', () => go(1)), save, button('Close', () => dialog.close())));
  dialog.addEventListener('keydown', (event) => { if (event.key === 'ArrowLeft') go(-1); if (event.key === 'ArrowRight') go(1); });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  draw();
  dialog.showModal();
}

/** A file name whose ending stays when its middle is cut. */
function fileName(text) {
  const chars = [...text];
  const short = chars.length > 60 ? [...chars.slice(0, 38), '…', ...chars.slice(-20)].join('') : text;
  return name(short, 'bdi', { title: visible(text) });
}

const saveLink = (it) => h('a.button.plain', { href: api.asset(state.uid, it.id), download: true }, icon('save'), 'Save');

function media(tag, sign, word) {
  return (it, message, acts) => {
    const { asset } = it;
    const player = h(tag, { controls: true, preload: 'metadata', src: `${api.asset(state.uid, asset.id)}/inline`, label: visible(asset.file_name) });
    const node = card(sign, `${word} · ${bytes(asset.size)}`, null, player, h('div.end.small', h('span', fileName(asset.file_name), h('span.muted', ` ${visible(asset.media_type)}`)), saveLink(asset)));
    // What the browser cannot play becomes a file.
    player.addEventListener('error', () => node.replaceWith(file(it, message, acts)));
    return node;
  };
}

function file(it) {
  const { asset } = it;
  const ending = /\.([a-z0-9]{1,5})$/i.exec(asset.file_name)?.[1]?.toUpperCase() ?? '';
  return card('file', 'File', null, h('div.row', h('span.letters', { 'aria-hidden': true }, ending), h('h3.grow', fileName(asset.file_name))),
    h('div.end.small', h('span.muted', `${visible(asset.media_type)} · ${bytes(asset.size)}`), saveLink(asset)));
}

function poll(it) {
  return card('poll', `Poll · ${it.multiple_choice ? 'several answers' : 'one answer'}`, null, name(it.question, 'h3', { dir: 'auto' }),
    h(`ul.options.${it.multiple_choice ? 'several' : ''}`, it.options.map((option) => h('li', name(option)))), h('p.small.muted', 'Shown only: the contract has no votes.'));
}

const unknown = (it) => card('file', 'Attachment', null, h('p.small', 'A kind this page does not know: ', h('i', name(it.kind))), h('pre', visible(JSON.stringify(it, null, 1)).replaceAll('⟨U+000A⟩', '\n')));

const KINDS = { calendar, location: place, live_location: live, gallery, sound: media('audio', 'sound', 'Sound'), video: media('video', 'video', 'Video'), file, poll };
