// What the data-health page is tested with: certificates with every kind of hole, connections in every state, a quarantine.
const DAY = 86400_000;

/** Certificates of `[from, to)` days, with one filled, one open and one unfillable hole in known places. */
export function certificates(symbol, from, to, now) {
  const today = Math.floor(now / DAY) * DAY;
  const first = Math.max(Math.floor((from ?? now - 29 * DAY) / DAY) * DAY, today - 70 * DAY);
  const last = Math.min(to ?? now + 1, now + 1);
  const out = [];
  for (let day = first; day < last; day += DAY) {
    const back = Math.round((today - day) / DAY);
    const salt = symbol.length * 7;
    const iso = (ms) => new Date(ms).toISOString();
    const base = Math.round((day / DAY) * 800_000);
    const missing = [];
    if ((back + salt) % 9 === 4) missing.push({ from: String(base + 1200), to: String(base + 1893), state: 'filled', reason: 'fetched by GET /api/v3/historicalTrades', since: iso(day + 3 * 3600_000) });
    if ((back + salt) % 13 === 7) missing.push({ from: String(base + 40_100), to: String(base + 40_131), state: 'unfillable', reason: 'the venue answers aggregates only: single trades of this range are known as 4 aggregates', since: iso(day + 9 * 3600_000) });
    if (back === 0 && symbol.includes('DOGE')) missing.push({ from: String(base + 90_000), to: String(base + 96_250), state: 'found', reason: 'connection 3 was cut; backfill queued', since: iso(now - 240_000) });
    if (back > 18 && symbol.includes('PEPE')) continue;
    out.push({
      symbol, date: new Date(day).toISOString().slice(0, 10), firstId: String(base), lastId: String(base + 799_999), count: 800_000 - missing.filter((m) => m.state !== 'filled').reduce((n, m) => n + Number(m.to) - Number(m.from) + 1, 0),
      missing, duplicates: (back * 13 + salt) % 40, quarantined: back % 11 === 2 ? 3 : 0,
      reconciled: { timeframe: '1m', equal: back === 0 ? 840 : 1440 - (back % 17 === 5 ? 2 : 0), different: back % 17 === 5 ? 2 : 0, notCompared: back === 0 ? 600 : 0 },
    });
  }
  return out;
}

export function connections(now, fault) {
  const ago = (ms) => new Date(now - ms).toISOString();
  const text = fault === 'hostile' ? '<img src=x onerror="document.title=1"><script>document.title=2</script>' : null;
  return [
    { venue: 'demo', id: 'demo-1', state: 'connected', since: ago(3600_000), lagMs: 3, reconnects: 0, messages: 921_443, messagesPerSecond: 41.3, lastMessage: ago(120), error: null },
    { venue: 'binance', id: 'binance-1', state: 'connected', since: ago(7200_000), lagMs: 84, reconnects: 1, messages: 5_120_877, messagesPerSecond: 212.8, lastMessage: ago(40), error: null },
    { venue: 'binance', id: 'binance-2', state: 'connecting', since: ago(4000), lagMs: null, reconnects: 7, messages: 402_118, messagesPerSecond: 0, lastMessage: ago(9000), error: 'closed by the venue after 24 h (code 1001)' },
    { venue: 'binance', id: 'binance-3', state: 'down', since: ago(10_800_000), lagMs: null, reconnects: 42, messages: 88_004, messagesPerSecond: 0, lastMessage: ago(10_800_000), error: text ?? 'dns error: failed to look up stream.binance.com; check the network or set venues.binance.ws_url' },
  ];
}

export function quarantine(now, fault) {
  const rows = [
    ['price-not-positive', 'price is 0.00000000', '{"e":"trade","E":1763628123123,"s":"DOGEUSDT","t":812334,"p":"0.00000000","q":"12.0","T":1763628123120,"m":true}'],
    ['time-travel', 'trade time is 4 h ahead of receipt', '{"e":"trade","E":1763642523123,"s":"ADAUSDT","t":99812,"p":"0.44710000","q":"120.0","T":1763642523120,"m":false}'],
    ['decode', 'expected `,` or `}` at byte 61', fault === 'hostile' ? '<b onmouseover=alert(1)>{"e":"tr</b>' : '{"e":"trade","E":1763628123123,"s":"XRPBTC","t":5512,"p":"0.000'],
    ['quantity-zero', 'quantity is 0', '{"e":"trade","E":1763628123199,"s":"BTCUSDT","t":7712345,"p":"61800.01","q":"0.0","T":1763628123190,"m":true}'],
  ];
  const symbols = ['binance:DOGE/USDT', 'binance:ADA/USDT', 'binance:XRP/BTC', 'binance:BTC/USDT'];
  return rows.map(([rule, reason, frame], i) => ({
    id: `q-${1000 + i}`, symbol: symbols[i], rule, reason, received: new Date(now - (i + 1) * 1_260_000).toISOString(), venueTime: i === 2 ? null : new Date(now - (i + 1) * 1_260_090).toISOString(),
    count: [1, 3, 1, 12][i], frame, position: { log: 'binance/0', offset: 88_120_443 + i * 771 },
  }));
}

export function health(now, fault) {
  const degraded = fault === 'degraded';
  return {
    status: degraded ? 'degraded' : 'healthy', timestamp: new Date(now).toISOString(),
    services: {
      ingest: { status: degraded ? 'degraded' : 'healthy', latency: 1, ...(degraded ? { error: 'binance: 1 of 3 connections is down' } : {}) },
      log: { status: 'healthy', latency: 0.4 }, pipeline: { status: 'healthy', latency: 2 }, store: { status: 'healthy', latency: 3 }, database: { status: 'healthy', latency: 0.8 },
    },
  };
}
