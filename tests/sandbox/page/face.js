// The signs of people, bots and chats.

import { h, icon } from './dom.js';
import * as api from './api.js';
import { state, otherOf, titleOf, isBot, firstName } from './state.js';

/** A hue from the digest of an id: those of the sandbox's people differ by 19 degrees or more. */
const hue = (uid) => [...uid].reduce((sum, c) => (sum * 29 + c.codePointAt(0)) % 353, 0);
export const initials = (user) => (user.first_name?.[0] ?? '') + (user.last_name?.[0] ?? '');

/** The initials of a person, or the sign of a bot. They are drawn by the style, so that they are no part of a name. */
export const face = (user, kind = '') => isBot(user.uid) || user.is_bot ? h(`span.avatar.bot.${kind}`, { 'aria-hidden': true }, icon('bot'))
  : h(`span.avatar.${kind}`, { 'aria-hidden': true, 'data-text': initials(user).toUpperCase() || '?', style: `--hue: ${hue(user.uid)}` });

export function chatFace(chat) {
  const other = otherOf(chat);
  if (other) return face(other);
  const sign = chat.has_avatar ? h('img', { src: api.avatar(chat.tid), alt: '' }) : chat.is_alert ? icon('horn') : [...titleOf(chat)][0].toUpperCase();
  return h('span.avatar.square', { 'aria-hidden': true }, sign);
}

export const names = (uids) => uids.map((uid, at) => [at > 0 && ', ', h('bdi', firstName(uid)), uid === state.uid && ' (you)']);
