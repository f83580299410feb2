// How long a server that has just started lets somebody wait for the first candle. Says `ready` when a browser is open,
// reads the server's address from stdin, opens its chart of the first market in the list, and says `drawn`.
import { createInterface } from 'node:readline';
import { launch, open } from './browser.mjs';

const browser = await launch();
console.log('ready');
try {
  const { value } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
  const { page, check } = await open(browser, value.trim().replace(/\/$/, ''), '/');
  await page.locator('.markets tbody tr .row-link').first().click({ timeout: 30_000 });
  await page.waitForSelector('.chart-area[data-phase="ready"] #legend[data-open-time]', { timeout: 30_000 });
  console.log('drawn');
  await check();
} finally {
  await browser.close();
}
