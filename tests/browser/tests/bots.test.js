import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { quit, withPage } from '../page.js';
import { BINARY } from '../sandbox.js';

after(quit);

/** Starts an example, and gathers what it prints. */
function run(name, sandbox) {
  const program = join(dirname(BINARY), 'examples', name);
  assert.ok(existsSync(program), `${program} is missing: .ci/browser builds it`);
  const [id, secret] = sandbox.key.split(':');
  const child = spawn(program, { env: { ...process.env, TEAMWIRE_URL: sandbox.url, TEAMWIRE_APP_ID: id, TEAMWIRE_SECRET: secret }, stdio: ['ignore', 'pipe', 'inherit'] });
  const bot = { printed: '', ended: new Promise((done) => child.on('exit', done)), stop: () => child.kill() };
  child.stdout.on('data', (text) => { bot.printed += text; });
  return bot;
}

/** Answers the alert of an example in the page, and returns the milliseconds from its post until it was shown. */
async function answer(example, sandbox, open) {
  const page = await open('#/u-anna/t-lobby');
  await page.getByText('cargo run --example alert').waitFor();
  const bot = run(example, sandbox);
  try {
    const ok = page.locator('#alert-bar').getByRole('button', { name: 'OK' });
    await ok.waitFor();
    const { utc_ms } = await sandbox.control('GET', '/clock');
    const [alert] = (await sandbox.control('GET', '/people/u-anna/alerts')).items;
    await ok.click();
    assert.equal(await bot.ended, 0);
    assert.match(bot.printed, /Waiting for an OK\.\nAnna Berg.*: ok\n$/);
    return utc_ms - alert.timestamp;
  } finally {
    bot.stop();
  }
}

for (const [adapter, example] of [['blocking', 'alert'], ['async', 'alert_async']]) {
  test(`alert of a bot of the ${adapter} adapter is in the page in two seconds, and it receives the answer`, async () => {
    const times = [];
    // More than once only if the machine does much else.
    while (times.length < 3 && !(times.at(-1) < 2000)) await withPage(async (sandbox, open) => { times.push(await answer(example, sandbox, open)); });
    assert.ok(times.at(-1) < 2000, `${times} ms`);
  });
}
