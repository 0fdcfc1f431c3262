import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { PNG } from '../sandbox.js';
import { quit, until, withPage } from '../page.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The folder for pictures, if they are wanted. */
const PICTURES = process.env.PICTURES;
if (PICTURES) mkdirSync(PICTURES, { recursive: true });

after(quit);

async function fill(sandbox) {
  await sandbox.post({ msg: 'Maintenance window tonight, 22:00 to 23:30 UTC.', alert_type: 'announcement' });
  await sandbox.as('u-clara', { msg: 'Pressure on line 3 drops faster than the forecast says. Is that the filter again?' });
  const alert = await sandbox.post({ msg: 'Pump 3 is down. Pressure 1.2 bar and falling.', alert_type: 'alert', sender_display_name: 'Pump monitor' });
  for (const uid of ['u-anna', 'u-ben']) await sandbox.control('PUT', `/people/${uid}/chats/t-lobby/messages/${alert.mid}/reaction`, { reaction_type: 'ok' });
  await sandbox.control('POST', '/people/u-anna/chats/t-lobby/read');
  await sandbox.as('u-ben', { msg: 'On my way to hall B.', reply_to: alert.mid });
  const plan = await sandbox.asset('Shift plan, week 48.pdf', 'application/pdf', new Uint8Array(214_000));
  await sandbox.post({ msg: 'Ticket 4711 is open, with the shift plan.', attachments: [{ kind: 'file', asset: plan.id }] });
  await sandbox.control('POST', '/people/u-ben/chats/t-lobby/read');
  const chat = await sandbox.bot('POST', '/v1/chats', { type: 'group', title: 'Pump station North', users: ['u-anna', 'u-david'] });
  const image = (await sandbox.asset('hall.png', 'image/png', PNG)).id;
  await sandbox.post({ msg: 'Everything on the leak at pump 3.', attachments: [
    { kind: 'live_location', initial_lat: 53.5519, initial_lon: 10.0011, duration: 3600 }, { kind: 'location', name: 'Valve chamber 17', lat: 53.5511, lon: 9.9937, address: 'Hafenstrasse 12', postal_code: '20457', city: 'Hamburg' },
    { kind: 'gallery', images: [image, image, image, image, image, image, image] }, { kind: 'poll', question: 'Who takes the night stand-by on Friday?', options: ['David', 'Emma'], multiple_choice: false },
    { kind: 'calendar', title: 'Pump 3: seal replacement', start: '2026-11-27T06:30:00.000Z', end: '2026-11-27T09:00:00.000Z', location: 'Hall B', description: 'Two people, lock-out kit.' }, { kind: 'file', asset: plan.id },
  ] }, chat.tid);
  for (let step = 1; step < 6; step += 1) await sandbox.bot('PUT', '/v1/location', { lat: 53.5519 + (step % 2 ? 1 : 0.4) * step * 0.001, lon: 10.0011 + step * 0.004 });
  await sandbox.control('POST', '/faults', { kind: 'cut_after', method: 'POST', path: '/v1/chats/*/messages', times: 2 });
  return chat.tid;
}

/** Each state: its name, the address, and what leads to it. */
const states = (tid) => [
  ['lobby', '#/u-anna/t-lobby'],
  ['attachments', `#/u-anna/${tid}`],
  ['alert', '#/u-clara/t-lobby', async (page, sandbox) => { await sandbox.control('POST', '/sample'); await page.locator('#alert-bar .button').first().waitFor(); }],
  ['requests', '#/u-anna/t-lobby', async (page) => { await page.keyboard.press('d'); await page.locator('.request').first().click(); await page.locator('.details pre').first().waitFor(); }],
  ['faults', '#/u-anna/t-lobby', async (page) => { await page.keyboard.press('d'); await page.getByRole('tab', { name: /^Faults/ }).click(); await page.getByRole('switch', { name: /^Outage/ }).waitFor(); }],
  ['feeds', '#/u-anna/t-lobby', async (page) => { await page.keyboard.press('d'); await page.getByRole('tab', { name: /^Feeds/ }).click(); await page.getByText('No subscription.').waitFor(); }],
  ['organisation', '#/u-anna/t-lobby', async (page) => { await page.keyboard.press('d'); await page.getByRole('tab', { name: /^Organisation/ }).click(); await page.getByText('Allowed in this organisation').waitFor(); }],
  ['members', '#/u-anna/t-lobby', async (page) => { await inConversation(page); await page.getByRole('button', { name: 'Members and settings' }).click(); await page.getByRole('dialog').waitFor(); }],
  ['new-chat', '#/u-anna/t-lobby', async (page) => { await page.getByRole('button', { name: 'New chat' }).click(); await page.getByRole('dialog').waitFor(); }],
  ['keys', '#/u-anna/t-lobby', async (page) => { await page.keyboard.press('?'); await page.getByRole('dialog').waitFor(); }],
  ['place-form', '#/u-anna/t-lobby', async (page) => { await inConversation(page); await page.getByRole('button', { name: 'Attach' }).click(); await page.getByRole('menuitem', { name: 'Location', exact: true }).click(); await page.getByRole('form').waitFor(); }],
  ['first-steps', '#/u-anna/t-lobby', async (page) => { await page.keyboard.press('?'); await page.getByRole('button', { name: 'Show the first steps' }).click(); await page.getByRole('heading', { name: 'Waiting for a bot' }).waitFor(); }],
];

async function inConversation(page) {
  if (page.viewportSize().width <= 760 && !(await page.locator('#main').isVisible())) await page.locator('.chat').first().click();
}

for (const [width, height] of [[1400, 900], [390, 844], [320, 640]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`nothing to object to at ${width}, ${colorScheme}`, () => withPage(async (sandbox, open) => {
      const tid = await fill(sandbox);
      const found = [];
      for (const [name, path, lead] of states(tid)) {
        const page = await open(path, { viewport: { width, height }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
        if (name !== 'new-chat' && name !== 'keys') await inConversation(page);
        await lead?.(page, sandbox);
        await page.waitForTimeout(300);
        if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}-${width}-${colorScheme}.png` });
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        found.push(...violations.map((it) => `${name}: ${it.id}: ${it.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`));
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) found.push(`${name}: ${overflow} px too wide`);
        await page.context().close();
      }
      assert.deepEqual(found, []);
    }));
  }
}

test('forced colours keep all words', () => withPage(async (sandbox, open) => {
  await fill(sandbox);
  const page = await open('#/u-clara/t-lobby', { forcedColors: 'active' });
  await page.locator('#alert-bar').getByRole('button', { name: 'OK' }).waitFor();
  assert.equal(await page.locator('.badge').first().evaluate((it) => getComputedStyle(it).borderStyle), 'solid');
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/forced-colours.png` });
}));

test('one more of 10,000 messages in 200 chats appears in 50 ms', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  for (let at = 0; at < 198; at += 1) await sandbox.control('POST', '/people/u-anna/chats', { type: 'group', title: `Chat ${at}`, message: 'x' });
  for (let at = 0; at < 100; at += 1) await Promise.all(Array.from({ length: 100 }, (_, of) => sandbox.as('u-ben', { msg: `Message ${at * 100 + of}` })));
  const page = await open('#/u-anna/t-lobby');
  await page.locator('.message').last().waitFor();
  assert.ok((await page.locator('.message').count()) <= 200);
  assert.equal(await page.locator('.chat').count(), 199);
  // The processor time of the page's thread, which does not depend on what else the machine does.
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => (await session.send('Performance.getMetrics')).metrics.find((it) => it.name === 'TaskDuration').value * 1000;
  const times = [];
  for (let at = 0; at < 9; at += 1) {
    const before = await spent();
    await sandbox.as('u-ben', { msg: `One more ${at}` });
    await page.locator('.message', { hasText: `One more ${at}` }).waitFor();
    times.push((await spent()) - before);
  }
  times.sort((a, b) => a - b);
  assert.ok(times[4] < 50, `${times.map(Math.round)} ms`);
  // Older ones come when they are scrolled to, and there are never more than 200.
  await page.locator('.log').evaluate((log) => { log.scrollTop = 0; });
  await until(async () => (await page.locator('.message').count()) > 60, 'older messages come');
  const toNewest = page.getByRole('button', { name: 'To the newest' });
  await until(async () => {
    await page.locator('.log').evaluate((log) => { log.scrollTop = 0; });
    return (await toNewest.count()) === 1;
  }, 'the newest ones leave the page');
  assert.ok((await page.locator('.message').count()) <= 200);
  await toNewest.click();
  await page.locator('.message', { hasText: 'One more 8' }).waitFor();
}));
