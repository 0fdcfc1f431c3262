// A drawn grid instead of a map: nothing is loaded, and distances are true.

import { h, svg, button, show } from './dom.js';

const METRES = 111320;
const WIDTH = 296;
const HEIGHT = 107;
const MARGIN = 28;

const radians = (degrees) => (degrees * Math.PI) / 180;
/** The shorter way around the earth. */
const turn = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;

/** Metres east and north of an origin. */
export function metres([lat, lon], [lat0, lon0]) {
  return [turn(lon - lon0) * Math.cos(radians(lat0)) * METRES, (lat - lat0) * METRES];
}

/** The place some metres away. */
export function moved(lat, lon, east, north) {
  const there = Math.max(-90, Math.min(90, lat + north / METRES));
  return [there, turn(lon + east / (METRES * Math.max(0.01, Math.cos(radians(lat)))))];
}

export const length = (it) => (it < 1000 ? `${Math.round(it)} m` : `${(it / 1000).toFixed(it < 10000 ? 1 : 0)} km`);
export const coordinates = (lat, lon) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** The side of a square in metres: 1, 2 or 5 times a power of ten, drawn 40 to 100 wide. */
function squareOf(scale) {
  for (let power = 1; power < 1e8; power *= 10) {
    for (const factor of [1, 2, 5]) if (factor * power * scale >= 40) return factor * power;
  }
  return 1e8;
}

/** Draws places. `label` is read aloud instead. `who` are initials; without them a pin is drawn. */
export function map(points, { label, who, choose, zoom }) {
  const last = points.at(-1);
  if (Math.abs(last[0]) > 85) return null;
  const height = choose ? 192 : HEIGHT;
  const plane = points.map((point) => metres(point, last));
  const [xs, ys] = [plane.map((it) => it[0]), plane.map((it) => it[1])];
  const span = [Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
  const fit = Math.min((WIDTH - 2 * MARGIN) / Math.max(span[0], 1), (height - 2 * MARGIN) / Math.max(span[1], 1));
  const scale = zoom ?? Math.min(fit, 0.5);
  const middle = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
  const place = ([x, y]) => [WIDTH / 2 + (x - middle[0]) * scale, height / 2 - (y - middle[1]) * scale];
  const square = squareOf(scale);
  const step = square * scale;
  const lines = [];
  const [ox, oy] = place([0, 0]);
  for (let at = Math.ceil(-ox / step); ox + at * step < WIDTH; at += 1) lines.push(line(ox + at * step, 0, ox + at * step, height, at % 5 === 0));
  for (let at = Math.ceil(-oy / step); oy + at * step < height; at += 1) lines.push(line(0, oy + at * step, WIDTH, oy + at * step, at % 5 === 0));
  const [x, y] = place(plane.at(-1));
  const [sx, sy] = place(plane[0]);
  const track = plane.length > 1 && [svg('polyline.track', { points: plane.map((it) => place(it).join()).join(' ') }),
    svg('circle.ink', { cx: sx, cy: sy, r: 4 }), svg('text', { x: sx, y: sy - 8, 'text-anchor': 'middle' }, 'start')];
  const mark = who ? [svg('circle.who', { cx: x, cy: y, r: 11 }), svg('text', { x, y: y + 3.5, 'text-anchor': 'middle' }, who)]
    : svg('path.pin', { d: `M${x} ${y}c-2-6-8-8-8-14a8 8 0 0 1 16 0c0 6-6 8-8 14z` });
  return svg(`svg.map.${choose ? 'choose' : ''}`, { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', label: label },
    lines, track, mark, svg('path.ink', { d: `M${WIDTH - 22} 26v-14l-4 5M${WIDTH - 22} 12l4 5` }), svg('text', { x: WIDTH - 22, y: 38, 'text-anchor': 'middle' }, 'N'),
    svg('path.ink', { d: `M10 ${height - 13}v5h${step}v-5` }), svg('text', { x: 14 + step, y: height - 7 }, length(square)),
    svg('text', { x: WIDTH - 6, y: height - 7, 'text-anchor': 'end' }, 'drawn grid, no map'));
}

const line = (x1, y1, x2, y2, strong) => svg(`line.grid.${strong ? 'strong' : ''}`, { x1, y1, x2, y2 });

/** A form to choose a place: arrow keys move the mark by a square, + and - zoom, or two numbers, `lat` and `lon`. */
export function chooser(lat, lon) {
  let zoom = 0.1;
  const holder = h('div', { tabindex: '0', role: 'application', label: 'Choose a place: arrow keys move the mark, plus and minus zoom' });
  const field = (name, label, value, limit) => h('label', label, h('input.field', { name, type: 'number', step: 'any', min: -limit, max: limit, value: value.toFixed(5), oninput: typed }));
  const [latField, lonField] = [field('lat', 'Latitude', lat, 90), field('lon', 'Longitude', lon, 180)];
  const draw = () => show(holder, map([[lat, lon]], { label: `Place at ${coordinates(lat, lon)}`, choose: true, zoom }) ?? h('p.mono', coordinates(lat, lon)));
  function typed() {
    const [a, b] = [Number(latField.lastChild.value), Number(lonField.lastChild.value)];
    if (Math.abs(a) <= 90 && Math.abs(b) <= 180) { [lat, lon] = [a, b]; draw(); }
  }
  const go = (east, north) => {
    const square = squareOf(zoom);
    [lat, lon] = moved(lat, lon, east * square, north * square);
    [latField.lastChild.value, lonField.lastChild.value] = [lat.toFixed(5), lon.toFixed(5)];
    draw();
  };
  const scale = (factor) => { zoom = Math.max(1e-5, Math.min(50, zoom * factor)); draw(); };
  const keys = { ArrowLeft: () => go(-1, 0), ArrowRight: () => go(1, 0), ArrowUp: () => go(0, 1), ArrowDown: () => go(0, -1), '+': () => scale(2), '-': () => scale(0.5) };
  holder.addEventListener('keydown', (event) => { const act = keys[event.key]; if (act) { event.preventDefault(); event.stopPropagation(); act(); } });
  draw();
  return [holder, h('div.row', button('+', () => scale(2), { label: 'Zoom in' }), button('−', () => scale(0.5), { label: 'Zoom out' })), h('div.two', latField, lonField)];
}
