// One message: its head, text, reactions, attachments and tools.

import { h, icon, button, iconButton, cached, prose, copy, one } from './dom.js';
import { state, acts, mark, time, fullName, firstName, isBot, chat, summary, senderOf } from './state.js';
import { change, message as path, attempt } from './api.js';
import { cards, liveVersion } from './cards.js';
import { face, names } from './face.js';

const REACTIONS = { thumbs_up: 'Thumbs up', applause: 'Applause', smile: 'Smile', laugh: 'Laugh', love: 'Love' };

export const message = (it) => cached(it.mid, [it, state.uid, state.linked === it.mid, chat().is_closed, chat().members, state.marks.size, liveVersion(it)], () => {
  const from = it.from_user;
  const at = time.minute(it.timestamp);
  return h(`article.message.${state.linked === it.mid ? 'linked' : ''}`, { tabindex: -1, 'data-mid': it.mid, label: `${senderOf(it)}, ${at}: ${summary(it)}` }, face(from),
    h('div', h('header', h('b', { dir: 'auto' }, senderOf(it)), from.is_bot && h('span.tag', it.sender_display_name ? h('bdi', fullName(from)) : 'bot'),
      h('time', { datetime: new Date(it.timestamp).toISOString() }, at), it.request && h('button.link', { onclick: () => acts.showRequest(it.request) }, `request ${it.request}`)),
    it.deleted ? h('p.deleted', `Deleted by ${firstName(from.uid)}.`) : content(it)),
    !it.deleted && tools(it));
});

function content(it) {
  const text = it.msg && prose(it.msg, 'text');
  const kind = it.is_alert ? it.alert_type ?? 'alert' : '';
  return [it.reply_to && quote(it.reply_to), kind === 'alert' ? alert(it, text) : kind ? notice(it, kind, text) : text,
    it.link_preview && linkPreview(it.link_preview), it.attachments?.length > 0 && cards(it)];
}

function quote(mid) {
  const original = state.log.items.find((it) => it.mid === mid);
  return h('button.quote.cut', { onclick: () => acts.reveal(mid) }, original ? [h('bdi', senderOf(original)), ': ', h('bdi', summary(original))] : 'An earlier message');
}

/** Its image is never loaded, because its server would learn who reads. */
const linkPreview = ({ title, description, domain }) => h('div.quote', h('b', { dir: 'auto' }, title ?? domain), description && h('p', { dir: 'auto' }, description), h('p', domain));

const attention = (kind, sign, head, ...body) => h(`section.attention.${kind}`, h('p.kind', icon(sign), head), h('div.body', body));

function alert(it, text) {
  const by = (kind) => it.reactions.filter((other) => other.reaction_type === kind).map((other) => other.uid);
  const [ok, sos] = [by('ok'), by('sos')];
  // Neither bots nor the sender are asked.
  const asked = chat().members.filter((uid) => uid !== it.from_user.uid && !isBot(uid));
  const waiting = asked.filter((uid) => !ok.includes(uid) && !sos.includes(uid));
  const answered = asked.length - waiting.length;
  const mine = ok.includes(state.uid) ? 'OK' : sos.includes(state.uid) && 'SOS';
  const other = mine === 'OK' ? 'SOS' : 'OK';
  const may = it.from_user.uid !== state.uid && !chat().is_closed;
  const part = (kind, word, uids) => h('span', h(`b.${kind}`, word), uids.length ? names(uids) : 'nobody');
  return attention('alert', 'alert', ['Alert', h('span', answered ? `answered by ${answered} of ${asked.length}` : 'nobody has answered')], text,
    h('p.tally', part('ok', 'OK', ok), part('sos', 'SOS', sos), waiting.length > 0 && part('waiting', 'waiting', waiting)),
    mine ? h('p.row', h('span', 'You answered ', h('b', `${mine}.`)), may && button(`Change to ${other}`, () => acts.react(it, other.toLowerCase())))
      : may && h('p.row.answer', answerButtons(it)));
}

export const answerButtons = (it) => ['OK', 'SOS'].map((word) => button(word, () => acts.react(it, word.toLowerCase()), { icon: word === 'OK' ? 'check' : 'sos' }));

function notice(it, kind, text) {
  const [name, sign, word] = { note: ['note', 'note', 'Note'], announcement: [kind, 'horn', 'Announcement'] }[kind] ?? ['announcement', 'horn', kind];
  const count = (kind) => it.reactions.filter((other) => other.reaction_type === kind).length;
  const mine = it.reactions.find((other) => other.uid === state.uid)?.reaction_type;
  const reaction = ([kind, word]) => button(count(kind) || word, () => { mark(it.mid, false); acts.react(it, kind); }, {
    icon: kind, key: kind, 'data-kind': kind, 'aria-pressed': mine === kind, label: count(kind) ? `${word}, ${count(kind)}` : word, disabled: chat().is_closed, title: word });
  // Those that are used; the others are behind a button.
  const all = Object.entries(REACTIONS);
  const used = all.filter(([kind]) => count(kind));
  const isFolded = used.length > 0 && used.length < all.length && !state.marks.has(it.mid);
  const unfold = async () => {
    await mark(it.mid);
    one(`[data-mid="${CSS.escape(it.mid)}"] [data-kind=${all.find(([kind]) => !count(kind))[0]}]`).focus();
  };
  return attention(name, sign, word, text, h('p.row.react', (isFolded ? used : all).map(reaction), isFolded && !chat().is_closed && button('React', unfold, { icon: 'plus', 'aria-expanded': false })));
}

const tools = (it) => h('div.tools', iconButton('reply', 'Reply', () => acts.reply(it), { tabindex: -1 }),
  iconButton('copy', 'Copy the mid', async () => acts.say((await copy(it.mid)) ? 'The mid is copied.' : it.mid), { tabindex: -1 }),
  it.from_user.uid === state.uid && iconButton('trash', 'Delete', () => attempt(change('DELETE', path(it))), { kind: 'plain.danger', tabindex: -1 }));
