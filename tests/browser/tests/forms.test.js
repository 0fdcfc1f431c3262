import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quit, until, withPage } from '../page.js';

after(quit);

const button = (page, name) => page.getByRole('button', { name, exact: true });

test('poll, calendar entry and location are posted from their forms', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'What is next?' });
  const page = await open('#/u-anna/t-lobby');
  const form = page.getByRole('form');
  const start = async (name) => {
    await button(page, 'Attach').click();
    await page.getByRole('group', { name: 'Attach' }).getByRole('button', { name, exact: true }).click();
  };
  await start('Poll');
  await form.getByRole('textbox', { name: 'Question' }).fill('Who takes the night?');
  await form.getByRole('textbox', { name: 'Options, one a line' }).fill('Ben\n\nClara\nBen');
  await form.getByRole('checkbox', { name: 'Several answers' }).check();
  await form.getByRole('button', { name: 'Attach' }).click();
  await start('Calendar entry');
  await form.getByRole('textbox', { name: 'Title' }).fill('Seal replacement');
  await form.getByLabel('Start, UTC').fill('2026-11-27T06:30');
  await form.getByLabel('End, UTC').fill('2026-11-27T09:00');
  await form.getByRole('button', { name: 'Attach' }).click();
  await start('Location');
  await form.getByRole('textbox', { name: 'Name' }).fill('Valve chamber 17');
  await form.getByRole('application').press('ArrowUp');
  // Painted in the next frame.
  await until(async () => Number(await form.getByLabel('Latitude').inputValue()) > 53.5511, 'a square to the north');
  await form.getByLabel('Longitude').fill('-10.5');
  await form.getByRole('button', { name: 'Attach' }).click();
  await page.locator('.chip').nth(2).waitFor();
  await page.getByRole('combobox', { name: 'Type of the message' }).selectOption('note');
  await button(page, 'Post').click();
  await page.locator('.card', { hasText: 'Valve chamber 17' }).waitFor();
  const { alert_type, attachments: [poll, calendar, location] } = (await sandbox.bot('GET', '/v1/chats/t-lobby/messages')).items.at(-1);
  assert.equal(alert_type, 'note');
  assert.deepEqual([poll.question, poll.options, poll.multiple_choice], ['Who takes the night?', ['Ben', 'Clara'], true]);
  assert.deepEqual([calendar.title, calendar.start, calendar.end], ['Seal replacement', '2026-11-27T06:30:00.000Z', '2026-11-27T09:00:00.000Z']);
  assert.deepEqual([location.name, location.lon, location.address ?? null], ['Valve chamber 17', -10.5, null]);
}));

test('faults and limits are set from their forms', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'hello' });
  const page = await open('#/u-anna/t-lobby');
  await page.keyboard.press('d');
  await page.getByRole('tab', { name: /^Faults/ }).click();
  await page.getByRole('combobox', { name: 'For' }).selectOption('GET /v1/users/{uid}');
  await page.getByRole('spinbutton', { name: 'after' }).fill('2');
  await button(page, 'always').click();
  await page.getByRole('button', { name: /^Status/ }).click();
  const form = page.getByRole('form', { name: 'Status' });
  await form.getByLabel('Status').fill('429');
  await form.getByRole('button', { name: 'Arm' }).click();
  await page.getByText('Armed: status 429 · GET /v1/users/* · after 2 · always').waitFor();
  await page.getByRole('spinbutton', { name: 'n', exact: true }).fill('5');
  await page.getByRole('checkbox', { name: 'Announced' }).uncheck();
  await button(page, 'Apply').click();
  await page.getByText('Now: every 5, abruptly').waitFor();
  await button(page, 'Stop').click();
  await page.getByText('Now: every 5, abruptly').waitFor({ state: 'detached' });

  await page.getByRole('tab', { name: 'Organisation' }).click();
  const limit = async () => (await sandbox.control('GET', '/world')).rate_limit;
  await page.getByRole('spinbutton', { name: 'Requests a second' }).fill('2.5');
  await button(page, 'Apply').click();
  await until(async () => (await limit())?.per_second === 2.5, 'the limit is set');
  await button(page, 'No limit').click();
  await until(async () => (await limit()) === null, 'the limit is gone');
  await page.getByRole('textbox', { name: 'Name of the new bot' }).fill('Night Bot');
  await button(page, 'New bot').click();
  await page.locator('.panel pre', { hasText: 'Secret' }).waitFor();
  await page.getByRole('switch', { name: /^Leave chats/ }).uncheck();
  await until(async () => !(await sandbox.control('GET', '/world')).switches.leaving, 'the switch is off');
}));

test('chat of two is made, and a dialog closed by a key', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'hello' });
  const page = await open('#/u-anna/t-lobby');
  await button(page, 'New chat').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'One to one instead' }).click();
  await dialog.getByRole('combobox', { name: 'Person' }).selectOption('u-ben');
  await dialog.getByRole('button', { name: 'Create chat' }).click();
  await page.locator('.conversation-head h2', { hasText: 'Ben Okafor' }).waitFor();
  await dialog.waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  await dialog.getByText('OK and SOS have no key').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}));
