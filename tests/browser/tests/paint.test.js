import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quit, withPage } from '../page.js';

after(quit);

const LOADS = 9;
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

/** When a page was painted first, when it was complete, and what it loaded: milliseconds since the address was entered. */
const timings = (page) => page.evaluate(() => {
  const [navigation] = performance.getEntriesByType('navigation');
  return {
    paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    html: navigation.responseEnd,
    modules: performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).map(({ name, startTime, responseEnd }) => ({ name, startTime, responseEnd })),
    world: performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/world')).map(({ startTime }) => startTime),
  };
});

test('page is painted after one round of requests', (context) => withPage(async (sandbox, open) => {
  const all = [];
  for (let at = 0; at < LOADS; at += 1) {
    const page = await open('#/u-anna/t-lobby');
    all.push(await timings(page));
    await page.context().close();
  }
  const paints = all.map(({ paint, html }) => paint - html);
  context.diagnostic(`first paint: ${median(all.map(({ paint }) => paint)).toFixed(0)} ms, ${median(paints).toFixed(0)} ms after the HTML, medians of ${LOADS}; the fastest ${Math.min(...all.map(({ paint }) => paint)).toFixed(0)} ms`);
  // No module waits for the one that imports it, and the data waits for none. The first response may come before the
  // browser has sent all requests, so that not each load shows it.
  const inOneRound = all.filter(({ modules, world }) => {
    const first = Math.min(...modules.map(({ responseEnd }) => responseEnd));
    return [...modules.map(({ startTime }) => startTime), ...world].every((start) => start <= first);
  });
  assert.ok(inOneRound.length > LOADS / 2, `${LOADS - inOneRound.length} of ${LOADS} loads had a second round`);
  assert.ok(all.every(({ modules, world }) => modules.length > 5 && world.length === 1), 'the world is requested once');
}));
