// The bar of alerts that wait for the person who is played, and what is read aloud.

import { h, icon, button, show, visible, one } from './dom.js';
import { state, acts, view, redraw, titleOf, time, me, summary, senderOf } from './state.js';
import { isInView } from './conversation.js';
import { answerButtons } from './message.js';

let at = 0;
const known = new Set();
let lastSaid = 0;
let next = null;

/** Says a sentence politely: at most one each two seconds, the newest. */
export function say(words) {
  const isWaiting = next !== null;
  next = words;
  if (isWaiting) return;
  setTimeout(() => {
    lastSaid = performance.now();
    one('#polite').textContent = visible(next);
    next = null;
  }, Math.max(0, lastSaid + 2000 - performance.now()));
}
acts.say = say;

view(() => {
  const bar = one('#alert-bar');
  announce(bar);
  const { alerts } = state;
  at = Math.min(at, Math.max(0, alerts.length - 1));
  const alert = alerts[at];
  const chat = state.chats.get(alert?.tid);
  const isSlim = Boolean(alert) && alert.tid === state.tid && isInView(alert.mid);
  bar.classList.toggle('slim', isSlim);
  const turn = () => {
    at = (at + 1) % alerts.length;
    redraw();
  };
  show(bar, alert && [icon('alert'), h('div.grow', h('h2', { dir: 'auto' }, summary(alert)),
    !isSlim && chat && h('p.small', 'Alert to ', h('bdi', me().first_name), ' in ', h('bdi', titleOf(chat)), ' · from ', h('bdi', senderOf(alert)), ` · ${time.second(alert.timestamp)}, ${time.ago(alert.timestamp)}`)),
  alerts.length > 1 && button(`${at + 1} of ${alerts.length}`, turn, { kind: 'open', label: `${at + 1} of ${alerts.length}: the next alert` }),
  answerButtons(alert), !isSlim && button('Open chat', () => acts.openAlert(alert), { kind: 'open' })]);
});

/** An alert that was not known is said at once, and rings once. */
function announce(bar) {
  const keyOf = (alert) => `${state.uid} ${alert.mid}`;
  const news = state.alerts.filter((alert) => !known.has(keyOf(alert)));
  for (const alert of news) known.add(keyOf(alert));
  const alert = news.at(-1);
  if (alert) {
    const chat = state.chats.get(alert.tid);
    one('#assertive').textContent = visible(`Alert to ${me().first_name}${chat ? ` in ${titleOf(chat)}` : ''}: ${summary(alert)}`);
    bar.classList.remove('shake');
    requestAnimationFrame(() => bar.classList.add('shake'));
    if (state.settings.sound) beep();
  }
  const waits = Object.values(state.world.badges).some((badge) => badge.alerts);
  document.title = `${waits ? '(!) ' : ''}${visible(me()?.first_name ?? '')} · Teamwire sandbox`;
}

function beep() {
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: 880 });
  tone.connect(new GainNode(audio, { gain: 0.1 })).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.7);
  tone.onended = () => audio.close();
}
