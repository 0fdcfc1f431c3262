import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PNG, wav } from '../sandbox.js';
import { quit, until, withPage } from '../page.js';

after(quit);

test('file is uploaded and saved byte for byte', (context) => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'Send me files.' });
  const page = await open('#/u-anna/t-lobby');
  await page.locator('#write').waitFor();
  const folder = mkdtempSync(join(tmpdir(), 'teamwire-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const [name, bytes] of [['empty.bin', Buffer.alloc(0)], ['large.bin', randomBytes(20_000_000)]]) {
    writeFileSync(join(folder, name), bytes);
    await page.locator('#foot input[type=file]').setInputFiles(join(folder, name));
    await page.locator('.chip', { hasText: / · [0-9.]+ M?B$/ }).waitFor();
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    const card = page.locator('.card', { hasText: name });
    await card.waitFor();
    const window = await sandbox.bot('GET', '/v1/chats/t-lobby/messages');
    const { asset } = window.items.at(-1).attachments[0];
    assert.equal(asset.size, bytes.length);
    assert.ok(Buffer.from(await sandbox.bot('GET', `/v1/assets/${asset.id}`)).equals(bytes), 'the bot gets the same');
    const [download] = await Promise.all([page.waitForEvent('download'), card.getByRole('link', { name: 'Save' }).click()]);
    assert.equal(download.suggestedFilename(), name);
    assert.ok(readFileSync(await download.path()).equals(bytes), 'the page saves the same');
  }
}));

/** Records a short video in a page. */
const record = (page) => page.evaluate(async () => {
  const canvas = document.createElement('canvas');
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm' });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((done) => { recorder.onstop = done; });
  const context = canvas.getContext('2d');
  recorder.start(100);
  // Where the machine is slow, the first frames are not in the video.
  for (let at = 0; at < 6 || !parts.some(({ size }) => size > 0); at += 1) {
    context.fillRect((at * 10) % 250, (at * 10) % 100, 50, 50);
    await new Promise((done) => requestAnimationFrame(done));
  }
  recorder.stop();
  await stopped;
  return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
});

test('each kind of attachment is drawn', () => withPage(async (sandbox, open) => {
  const page = await open('#/u-anna/t-lobby');
  const video = Uint8Array.from(await record(page));
  const ids = async (name, type, bytes) => (await sandbox.asset(name, type, bytes)).id;
  const images = [];
  for (let at = 0; at < 6; at += 1) images.push(await ids(`hall-${at}.png`, 'image/png', PNG));
  await sandbox.post({ msg: 'Everything', attachments: [
    { kind: 'calendar', title: 'Seal replacement', start: '2026-11-27T06:30:00.000Z', end: '2026-11-28T09:00:00.000Z' },
    { kind: 'location', name: 'Valve chamber 17', lat: 53.5511, lon: 9.9937, city: 'Hamburg' },
    { kind: 'live_location', initial_lat: 53.55, initial_lon: 179.9999, duration: 900 },
    { kind: 'gallery', images },
    { kind: 'sound', asset: await ids('bearing.wav', 'audio/wav', wav()) },
    { kind: 'file', asset: await ids('plan.pdf', 'application/pdf', new Uint8Array(10)) },
    { kind: 'video', asset: await ids('walk.webm', 'video/webm', video) },
    { kind: 'video', asset: await ids('broken.mp4', 'video/mp4', new Uint8Array(10)) },
    { kind: 'poll', question: 'Who?', options: ['I', 'You'], multiple_choice: true },
    { kind: 'location', name: 'Pole', lat: 89, lon: 0 },
  ] });
  await sandbox.bot('PUT', '/v1/location', { lat: 53.56, lon: -179.9999 });
  const card = (text) => page.locator('.card', { hasText: text });
  await card('Fri 27 Nov 06:30 – Sat 28 Nov 09:00 UTC').waitFor();
  assert.match(await card('Valve chamber 17').locator('svg.map').getAttribute('aria-label'), /^Location Valve chamber 17 at 53\.55110, 9\.99370$/);
  // Across 180 degrees by the shorter way.
  await until(async () => /now 1\.1 km north of where it started/.test(await card('Live location').locator('svg.map').getAttribute('aria-label')), 'the track is short');
  assert.equal(await card('Gallery · 6 images').locator('img').count(), 5);
  await until(() => card('Gallery').locator('img').first().evaluate((image) => image.naturalWidth === 1), 'the image is loaded');
  await until(() => card('Sound').locator('audio').evaluate((audio) => audio.duration > 0), 'the sound is loaded');
  await until(() => card('walk.webm').locator('video').evaluate((it) => it.videoWidth > 0), 'the video is loaded');
  // What the browser cannot play becomes a file.
  await card('broken.mp4').getByText('MP4', { exact: true }).waitFor();
  await card('Poll · several answers').getByText('Shown only: the contract has no votes.').waitFor();
  assert.equal(await card('Pole').locator('svg.map').count(), 0, 'beyond 85 degrees there are only coordinates');
  await card('Gallery').getByRole('button', { name: /^Image 1 of 6/ }).click();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('dialog').getByText('2 of 6').waitFor();
  await page.keyboard.press('Escape');
  await sandbox.bot('DELETE', '/v1/chats/t-lobby/location');
  await card('Live location').getByText('Ended').waitFor();
}, { allow: ['status of 415'] }));

test('unknown kind of attachment is shown as its JSON', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'From a later version', attachments: [{ kind: 'location', name: 'Gate', lat: 1, lon: 2 }] });
  const page = await open();
  // The sandbox has no such kind: a later one may.
  await page.route('**/messages?*', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    Object.assign(json.items[0].attachments[0], { kind: 'hologram', note: '<b>3D</b>\u202e' });
    await route.fulfill({ response, json });
  });
  await page.goto(`${sandbox.page}/?again#/u-anna/t-lobby`);
  const card = page.locator('.card', { hasText: 'A kind this page does not know: hologram' });
  await card.waitFor();
  const shown = await card.locator('pre').textContent();
  assert.match(shown, /^\{\n "kind": "hologram",\n/);
  assert.ok(shown.includes('"note": "<b>3D</b>⟨RLO⟩"'), shown);
  assert.equal(await card.locator('b').count(), 0);
}));

test('person shares, moves and ends a live location', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'Where are you?' });
  const page = await open('#/u-anna/t-lobby');
  await page.getByRole('button', { name: 'Attach' }).click();
  await page.getByRole('group', { name: 'Attach' }).getByRole('button', { name: 'Live location' }).click();
  await page.getByRole('form').getByRole('button', { name: 'Attach' }).click();
  await page.getByRole('button', { name: 'Post', exact: true }).click();
  const strip = page.getByRole('group', { name: 'Your live location' });
  await strip.getByText('You share your live location here.').waitFor();
  const place = async () => (await sandbox.control('GET', '/people/u-ben/chats')).items.find((it) => it.tid === 't-lobby').locations[0];
  const before = await place();
  await strip.getByRole('button', { name: 'Move 100 m north' }).click();
  await until(async () => (await place()).lat > before.lat, 'it has moved');
  assert.ok(Math.abs(((await place()).lat - before.lat) * 111_320 - 100) < 1, 'by 100 m');
  await strip.getByRole('button', { name: 'Stop sharing' }).click();
  await until(async () => (await place()) === undefined, 'it has ended');
}));

const STRINGS = [
  '<script>document.title = "run"; alert(1)</script>', '<img src=x onerror=alert(1)>', '"><svg onload=alert(1)>', '</textarea><script>alert(1)</script>', 'javascript:alert(1)',
  '{{constructor.constructor("alert(1)")()}}', '${alert(1)}', "';alert(1)//", '<a href="javascript:alert(1)">x</a>', '<iframe src="javascript:alert(1)"></iframe>', '<style>*{display:none}</style>',
  '<base href="http://evil.example/">', '<meta http-equiv="refresh" content="0;url=http://evil.example/">', '\u202egnp.exe', 'a\u0007b\u001b[31m', '<!--', ']]>', '&lt;b&gt;&amp;', 'http://evil.example/"onmouseover="alert(1)', '🏳️‍🌈 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 <b>x</b>',
];

test('hostile texts and files run nothing', () => withPage(async (sandbox, open) => {
  const files = [['page.html', 'text/html'], ['image.svg', 'image/svg+xml'], ['photo.png', 'image/png'], ['code.js', 'text/javascript']];
  for (const text of STRINGS) {
    const short = [...text].slice(0, 60).join('');
    await sandbox.post({ msg: text, sender_display_name: short, attachments: [{ kind: 'poll', question: text, options: [text, 'no'], multiple_choice: false }, { kind: 'location', name: text, lat: 1, lon: 1, address: text }] });
  }
  await sandbox.control('POST', '/people/u-anna/chats', { type: 'group', title: STRINGS[1], users: ['u-ben'] });
  for (const [name, type] of files) {
    const asset = await sandbox.asset(name, type, new TextEncoder().encode(STRINGS[0] + STRINGS[2]));
    await sandbox.post({ attachments: [{ kind: 'file', asset: asset.id }] });
  }
  await sandbox.control('POST', '/faults', { kind: 'status', status: 500, path: '/v1/<script>alert(1)</script>', always: true });
  const page = await open('#/u-anna/t-lobby');
  await page.locator('.message').last().waitFor();
  const shown = await page.locator('.message p.text').allTextContents();
  assert.deepEqual(shown, STRINGS);
  await page.keyboard.press('d');
  await page.locator('.request').first().waitFor();
  await page.locator('.request').nth(6).click();
  await page.locator('.details pre').first().waitFor();
  assert.doesNotMatch(await page.title(), /run/);
  for (const link of await page.locator('.message a[href]').all()) {
    const [href, rel] = [await link.getAttribute('href'), await link.getAttribute('rel')];
    assert.match(href, /^(https?:|\/sandbox\/api\/)/);
    if (!href.startsWith('/')) assert.equal(rel, 'noopener noreferrer');
  }
  assert.equal(await page.locator('#main script, #main iframe, #main style, #chats img').count(), 0);
}));
