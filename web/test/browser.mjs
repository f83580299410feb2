// A headless browser for the tests, with guards: every console error, every page error and every request that leaves
// the origin is kept, and a test ends by asserting that there were none (but the ones it provoked).
import { mkdtempSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Where screenshots go: `QUANTFLOW_SCREENSHOTS`, else a new temporary folder. */
export const SCREENSHOTS = process.env.QUANTFLOW_SCREENSHOTS ?? mkdtempSync(path.join(os.tmpdir(), 'quantflow-dashboard-'));
mkdirSync(SCREENSHOTS, { recursive: true });

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** A page in a context of its own. `check()` asserts the guards; `allow` names console errors that the test provokes. */
export async function open(browser, base, url, { width = 1280, height = 800, scheme = 'dark', zone = 'Europe/Berlin', allow = null, motion = 'no-preference' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, timezoneId: zone, reducedMotion: motion, deviceScaleFactor: width < 500 ? 2 : 1, hasTouch: width < 500 });
  const page = await context.newPage();
  const troubles = [];
  const { origin } = new URL(base);
  page.on('console', (m) => m.type() === 'error' && !allow?.test(m.text()) && troubles.push(`console: ${m.text()} ${m.location().url}`));
  page.on('pageerror', (e) => troubles.push(`page error: ${e.stack}`));
  page.on('request', (r) => {
    const target = new URL(r.url());
    if (!['data:', 'blob:'].includes(target.protocol) && target.host !== new URL(origin).host) troubles.push(`outside the origin: ${r.url()}`);
  });
  page.on('websocket', (s) => new URL(s.url()).host !== new URL(origin).host && troubles.push(`socket outside the origin: ${s.url()}`));
  await page.addInitScript(() => {
    globalThis.cspViolations = [];
    document.addEventListener('securitypolicyviolation', (e) => globalThis.cspViolations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  });
  await page.goto(base + url);
  return {
    page,
    shot: (name) => page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) }),
    async check() {
      const violations = await page.evaluate(() => globalThis.cspViolations);
      assert.deepEqual([...troubles, ...violations], []);
    },
    close: () => context.close(),
  };
}

/** Fails when the page is wider than the window: the commonest fault on a phone. */
export async function assertNoSidewaysScroll(page) {
  const { wide, names } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    names: [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.chart-tools, .table-wrap, .chart-box')).slice(0, 5).map((e) => `${e.tagName}.${e.className}`),
  }));
  assert.ok(wide <= 0, `the page is ${wide} px wider than the window: ${names.join(', ')}`);
}
