// Attachments as cards.

import { h, icon, button, prose, bytes, copy, iconButton } from './dom.js';
import * as api from './api.js';
import { state, acts, mark, redraw, time, chat, now, userOf, fullName } from './state.js';
import { map, metres, length, coordinates } from './map.js';
import { openDialog, closeDialog } from './dialogs.js';
import { initials } from './face.js';

export const cards = (message) => h('div.cards', message.attachments.map((it) => (KINDS[it.kind] ?? unknown)(it, message)));

export function liveVersion(message) {
  const isLive = message.attachments?.some((it) => it.kind === 'live_location');
  return isLive && [locationOf(message), Math.floor(now().utc / 10_000)];
}

const locationOf = (message) => chat()?.locations.find((it) => it.mid === message.mid);

const card = (sign, kind, ...children) => h('section.card', h('p.kind', icon(sign), kind), children);
const title = (words) => h('h3', { dir: 'auto' }, words);
const line = (words) => words && h('p.small.muted', h('bdi', words));

function calendar({ start, end, title: words, location, description }, message) {
  const isSame = time.sameDay(start, end);
  const key = `${message.mid} ${words}`;
  const isOpen = state.marks.has(key);
  const [, day, month] = time.short(start).split(' ');
  const when = `${isSame ? time.short(start).slice(0, 3) : time.short(start)} ${time.minute(start)} – ${isSame ? '' : `${time.short(end)} `}${time.minute(end)} UTC`;
  return card('calendar', 'Calendar', h('div.row', h('span.leaf', { 'aria-hidden': true }, h('span', month.toUpperCase()), h('b', Number(day))),
    h('div.grow', title(words), h('p.small', when), line(location), description && prose(description, `small.muted.${isOpen ? '' : 'clamp'}`),
      (description?.length > 250 || description?.split('\n').length > 5) && button('More', () => mark(key), { kind: 'plain', 'aria-expanded': isOpen }))));
}

function place({ name, lat, lon, address, postal_code, city, country }) {
  const words = coordinates(lat, lon);
  const all = [address, [postal_code, city].filter(Boolean).join(' '), country].filter(Boolean).join(', ');
  const copyWords = async (event) => { if (await copy(words, event.target.closest('.end').firstChild)) acts.say('The coordinates are copied.'); };
  return card('pin', 'Location', map([[lat, lon]], { label: `Location ${name} at ${words}` }), title(name), line(all), h('div.end', h('span.mono', words), button('Copy', copyWords, { icon: 'copy', kind: 'plain' })));
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
  return card('live', ['Live location', h(`span.live.${share ? '' : 'muted'}`, share ? `Live · ${Math.ceil(left / 60_000)} min left` : 'Ended')],
    map(points, { who: initials(user), label: `Live location of ${fullName(user)}, ${words}.` }), title(fullName(user)),
    h('p.small', h('span.mono', coordinates(...points.at(-1))), share?.moved_at && ` · moved ${time.ago(share.moved_at)}`),
    share && h('div.bar', { role: 'presentation' }, h('i', { style: `width: ${Math.min(100, left / duration / 10)}%` })));
}

/** Types that the server shows; it decides by the first bytes. */
export const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

const inline = (asset) => `${api.asset(asset.id)}/inline`;

function gallery({ images }) {
  if (!images.some((image) => IMAGES.includes(image.media_type))) return images.map((asset) => file({ asset }));
  const [{ file_name }] = images;
  const more = images.length - 1;
  const small = (image, at) => h('button', { label: `Image ${at + 1} of ${images.length}: ${image.file_name}`, onclick: () => viewer(images, at) },
    h('img', { src: inline(image), alt: '', loading: 'lazy', onerror: (event) => { event.target.hidden = true; } }), at === 4 && more > 4 && h('span.more', { 'data-text': `+${more - 3}` }));
  return card('image', more ? `Gallery · ${images.length} images` : 'Image', h('div.gallery', { 'data-count': Math.min(5, images.length) }, images.slice(0, 5).map(small)),
    h('p.small.muted', fileName(more ? `${file_name} and ${more} more` : file_name), ` · ${bytes(images.reduce((sum, image) => sum + image.size, 0))}`));
}

function viewer(images, at) {
  const go = (by) => {
    at = (at + by + images.length) % images.length;
    redraw();
  };
  const onkeydown = ({ key }) => { if (key === 'ArrowLeft') go(-1); if (key === 'ArrowRight') go(1); };
  openDialog('Images', () => [h('img', { src: inline(images[at]), alt: images[at].file_name }), h('p', { 'aria-live': 'polite' }, fileName(images[at].file_name), ` · ${at + 1} of ${images.length}`),
    h('div.actions', button('Previous', () => go(-1)), button('Next', () => go(1)), save(images[at]), button('Close', closeDialog))], { class: 'viewer', onkeydown });
}

/** A file name whose ending stays when its middle is cut. */
function fileName(text) {
  const chars = [...text];
  return h('bdi', { title: text }, chars.length > 60 ? [...chars.slice(0, 38), '…', ...chars.slice(-20)].join('') : text);
}

const save = (asset) => h('a.button.plain', { href: api.asset(asset.id), download: true }, icon('save'), 'Save');

const media = (tag, sign, word) => ({ asset }) => {
  // What the browser cannot play becomes a file.
  if (state.marks.has(asset.id)) return file({ asset });
  return card(sign, `${word} · ${bytes(asset.size)}`, h(tag, { controls: true, preload: 'metadata', src: inline(asset), label: asset.file_name, onerror: () => mark(asset.id, true) }),
    h('div.end.small', h('span', fileName(asset.file_name), h('span.muted', ` ${asset.media_type}`)), save(asset)));
};

const file = ({ asset }) => card('file', 'File', h('div.row', h('span.letters', { 'aria-hidden': true }, /\.([a-z0-9]{1,5})$/i.exec(asset.file_name)?.[1].toUpperCase()), h('h3.grow', fileName(asset.file_name))),
  h('div.end.small', h('span.muted', `${asset.media_type} · ${bytes(asset.size)}`), save(asset)));

const poll = ({ question, options, multiple_choice }) => card('poll', `Poll · ${multiple_choice ? 'several answers' : 'one answer'}`, title(question),
  h(`ul.options.${multiple_choice ? 'several' : ''}`, options.map((option) => h('li', { dir: 'auto' }, option))), h('p.small.muted', 'Shown only: the contract has no votes.'));

const unknown = (it) => card('file', 'Attachment', h('p.small', 'A kind this page does not know: ', h('i', h('bdi', it.kind))), h('pre', JSON.stringify(it, null, 1)));

const KINDS = { calendar, location: place, live_location: live, gallery, sound: media('audio', 'sound', 'Sound'), video: media('video', 'video', 'Video'), file, poll };
