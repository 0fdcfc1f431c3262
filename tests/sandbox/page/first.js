// The first steps: until the first request of a bot has come.

import { h, button, copy, one } from './dom.js';
import { get, post, attempt } from './api.js';
import { REASONS } from './requests.js';
import { state, acts, redraw, mark, fullName, playable, time } from './state.js';

let key = null;
let form = 'sh';

const FORMS = {
  sh: (name, value) => `export ${name}=${value}`,
  PowerShell: (name, value) => `$env:${name}="${value}"`,
  '.env': (name, value) => `${name}=${value}`,
};

const lines = (secret) => Object.entries({ TEAMWIRE_URL: key.url, TEAMWIRE_APP_ID: key.app_id, TEAMWIRE_SECRET: secret }).map(([name, value]) => FORMS[form](name, value)).join('\n');

const code = (label, words, props) => h('pre', { tabindex: 0, label, ...props }, words);
const step = (number, title, ...content) => h(`div.step.${number === '?' ? 'quiet' : ''}`, h('span.no', { 'aria-hidden': true }, number), h('div', h('h3', title), content));
const small = (...words) => h('p.small.muted', words);

function refused() {
  const { at, credentials, app_id } = [...state.requests.values()].findLast((it) => it.credentials) ?? {};
  const more = credentials === 'unknown_app_id' ? ` (${app_id.slice(0, 12)}…).` : credentials === 'missing' ? '. The App ID is the user name of HTTP Basic, the Secret the password.' : '.';
  return credentials && h('p.refusal', { role: 'status' }, `${time.second(at)} A request came with ${REASONS[credentials]}${more}`);
}

async function fetchKey() {
  key = {};
  key = await get('/key');
  redraw();
}

async function copyAll() {
  if (await copy(lines(key.secret))) return acts.say('The three variables are copied.');
  await mark('secret', true);
  getSelection().selectAllChildren(one('#variables'));
}

const postSample = () => attempt(post('/sample').then(({ tid }) => acts.openNew(tid, state.chats.has(tid) ? state.uid : playable()[0].uid)));

export function firstSteps() {
  if (!key) fetchKey();
  if (!key.url) return null;
  const isShown = state.marks.has('secret');
  const segment = (it) => h('button', { 'aria-pressed': it === form, onclick: () => { form = it; redraw(); } }, it);
  return h('section.first', { label: 'First steps', tabindex: 0 }, h('div', h('h2', h('span.ring'), 'Waiting for a bot'),
    h('p.muted', 'No request so far at ', h('span.mono', new URL(key.url).host), '. One with a wrong key shows here too, and says what was wrong with it.'), refused(),
    step(1, 'Give your bot these three variables', h('div.row', h('span.segments', { role: 'group', label: 'Form' }, Object.keys(FORMS).map(segment)), h('span.grow'),
      button(isShown ? 'Hide secret' : 'Show secret', () => mark('secret')), button('Copy all three', copyAll, { icon: 'copy', kind: 'primary' })),
    code('The three variables', lines(isShown ? key.secret : '•'.repeat(key.secret.length)), { id: 'variables' })),
    step(2, 'Run it', small('Its first request turns the light above green, and what it does appears here without a reload. Nothing written yet? The example posts an alert and waits for your OK:'), code('A command', 'cargo run --example alert')),
    step(3, 'Answer as the people', small('Choose somebody on the left, read what they read, press OK on their alerts. ', h('b', 'Developer'), ' shows each request, and breaks things on purpose.')),
    step('?', 'No bot at hand?', h('div.row', button(`Post a sample alert as ${fullName(state.world.bots[0])}`, postSample, { icon: 'alert' }), button('To the chats', acts.showMain)),
      small('It happens in this world, as if a bot had done it. A whole night of a bot, in a world of its own:'), code('A command', 'cargo run --example tour -- --slowly'))));
}
