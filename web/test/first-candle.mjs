// How long a server that has just started lets somebody wait: opens the chart of the first market that has one, and
// prints `browser_ms=… page_ms=…` when a candle is drawn. `QUANTFLOW_URL` names the server.
import { launch, open } from './browser.mjs';

const base = process.env.QUANTFLOW_URL.replace(/\/$/, '');
const begun = performance.now();
const browser = await launch();
const launched = performance.now();
try {
  const { page, check } = await open(browser, base, '/');
  await page.locator('.markets tbody tr .row-link').first().click({ timeout: 30_000 });
  await page.waitForSelector('.chart-area[data-phase="ready"] #legend[data-open-time]', { timeout: 30_000 });
  const drawn = performance.now();
  await check();
  console.log(`browser_ms=${Math.round(launched - begun)} page_ms=${Math.round(drawn - launched)}`);
} finally {
  await browser.close();
}
