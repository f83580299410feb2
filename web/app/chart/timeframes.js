// Lengths and boundaries of timeframes, in UTC: weeks open on Monday, months on the 1st, all others count from the epoch.

export const TIMEFRAMES = ['1s', '5s', '15s', '30s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M'];
/** What the keys 1 … 9 choose, and what the toolbar shows without opening the menu. */
export const QUICK = ['1m', '3m', '5m', '15m', '30m', '1h', '4h', '1d', '1w'];
export const DEFAULT_TIMEFRAME = '1m';

const UNIT = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const WORDS = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month' };
const MONDAY = 4 * UNIT.d;

/** Length in ms; a month has none, so an average one stands for it where only size matters. */
export function lengthOf(tf) {
  return tf === '1M' ? 30.44 * UNIT.d : Number(tf.slice(0, -1)) * UNIT[tf.at(-1)];
}

/** Opening time of the candle after the one that opens at `open`. */
export function nextOpen(tf, open) {
  if (tf !== '1M') return open + lengthOf(tf);
  const d = new Date(open);
  return Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 1);
}

/** Opening time of the candle that holds `ms`. */
export function openOf(tf, ms) {
  if (tf === '1M') {
    const d = new Date(ms);
    return Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1);
  }
  const shift = tf === '1w' ? MONDAY : 0;
  const step = lengthOf(tf);
  return Math.floor((ms - shift) / step) * step + shift;
}

/** `15m` → `15 minutes`, for names that are read out. */
export function spoken(tf) {
  const n = Number(tf.slice(0, -1));
  return `${n} ${WORDS[tf.at(-1)]}${n === 1 ? '' : 's'}`;
}

/** True when candles carry a time of day that matters. */
export function isIntraday(tf) {
  return tf !== '1M' && lengthOf(tf) < UNIT.d;
}
