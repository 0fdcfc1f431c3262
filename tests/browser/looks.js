// Each state of the page at each width: checked by axe, and drawn for the documents.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { withPage } from './page.js';
import { fill, poll } from './world.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] };
/** The folder for pictures, if they are wanted. */
const PICTURES = process.env.PICTURES;
if (PICTURES) mkdirSync(PICTURES, { recursive: true });

const LOBBY = '#/u-anna/t-lobby';
const button = (page, name) => page.getByRole('button', { name, exact: true });
const drawer = (tab, shown) => async (page) => {
  await page.keyboard.press('d');
  await page.getByRole('tab', { name: tab }).click();
  await page.getByText(shown).first().waitFor();
};

/** Each state: its name, the address, what leads to it, and what ends it. */
const states = ({ north, direct, storm }) => [
  ['lobby', LOBBY],
  ['attachments', `#/u-anna/${north}`, (page) => page.locator('.gallery img').first().evaluate((image) => image.decode())],
  ['requests', LOBBY, async (page) => {
    await drawer('Requests', 'Waiting now')(page);
    await page.locator('.request', { hasText: 'try 2' }).click();
    await button(page, 'Show message').click();
    await page.locator('.message.linked').waitFor({ state: 'attached' });
  }],
  ['held', LOBBY, async (page, sandbox, picture) => {
    await drawer('Requests', 'Waiting now')(page);
    await picture('developer');
    await sandbox.control('POST', '/clock/hold');
    await page.getByText('time stands').waitFor();
  }, (sandbox) => sandbox.control('POST', '/clock/run')],
  ['faults', LOBBY, drawer('Faults', 'New fault')],
  ['feeds', LOBBY, drawer('Feeds', 'lease')],
  ['organisation', LOBBY, drawer('Organisation', 'Allowed in this organisation')],
  ['members', LOBBY, async (page) => { await button(page, 'Members and settings').click(); await page.getByRole('dialog').waitFor(); }],
  ['new-chat', LOBBY, async (page) => {
    if (page.viewportSize().width <= 760) await button(page, 'Back to the chats').click();
    await button(page, 'New chat').click();
    await page.getByRole('dialog').waitFor();
  }],
  ['keys', LOBBY, async (page) => { await page.keyboard.press('?'); await page.getByRole('dialog').waitFor(); }],
  ['find', LOBBY, async (page) => { await page.keyboard.press('f'); await page.keyboard.type('filter'); await page.keyboard.press('Enter'); await page.locator('.message.linked').waitFor(); }],
  ['place-form', LOBBY, async (page) => { await button(page, 'Attach').click(); await button(page, 'Location').click(); await page.getByRole('form').waitFor(); }],
  ['first-steps', LOBBY, async (page) => { await page.keyboard.press('?'); await button(page, 'Show the first steps').click(); await page.getByRole('heading', { name: 'Waiting for a bot' }).waitFor(); }],
  ['alert', `#/u-anna/${direct}`, async (page, sandbox) => {
    alert = (await sandbox.as('u-ben', { msg: 'Gas detector 2, hall B: 18 % LEL. Leave the hall.', alert_type: 'alert' }, storm)).mid;
    await button(page.locator('#alert-bar'), 'OK').waitFor();
  }, (sandbox) => sandbox.control('DELETE', `/people/u-ben/chats/${storm}/messages/${alert}`)],
];
let alert;

export function testLooks(colorScheme) {
  test(`nothing to object to in ${colorScheme}`, () => withPage(async (sandbox, open) => {
    const chats = await fill(sandbox);
    await poll(sandbox);
    const found = [];
    for (const [width, height] of [[1400, 900], [390, 844], [320, 640]]) {
      const page = await open('', { viewport: { width, height }, colorScheme, bypassCSP: true, reducedMotion: 'reduce' });
      for (const [name, path, lead, end] of states(chats)) {
        // Another query, so that the page is loaded anew.
        await page.goto(`${sandbox.page}/?${name}${path}`);
        await page.locator('html[data-ready] .chat[aria-current=true]').waitFor({ state: 'attached' });
        if (width <= 760) await page.locator('.chat[aria-current=true]').click();
        await page.locator('.message').first().waitFor();
        const picture = async (of) => PICTURES && page.screenshot({ path: `${PICTURES}/${of}-${width}-${colorScheme}.png` });
        await lead?.(page, sandbox, picture);
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        await picture(name);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate((rules) => axe.run(rules), RULES);
        found.push(...violations.map((it) => `${name} at ${width}: ${it.id}: ${it.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; ')}`));
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) found.push(`${name} at ${width}: ${overflow} px too wide`);
        const cut = await page.evaluate(() => [...document.querySelectorAll('.panel, .log, .chat-list, .form, dialog')].filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.className || it.localName));
        if (cut.length) found.push(`${name} at ${width}: ${cut} too narrow`);
        await end?.(sandbox);
      }
      await page.context().close();
    }
    assert.deepEqual(found, []);
  }));
}
