// The first steps: until the first request of a bot has come.

import { h, button, show, visible, copy, one } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, firstName, time, attempt } from './state.js';

let key = null;
let form = 'sh';
let shown = false;

const FORMS = {
  sh: (name, value) => `export ${name}=${value}`,
  PowerShell: (name, value) => `$env:${name}="${value}"`,
  '.env': (name, value) => `${name}=${value}`,
};

const lines = (secret) => [['TEAMWIRE_URL', key.url], ['TEAMWIRE_APP_ID', key.app_id], ['TEAMWIRE_SECRET', secret]].map(([name, value]) => FORMS[form](name, value)).join('\n');

export function drawFirst(acts) {
  const pane = h('section.first', { hidden: true, label: 'First steps', tabindex: '0' });
  one('#main').append(pane);
  view('first', async () => {
    pane.hidden = !state.firstRun;
    if (!state.firstRun) return;
    key ??= await api.get('/key');
    draw(pane, acts);
  });
}

const command = (words) => h('pre', { tabindex: '0', label: 'A command' }, words);

const step = (no, title, ...content) => h(`div.step.${no === '?' ? 'quiet' : ''}`, h('span.no', { 'aria-hidden': true }, no), h('div', h('h3', title), content));

/** Requests with a wrong key, and what was wrong. */
function refused() {
  const last = [...state.requests.values()].filter((it) => it.credentials).at(-1);
  if (!last) return null;
  const words = {
    missing: 'A request came without credentials. The App ID is the user name of HTTP Basic, the Secret the password.',
    unknown_app_id: `A request came with an unknown App ID (${visible((last.app_id ?? '').slice(0, 12))}…).`,
    wrong_secret: 'A request came with a wrong secret.',
    revoked: 'A request came with a revoked key.',
  }[last.credentials];
  return h('p.refusal', { role: 'status' }, `${time.second(last.at)} `, words);
}

function draw(pane, acts) {
  const code = h('pre', { tabindex: '0', label: 'The three variables' }, lines(shown ? key.secret : '•'.repeat(key.secret.length)));
  const segments = h('span.segments', { role: 'group', label: 'Form' }, Object.keys(FORMS).map((it) => h('button', { 'aria-pressed': it === form, keep: it, onclick: () => { form = it; redraw('first'); } }, it)));
  const copyAll = async () => {
    if (await copy(lines(key.secret))) return acts.say('The three variables are copied.');
    shown = true;
    redraw('first').then(() => getSelection().selectAllChildren(pane.querySelector('pre')));
  };
  const sample = () => attempt(api.post('/sample').then((it) => acts.openSample(it.tid)));
  const bot = state.world.bots[0];
  show(pane, h('div', h('h2', h('span.ring'), 'Waiting for a bot'),
    h('p.muted', 'No request so far at ', h('span.mono', new URL(key.url).host), '. One with a wrong key shows here too, and says what was wrong with it.'), refused(),
    step('1', 'Give your bot these three variables', h('div.row', segments, h('span.grow'), button(shown ? 'Hide secret' : 'Show secret', () => { shown = !shown; redraw('first'); }, { keep: 'secret' }), button('Copy all three', copyAll, { icon: 'copy', kind: 'primary' })), code),
    step('2', 'Run it', h('p.small.muted', 'Its first request turns the light above green, and what it does appears here without a reload. Nothing written yet? The example posts an alert and waits for your OK:'), command('cargo run --example alert')),
    step('3', 'Answer as the people', h('p.small.muted', 'Choose somebody on the left, read what they read, press OK on their alerts. ', h('b', 'Developer'), ' shows each request, and breaks things on purpose.')),
    step('?', 'No bot at hand?', h('div.row', button(`Post a sample alert as ${firstName(bot.uid)} ${bot.last_name}`, sample, { icon: 'alert' }), button('To the chats', acts.leaveFirst)), h('p.small.muted', 'It happens in this world, as if a bot had done it. A whole night of a bot, in a world of its own:'), command('cargo run --example tour -- --slowly'))));
}

