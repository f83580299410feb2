// The states that a good day never shows: loading, empty, error, stale, reconnecting, hostile text. Against the stand-in,
// which fails on request.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { launch, open, assertNoSidewaysScroll } from './browser.mjs';
import { start } from './mock-server.mjs';

const WAIT = { timeout: 15_000 };
const CHART = '/chart/demo:BTC-USDT';
const PROVOKED = /Failed to load resource|WebSocket connection/;
let browser;
let server;

before(async () => {
  server = await start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function visit(url, run, options = {}) {
  const opened = await open(browser, server.url, url, { allow: PROVOKED, ...options });
  try {
    await run(opened.page, opened.shot);
    await opened.check();
  } finally {
    await opened.close();
  }
}

describe('before the first trade', () => {
  test('a market stands in the list, last by price', () => visit('/?sort=price&order=desc', async (page, shot) => {
    const row = page.locator('tr[data-symbol="binance:NEW/USDT"]');
    await row.waitFor(WAIT);
    assert.equal(await row.locator('.price-text').innerText(), '–');
    assert.equal(await row.locator('.c-age').innerText(), '–');
    assert.match(await row.locator('.c-health').innerText(), /down/i);
    assert.equal(await page.locator('.markets tbody tr').last().getAttribute('data-symbol'), 'binance:NEW/USDT');
    await shot('unheard');
  }));
  test('its chart is empty and says so', () => visit('/chart/binance:NEW-USDT', async (page) => {
    await page.waitForSelector('.market-price', WAIT);
    assert.equal(await page.locator('.market-price').innerText(), '–');
    assert.doesNotMatch(await page.title(), /null|NaN/);
  }));
});

describe('loading', () => {
  for (const [name, url] of [['markets', '/?fault=dead'], ['chart', `${CHART}?fault=dead`], ['health', '/data-health?fault=dead']]) {
    test(`${name}: a skeleton stands while nothing has come`, () => visit(url, async (page, shot) => {
      await page.waitForSelector('main .skeleton', WAIT);
      await shot(`loading-${name}`);
      assert.equal(await page.locator('.state-error, .state-empty').count(), 0);
    }));
  }
});

describe('empty', () => {
  test('markets: says how to start', () => visit('/?fault=empty', async (page, shot) => {
    await page.waitForSelector('.state-empty', WAIT);
    assert.match(await page.locator('.state-empty').innerText(), /quantflow up --demo/);
    await shot('empty-markets');
  }));
  test('chart: says that nothing is stored', () => visit('/chart/binance:XRP-EUR?fault=empty', async (page, shot) => {
    await page.waitForSelector('.chart-cover .state-error', WAIT);
    await shot('empty-chart-unknown');
  }));
  test('chart of a known market without candles', () => visit(`${CHART}?fault=empty`, async (page, shot) => {
    await page.waitForSelector('.chart-area[data-phase="empty"] .state-empty', WAIT);
    await shot('empty-chart');
  }));
  test('health: each part says what its emptiness means', () => visit('/data-health?fault=empty', async (page, shot) => {
    await page.waitForSelector('#connections .state-empty', WAIT);
    await page.waitForSelector('#quarantine .state-empty', WAIT);
    await page.waitForSelector('#completeness .state-empty', WAIT);
    await shot('empty-health');
  }, { height: 1300 }));
});

describe('error', () => {
  test('chart: message, code, request id and a retry that works', () => visit(`${CHART}?fault=error`, async (page, shot) => {
    await page.waitForSelector('.chart-cover .state-error', WAIT);
    assert.match(await page.locator('.chart-cover .request-id').innerText(), /^req-/);
    assert.match(await page.locator('.chart-cover .state-error').innerText(), /INTERNAL/);
    await shot('error-chart');
    await page.context().clearCookies({ name: 'fault' });
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.waitForSelector('.chart-area[data-phase="ready"]', WAIT);
  }));
  test('an unknown symbol is named, with what was meant perhaps', () => visit('/chart/binance:BTCC-USDT', async (page, shot) => {
    await page.waitForSelector('.chart-cover .state-error', WAIT);
    assert.match(await page.locator('.chart-cover .state-error').innerText(), /SYMBOL_NOT_FOUND/);
    assert.equal(await page.locator('.chart-cover a[href="/chart/demo:BTC-USDT"]').count(), 1);
    await shot('error-unknown-symbol');
  }));
  test('health: every part fails by itself and can be retried', () => visit('/data-health?fault=error', async (page, shot) => {
    await page.waitForSelector('#connections .state-error', WAIT);
    await page.waitForSelector('#quarantine .state-error', WAIT);
    await shot('error-health');
    await page.context().clearCookies({ name: 'fault' });
    await page.locator('#connections .btn').click();
    await page.waitForSelector('#connections tbody tr', WAIT);
  }, { height: 1300 }));
  test('markets come by the socket although REST fails: data wins over an error', () => visit('/?fault=error', async (page) => {
    await page.waitForSelector('.markets tbody tr', WAIT);
  }));
  test('markets without REST and without a socket: message, request id, and a retry that works', () => visit('/?fault=broken', async (page, shot) => {
    await page.waitForSelector('.markets-page .state-error', WAIT);
    assert.match(await page.locator('.request-id').innerText(), /^req-/);
    await shot('error-markets');
    const retry = await page.getByRole('button', { name: 'Try again' }).elementHandle();
    await page.context().clearCookies({ name: 'fault' });
    await retry.evaluate((button) => button.click()); // At once: when the socket is back first, the button goes by itself.
    await page.waitForSelector('.markets tbody tr', WAIT);
  }));
  test('a limit is told as such', () => visit('/data-health?fault=limited', async (page) => {
    await page.waitForSelector('#connections .state-error', WAIT);
    assert.match(await page.locator('#connections .state-error').innerText(), /RATE_LIMITED/);
  }));
  test('a bad indicator does not take the candles with it', () => visit(`${CHART}?set=nonsense(3)`, async (page, shot) => {
    await page.waitForSelector('.chart-area[data-phase="ready"] #legend', WAIT);
    await page.waitForSelector('.note-stale', WAIT);
    assert.match(await page.locator('.note-stale').innerText(), /nonsense/);
    await shot('error-indicator');
  }));
});

describe('stale', () => {
  test('data that cannot be renewed stays and says since when', () => visit('/data-health?fault=reload', async (page, shot) => {
    await page.waitForSelector('#connections tbody tr', WAIT);
    await page.waitForSelector('#connections .note-stale', { timeout: 20_000 });
    assert.match(await page.locator('#connections .note-stale').innerText(), /Stale since \d\d:\d\d:\d\d/);
    assert.ok(await page.locator('#connections tbody tr').count());
    await shot('stale-health');
  }, { height: 1100 }));
  test('a cut socket says so, keeps trying, comes back and goes on moving', () => visit(`${CHART}?fault=ws-cut`, async (page, shot) => {
    await page.waitForSelector('.chart-area[data-phase="ready"]', WAIT);
    await page.waitForSelector('#stale-line', WAIT);
    assert.match(await page.locator('#stale-line').innerText(), /Reconnecting… data stale since \d\d:\d\d:\d\d/);
    await shot('stale-chart');
    await page.context().clearCookies({ name: 'fault' });
    await page.waitForSelector('#stale-line', { state: 'detached', timeout: 40_000 });
    const before = await page.locator('#legend').innerText();
    await page.waitForFunction((old) => document.querySelector('#legend')?.innerText !== old, before, WAIT);
  }));
  test('without a socket the first prices come by REST, and the line stands', () => visit('/?fault=ws-down', async (page, shot) => {
    await page.waitForSelector('.markets tbody tr', WAIT);
    await page.waitForSelector('#stale-line', WAIT);
    await assertNoSidewaysScroll(page);
    await shot('stale-markets-phone');
  }, { width: 360, height: 740 }));
});

describe('degraded and hostile', () => {
  test('a degraded server names the service and its error', () => visit('/data-health?fault=degraded', async (page, shot) => {
    await page.waitForSelector('.service-degraded', WAIT);
    assert.match(await page.locator('.service-degraded').innerText(), /1 of 3 connections is down/);
    await shot('health-degraded');
  }));
  test('markup in texts from outside stays text', () => visit('/data-health?fault=hostile', async (page, shot) => {
    await page.waitForSelector('#connections tbody tr', WAIT);
    assert.ok((await page.locator('#connections').innerText()).includes('<img src=x onerror='));
    await page.locator('#quarantine .expand', { hasText: 'decode' }).click();
    assert.ok((await page.locator('.q-frame pre').innerText()).startsWith('<b onmouseover'));
    assert.equal(await page.locator('#quarantine b[onmouseover], #connections img').count(), 0);
    assert.equal(await page.title(), 'Data health · QuantFlow');
    await shot('health-hostile');
  }));
});
