import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Sandbox } from '../sandbox.js';
import { quit, until, withPage } from '../page.js';

after(quit);

test('held clock ends a poll when it is moved', () => withPage(async (sandbox, open) => {
  const page = await open('#/u-anna/t-lobby');
  const { cursor } = await sandbox.bot('GET', '/v1/messages/updates');
  await page.getByRole('button', { name: 'Developer', exact: true }).click();
  await page.getByRole('button', { name: 'Hold' }).click();
  await page.locator('#top .pill.held', { hasText: 'Clock held' }).waitFor();
  const poll = sandbox.bot('GET', `/v1/messages/updates?wait=25&cursor=${cursor}`);
  await page.locator('.waiting-poll', { hasText: '25 of 25 s left' }).waitFor();
  await page.getByRole('button', { name: '+25 s' }).click();
  assert.deepEqual((await poll).items, []);
  await until(async () => (await page.locator('.waiting-poll').count()) === 0, 'no poll waits');
  await page.getByRole('button', { name: 'Run' }).click();
  await until(async () => (await page.locator('#top .pill.held').count()) === 0, 'the clock runs');
}));

test('fault is armed and joined attempts lead to the message', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  const page = await open('#/u-anna/t-lobby');
  await page.keyboard.press('d');
  await page.getByRole('tab', { name: /^Faults/ }).click();
  await page.getByRole('button', { name: /^Cut after/ }).click();
  await page.getByText('Armed: cut after · POST …/messages · 1 left').waitFor();
  const key = { 'idempotency-key': '7f3a9c51d0e84b6e' };
  await assert.rejects(sandbox.bot('POST', '/v1/chats/t-lobby/messages', { msg: 'Once' }, key));
  await sandbox.bot('POST', '/v1/chats/t-lobby/messages', { msg: 'Once' }, key);
  await until(async () => (await page.locator('.armed').count()) === 0, 'the fault is spent');
  await page.getByRole('tab', { name: /^Requests/ }).click();
  await until(async () => (await page.locator('.requests li.joined').count()) === 2, 'both attempts are joined');
  await page.locator('.request', { hasText: 'try 2' }).click();
  await page.getByText('authorization: (not shown)').waitFor();
  await page.getByRole('button', { name: 'Show message' }).click();
  await page.locator('.message.linked', { hasText: 'Once' }).waitFor();
  await page.locator('.message', { hasText: 'Once' }).getByRole('button', { name: /^request / }).click();
  await page.locator('.request[aria-expanded=true]', { hasText: 'cut' }).waitFor();
  assert.ok(!(await page.content()).includes(sandbox.key.split(':')[1]), 'the secret is nowhere');
}));

test('request that is opened while it waits shows its response at the end', () => withPage(async (sandbox, open) => {
  const { cursor } = await sandbox.bot('GET', '/v1/messages/updates');
  const page = await open('#/u-anna/t-lobby');
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Hide polls' }).click();
  const poll = sandbox.bot('GET', `/v1/messages/updates?wait=25&cursor=${cursor}`);
  await page.locator('.request', { hasText: '…' }).click();
  await page.locator('.details').waitFor();
  await sandbox.fill('u-ben', [{ msg: 'the end of the poll' }]);
  await poll;
  await page.locator('.details', { hasText: 'the end of the poll' }).waitFor();
}));

test('page lives on in an outage', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  const page = await open('#/u-anna/t-lobby');
  await page.keyboard.press('d');
  await page.getByRole('tab', { name: /^Faults/ }).click();
  await page.getByRole('switch', { name: /^Outage/ }).check();
  await page.locator('#top .pill.out', { hasText: 'Outage' }).waitFor();
  await assert.rejects(sandbox.bot('GET', '/v1/me'));
  await page.locator('#write').fill('Still here');
  await page.locator('#write').press('Enter');
  await page.locator('.message', { hasText: 'Still here' }).waitFor();
  await page.getByRole('switch', { name: /^Outage/ }).uncheck();
  await until(async () => sandbox.bot('GET', '/v1/me').then(() => true, () => false), 'the outage ends');
}));

test('request with a wrong key is explained, and the first good one ends the first steps', () => withPage(async (sandbox, open) => {
  const page = await open();
  await page.getByRole('heading', { name: 'Waiting for a bot' }).waitFor();
  const secret = sandbox.key.split(':')[1];
  assert.ok(!(await page.locator('pre').first().textContent()).includes(secret));
  await fetch(`${sandbox.url}/v1/me`, { headers: { authorization: `Basic ${btoa('app-old:whatever')}` } });
  await page.getByText('A request came with an unknown App ID (app-old').waitFor();
  await page.getByRole('button', { name: 'Show secret' }).click();
  await page.getByText(secret).waitFor();
  await sandbox.bot('GET', '/v1/me');
  await page.locator('.conversation-head h2', { hasText: 'Lobby' }).waitFor();
}));

test('sandbox starts anew under the page', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'before' });
  const page = await open('#/u-anna/t-lobby');
  await page.locator('.message', { hasText: 'before' }).waitFor();
  const { ports } = sandbox;
  await sandbox.stop();
  await page.getByText('The sandbox does not answer. Trying again').waitFor();
  const other = await Sandbox.start(ports);
  try {
    await page.getByText('The sandbox has started anew. Without --data, its world is another.').waitFor();
    await until(async () => (await page.locator('.message').count()) === 0, 'the old messages go');
    await other.post({ msg: 'after' });
    await page.locator('.message', { hasText: 'after' }).waitFor();
  } finally {
    await other.stop();
  }
}, { allow: ['ERR_CONNECTION_REFUSED', 'ERR_INCOMPLETE_CHUNKED_ENCODING', 'ERR_CONNECTION_RESET', 'ERR_EMPTY_RESPONSE'] }));

test('world is reset in the page', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'before' });
  const page = await open('#/u-anna/t-lobby');
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Reset world' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset world' }).click();
  await page.getByText('The sandbox has started anew.').waitFor();
  await until(async () => (await page.locator('.message').count()) === 0, 'the old messages go');
  await sandbox.post({ msg: 'after' });
  await page.locator('.message', { hasText: 'after' }).waitFor();
}));

test('seven tabs all hear', () => withPage(async (sandbox, open, watch) => {
  await sandbox.post({ msg: 'first' });
  const pages = [await open('#/u-anna/t-lobby')];
  const context = pages[0].context();
  const tab = async () => watch(await context.newPage(), '#/u-anna/t-lobby');
  pages.push(...await Promise.all(Array.from({ length: 6 }, tab)));
  await sandbox.post({ msg: 'to all' });
  for (const page of pages) await page.locator('.message', { hasText: 'to all' }).waitFor();
  // The first tab holds the stream, and hands it on.
  await pages[0].close();
  await sandbox.post({ msg: 'to the rest' });
  for (const page of pages.slice(1)) await page.locator('.message', { hasText: 'to the rest' }).waitFor();
}));

test('fifth tab says so where each holds a connection', () => withPage(async (sandbox, open, watch) => {
  await sandbox.bot('GET', '/v1/me');
  // As without a secure context.
  const pages = [await open('#/u-anna/t-lobby', { init: () => Object.defineProperty(navigator, 'locks', { value: undefined }) })];
  const context = pages[0].context();
  for (let at = 1; at < 5; at += 1) pages.push(await watch(await context.newPage(), '#/u-anna/t-lobby'));
  await pages[4].getByText('This is the fifth tab.').waitFor();
  for (const page of pages.slice(0, 4)) assert.equal(await page.getByText('This is the fifth tab.').count(), 0);
  await sandbox.post({ msg: 'to all' });
  for (const page of pages) await page.locator('.message', { hasText: 'to all' }).waitFor();
}));

test('subscriptions show their leases and cursors', () => withPage(async (sandbox, open) => {
  const page = await open('#/u-anna/t-lobby');
  await sandbox.control('POST', '/clock/hold');
  const { id, cursor } = await sandbox.bot('PUT', '/v1/reactions/subscriptions');
  await page.keyboard.press('d');
  await page.getByRole('tab', { name: /^Feeds/ }).click();
  const row = page.locator('.list-row', { hasText: id });
  await row.getByText('lease: 300 s left · cursor 0 s old · 0 polls').waitFor();
  await sandbox.control('POST', '/clock/advance', { ms: 90_000 });
  await row.getByText('lease: 210 s left · cursor 1 min old · 0 polls').waitFor();
  const { mid } = await sandbox.post({ msg: 'Leave the hall', alert_type: 'alert' });
  await sandbox.control('PUT', `/people/u-anna/chats/t-lobby/messages/${mid}/reaction`, { reaction_type: 'ok' });
  const next = await sandbox.bot('GET', `/v1/reactions/updates?subscription=${id}&cursor=${cursor}`);
  await sandbox.bot('GET', `/v1/reactions/updates?subscription=${id}&cursor=${next.cursor}`);
  await row.getByText('lease: 300 s left · cursor 0 s old · 0 polls').waitFor();
}));

/** Counts the requests of bots of which the page has received the end. */
function countRequests() {
  window.ended = 0;
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, act) {
    listen.call(this, name, (event) => {
      act(event);
      if (name === 'request_ended') window.ended += 1;
    });
  };
}

test('what is pressed while requests arrive is clicked', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  const page = await open('#/u-anna/t-lobby', { init: countRequests });
  await page.keyboard.press('d');
  const tab = page.getByRole('tab', { name: /^Feeds/ });
  await tab.hover();
  await page.mouse.down();
  const before = await page.evaluate(() => window.ended);
  await sandbox.bot('GET', '/v1/me');
  await page.waitForFunction((count) => window.ended > count, before);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.mouse.up();
  await page.getByText('No subscription.').waitFor();
  await page.getByRole('tab', { name: 'Requests 2' }).waitFor();
}));
