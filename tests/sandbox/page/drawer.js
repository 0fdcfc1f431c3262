// The developer view: the clock and the tabs.

import { h, button, show, submit, one } from './dom.js';
import * as api from './api.js';
import { state, view, redraw, now, time, attempt } from './state.js';
import { drawRequests } from './requests.js';
import { drawFaults } from './faults.js';
import { drawFeeds, drawOrganisation } from './organisation.js';
import { reset } from './dialogs.js';

const TABS = { requests: ['Requests', drawRequests], feeds: ['Feeds', drawFeeds], faults: ['Faults', drawFaults], organisation: ['Organisation', drawOrganisation] };

let clock;
let tabs;
let panel;
let drawnTab = '';

export function drawDrawer(acts) {
  const pane = one('#drawer');
  clock = h('section.clock', { label: 'Clock' });
  tabs = h('div.tabs', { role: 'tablist', label: 'Developer view' });
  panel = h('div.panel', { role: 'tabpanel', id: 'panel', tabindex: '0' });
  show(pane, h('div.pane-head', h('div.grow', h('h2', 'Developer'), h('p.small.muted.cut', 'The bots and this sandbox, word for word')),
    button('Reset world', reset, { kind: 'plain' }), button('', acts.toggleDrawer, { icon: 'close', label: 'Close the developer view', kind: 'plain' })), clock, tabs, panel);
  tabs.addEventListener('keydown', onKey);
  view('drawer', () => draw(pane, acts));
  view('clock', drawClock);
}

function onKey(event) {
  const names = Object.keys(TABS);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = names[(names.indexOf(state.drawer.tab) + step + names.length) % names.length];
  choose(next).then(() => tabs.querySelector('[aria-selected=true]').focus());
}

function choose(tab) {
  state.drawer.tab = tab;
  return redraw('drawer');
}

function draw(pane, acts) {
  pane.hidden = !state.drawer.open;
  one('#panes').classList.toggle('dev', state.drawer.open);
  if (!state.drawer.open) return;
  drawClock();
  const counts = { requests: state.requests.size, feeds: state.feeds.polls.length, faults: state.faults.items.length };
  show(tabs, Object.entries(TABS).map(([tab, [word]]) => h('button', { role: 'tab', id: `tab-${tab}`, 'aria-selected': tab === state.drawer.tab, 'aria-controls': 'panel', tabindex: tab === state.drawer.tab ? '0' : '-1', keep: tab, onclick: () => choose(tab) },
    word, counts[tab] > 0 && [' ', h('span.count', String(counts[tab]))])));
  panel.setAttribute('aria-labelledby', `tab-${state.drawer.tab}`);
  const isNew = drawnTab !== state.drawer.tab;
  drawnTab = state.drawer.tab;
  TABS[state.drawer.tab][1](panel, acts, isNew);
}

const advance = (ms) => attempt(api.post('/clock/advance', { ms }));
export const toggleClock = () => attempt(api.post(state.clock.is_held ? '/clock/run' : '/clock/hold'));

let drawnClock = '';

function drawClock() {
  if (!state.drawer.open) return;
  const held = state.clock.is_held;
  const at = now().utc;
  const digits = time.milli(at);
  if (drawnClock === String(held)) {
    clock.querySelector('.time').textContent = digits;
    return;
  }
  drawnClock = String(held);
  clock.classList.toggle('held', held);
  const custom = h('input.field.inline', { type: 'number', min: '0', step: 'any', label: 'Seconds', placeholder: 's' });
  const more = h('form.row', { hidden: true, onsubmit: (event) => { event.preventDefault(); advance(Math.round(Number(custom.value) * 1000)); } }, custom, submit('Move forward'));
  show(clock, h('p.row', h('span.time', digits), h('span.small.muted', `${time.short(at)}, UTC`), h('span.state', held ? 'Held' : 'Runs')),
    h('div.row', button(held ? 'Run' : 'Hold', toggleClock, { icon: held ? 'play' : 'pause', kind: held ? 'primary' : '', keep: 'hold' }),
      [[1000, '+1 s', 'by a second'], [25_000, '+25 s', 'by 25 seconds, a poll'], [300_000, '+5 min', 'by 5 minutes, a lease'], [3_600_000, '+1 h', 'by an hour, the life of updates']].map(([ms, word, title]) => button(word, () => advance(ms), { title: `Forward ${title}` })),
      button('…', (event) => { more.hidden = !more.hidden; event.target.setAttribute('aria-expanded', String(!more.hidden)); }, { label: 'Another time', 'aria-expanded': false })), more);
}

