// The developer view: the clock and the tabs.

import { h, button, iconButton, show, form, submit, one } from './dom.js';
import { act } from './api.js';
import { state, acts, view, edit, redraw, mark, now, time } from './state.js';
import { requests } from './requests.js';
import { faults } from './faults.js';
import { feeds, organisation } from './organisation.js';
import { reset } from './dialogs.js';

const TABS = { Requests: requests, Feeds: feeds, Faults: faults, Organisation: organisation };

view(() => {
  const { drawer } = state;
  const pane = one('#drawer');
  pane.hidden = !drawer.open;
  one('#panes').classList.toggle('dev', drawer.open);
  if (!drawer.open) return;
  const counts = { Requests: state.requests.size, Feeds: state.feeds.polls.length, Faults: state.faults.items.length };
  const tab = (name) => {
    const isOpen = name === drawer.tab;
    return h('button', { role: 'tab', id: `tab-${name}`, 'aria-selected': isOpen, 'aria-controls': 'panel', tabindex: isOpen ? 0 : -1, onclick: () => choose(name) }, name, counts[name] > 0 && [' ', h('span.count', counts[name])]);
  };
  show(pane, h('div.pane-head', h('div.grow', h('h2', 'Developer'), h('p.small.muted.cut', 'The bots and this sandbox, word for word')), button('Reset world', reset, { kind: 'plain' }), iconButton('close', 'Close the developer view', acts.toggleDrawer)),
    clock(), h('div.tabs', { role: 'tablist', label: 'Developer view', onkeydown: onKey }, Object.keys(TABS).map(tab)),
    h('div.panel', { key: drawer.tab, role: 'tabpanel', id: 'panel', tabindex: 0, 'aria-labelledby': `tab-${drawer.tab}`, onscroll: redraw }, TABS[drawer.tab]()));
});

function onKey({ key }) {
  const names = Object.keys(TABS);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (step) choose(names.at((names.indexOf(state.drawer.tab) + step) % names.length)).then(() => one('.tabs [aria-selected=true]').focus());
}

const choose = (tab) => edit(state.drawer, { tab });

const STEPS = [[1000, '+1 s', 'a second'], [25_000, '+25 s', '25 seconds, a poll'], [300_000, '+5 min', '5 minutes, a lease'], [3_600_000, '+1 h', 'an hour, the life of updates']];

function clock() {
  const { is_held } = state.clock;
  const { utc } = now();
  const advance = (ms) => act('POST', '/clock/advance', { ms });
  const isUnfolded = state.marks.has('clock');
  return h(`section.clock.${is_held ? 'held' : ''}`, { label: 'Clock' }, h('p.row', h('span.time', time.milli(utc)), h('span.small.muted', `${time.short(utc)}, UTC`), h('span.state', is_held ? 'Held' : 'Runs')),
    h('div.row', button(is_held ? 'Run' : 'Hold', acts.toggleClock, { icon: is_held ? 'play' : 'pause', kind: is_held ? 'primary' : '' }),
      STEPS.map(([ms, words, by]) => button(words, () => advance(ms), { title: `Forward by ${by}` })), button('…', () => mark('clock'), { label: 'Another time', 'aria-expanded': isUnfolded })),
    isUnfolded && form('row', {}, ({ seconds }) => advance(Math.round(seconds * 1000)), h('input.field.inline', { name: 'seconds', type: 'number', min: 0, step: 'any', required: true, label: 'Seconds', placeholder: 's' }), submit('Move forward')));
}
