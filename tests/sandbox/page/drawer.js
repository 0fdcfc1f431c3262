// The developer view, with the requests of bots.

import { h, button, iconButton, input, bind, number, field, show, form, submit, cached, bytes, plural, one, actions, openDialog, closeDialog, copy } from './dom.js';
import * as api from './api.js';
import { state, acts, view, run, mark, now, time } from './state.js';
import { armed, waitingPolls, feeds, faults, organisation } from './tabs.js';

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
		return h('button', { role: 'tab', id: `tab-${name}`, $selected: isOpen, $controls: 'panel', tabindex: isOpen ? 0 : -1, onclick: () => choose(name) }, name, counts[name] > 0 && [' ', h('span.count', counts[name])]);
	};
	show(pane, h('div.pane-head', h('div.grow', h('h2', 'Developer'), h('p.small.muted.cut', 'The bots and this sandbox, word for word')), button('Reset world', reset, { kind: 'plain' }), iconButton('close', 'Close the developer view', acts.toggleDrawer)),
		clock(), h('div.tabs', { role: 'tablist', $label: 'Developer view', onkeydown: onKey }, Object.keys(TABS).map(tab)),
		h('div.panel', { key: drawer.tab, role: 'tabpanel', id: 'panel', tabindex: 0, $labelledby: `tab-${drawer.tab}`, onscroll: () => {} }, TABS[drawer.tab]()));
});

const choose = (tab) => { state.drawer.tab = tab; };

async function onKey({ key }) {
	const names = Object.keys(TABS);
	const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
	if (!step) return;
	choose(names.at((names.indexOf(state.drawer.tab) + step) % names.length));
	await run();
	one('.tabs [aria-selected=true]').focus();
}

const reset = () => openDialog('Reset world', () => form('', {}, (values) => api.post('/reset', values).then(closeDialog),
	h('p', 'All chats, files and other bots of this world go, and faults end. The key stays.'), field('Seed of the new ids', 'seed', { type: 'number', min: 0, placeholder: 'the same' }),
	actions(button('Cancel', closeDialog), button('Reset world', null, { kind: 'danger', type: 'submit' }))));

const STEPS = [[1000, '+1 s', 'a second'], [25_000, '+25 s', '25 seconds, a poll'], [300_000, '+5 min', '5 minutes, a lease'], [3_600_000, '+1 h', 'an hour, the life of updates']];

function clock() {
	const { is_held } = state.clock;
	const { utc } = now();
	const advance = (ms) => api.post('/clock/advance', { ms });
	const isUnfolded = state.marks.has('clock');
	return h(`section.clock.${is_held ? 'held' : ''}`, { $label: 'Clock' }, h('p.row', h('span.time', time.milli(utc)), h('span.small.muted', `${time.short(utc)}, UTC`), h('span.state', is_held ? 'Held' : 'Runs')),
		h('div.row', button(is_held ? 'Run' : 'Hold', acts.toggleClock, { icon: is_held ? 'play' : 'pause', kind: is_held ? 'primary' : '' }),
			STEPS.map(([ms, words, by]) => button(words, () => advance(ms), { title: `Forward by ${by}` })), button('…', () => mark('clock'), { $label: 'Another time', $expanded: isUnfolded })),
		isUnfolded && form('row', {}, ({ seconds }) => advance(Math.round(seconds * 1000)), number('Seconds', { name: 'seconds', step: 'any', required: true, placeholder: 's' }), submit('Move forward')));
}

const MAX_ROWS = 300;
const filter = { text: '', hidePolls: true, failed: false };
let shownUpTo = Infinity;
const details = new Map();

function requests() {
	const all = [...state.requests.values()].sort((a, b) => b.number - a.number);
	const newest = all[0]?.number ?? 0;
	// While a row is open or the list is scrolled, it does not move.
	const isHeld = state.drawer.request !== null || one('#panel')?.scrollTop > 200;
	shownUpTo = isHeld ? Math.min(shownUpTo, newest) : Infinity;
	const matching = all.filter(matches);
	const rows = matching.filter((it) => it.number <= shownUpTo);
	const fresh = matching.length - rows.length;
	const keys = Map.groupBy(rows.slice(0, MAX_ROWS), (it) => it.key);
	const option = (name, words) => button(words, () => { filter[name] = !filter[name]; }, { $pressed: filter[name] });
	return [armed(), waitingPolls(),
		h('div.row', input('Filter by path, status, key or mid', 'grow', { type: 'search', placeholder: 'Filter: path, status, key, mid', ...bind(filter, 'text') }), option('hidePolls', 'Hide polls'), option('failed', 'Failed')),
		fresh > 0 && button(plural(fresh, 'new request'), () => { shownUpTo = newest; }, { kind: 'primary' }),
		h('ul.requests', rows.slice(0, MAX_ROWS).map((it) => row(it, it.key && keys.get(it.key).length > 1)), !rows.length && h('li.empty', all.length ? 'No request matches.' : 'No request yet.'))];
}

const isFailed = (it) => it.is_complete && (it.status === null || it.status >= 400 || it.delivered === false);

function matches(it) {
	if (filter.failed ? !isFailed(it) : filter.hidePolls && it.route?.endsWith('/updates')) return false;
	const text = filter.text.trim().toLowerCase();
	return [it.path, it.status, it.key, it.mid, it.code, it.method, it.fault].some((value) => String(value ?? '').toLowerCase().includes(text));
}

function statusOf(it) {
	if (!it.is_complete) return ['', '…'];
	if (it.status === null) return ['bad', it.fault?.includes('cut') ? 'cut' : 'none'];
	if (it.delivered === false) return ['bad', 'cut'];
	return [it.status < 300 ? 'good' : it.status < 500 ? 'refused' : 'bad', it.status];
}

function row(it, isJoined) {
	const isOpen = state.drawer.request === it.number;
	const full = isOpen && details.get(it.number);
	if (full && !full.is_complete && it.is_complete) run(toggle(it.number));
	return cached(it.number, [it, isJoined, isOpen, full], () => {
		const [kind, words] = statusOf(it);
		return h(`li.${isJoined ? 'joined' : ''}`, h('button.request', { id: `request-${it.number}`, $expanded: isOpen, onclick: () => toggle(isOpen ? null : it.number) },
			h('span', time.second(it.at)), h('b', it.method), h('span.path', it.path.split('?')[0]), h(`span.status.${kind}`, words), h('span.ms', it.is_complete && `${it.duration_ms} ms`), h('span.second', it.summary)),
		isOpen && opened(it, full));
	});
}

async function toggle(number) {
	state.drawer.request = number;
	details.clear();
	if (number !== null) details.set(number, await api.get(`/requests/${number}`));
}

acts.showRequest = async (number) => {
	Object.assign(state.drawer, { open: true, tab: 'Requests' });
	shownUpTo = Infinity;
	filter.text = '';
	await run(toggle(number));
	one(`#request-${number}`)?.scrollIntoView({ block: 'center' });
};

function opened(it, full) {
	const part = (words, headers, body) => [h('h3', words), h('pre', { tabindex: 0, $label: words }, headers.map(({ name, value }) => `${name}: ${value}\n`), '\n', bodyOf(body))];
	return h('div.details', h('div.row', h('b.grow', `Request ${it.number}`), it.mid && button('Show message', () => acts.showMessage(it), { kind: 'plain' }), full && button('curl', () => copy(full.curl, 'The command is'), { icon: 'copy', kind: 'plain' })),
		full && [part('Request', [{ name: 'authorization', value: '(not shown)' }, ...full.request_headers ?? []], full.request_body),
			it.is_complete && part(it.status === null ? 'No response' : `Response · ${it.status}${it.delivered ? '' : ' · not delivered'}`, full.response_headers ?? [], full.response_body)]);
}

function bodyOf(body) {
	if (!body || body.bytes === 0) return '';
	if (body.text === null) return [body.bytes !== null && bytes(body.bytes), body.is_kept ? 'not text' : 'not kept'].filter(Boolean).join(', ');
	try {
		return coloured(JSON.stringify(JSON.parse(body.text), null, 2));
	} catch {
		return [body.text, body.bytes > new TextEncoder().encode(body.text).length && `\n… of ${bytes(body.bytes)}`];
	}
}

const coloured = (json) => json.split('\n').map((line) => {
	const [, start, name, rest] = /^(\s*)("(?:[^"\\]|\\.)*")(:.*)$/.exec(line) ?? [];
	return name ? [start, h('span.json-key', name), `${rest}\n`] : `${line}\n`;
});
