// A drawn grid instead of a map: nothing is loaded, and distances are true.

import { h, button, bind, field } from './dom.js';

const METRES = 111320;
const [WIDTH, MARGIN] = [296, 28];

const radians = (degrees) => (degrees * Math.PI) / 180;
const turn = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;
const within = (low, value, high) => Math.max(low, Math.min(high, value));

export const metres = ([lat, lon], [lat0, lon0]) => [turn(lon - lon0) * Math.cos(radians(lat0)) * METRES, (lat - lat0) * METRES];

export const moved = (lat, lon, east, north) =>
	[within(-90, lat + north / METRES, 90), turn(lon + east / (METRES * Math.max(0.01, Math.cos(radians(lat)))))];

export const length = (it) => (it < 1000 ? `${Math.round(it)} m` : `${(it / 1000).toFixed(it < 10000 ? 1 : 0)} km`);
export const coordinates = (lat, lon) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** The side of a square in metres, drawn 40 to 100 wide. */
function squareOf(scale) {
	const power = 10 ** within(0, Math.floor(Math.log10(40 / scale)), 8);
	return [1, 2, 5].map((factor) => factor * power).find((side) => side * scale >= 40) ?? 10 * power;
}

/** Draws places: the last with the initials `who`, or as a pin. */
export function map(points, { $label, who, zoom }) {
	const last = points.at(-1);
	if (Math.abs(last[0]) > 85) return null;
	const height = zoom ? 192 : 107;
	const plane = points.map((point) => metres(point, last));
	const [[left, right], [bottom, top]] = [0, 1].map((axis) => {
		const values = plane.map((it) => it[axis]);
		return [Math.min(...values), Math.max(...values)];
	});
	const scale = zoom ?? Math.min((WIDTH - 2 * MARGIN) / Math.max(right - left, 1), (height - 2 * MARGIN) / Math.max(top - bottom, 1), 0.5);
	const place = ([east, north]) => [WIDTH / 2 + (east - (left + right) / 2) * scale, height / 2 - (north - (bottom + top) / 2) * scale];
	const square = squareOf(scale);
	const step = square * scale;
	const [x, y] = place([0, 0]);
	const [sx, sy] = place(plane[0]);
	const text = (x, y, words, anchor = 'middle') => h('text', { x, y, 'text-anchor': anchor }, words);
	const lines = (from, end, line) => {
		const first = Math.ceil(-from / step);
		const count = Math.max(0, Math.ceil((end - from) / step) - first);
		return Array.from({ length: count }, (_, at) => h(`path.grid.${(first + at) % 5 ? '' : 'strong'}`, { d: line(from + (first + at) * step) }));
	};
	return h('svg.map', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', $label },
		lines(x, WIDTH, (at) => `M${at} 0v${height}`), lines(y, height, (at) => `M0 ${at}h${WIDTH}`),
		points.length > 1 && [h('polyline.track', { points: plane.map(place).join(' ') }), h('circle.ink', { cx: sx, cy: sy, r: 4 }), text(sx, sy - 8, 'start')],
		who ? [h('circle.who', { cx: x, cy: y, r: 11 }), text(x, y + 3.5, who)] : h('path.pin', { d: `M${x} ${y}c-2-6-8-8-8-14a8 8 0 0 1 16 0c0 6-6 8-8 14z` }),
		h('path.ink', { d: `M${WIDTH - 22} 26v-14l-4 5m4-5l4 5M10 ${height - 13}v5h${step}v-5` }), text(WIDTH - 22, 38, 'N'),
		text(14 + step, height - 7, length(square), 'start'), text(WIDTH - 6, height - 7, 'drawn grid, no map', 'end'));
}

const texts = (place) => place.map((it) => it.toFixed(5));
export const startAt = (...place) => ({ zoom: 0.1, texts: texts(place) });

export function chooser(choice) {
	const place = choice.texts.map(Number);
	const words = coordinates(...place);
	const square = squareOf(choice.zoom);
	const go = (east, north) => () => { choice.texts = texts(moved(...place, east * square, north * square)); };
	const scale = (factor) => () => { choice.zoom = within(1e-5, choice.zoom * factor, 50); };
	const keys = { ArrowLeft: go(-1, 0), ArrowRight: go(1, 0), ArrowUp: go(0, 1), ArrowDown: go(0, -1), '+': scale(2), '-': scale(0.5) };
	const onkeydown = (event) => {
		if (!keys[event.key]) return;
		event.preventDefault();
		keys[event.key]();
	};
	const degrees = (at, name, words, limit) => field(words, name, { type: 'number', step: 'any', min: -limit, max: limit, ...bind(choice.texts, at) });
	return [h('div', { tabindex: 0, role: 'application', $label: 'Choose a place: arrow keys move the mark, plus and minus zoom', onkeydown }, map([place], { $label: `Place at ${words}`, zoom: choice.zoom }) ?? h('p.mono', words)),
		h('div.row', button('+', keys['+'], { $label: 'Zoom in' }), button('−', keys['-'], { $label: 'Zoom out' })),
		h('div.two', degrees(0, 'lat', 'Latitude', 90), degrees(1, 'lon', 'Longitude', 180))];
}
