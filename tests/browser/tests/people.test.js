import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quit, until, withPage } from '../page.js';

after(quit);

test('alert of a bot is answered in the page, and the bot hears it', () => withPage(async (sandbox, open) => {
  const page = await open('#/u-anna/t-lobby');
  const { id, cursor } = await sandbox.bot('PUT', '/v1/reactions/subscriptions');
  const heard = sandbox.bot('GET', `/v1/reactions/updates?wait=25&subscription=${id}&cursor=${cursor}`);
  await sandbox.post({ msg: 'Gas detector 2: leave the hall.', alert_type: 'alert' });
  const bar = page.locator('#alert-bar');
  await bar.getByRole('button', { name: 'OK' }).click();
  const { items } = await heard;
  assert.equal(items[0].data.reaction_type, 'ok');
  assert.equal(items[0].data.from_user.uid, 'u-anna');
  await page.locator('.attention.alert', { hasText: 'You answered OK.' }).waitFor();
  await until(async () => (await bar.textContent()) === '', 'the bar goes when the alert is answered');
  assert.match(await page.locator('#assertive').textContent(), /^Alert to Anna in Lobby: Gas detector 2/);
}));

test('two people in two browsers see each other', () => withPage(async (sandbox, open) => {
  const [anna, ben] = await Promise.all([open('#/u-anna/t-lobby'), open('#/u-ben/t-lobby')]);
  for (const page of [anna, ben]) await page.getByRole('button', { name: 'To the chats' }).click();
  await anna.locator('#write').fill('Where are you?');
  await anna.locator('#write').press('Enter');
  await ben.locator('.message', { hasText: 'Where are you?' }).waitFor();
  await ben.getByRole('button', { name: 'Anna Berg', exact: true }).waitFor();
  assert.equal(await ben.locator('.person[aria-current]').getAttribute('aria-label'), 'Ben Okafor, 1 unread');
  await ben.getByRole('button', { name: 'Mark as read' }).click();
  await anna.locator('.receipts', { hasText: 'Read by Ben' }).waitFor();
  await ben.locator('#write').fill('In hall B.\nWith Clara.');
  await ben.locator('#write').press('Enter');
  const text = anna.locator('.message', { hasText: 'In hall B.' }).locator('.text');
  await text.waitFor();
  assert.equal(await text.textContent(), 'In hall B.\nWith Clara.');
  assert.equal(await anna.locator('.rule.new').count(), 1);
  const own = ben.locator('.message', { hasText: 'In hall B.' });
  await own.hover();
  await own.getByRole('button', { name: 'Delete' }).click();
  await anna.locator('.deleted', { hasText: 'Deleted by Ben.' }).waitFor();
}));

test('refusal is shown where it happened', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'hello' });
  const page = await open('#/u-ben/t-lobby');
  await page.locator('.message').waitFor();
  await page.getByRole('button', { name: 'Members and settings' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByRole('button', { name: 'Close chat' }).isDisabled(), true);
  await dialog.getByText('Only admins of the chat may do this.').waitFor();
  await sandbox.control('PATCH', '/switches', { leaving: false });
  await dialog.getByRole('button', { name: 'Leave chat' }).click();
  await dialog.getByText('Refused: 403 leave_chat_not_allowed.').waitFor();
  await page.keyboard.press('Escape');
  await sandbox.control('PATCH', '/people/u-anna/chats/t-lobby', { allow_sending: false });
  await page.locator('#foot', { hasText: 'Only admins post here.' }).waitFor();
  await sandbox.control('POST', '/people/u-anna/chats/t-lobby/close');
  await page.locator('#foot', { hasText: 'This chat is closed.' }).waitFor();
  assert.equal(await page.locator('#write').count(), 0);
}, { allow: ['status of 403'] }));

test('keyboard is enough: an alert is answered, a chat made, a member added', () => withPage(async (sandbox, open) => {
  const page = await open('#/u-anna/t-lobby');
  const keys = page.keyboard;
  await page.getByRole('button', { name: 'To the chats' }).focus();
  await keys.press('Enter');
  await sandbox.post({ msg: 'Pump 3 is down', alert_type: 'alert' });
  await page.locator('#alert-bar .button').first().waitFor();
  const focusOn = async (name) => {
    for (let step = 0; step < 80; step += 1) {
      const found = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
      if (found.startsWith(name)) return;
      await keys.press('Tab');
    }
    assert.fail(`no focus on ${name}`);
  };
  await page.evaluate(() => document.activeElement?.blur());
  await focusOn('OK');
  await keys.press('Enter');
  await page.locator('.attention', { hasText: 'You answered OK.' }).waitFor();
  await focusOn('New chat');
  await keys.press('Enter');
  await keys.type('Night shift');
  await keys.press('Tab');
  await keys.press('Space');
  await keys.press('Enter');
  await page.locator('.conversation-head h2', { hasText: 'Night shift' }).waitFor();
  await focusOn('Members and settings');
  await keys.press('Enter');
  await focusOn('Add people or groups');
  await keys.press('Enter');
  await keys.press('Tab');
  await keys.press('Space');
  await focusOn('Add');
  for (let step = 0; step < 40 && (await page.evaluate(() => document.activeElement.textContent)) !== 'Add'; step += 1) await keys.press('Tab');
  await keys.press('Enter');
  await until(async () => {
    const { items } = await sandbox.control('GET', '/people/u-anna/chats');
    return items.find((it) => it.title === 'Night shift').users.length === 3;
  }, 'the member is added');
  await keys.press('Escape');
  await keys.press('Escape');
  await page.evaluate(() => document.activeElement?.blur());
  await keys.press('2');
  await page.locator('.person[aria-current]', { hasText: 'Ben' }).waitFor();
  await until(async () => (await page.locator('#polite').textContent()).startsWith('You play Ben.'), 'the change is said');
  await keys.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'find');
}));

test('reactions that are not used are behind a button', () => withPage(async (sandbox, open) => {
  const { mid } = await sandbox.post({ msg: 'Gate 2 is open again.', alert_type: 'announcement' });
  const page = await open('#/u-anna/t-lobby');
  const buttons = page.locator('.react .button');
  await buttons.first().waitFor();
  assert.deepEqual(await buttons.allTextContents(), ['Thumbs up', 'Applause', 'Smile', 'Laugh', 'Love']);
  await sandbox.control('PUT', `/people/u-ben/chats/t-lobby/messages/${mid}/reaction`, { reaction_type: 'love' });
  await until(async () => (await buttons.allTextContents()).join() === '1,React', 'they are folded');
  await page.getByRole('button', { name: 'React', exact: true }).click();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Thumbs up');
  await page.keyboard.press('Enter');
  await until(async () => (await buttons.allTextContents()).join() === '1,1,React', 'they are folded again');
  assert.equal(await page.getByRole('button', { name: 'Thumbs up, 1' }).getAttribute('aria-pressed'), 'true');
}));

test('several alerts are turned over, oldest first, and the focus stays', () => withPage(async (sandbox, open) => {
  for (const msg of ['Pump 3 is down', 'Pump 4 is down']) await sandbox.post({ msg, alert_type: 'alert' });
  const { tid } = await sandbox.control('POST', '/people/u-anna/chats', { type: 'group', title: 'Quiet', message: 'x' });
  const page = await open(`#/u-anna/${tid}`);
  const heading = page.locator('#alert-bar h2');
  const turn = page.getByRole('button', { name: '1 of 2: the next alert' });
  await turn.focus();
  for (const [shown, next, name] of [['Pump 3 is down', 'Pump 4 is down', '2 of 2: the next alert'], ['Pump 4 is down', 'Pump 3 is down', '1 of 2: the next alert']]) {
    assert.equal(await heading.textContent(), shown);
    await page.keyboard.press('Enter');
    await until(async () => (await heading.textContent()) === next, 'the next one is shown');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), name);
  }
}));

test('what is typed in a dialog stays while the chat changes', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'hello' });
  const page = await open('#/u-anna/t-lobby');
  await page.getByRole('button', { name: 'Members and settings' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Title' }).fill('Not yet renamed');
  await sandbox.control('POST', '/people/u-anna/chats/t-lobby/members/add', { users: ['u-emma'] });
  await dialog.getByText('Emma Rossi').waitFor();
  assert.deepEqual(await page.evaluate(() => [document.activeElement.value, document.activeElement.name]), ['Not yet renamed', 'title']);
  await page.keyboard.press('Enter');
  await page.locator('.conversation-head h2', { hasText: 'Not yet renamed' }).waitFor();
}));

test('hidden person is played from the further people', () => withPage(async (sandbox, open) => {
  await sandbox.control('PATCH', '/people/u-emma', { is_hidden: true });
  const page = await open('#/u-anna/t-lobby');
  const further = page.getByRole('button', { name: 'Further people' });
  await further.click();
  const list = page.locator('#further');
  await list.getByText('Emma Rossi, hidden from bots').waitFor();
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'hidden' });
  await further.click();
  await list.locator('li', { hasText: 'Emma Rossi' }).getByRole('button', { name: 'Play' }).click();
  await page.locator('.person[aria-current]', { hasText: 'Emma' }).waitFor();
  await list.waitFor({ state: 'hidden' });
}));

test('message that comes while the others are fetched is shown', () => withPage(async (sandbox, open) => {
  await sandbox.post({ msg: 'before' });
  const [page, other] = [await open('#/u-anna/t-lobby'), await open('#/u-anna/t-lobby')];
  await page.route('**/messages?*', async (route) => {
    const response = await route.fetch();
    await sandbox.post({ msg: 'meanwhile' });
    await other.locator('.message', { hasText: 'meanwhile' }).waitFor();
    await route.fulfill({ response });
  }, { times: 1 });
  await page.evaluate(() => { location.hash = '#/u-ben/t-lobby'; });
  await page.locator('.message', { hasText: 'meanwhile' }).waitFor();
}));

test('quote of a message that is deleted is deleted, too', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  const path = (uid) => `/people/${uid}/chats/t-lobby/messages`;
  const { mid } = await sandbox.control('POST', path('u-ben'), { msg: 'a secret' });
  await sandbox.control('POST', path('u-anna'), { msg: 'the reply', reply_to: mid });
  const page = await open('#/u-anna/t-lobby');
  await page.locator('.quote', { hasText: 'a secret' }).waitFor();
  await sandbox.control('DELETE', `${path('u-ben')}/${mid}`);
  await until(async () => (await page.locator('.quote', { hasText: 'a secret' }).count()) === 0, 'the quote is deleted');
}));

test('all tools of a message are reached by keyboard', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  await sandbox.control('POST', '/people/u-anna/chats/t-lobby/messages', { msg: 'mine' });
  const page = await open('#/u-anna/t-lobby');
  await page.locator('.message', { hasText: 'mine' }).focus();
  await page.keyboard.press('Enter');
  const names = [];
  for (let at = 0; at < 3; at += 1) {
    names.push(await page.evaluate(() => document.activeElement.ariaLabel));
    await page.keyboard.press('Tab');
  }
  assert.deepEqual(names, ['Reply', 'Copy the mid', 'Delete']);
}));

test('link to the content plays nobody else', () => withPage(async (sandbox, open) => {
  await sandbox.bot('GET', '/v1/me');
  const page = await open('#/u-anna/t-lobby');
  await page.evaluate(() => document.querySelector('a[href="#main"]').click());
  await sandbox.fill('u-ben', [{ msg: 'after it' }]);
  await page.locator('.message', { hasText: 'after it' }).waitFor();
  assert.equal(await page.getByText('No such person').count(), 0);
}));
