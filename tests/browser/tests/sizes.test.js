import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quit, until, withPage } from '../page.js';
import { fill } from '../world.js';

after(quit);

const isInside = (page, locator) => locator.evaluate((node) => {
  const { left, right, top, bottom } = node.getBoundingClientRect();
  const shown = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight && (node === shown || node.contains(shown));
});

test('forced colours keep all words and borders', () => withPage(async (sandbox, open) => {
  await fill(sandbox);
  const page = await open('#/u-clara/t-lobby', { forcedColors: 'active' });
  await page.locator('#alert-bar').getByRole('button', { name: 'OK' }).waitFor();
  await page.keyboard.press('d');
  await page.locator('.status').first().waitFor();
  for (const part of ['.badge', '.badge.alert', '.pill', '.avatar', '.tally b', '.chat[aria-current=true]', '.attention', '#alert-bar', '.status', '.person[aria-current=true]', '.tabs [aria-selected=true]', '.button[aria-pressed=true]']) {
    // In one step, because the page may draw the part anew at any time.
    const widths = await page.evaluate((selector) => {
      const style = getComputedStyle(document.querySelector(selector));
      return ['Top', 'Right', 'Bottom', 'Left'].map((side) => style[`border${side}Style`] === 'none' ? 0 : parseFloat(style[`border${side}Width`]));
    }, part);
    assert.ok(Math.max(...widths) > 0, `${part} has a border`);
  }
  // A border that is transparent elsewhere would mean that everything is chosen.
  const isSeen = (part) => page.evaluate((selector) => {
    const style = getComputedStyle(document.querySelector(selector));
    return ['Left', 'Bottom'].some((side) => parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Color`] !== getComputedStyle(document.body).backgroundColor);
  }, part);
  for (const part of ['.tabs [aria-selected=false]', '.message:not(.linked)', '.requests li:not(.joined)']) assert.equal(await isSeen(part), false, part);
  assert.equal(await isSeen('.tabs [aria-selected=true]'), true);
  // What only colours tell elsewhere has words.
  assert.match(await page.locator('.person[aria-current]').getAttribute('aria-label'), /an alert waits$/);
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/forced-colours.png` });
}));

test('200 % zoom hides nothing', () => withPage(async (sandbox, open) => {
  const { north } = await fill(sandbox);
  // As the browser does it: half as many pixels of the style, each twice as large.
  const page = await open(`#/u-clara/t-lobby`, { viewport: { width: 700, height: 450 }, deviceScaleFactor: 2 });
  await page.locator('.chat', { hasText: 'Lobby' }).click();
  const bar = page.locator('#alert-bar');
  for (const name of ['OK', 'SOS']) assert.ok(await isInside(page, bar.getByRole('button', { name })), `${name} is in view`);
  for (const name of ['Post', 'Attach', 'Members and settings', 'Back to the chats', 'Keys and settings']) assert.ok(await isInside(page, page.getByRole('button', { name, exact: true })), `${name} is in view`);
  assert.ok((await page.locator('.log').boundingBox()).height > 80, 'messages are in view');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  // Only larger text.
  const large = await open(`#/u-anna/${north}`);
  await large.locator('.message').first().waitFor();
  await large.evaluate(() => { document.documentElement.style.setProperty('font-size', '200%'); });
  await large.locator('.card').first().waitFor();
  assert.equal(await large.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  const cut = await large.evaluate(() => [...document.querySelectorAll('.button, .pill, .person, h2, h3')].filter((node) => node.offsetParent && node.scrollHeight > node.clientHeight + 4 && getComputedStyle(node).overflowY === 'hidden').map((node) => node.textContent));
  assert.deepEqual(cut, []);
  for (const name of ['Post', 'Members and settings']) assert.ok(await isInside(large, large.getByRole('button', { name, exact: true })), `${name} is in view`);
}));

test('no motion if it is not wanted, and none is needed', () => withPage(async (sandbox, open) => {
  const page = await open('#/u-anna/t-lobby', { reducedMotion: 'reduce' });
  await sandbox.post({ msg: 'Leave the hall.', alert_type: 'alert' });
  await page.locator('#alert-bar .button').first().waitFor();
  await until(() => page.locator('#alert-bar').evaluate((bar) => bar.classList.contains('shake')), 'it would ring');
  assert.equal(await page.locator('#alert-bar').evaluate((bar) => bar.getAnimations().length), 0);
}));

test('theme is that of the system until another is chosen, which is kept', () => withPage(async (sandbox, open) => {
  const page = await open('', { colorScheme: 'dark' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  const button = page.getByRole('button', { name: /^Theme/ });
  assert.equal(await button.getAttribute('aria-label'), 'Theme: system');
  await button.click();
  // The page is drawn in the next frame.
  await until(async () => (await button.getAttribute('aria-label')) === 'Theme: light', 'the other theme');
  assert.notEqual(await background(), dark);
  await page.reload();
  await page.locator('html[data-ready] .person').first().waitFor();
  assert.notEqual(await background(), dark);
  await page.emulateMedia({ colorScheme: 'light' });
  await button.click();
  assert.equal(await background(), dark);
}));
