// A market for the dashboard's tests: prices are a pure function of symbol and time, so any candle of any
// timeframe at any date can be computed, and two asks give the same answer.

export const SYMBOLS = [
  { symbol: 'demo:BTC/USDT', price: 61800, decimals: 2, volume: 40 },
  { symbol: 'demo:ETH/USDT', price: 3120, decimals: 2, volume: 320 },
  { symbol: 'demo:SOL/USDT', price: 148, decimals: 3, volume: 2600 },
  { symbol: 'binance:BTC/USDT', price: 61790, decimals: 2, volume: 55 },
  { symbol: 'binance:XRP/BTC', price: 0.0000351, decimals: 8, volume: 91000, health: 'late' },
  { symbol: 'binance:DOGE/USDT', price: 0.1423, decimals: 5, volume: 510000, health: 'filling' },
  { symbol: 'binance:PEPE/USDT', price: 0.0000118, decimals: 8, volume: 90000000 },
  { symbol: 'binance:ADA/USDT', price: 0.4471, decimals: 4, volume: 42000, health: 'down' },
  { symbol: 'binance:NEW/USDT', price: 1, decimals: 2, volume: 0, health: 'down', unheard: true },
];

export const TIMEFRAMES = { '1s': 1, '5s': 5, '15s': 15, '30s': 30, '1m': 60, '3m': 180, '5m': 300, '15m': 900, '30m': 1800, '1h': 3600, '2h': 7200, '4h': 14400, '6h': 21600, '8h': 28800, '12h': 43200, '1d': 86400, '3d': 259200, '1w': 604800, '1M': 2592000 };
const BORN = Date.UTC(2025, 0, 1);

function hash(n) {
  let x = n | 0;
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  return ((x ^ (x >>> 16)) >>> 0) / 4294967296;
}
const seedOf = (text) => [...text].reduce((s, c) => (Math.imul(s, 31) + c.charCodeAt(0)) | 0, 7);

function noise(seed, x) {
  const cell = Math.floor(x);
  const f = x - cell;
  const smooth = f * f * (3 - 2 * f);
  const [a, b] = [hash(seed + cell * 374761393), hash(seed + (cell + 1) * 374761393)];
  return a + (b - a) * smooth - 0.5;
}

/** The price at `ms`: octaves of noise from seconds to months. */
export function priceAt(market, ms) {
  const seed = seedOf(market.symbol);
  const s = ms / 1000;
  let sum = 0;
  for (const [period, size] of [[1.3, 0.00016], [7, 0.0004], [41, 0.0009], [300, 0.0022], [2400, 0.006], [20000, 0.018], [160000, 0.05], [1.1e6, 0.12], [8e6, 0.3]]) {
    sum += noise(seed ^ Math.round(period * 1000), s / period) * size * 2;
  }
  return market.price * Math.exp(sum);
}

const text = (market, value) => value.toFixed(market.decimals);

/** Opening time of the candle of `tf` that holds `ms`. */
export function floorTo(tf, ms) {
  if (tf === '1M') {
    const d = new Date(ms);
    return Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), 1);
  }
  const step = TIMEFRAMES[tf] * 1000;
  const shift = tf === '1w' ? 4 * 86400_000 : 0; // The epoch was a Thursday; weeks open on Monday.
  return Math.floor((ms - shift) / step) * step + shift;
}

export function nextOpen(tf, open) {
  if (tf !== '1M') return open + TIMEFRAMES[tf] * 1000;
  const d = new Date(open);
  return Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 1);
}

/** A hole in the record: 25 to 32 minutes past each sixth hour nothing is known. */
const missing = (ms) => {
  const m = Math.floor(ms / 60_000) % 360;
  return m >= 25 && m < 32;
};

/** One candle as the API gives it, or null where there is none. */
export function candle(market, tf, open, now, ms) {
  if (market.unheard) return null;
  const end = nextOpen(tf, open);
  if (open > now || open < BORN) return null;
  const until = Math.min(end, now + 1);
  if (TIMEFRAMES[tf] <= 300 && missing(open) && missing(end - 1)) return null;
  const points = 16;
  let [high, low] = [-Infinity, Infinity];
  for (let i = 0; i <= points; i += 1) {
    const p = priceAt(market, open + ((until - 1 - open) * i) / points);
    high = Math.max(high, p);
    low = Math.min(low, p);
  }
  const first = priceAt(market, open);
  const last = priceAt(market, until - 1);
  const share = (until - open) / 60_000;
  const seed = seedOf(market.symbol) ^ Math.floor(open / 1000);
  const volume = market.volume * share * (0.35 + 1.5 * hash(seed) ** 2 + 120 * Math.abs(Math.log(last / first)));
  const trades = Math.max(1, Math.round(40 * share * (0.4 + hash(seed + 1))));
  const closed = end <= now;
  const minute = Math.floor(open / 60_000);
  const revised = closed && minute % 97 === 13;
  const firstId = Math.floor((open - BORN) / 100);
  const partial = TIMEFRAMES[tf] <= 3600 && (missing(open) !== missing(end - 1) || (TIMEFRAMES[tf] > 300 && TIMEFRAMES[tf] <= 3600 && [...Array(12)].some((_, i) => missing(open + ((end - open) * i) / 12))));
  const buy = volume * (0.35 + 0.3 * hash(seed + 2));
  return {
    openTime: ms ? open : new Date(open).toISOString(),
    open: text(market, first), high: text(market, high), low: text(market, low), close: text(market, last),
    volume: volume.toFixed(5), quoteVolume: (volume * last).toFixed(7), trades,
    takerBuyVolume: buy.toFixed(5), takerBuyQuoteVolume: (buy * last).toFixed(7),
    firstTradeId: String(firstId), lastTradeId: String(firstId + trades - 1),
    state: !closed ? 'open' : revised ? 'revised' : 'closed', revision: revised ? 1 + (minute % 3) : 0,
    complete: closed && !partial,
  };
}

/** Candles of a range, oldest first: `[from, to)`; with no `from` the last `limit` before `to`. */
export function candles(market, tf, { from, to, limit, now, ms }) {
  const out = [];
  if (market.unheard) return out;
  if (from != null) {
    for (let t = floorTo(tf, Math.max(from, BORN)); t < Math.min(to ?? Infinity, now + 1) && out.length < limit; t = nextOpen(tf, t)) {
      if (t < from) continue;
      const c = candle(market, tf, t, now, ms);
      if (c) out.push(c);
    }
    return out;
  }
  let t = floorTo(tf, Math.min((to ?? now + 1) - 1, now));
  while (out.length < limit && t >= BORN) {
    const c = candle(market, tf, t, now, ms);
    if (c) out.push(c);
    t = floorTo(tf, t - 1);
  }
  return out.reverse();
}

/** The row of the list of markets. */
export function price(market, now) {
  if (market.unheard) return { symbol: market.symbol, price: null, time: null, health: 'down' };
  const at = market.health === 'down' ? now - 3 * 3600_000 : market.health === 'late' ? now - 45_000 : now;
  const last = priceAt(market, at);
  const before = priceAt(market, at - 86400_000);
  let [high, low] = [last, last];
  for (let i = 0; i < 48; i += 1) {
    const p = priceAt(market, at - i * 1800_000);
    high = Math.max(high, p);
    low = Math.min(low, p);
  }
  const tick = 10 ** -market.decimals;
  return {
    symbol: market.symbol, price: text(market, last), bid: text(market, last - tick), ask: text(market, last + tick), time: new Date(at).toISOString(),
    change24h: text(market, last - before), changePercent24h: (last / before - 1) * 100, high24h: text(market, high), low24h: text(market, low),
    volume24h: (market.volume * 1440).toFixed(5), health: market.health ?? 'live',
  };
}

export const CATALOGUE = [
  ['sma', 'Simple Moving Average', 'trend', true, [['period', 20]], ['sma']],
  ['ema', 'Exponential Moving Average', 'trend', true, [['period', 20]], ['ema']],
  ['wma', 'Weighted Moving Average', 'trend', true, [['period', 20]], ['wma']],
  ['vwap', 'Volume Weighted Average Price', 'volume', true, [], ['vwap']],
  ['bbands', 'Bollinger Bands', 'volatility', true, [['period', 20], ['deviations', 2, 'number']], ['upperband', 'middleband', 'lowerband']],
  ['rsi', 'Relative Strength Index', 'momentum', false, [['period', 14]], ['rsi']],
  ['macd', 'Moving Average Convergence Divergence', 'momentum', false, [['fast', 12], ['slow', 26], ['signal', 9]], ['macd', 'macdsignal', 'macdhist']],
  ['atr', 'Average True Range', 'volatility', false, [['period', 14]], ['atr']],
  ['stoch', 'Stochastic Oscillator', 'momentum', false, [['k', 14], ['smooth', 3], ['d', 3]], ['k', 'd']],
  ['obv', 'On-Balance Volume', 'volume', false, [], ['obv']],
  ['adx', 'Average Directional Index', 'trend', false, [['period', 14]], ['adx']],
].map(([name, title, group, overlay, parameters, outputs]) => ({
  name, title, group, overlay, outputs,
  parameters: parameters.map(([id, value, kind = 'integer']) => ({ name: id, kind, default: value, min: kind === 'integer' ? 1 : 0.1, max: kind === 'integer' ? 100000 : 50 })),
}));

function ema(values, n) {
  const k = 2 / (n + 1);
  let last = null;
  return values.map((v) => (v == null ? null : (last = last == null ? v : last + k * (v - last))));
}
const windowed = (values, n, f) => values.map((_, i) => (i + 1 < n ? null : f(values.slice(i + 1 - n, i + 1))));
const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

/** Values of one indicator by output; good enough to look at, not a reference. */
export function indicator(name, args, list) {
  const close = list.map((c) => Number(c.close));
  const n = args[0] ?? 14;
  switch (name) {
    case 'sma': case 'wma': return { [name]: windowed(close, n, mean) };
    case 'ema': return { ema: ema(close, n) };
    case 'vwap': {
      let [pv, v] = [0, 0];
      return { vwap: list.map((c) => ((pv += Number(c.quoteVolume)), (v += Number(c.volume)), pv / v)) };
    }
    case 'bbands': {
      const middle = windowed(close, n, mean);
      const dev = windowed(close, n, (w) => Math.sqrt(mean(w.map((x) => (x - mean(w)) ** 2))));
      return { upperband: middle.map((m, i) => (m == null ? null : m + args[1] * dev[i])), middleband: middle, lowerband: middle.map((m, i) => (m == null ? null : m - args[1] * dev[i])) };
    }
    case 'rsi': {
      const up = ema(close.map((c, i) => Math.max(0, c - (close[i - 1] ?? c))), 2 * n - 1);
      const down = ema(close.map((c, i) => Math.max(0, (close[i - 1] ?? c) - c)), 2 * n - 1);
      return { rsi: up.map((u, i) => (i < n ? null : u + down[i] === 0 ? 50 : (100 * u) / (u + down[i]))) };
    }
    case 'macd': {
      const [f, s] = [ema(close, args[0]), ema(close, args[1])];
      const macd = f.map((x, i) => x - s[i]);
      const signal = ema(macd, args[2]);
      return { macd, macdsignal: signal, macdhist: macd.map((m, i) => m - signal[i]) };
    }
    case 'stoch': {
      const k = list.map((c, i) => {
        const w = list.slice(Math.max(0, i + 1 - n), i + 1);
        const [lo, hi] = [Math.min(...w.map((x) => +x.low)), Math.max(...w.map((x) => +x.high))];
        return hi > lo ? (100 * (Number(c.close) - lo)) / (hi - lo) : 50;
      });
      return { k, d: windowed(k, 3, mean) };
    }
    case 'obv': {
      let sum = 0;
      return { obv: list.map((c, i) => (sum += Math.sign(close[i] - (close[i - 1] ?? close[i])) * Number(c.volume))) };
    }
    default: {
      const range = ema(list.map((c) => Number(c.high) - Number(c.low)), n);
      return { [name]: range };
    }
  }
}
