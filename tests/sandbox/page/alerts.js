// The bar of alerts that wait for the person who is played, and what is read aloud.

import { h, icon, button, show, name, visible, prose, one } from './dom.js';
import { state, view, redraw, titleOf, time, fullName, me, summary } from './state.js';
import { isInView } from './conversation.js';

let at = 0;
const known = new Set();
let lastSaid = 0;
const waiting = [];

/** Says a sentence politely: at most one each two seconds. */
export function say(words) {
  waiting.splice(0, Math.max(0, waiting.length - 1));
  waiting.push(visible(words));
  const wait = Math.max(0, lastSaid + 2000 - performance.now());
  setTimeout(() => {
    const next = waiting.shift();
    if (next === undefined) return;
    lastSaid = performance.now();
    one('#polite').textContent = next;
  }, wait);
}

export function drawAlerts(acts) {
  const bar = one('#alert-bar');
  view('alerts', () => {
    announce(bar);
    drawBar(bar, acts);
  });
}

/** An alert that was not known is said at once, and rings once. */
function announce(bar) {
  const news = state.alerts.filter((alert) => !known.has(`${state.uid} ${alert.mid}`));
  for (const alert of news) known.add(`${state.uid} ${alert.mid}`);
  if (news.length) {
    const alert = news.at(-1);
    const chat = state.chats.get(alert.tid);
    one('#assertive').textContent = visible(`Alert to ${me().first_name}${chat ? ` in ${titleOf(chat)}` : ''}: ${summary(alert)}`);
    bar.classList.remove('shake');
    requestAnimationFrame(() => bar.classList.add('shake'));
    if (state.settings.sound) beep();
  }
  const total = Object.values(state.world.badges).reduce((sum, badge) => sum + badge.alerts, 0);
  document.title = `${total ? '(!) ' : ''}${visible(me()?.first_name ?? '')} · Teamwire sandbox`;
}

function beep() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.1;
  tone.frequency.value = 880;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.7);
  tone.onended = () => audio.close();
}

let drawn = '';

function drawBar(bar, acts) {
  at = Math.min(at, Math.max(0, state.alerts.length - 1));
  const alert = state.alerts[at];
  const slim = Boolean(alert && alert.tid === state.tid && isInView(alert.mid));
  bar.classList.toggle('slim', slim);
  const chat = alert && state.chats.get(alert.tid);
  const facts = alert && chat && ['Alert to ', name(me().first_name), ' in ', name(titleOf(chat)), ' · from ', name(alert.sender_display_name ?? fullName(alert.from_user)), ` · ${time.second(alert.timestamp)}, ${time.ago(alert.timestamp)}`];
  const version = JSON.stringify([alert?.mid, state.uid, state.alerts.length, slim, alert && time.ago(alert.timestamp)]);
  if (version === drawn) return;
  drawn = version;
  if (!alert) return show(bar);
  const turn = () => { at = (at + 1) % state.alerts.length; redraw('alerts'); };
  show(bar, icon('alert', 'big'), h('div.grow', h('h2', prose(summary(alert))), !slim && h('p.small', facts)),
    state.alerts.length > 1 && button(`${at + 1} of ${state.alerts.length}`, turn, { kind: 'open', label: `${at + 1} of ${state.alerts.length}: the next alert`, keep: 'next' }),
    button('OK', () => acts.react(alert, 'ok'), { icon: 'check' }), button('SOS', () => acts.react(alert, 'sos'), { icon: 'sos' }),
    !slim && button('Open chat', () => acts.openAlert(alert), { kind: 'open' }));
}
