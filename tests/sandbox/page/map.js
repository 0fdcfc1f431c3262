// A drawn grid instead of a map: nothing is loaded, and distances are true.

import { h, button, field } from './dom.js';
import { redraw } from './state.js';

const METRES = 111320;
const WIDTH = 296;
const MARGIN = 28;

const radians = (degrees) => (degrees * Math.PI) / 180;
const turn = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;
const within = (low, value, high) => Math.max(low, Math.min(high, value));

export const metres = ([lat, lon], [lat0, lon0]) => [turn(lon - lon0) * Math.cos(radians(lat0)) * METRES, (lat - lat0) * METRES];

export const moved = (lat, lon, east, north) =>
  [within(-90, lat + north / METRES, 90), turn(lon + east / (METRES * Math.max(0.01, Math.cos(radians(lat)))))];

export const length = (it) => (it < 1000 ? `${Math.round(it)} m` : `${(it / 1000).toFixed(it < 10000 ? 1 : 0)} km`);
export const coordinates = (lat, lon) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** The side of a square in metres: 1, 2 or 5 times a power of ten, drawn 40 to 100 wide. */
function squareOf(scale) {
  const power = 10 ** within(0, Math.floor(Math.log10(40 / scale)), 8);
  return [1, 2, 5].map((factor) => factor * power).find((side) => side * scale >= 40) ?? 10 * power;
}

/** Draws places. `label` is read aloud instead. `who` are initials; without them a pin is drawn. */
export function map(points, { label, who, zoom }) {
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
  return h('svg.map', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', label },
    lines(x, WIDTH, (at) => `M${at} 0v${height}`), lines(y, height, (at) => `M0 ${at}h${WIDTH}`),
    points.length > 1 && [h('polyline.track', { points: plane.map(place).join(' ') }), h('circle.ink', { cx: sx, cy: sy, r: 4 }), text(sx, sy - 8, 'start')],
    who ? [h('circle.who', { cx: x, cy: y, r: 11 }), text(x, y + 3.5, who)] : h('path.pin', { d: `M${x} ${y}c-2-6-8-8-8-14a8 8 0 0 1 16 0c0 6-6 8-8 14z` }),
    h('path.ink', { d: `M${WIDTH - 22} 26v-14l-4 5m4-5l4 5M10 ${height - 13}v5h${step}v-5` }), text(WIDTH - 22, 38, 'N'),
    text(14 + step, height - 7, length(square), 'start'), text(WIDTH - 6, height - 7, 'drawn grid, no map', 'end'));
}

/** Fields to choose a place, `lat` and `lon`: by a mark that arrow keys move by a square, or as two numbers. */
export function chooser(...place) {
  let zoom = 0.1;
  let texts = place.map((it) => it.toFixed(5));
  const go = (east, north) => () => {
    const square = squareOf(zoom);
    texts = moved(...texts.map(Number), east * square, north * square).map((it) => it.toFixed(5));
    redraw();
  };
  const scale = (factor) => () => {
    zoom = within(1e-5, zoom * factor, 50);
    redraw();
  };
  const keys = { ArrowLeft: go(-1, 0), ArrowRight: go(1, 0), ArrowUp: go(0, 1), ArrowDown: go(0, -1), '+': scale(2), '-': scale(0.5) };
  const onkeydown = (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };
  const number = (at, name, words, limit) => field(words, { name, type: 'number', step: 'any', min: -limit, max: limit, value: texts[at], oninput: (event) => { texts[at] = event.target.value; redraw(); } });
  return () => {
    const words = coordinates(...texts.map(Number));
    return [h('div', { tabindex: 0, role: 'application', label: 'Choose a place: arrow keys move the mark, plus and minus zoom', onkeydown }, map([texts.map(Number)], { label: `Place at ${words}`, zoom }) ?? h('p.mono', words)),
      h('div.row', button('+', scale(2), { label: 'Zoom in' }), button('−', scale(0.5), { label: 'Zoom out' })),
      h('div.two', number(0, 'lat', 'Latitude', 90), number(1, 'lon', 'Longitude', 180))];
  };
}
