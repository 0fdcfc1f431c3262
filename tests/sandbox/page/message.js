// One message: its head, text, reactions, attachments and tools.

import { h, icon, button, name, prose, copy, one } from './dom.js';
import { state, time, fullName, firstName, isBot, chat, summary, redraw } from './state.js';
import { cards, liveVersion } from './cards.js';
import { face } from './rail.js';

export const REACTIONS = { thumbs_up: 'Thumbs up', applause: 'Applause', smile: 'Smile', laugh: 'Laugh', love: 'Love' };

/** Messages whose reactions are all shown. */
const unfolded = new Set();

/** Changes whenever the message is to be drawn anew. */
export const messageVersion = (message) => JSON.stringify([message, state.uid, state.linked === message.mid, chat()?.is_closed, chat()?.members.length, unfolded.has(message.mid), liveVersion(message)]);

export function messageNode(message, acts) {
  const from = message.from_user;
  const shown = message.sender_display_name ?? fullName(from);
  const tag = from.is_bot && h('span.tag', message.sender_display_name ? name(fullName(from)) : 'bot');
  const request = message.request ? h('button.link', { keep: 'request', onclick: () => acts.showRequest(message.request) }, `request ${message.request}`) : null;
  const head = h('header', name(shown, 'b'), tag, h('time', { datetime: new Date(message.timestamp).toISOString() }, time.minute(message.timestamp)), request);
  const body = message.deleted ? h('p.deleted', `Deleted by ${firstName(from.uid)}.`) : content(message, acts);
  return h(`article.message.${state.linked === message.mid ? 'linked' : ''}`, { tabindex: '-1', label: `${shown}, ${time.minute(message.timestamp)}: ${summary(message)}` },
    face(from), h('div', head, body), tools(message, acts));
}

function content(message, acts) {
  const quote = message.reply_to && quoteOf(message.reply_to, acts);
  const text = message.msg && prose(message.msg, 'text');
  const preview = message.link_preview && linkPreview(message.link_preview);
  const attached = message.attachments?.length ? cards(message, acts) : null;
  if (!message.is_alert) return [quote, text, preview, attached];
  const kind = message.alert_type ?? 'alert';
  if (kind === 'alert') return [quote, alert(message, text, acts), preview, attached];
  const [sign, word] = kind === 'note' ? ['note', 'Note'] : kind === 'announcement' ? ['horn', 'Announcement'] : ['horn', kind];
  return [quote, h(`section.attention.${kind === 'note' ? kind : 'announcement'}`,
    h('p.kind', icon(sign), word), h('div.body', text, reactions(message, acts))), preview, attached];
}

function quoteOf(mid, acts) {
  const original = state.log?.items.find((it) => it.mid === mid);
  const words = original ? [name(original.sender_display_name ?? fullName(original.from_user)), ': ', name(summary(original))] : 'An earlier message';
  return h('button.quote.cut', { keep: 'quote', onclick: () => acts.reveal(mid) }, words);
}

function linkPreview(preview) {
  // Its image is never loaded, because its server would learn who reads.
  return h('div.quote', h('b', name(preview.title ?? preview.domain)), preview.description && h('p', name(preview.description)), h('p', name(preview.domain)));
}

/** People who are asked by an alert: neither bots nor the sender. */
const asked = (message) => (chat()?.members ?? []).filter((uid) => uid !== message.from_user.uid && !isBot(uid));
const names = (uids) => uids.length ? uids.map((uid, at) => [at > 0 && ', ', name(firstName(uid)), uid === state.uid && ' (you)']) : 'nobody';

function alert(message, text, acts) {
  const by = (kind) => message.reactions.filter((it) => it.reaction_type === kind).map((it) => it.uid);
  const [ok, sos] = [by('ok'), by('sos')];
  const people = asked(message);
  const waiting = people.filter((uid) => !ok.includes(uid) && !sos.includes(uid));
  const answered = people.length - waiting.length;
  const mine = ok.includes(state.uid) ? 'OK' : sos.includes(state.uid) ? 'SOS' : null;
  const react = (kind) => acts.react(message, kind);
  const may = message.from_user.uid !== state.uid && !chat()?.is_closed;
  const other = mine === 'OK' ? 'SOS' : 'OK';
  return h('section.attention.alert',
    h('p.kind', icon('alert'), 'Alert', h('span', answered ? `answered by ${answered} of ${people.length}` : 'nobody has answered')),
    h('div.body', text,
      h('p.tally', h('span', h('b.ok', 'OK'), names(ok)), h('span', h('b.sos', 'SOS'), names(sos)),
        waiting.length > 0 && h('span', h('b.waiting', 'waiting'), names(waiting))),
      mine && h('p.row', h('span', 'You answered ', h('b', `${mine}.`)), may && button(`Change to ${other}`, () => react(other.toLowerCase()))),
      !mine && may && h('p.row.answer', button('OK', () => react('ok'), { icon: 'check' }), button('SOS', () => react('sos'), { icon: 'sos' }))));
}

function reactions(message, acts) {
  const count = (kind) => message.reactions.filter((it) => it.reaction_type === kind).length;
  const mine = message.reactions.find((it) => it.uid === state.uid)?.reaction_type;
  const reaction = ([kind, word]) => button(count(kind) ? String(count(kind)) : word, () => { unfolded.delete(message.mid); acts.react(message, kind); }, {
    icon: kind, 'aria-pressed': mine === kind, label: count(kind) ? `${word}, ${count(kind)}` : word, keep: kind, disabled: chat()?.is_closed, title: word });
  // Those that are used; the others are behind a button.
  const all = Object.entries(REACTIONS);
  const used = all.filter(([kind]) => count(kind));
  const isFolded = used.length > 0 && used.length < all.length && !unfolded.has(message.mid);
  const unfold = async (event) => {
    const [other] = all.find(([kind]) => !count(kind));
    const { key } = event.target.closest('.message').dataset;
    unfolded.add(message.mid);
    await redraw('conversation');
    one(`[data-key="${CSS.escape(key)}"] [data-f=${other}]`)?.focus();
  };
  return h('p.row.react', (isFolded ? used : all).map(reaction), isFolded && !chat()?.is_closed && button('React', unfold, { icon: 'plus', 'aria-expanded': false }));
}

function tools(message, acts) {
  if (message.deleted) return null;
  const own = message.from_user.uid === state.uid;
  return h('div.tools', button('', () => acts.reply(message), { icon: 'reply', label: 'Reply', kind: 'plain', tabindex: '-1' }),
    button('', async () => acts.say((await copy(message.mid)) ? 'The mid is copied.' : message.mid), { icon: 'copy', label: 'Copy the mid', kind: 'plain', tabindex: '-1' }),
    own && button('', () => acts.remove(message), { icon: 'trash', label: 'Delete', kind: 'plain.danger', tabindex: '-1' }));
}
