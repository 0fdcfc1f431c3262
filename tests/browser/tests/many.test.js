import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quit, until, withPage } from '../page.js';

after(quit);

const MESSAGES = 10_000;

/** Measures in the page the time from each event of a message to the frame that shows it. */
function measure() {
  window.waits = [];
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, act) {
    listen.call(this, name, name === 'message' ? (event) => {
      const start = performance.now();
      act(event);
      const { msg } = JSON.parse(event.data).message;
      const look = () => {
        if ([...document.querySelectorAll('.message')].at(-1).textContent.includes(msg)) window.waits.push(performance.now() - start);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    } : act);
  };
}

test('one more of 10,000 messages in 200 chats appears in 50 ms', (context) => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  for (let at = 0; at < 199; at += 1) await sandbox.control('POST', '/people/u-anna/chats', { type: 'group', title: `Chat ${at}`, message: 'x' });
  await sandbox.fill('u-ben', Array.from({ length: MESSAGES }, (_, at) => ({ msg: `Message ${at}` })));
  const page = await open('#/u-anna/t-lobby', { init: measure });
  await page.locator('.message').last().waitFor();
  assert.equal(await page.locator('.chat').count(), 200);
  // The processor time of the page's thread, which does not depend on what else the machine does.
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => (await session.send('Performance.getMetrics')).metrics.find((it) => it.name === 'TaskDuration').value * 1000;
  const times = [];
  for (let at = 0; at < 15; at += 1) {
    const before = await spent();
    await sandbox.as('u-ben', { msg: `One more ${at}` });
    await page.locator('.message', { hasText: `One more ${at}` }).waitFor();
    times.push((await spent()) - before);
  }
  const waits = await page.evaluate(() => window.waits);
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  context.diagnostic(`one more message: ${median(times).toFixed(1)} ms of the page's thread, ${median(waits).toFixed(1)} ms from the event to the frame, medians of 15`);
  assert.ok(median(times) < 50, `${times.map(Math.round)} ms`);
  // The machine may do other work meanwhile.
  assert.ok(waits.length === 15 && median(waits) < 250, `${waits.map(Math.round)} ms`);
}));

test('window moves over all messages, and finds one in them', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  await sandbox.fill('u-ben', Array.from({ length: 1000 }, (_, at) => ({ msg: at === 123 ? 'The needle' : `Message ${at}` })));
  await sandbox.control('POST', '/people/u-anna/chats/t-lobby/read');
  const page = await open('#/u-anna/t-lobby');
  const log = page.locator('.log');
  const texts = () => page.locator('.message p.text').allTextContents();
  const scrollTo = (part) => log.evaluate((node, to) => { node.scrollTop = to * node.scrollHeight; }, part);
  await page.getByText('Message 999', { exact: true }).waitFor();
  // A spacer has the place of those that are not in the page.
  assert.ok(await log.evaluate((node) => node.scrollHeight > 30_000));
  await scrollTo(0);
  await page.getByText('Message 0', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'To the newest' }).waitFor();
  // Also if it is scrolled while others are loaded.
  await log.evaluate((node) => {
    node.scrollTop = 0.8 * node.scrollHeight;
    requestAnimationFrame(() => requestAnimationFrame(() => { node.scrollTop = 0.5 * node.scrollHeight; }));
  });
  await until(async () => (await texts()).some((text) => /^Message (4[5-9]|5[0-5])\d$/.test(text)), 'the middle is loaded');
  // Slowly upwards, the first message in view stays where it is, and there are never more than 200.
  for (let step = 0; step < 40; step += 1) {
    await log.evaluate((node) => { node.scrollTop -= 300; });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  const shown = (await texts()).map((text) => Number(text.split(' ')[1]));
  assert.ok(shown.length <= 200 && shown.every((number, at) => at === 0 || number === shown[at - 1] + 1), `${shown}`);
  await sandbox.as('u-ben', { msg: 'A new one' });
  await page.getByRole('button', { name: '1 new message' }).click();
  await page.getByText('A new one', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Find in this chat' }).click();
  await page.keyboard.type('NEEDLE');
  await page.keyboard.press('Enter');
  await page.locator('.message.linked', { hasText: 'The needle' }).waitFor();
  await page.getByText('Ben Okafor, ').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('No further message.').waitFor();
  await page.getByRole('searchbox', { name: 'Find in this chat' }).fill('message 124');
  await page.getByRole('button', { name: 'Later' }).click();
  await page.locator('.message.linked', { hasText: 'Message 124' }).waitFor();
  await page.getByRole('searchbox', { name: 'Find in this chat' }).press('Escape');
  await until(async () => (await page.locator('.find-row').count()) === 0, 'it is closed');
}));
