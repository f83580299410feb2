// The dashboard in a real browser. Against the stand-in by default; `QUANTFLOW_URL=http://127.0.0.1:8080` runs what
// needs no provoked fault against a real server. `QUANTFLOW_SCREENSHOTS=DIR` keeps the pictures.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import os from 'node:os';
import { auditInPage } from './audit.mjs';
import { launch, open, assertNoSidewaysScroll, SCREENSHOTS } from './browser.mjs';

const REAL = process.env.QUANTFLOW_URL?.replace(/\/$/, '');
const DOWN = process.env.QUANTFLOW_DOWN_VENUE; // A venue that the server under test cannot reach.
const WAIT = { timeout: 15_000 };
let browser;
let server;
let base;
let symbol; // A symbol that is live now.
let other; // Another one, to compare with.

const segment = () => symbol.replaceAll('/', '-');
const closeOf = (page) => page.locator('#legend .lv', { hasText: /^C/ }).locator('.lt').innerText();
const ready = (page) => page.waitForSelector('.chart-area[data-phase="ready"] #legend[data-open-time]', WAIT);

before(async () => {
  // The stand-in is only loaded where it is used: a real server needs the browser's package alone.
  server = REAL ? null : await (await import('./mock-server.mjs')).start();
  base = REAL ?? server.url;
  browser = await launch();
  const answer = await (await fetch(`${base}/api/v1/prices`)).json();
  const live = answer.data.filter((p) => p.health === 'live').sort((a, b) => b.symbol.startsWith('demo:') - a.symbol.startsWith('demo:'));
  assert.ok(live.length, 'the server under test has no live market');
  symbol = live[0].symbol;
  other = live.find((p) => p.symbol !== symbol && p.symbol.includes('ETH/'))?.symbol ?? live[1]?.symbol;
});

after(async () => {
  await browser?.close();
  await server?.close();
  console.log(`# screenshots: ${SCREENSHOTS}`);
});

describe('markets', () => {
  test('show every market, move live, and open a chart', async () => {
    const { page, shot, check, close } = await open(browser, base, '/');
    await page.waitForSelector('.markets tbody tr', WAIT);
    // A server that has just started learns of its markets one by one.
    await page.waitForFunction(async () => (await (await fetch('/api/v1/prices')).json()).data.length === document.querySelectorAll('.markets tbody tr').length, null, { ...WAIT, polling: 500 });
    const price = page.locator(`tr[data-symbol="${symbol}"] .price-text`);
    const first = await price.innerText();
    await page.waitForFunction(([s, old]) => document.querySelector(`tr[data-symbol="${s}"] .price-text`).textContent !== old, [symbol, first], { timeout: 30_000 });
    await page.waitForSelector('.conn-open', WAIT);
    if (symbol.startsWith('demo:')) assert.match(await page.locator('.demo-band').innerText(), /Demo market – generated data/);
    await page.waitForTimeout(600);
    await shot('markets-dark');
    await page.locator(`tr[data-symbol="${symbol}"] .row-link`).click();
    await ready(page);
    assert.equal(new URL(page.url()).pathname, `/chart/${segment()}`);
    await page.goBack();
    await page.waitForSelector('.markets tbody tr', WAIT);
    await check();
    await close();
  });

  test('prices stand with their points under each other, as the API wrote them', async () => {
    const { page, check, close } = await open(browser, base, '/');
    await page.waitForSelector('.markets tbody tr', WAIT);
    const ends = await page.$$eval('.c-price .pad', (pads) => pads.map((pad) => {
      const text = pad.previousElementSibling;
      const node = text.firstChild;
      const at = node.data.indexOf('.');
      if (at < 0) return null;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      return range.getBoundingClientRect().left;
    }).filter((x) => x !== null));
    assert.ok(Math.max(...ends) - Math.min(...ends) < 1, `points at ${ends.join(' ')}`);
    await check();
    await close();
  });

  test('search by key, sort by click, both kept in the address', async () => {
    const { page, check, close } = await open(browser, base, '/');
    await page.waitForSelector('.markets tbody tr', WAIT);
    await page.keyboard.press('/');
    await page.keyboard.type(segment().split(':')[1].split('-')[0].toLowerCase());
    await page.waitForFunction(() => location.search.includes('q='), null, WAIT);
    assert.ok(await page.locator(`tr[data-symbol="${symbol}"]`).count());
    await page.keyboard.type('zzzz');
    await page.waitForSelector('.state-empty');
    await page.keyboard.press('Escape');
    await page.locator('.sort', { hasText: 'Last price' }).click();
    await page.waitForSelector('th.c-price[aria-sort="descending"]');
    assert.match(page.url(), /sort=price/);
    await check();
    await close();
  });

  for (const [name, width, scheme] of [['phone-light', 360, 'light'], ['phone-dark', 360, 'dark'], ['tablet', 820, 'dark'], ['light', 1280, 'light']]) {
    test(`fit: ${name}`, async () => {
      const { page, shot, check, close } = await open(browser, base, '/', { width, height: 760, scheme });
      await page.waitForSelector('.markets tbody tr', WAIT);
      await page.waitForTimeout(700);
      await assertNoSidewaysScroll(page);
      await shot(`markets-${name}`);
      await check();
      await close();
    });
  }
});

describe('chart', () => {
  test('candles move live and the legend shows the API’s own digits', async () => {
    const { page, shot, check, close } = await open(browser, base, `/chart/${segment()}`);
    await ready(page);
    const before = await page.locator('#legend').innerText();
    await page.waitForFunction((old) => document.querySelector('#legend')?.innerText !== old, before, { timeout: 30_000 });
    assert.match(await closeOf(page), /^\d+(\.\d+)?$/);
    // A closed candle under the crosshair is compared with the API, digit by digit.
    const box = await page.locator('.chart-box').boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.4);
    await page.waitForSelector('#legend[data-live="false"][data-open-time]', WAIT);
    const open_ = Number(await page.locator('#legend').getAttribute('data-open-time'));
    const [candle] = (await (await fetch(`${base}/api/v1/chart/ohlc/${encodeURIComponent(segment())}?timeframe=1m&from=${open_}&limit=1&time=ms`)).json()).data;
    assert.equal(candle.openTime, open_);
    const text = await page.locator('#legend').innerText();
    for (const field of ['open', 'high', 'low', 'close', 'volume']) assert.ok(text.includes(candle[field]), `${field} ${candle[field]} is not in “${text}”`);
    await shot('chart-dark');
    await check();
    await close();
  });

  test('the timeframe switches by key, button and menu, and back works', async () => {
    const { page, check, close } = await open(browser, base, `/chart/${segment()}`);
    await ready(page);
    await page.keyboard.press('3');
    await page.waitForSelector('.chart-area[data-timeframe="5m"][data-phase="ready"]', WAIT);
    assert.match(page.url(), /tf=5m/);
    assert.equal(Number(await page.locator('#legend').getAttribute('data-open-time')) % 300_000, 0);
    await page.locator('.timeframes .tf', { hasText: /^15m$/ }).first().click();
    await page.waitForSelector('.chart-area[data-timeframe="15m"][data-phase="ready"]', WAIT);
    await page.getByRole('button', { name: 'All timeframes' }).click();
    await page.locator('#tf-menu .tf', { hasText: /^5s$/ }).click();
    await page.waitForSelector('.chart-area[data-timeframe="5s"]', WAIT);
    await page.goBack();
    await page.waitForSelector('.chart-area[data-timeframe="15m"][data-phase="ready"]', WAIT);
    await check();
    await close();
  });

  test('indicators are found, added with parameters, shown, shared by address and removed', async () => {
    const { page, shot, check, close } = await open(browser, base, `/chart/${segment()}?set=sma(20)`);
    await ready(page);
    await page.waitForSelector('.legend-indicator .legend-name >> text=sma(20)', WAIT);
    await page.keyboard.press('i');
    await page.keyboard.type('relative strength');
    await page.keyboard.press('Enter');
    const period = page.locator('.params input').first();
    await period.fill('0');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.waitForSelector('.params .down'); // Out of range: says so, adds nothing.
    await period.fill('9');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.waitForFunction(() => new URLSearchParams(location.search).get('set') === 'sma(20),rsi(9)', null, WAIT);
    await page.waitForFunction(() => [...document.querySelectorAll('.legend-indicator')].some((e) => /rsi\(9\)/.test(e.textContent) && /\d\.\d/.test(e.querySelector('.lt')?.textContent ?? '')), null, WAIT);
    await page.waitForTimeout(400);
    const tops = await page.$$eval('.legend', (all) => all.map((e) => e.offsetTop));
    assert.ok(tops.length === 2 && tops[1] > 150, `legends at ${tops}`);
    await shot('chart-indicators');
    await page.getByRole('button', { name: 'Remove sma(20)' }).click();
    await page.waitForFunction(() => new URLSearchParams(location.search).get('set') === 'rsi(9)');
    await check();
    await close();
  });

  test('5 000 candles are drawn within 100 ms of their arrival, and panning does not stutter', async (t) => {
    const { page, check, close } = await open(browser, base, `/chart/${segment()}?bars=5000`);
    // The machine may be busy with other things: the best of five loads tells what the page itself needs.
    const durations = [];
    let detail;
    for (let i = 0; i < 5; i += 1) {
      if (i) await page.reload();
      await ready(page);
      await page.waitForFunction(() => performance.getEntriesByName('quantflow:candles').length, null, WAIT);
      const [m] = await page.evaluate(() => performance.getEntriesByName('quantflow:candles').map((e) => ({ duration: e.duration, detail: e.detail })));
      durations.push(m.duration);
      detail = m.detail;
    }
    const duration = Math.min(...durations);
    t.diagnostic(`${detail} candles from answer to frame: ${durations.map((d) => d.toFixed(0)).join(', ')} ms`);
    const box = await page.locator('.chart-box').boundingBox();
    await page.evaluate(() => {
      globalThis.frames_ = [];
      let last = performance.now();
      const tick = (now) => (globalThis.frames_.push(now - last), (last = now), requestAnimationFrame(tick));
      requestAnimationFrame(tick);
    });
    await page.mouse.move(box.x + 300, box.y + 200);
    await page.mouse.down();
    for (let i = 0; i < 60; i += 1) await page.mouse.move(box.x + 300 + i * 10, box.y + 200);
    await page.mouse.up();
    const frames = (await page.evaluate(() => globalThis.frames_)).sort((a, b) => a - b);
    const p95 = frames[Math.floor(frames.length * 0.95)];
    t.diagnostic(`panning: ${frames.length} frames, p50 ${frames[frames.length >> 1].toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`);
    // Beside other work for more than all cores a time says nothing about the page: it is told, not judged.
    const busy = os.loadavg()[0] > os.cpus().length * 1.5;
    if (busy) t.diagnostic(`not judged: load ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} cores`);
    if (detail >= 5000) assert.ok(busy || duration <= 100, `${duration} ms for ${detail} candles`);
    assert.ok(busy || p95 < 50, `frames of ${p95} ms`);
    await check();
    await close();
  });

  test('another market is laid over in per cent, and taken away', async (t) => {
    if (!other) return t.skip('needs a second market');
    const { page, shot, check, close } = await open(browser, base, `/chart/${segment()}`);
    await ready(page);
    await page.keyboard.press('c');
    await page.locator('#compare-menu label', { hasText: other }).click();
    await page.waitForFunction((name) => /^\d+(\.\d+)?$/.test(document.querySelector(`[data-compare="${name}"] .lt`)?.textContent ?? ''), other, WAIT);
    assert.ok(page.url().includes(`cmp=${other}`), page.url());
    await page.keyboard.press('Escape');
    await page.waitForTimeout(400);
    await shot('chart-compare');
    await page.getByRole('button', { name: `Remove ${other}` }).click();
    await page.waitForFunction(() => !location.search.includes('cmp='));
    await check();
    return close();
  });

  test('older candles load on scrolling back, and nothing jumps under the eye', async () => {
    const { page, check, close } = await open(browser, base, `/chart/${segment()}?bars=400`);
    await ready(page);
    const box = await page.locator('.chart-box').boundingBox();
    const timeAt = async (dx) => {
      await page.mouse.move(box.x + box.width * 0.4 + dx, box.y + 200);
      await page.waitForTimeout(120);
      return page.evaluate(() => Number(document.querySelector('#legend')?.dataset.openTime ?? NaN));
    };
    const start = await timeAt(0);
    const older = page.waitForResponse((r) => /ohlc.*[?&]to=\d+/.test(r.url()), WAIT);
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('Shift+ArrowLeft');
    await older;
    await page.waitForTimeout(300);
    const moved = await timeAt(1);
    // Blanks stand in gaps, so 200 slots are 200 minutes; a minute may have begun meanwhile.
    if (Number.isFinite(start) && Number.isFinite(moved)) assert.ok(Math.abs(start - 200 * 60_000 - moved) <= 60_000, `${new Date(start).toISOString()} → ${new Date(moved).toISOString()}`);
    await check();
    await close();
  });

  test('a date, the log scale, the image and a clicked candle', async () => {
    const { page, shot, check, close } = await open(browser, base, `/chart/${segment()}`);
    await ready(page);
    await page.keyboard.press('l');
    await page.waitForFunction(() => location.search.includes('scale=log'));
    const download = page.waitForEvent('download', WAIT);
    await page.keyboard.press('s');
    assert.match((await download).suggestedFilename(), /_1m_.*\.png$/);
    await page.evaluate(() => document.activeElement?.blur());
    const box = await page.locator('.chart-box').boundingBox();
    // Some slots may be blank: the click is tried along the chart until it meets a candle.
    for (const x of [0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9]) {
      await page.mouse.click(box.x + box.width * x, box.y + box.height * 0.4);
      if (await page.locator('.inspector').waitFor({ timeout: 700 }).then(() => true, () => false)) break;
    }
    await page.waitForSelector('.inspector .revisions, .inspector .origin, .inspector .state-error', WAIT);
    await shot('chart-inspector');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.inspector', { state: 'detached' });
    if (!REAL) {
      await page.keyboard.press('d');
      await page.locator('#date-menu input').fill('2026-03-01T12:00');
      await page.keyboard.press('Enter');
      await page.waitForFunction(() => location.search.includes('at=2026-03-01T11:00Z'), null, WAIT); // The browser's zone is Berlin.
      await page.waitForFunction(() => Number(document.querySelector('#legend')?.dataset.openTime ?? Infinity) < Date.UTC(2026, 3, 1), null, WAIT);
      await shot('chart-date');
      await page.locator('.to-latest').click();
      await page.waitForFunction(() => !location.search.includes('at='), null, WAIT);
    }
    await check();
    await close();
  });

  for (const [name, width, height, scheme] of [['phone-light', 360, 740, 'light'], ['phone-dark', 360, 740, 'dark'], ['light', 1280, 800, 'light']]) {
    test(`fit: ${name}`, async () => {
      const { page, shot, check, close } = await open(browser, base, `/chart/${segment()}?set=ema(50),macd(12,26,9)`, { width, height, scheme });
      await ready(page);
      await page.waitForTimeout(900);
      await assertNoSidewaysScroll(page);
      await shot(`chart-${name}`);
      await check();
      await close();
    });
  }
});

describe('data health', () => {
  test('shows services, connections, completeness and quarantine', async () => {
    const { page, shot, check, close } = await open(browser, base, '/', { height: 1200 });
    await page.waitForSelector('.markets tbody tr', WAIT);
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.waitForSelector('#services .service', WAIT);
    await page.waitForSelector('#connections tbody tr', WAIT);
    await page.waitForSelector(`[data-strip="${symbol}"] .cell:not([disabled])`, WAIT);
    await page.waitForSelector('#quarantine tbody tr, #quarantine .state-empty', WAIT);
    await page.waitForTimeout(500);
    await shot('health-dark');
    await page.locator(`[data-strip="${symbol}"] .cell`).last().click();
    await page.waitForSelector('#detail .facts-row', WAIT);
    assert.match(page.url(), /day=\d{4}-\d\d-\d\d/);
    await check();
    await close();
  });

  test('a venue that cannot be reached is shown as down, with the reason', { skip: !DOWN && 'needs QUANTFLOW_DOWN_VENUE' }, async () => {
    const { page, shot, check, close } = await open(browser, base, '/data-health');
    const row = page.locator('#connections tbody tr', { hasText: DOWN });
    await row.locator('.row-error').waitFor(WAIT);
    assert.match(await row.locator('.health').innerText(), /down|connecting/);
    assert.match(await row.locator('.row-error').innerText(), /cannot connect/);
    assert.match(await page.locator('#services .service', { hasText: DOWN }).innerText(), /unhealthy/);
    await shot('health-venue-down');
    await check();
    await close();
  });

  test('the cause of a hole is three clicks away', { skip: REAL && 'needs the stand-in’s holes' }, async () => {
    const { page, shot, check, close } = await open(browser, base, '/', { height: 1200 });
    await page.waitForSelector('.markets tbody tr', WAIT);
    await page.locator('.nav-link', { hasText: 'health' }).click(); // 1
    await page.locator('[data-strip="binance:DOGE/USDT"] .cell-open').click(); // 2
    const text = await page.locator('#ranges').innerText();
    assert.match(text, /found/);
    assert.match(text, /connection 3 was cut; backfill queued/);
    await page.locator('#quarantine .expand').first().click(); // 3
    await page.waitForSelector('.q-frame pre');
    await shot('health-cause');
    await check();
    await close();
  });

  for (const [name, width, scheme] of [['phone-light', 360, 'light'], ['phone-dark', 360, 'dark'], ['light', 1280, 'light']]) {
    test(`fit: ${name}`, async () => {
      const { page, shot, check, close } = await open(browser, base, `/data-health?symbol=${encodeURIComponent(symbol)}`, { width, height: 1500, scheme });
      await page.waitForSelector('#detail .facts-row, #detail .state-empty', WAIT);
      await page.waitForTimeout(500);
      await assertNoSidewaysScroll(page);
      await shot(`health-${name}`);
      await check();
      await close();
    });
  }
});

describe('everywhere', () => {
  test('the theme follows the system, is chosen by key, and is remembered', async () => {
    const { page, check, close } = await open(browser, base, '/', { scheme: 'light' });
    await page.waitForSelector('.markets tbody tr', WAIT);
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.keyboard.press('t');
    const dark = await ground();
    assert.notEqual(light, dark);
    await page.reload();
    await page.waitForSelector('.markets tbody tr', WAIT);
    assert.equal(await ground(), dark);
    await check();
    await close();
  });

  test('help opens by key and as a page; an unknown address says so', async () => {
    const { page, shot, check, close } = await open(browser, base, '/help');
    await page.waitForSelector('.help-page', WAIT);
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await shot('help');
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForSelector('.markets tbody tr', WAIT);
    await check();
    await close();
  });

  test('the API’s documentation opens', { skip: !REAL && 'the stand-in has none' }, async () => {
    for (const [name, width, scheme] of [['dark', 1280, 'dark'], ['phone-light', 360, 'light']]) {
      const { page, shot, check, close } = await open(browser, base, '/docs', { width, scheme });
      await page.waitForFunction(() => document.body.innerText.includes('/api/v1/chart/ohlc/{symbol}'), null, WAIT);
      await assertNoSidewaysScroll(page);
      await shot(`docs-${name}`);
      await check();
      await close();
    }
  });

  test('on a phone the API’s documentation begins with its text', { skip: !REAL && 'the stand-in has none' }, async () => {
    const { page, shot, check, close } = await open(browser, base, '/docs', { width: 390, height: 844 });
    await page.waitForSelector('main h1', WAIT);
    const top = await page.evaluate(() => document.querySelector('main h1').getBoundingClientRect().top);
    assert.ok(top < 160, `the heading begins ${top} px down`);
    await page.click('nav summary');
    await page.waitForFunction(() => document.querySelector('nav').scrollHeight > 1000, null, WAIT);
    await shot('docs-phone-menu');
    await page.click('nav a[href="#schema-Candle"], nav .menu a:last-of-type');
    await page.waitForFunction(() => !document.querySelector('nav details').open, null, WAIT);
    const chosen = await page.evaluate(() => document.getElementById(location.hash.slice(1)).getBoundingClientRect().top);
    const bar = await page.evaluate(() => document.querySelector('nav').getBoundingClientRect().bottom);
    assert.ok(chosen >= bar - 1 && chosen < 400, `what was chosen begins at ${chosen}, below a bar that ends at ${bar}`);
    await assertNoSidewaysScroll(page);
    await check();
    await close();
    // and beside the text where there is room
    const wide = await open(browser, base, '/docs', { width: 1280 });
    await wide.page.waitForSelector('nav .menu a', WAIT);
    await wide.close();
  });

  test('controls have names, pages have landmarks, text has contrast', async () => {
    for (const url of ['/', `/chart/${segment()}?set=rsi(14)`, '/data-health', '/help']) {
      for (const scheme of ['dark', 'light']) {
        const { page, check, close } = await open(browser, base, url, { scheme, motion: 'reduce' });
        await page.waitForSelector('main h1', WAIT);
        await page.waitForTimeout(900);
        const faults = await page.evaluate(auditInPage);
        assert.deepEqual(faults, [], `${url} ${scheme}`);
        await check();
        await close();
      }
    }
  });
});
