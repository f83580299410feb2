// Text of numbers and times. Prices stay the strings the API gave: they are cut and padded here, never parsed and printed again.

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/;

/** Splits a decimal string into sign, whole and fraction; null when it is not a plain decimal. */
export function splitDecimal(text) {
  const match = DECIMAL.exec(String(text ?? ''));
  return match ? { sign: match[1], whole: match[2], fraction: match[3] ?? '' } : null;
}

/** Digits after the point in a decimal string. */
export function places(text) {
  return splitDecimal(text)?.fraction.length ?? 0;
}

/** Groups thousands: `61837.63` → `61,837.63`. Digits are untouched. */
export function grouped(text) {
  const d = splitDecimal(text);
  if (!d) return text == null ? '–' : String(text);
  const whole = d.whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return d.sign + whole + (d.fraction ? `.${d.fraction}` : '');
}

/**
 * What to put after a number so that points stand under each other in a right-aligned column:
 * the digits and the point that it lacks. The page hides them (`.pad`); they are there for their width only.
 */
export function decimalPad(text, columnPlaces) {
  const own = places(text);
  if (columnPlaces <= own) return '';
  return (own === 0 ? '.' : '') + '0'.repeat(columnPlaces - own);
}

/** A price with as many digits after the point as its market has: `66326.3` and 2 → `66326.30`. None is taken away. */
export function withPlaces(text, marketPlaces) {
  return splitDecimal(text) ? text + decimalPad(text, marketPlaces) : text;
}

/** Milliseconds with as many digits as matter: `0.13`, `2.4`, `134`. */
export function millis(value) {
  return value == null ? '' : `${value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0)} ms`;
}

/** The sign of a decimal string: 1, 0 or -1, without arithmetic. */
export function signOf(text) {
  const value = String(text ?? '');
  if (!/[1-9]/.test(value)) return 0;
  return value.startsWith('-') ? -1 : 1;
}

/** A decimal string with an explicit plus, a true minus, and grouping. */
export function signed(text) {
  const sign = signOf(text);
  const bare = grouped(String(text ?? '').replace(/^[+-]/, ''));
  return (sign > 0 ? '+' : sign < 0 ? '\u2212' : '') + bare;
}

/** A percentage (a statistic, so a number) with sign and two digits. */
export function percent(value) {
  if (value == null || !Number.isFinite(Number(value))) return '–';
  const n = Number(value);
  const text = Math.abs(n).toFixed(2);
  return (text === '0.00' ? '' : n > 0 ? '+' : '\u2212') + text + '%';
}

/** `1234567.8` → `1.23M`: for columns where magnitude matters; the exact string goes in the title. */
export function compact(text) {
  const n = Number(text);
  if (text == null || text === '' || !Number.isFinite(n)) return '–';
  const abs = Math.abs(n);
  for (const [unit, size] of [['T', 1e12], ['B', 1e9], ['M', 1e6], ['K', 1e3]]) {
    if (abs >= size) return `${(n / size).toPrecision(3)}${unit}`;
  }
  return abs === 0 ? '0' : String(Number(n.toPrecision(3)));
}

/** A statistic for a legend: enough digits to tell values apart, not more. */
export function statistic(value) {
  if (value == null) return '–';
  const abs = Math.abs(value);
  if (abs !== 0 && (abs < 1e-4 || abs >= 1e12)) return value.toExponential(3);
  return value.toFixed(abs >= 1000 ? 2 : abs >= 1 ? 3 : 6);
}

/** Whole numbers with grouping. */
export function count(value) {
  if (value == null) return '–';
  return grouped(String(value));
}

/** RFC 3339 text, or a number or digit string of s, ms, µs or ns (told apart by magnitude), as ms. */
export function toMs(time) {
  if (time == null) return NaN;
  const n = typeof time === 'number' ? time : /^-?\d+$/.test(time) ? Number(time) : NaN;
  if (Number.isNaN(n)) return Date.parse(time);
  const abs = Math.abs(n);
  if (abs < 1e11) return n * 1e3;
  if (abs < 1e14) return n;
  return abs < 1e17 ? n / 1e3 : n / 1e6;
}

const two = (n) => String(n).padStart(2, '0');

/** `14:03:22` in the viewer's zone. */
export function clockTime(time) {
  const d = new Date(toMs(time));
  return Number.isNaN(d.getTime()) ? '–' : `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** `2026-11-20 14:03:22` in the viewer's zone; seconds left out when asked. */
export function dateTime(time, withSeconds = true) {
  const d = new Date(toMs(time));
  if (Number.isNaN(d.getTime())) return '–';
  const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${date} ${two(d.getHours())}:${two(d.getMinutes())}${withSeconds ? `:${two(d.getSeconds())}` : ''}`;
}

/** The same moment in UTC, for titles. */
export function utcTitle(time) {
  const d = new Date(toMs(time));
  return Number.isNaN(d.getTime()) ? '' : `${d.toISOString().replace('T', ' ').replace(/\.?0*Z$/, '')} UTC`;
}

/** `2026-11-20` in UTC: the name of a day of completeness. */
export function utcDay(time) {
  return new Date(toMs(time)).toISOString().slice(0, 10);
}

/** How long ago, short: `now`, `12 s`, `4 min`, `3 h`, `5 d`. */
export function ago(time, now = Date.now()) {
  const s = Math.round((now - toMs(time)) / 1000);
  if (!Number.isFinite(s)) return '–';
  if (s < 2) return 'now';
  if (s < 100) return `${s} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

/** `demo:BTC/USDT` → `{venue, pair}`. */
export function splitSymbol(symbol) {
  const at = symbol.indexOf(':');
  return at < 0 ? { venue: '', pair: symbol } : { venue: symbol.slice(0, at), pair: symbol.slice(at + 1) };
}

/** A symbol as a path segment: `/` is written `-`. */
export function symbolPath(symbol) {
  return symbol.replaceAll('/', '-');
}

/** The path segment back as a symbol: the first `-` of the pair separates base and quote; perpetuals and dated ones keep theirs. */
export function symbolFromPath(segment) {
  const { venue, pair } = splitSymbol(decodeURIComponent(segment));
  const slashed = pair.includes('/') ? pair : pair.replace('-', '/');
  return venue ? `${venue}:${slashed}` : slashed;
}
