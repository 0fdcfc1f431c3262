// Opens the page, and fails a test on errors, on violations of the policy and on requests to elsewhere.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Sandbox } from './sandbox.js';

/** Limits of time end only tests that hang: a machine that is overloaded is slow. */
const TIMEOUT = 120_000;

const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

let browser;
export const launch = async () => {
  // Without a sandbox of its own only for root, as in containers.
  browser ??= await chromium.launch({ timeout: TIMEOUT, executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  return browser;
};
export const quit = () => browser?.close();

/** Runs a test with a sandbox, and with pages of it that are checked. */
export async function withPage(run, { allow = [] } = {}) {
  const sandbox = await Sandbox.start();
  const problems = [];
  const contexts = [];
  /** Opens the page in a context of its own: another person at another machine. `init` runs before the page. */
  const open = async (path = '', { init, ...options } = {}) => {
    const context = await (await launch()).newContext({ viewport: { width: 1400, height: 900 }, ...options });
    contexts.push(context);
    context.setDefaultTimeout(TIMEOUT);
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
    if (init) await context.addInitScript(init);
    return watch(await context.newPage(), path);
  };
  const watch = async (page, path) => {
    const isAllowed = (text) => allow.some((it) => text.includes(it));
    page.on('console', (message) => message.type() === 'error' && !isAllowed(message.text()) && problems.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(`error: ${error.stack}`));
    page.on('dialog', (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${sandbox.page}/`) && !url.startsWith('blob:')) problems.push(`request: ${url}`);
    });
    await page.goto(`${sandbox.page}/${path}`);
    await page.locator('html[data-ready] .person').first().waitFor();
    return page;
  };
  try {
    await run(sandbox, open, watch);
    assert.deepEqual(problems, []);
  } finally {
    for (const context of contexts) await context.close();
    await sandbox.stop();
  }
}

/** Waits until a condition holds. */
export async function until(condition, what) {
  const end = Date.now() + TIMEOUT;
  while (!(await condition())) {
    assert.ok(Date.now() < end, what);
    await new Promise((done) => setTimeout(done, 20));
  }
}
