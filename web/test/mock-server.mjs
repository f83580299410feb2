// A stand-in for the server, for developing and testing the dashboard: the same paths, shapes and headers, a moving
// market, and faults on request. `?fault=NAME` on a page sets a cookie, so that every later request of that browser
// context (REST and WebSocket) meets the fault; other contexts are not touched.
//
//   error      each API answer is a 500 in the envelope          limited   each API answer is a 429
//   slow       each API answer takes 2.5 s                       hang      API answers never come
//   empty      no market, connection, quarantine or certificate  ws-down   the WebSocket is refused
//   ws-cut     the WebSocket is cut after 3 s, refused for 4 s   silent    the WebSocket is open and says nothing
//   degraded   /health is degraded                               hostile   venue texts carry markup
//   dead       `hang` and `ws-down` together                     broken    `error` and `ws-down` together
//   reload     the first API answer is good, later ones are 500
//
//   node test/mock-server.mjs [port]
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { SYMBOLS, TIMEFRAMES, CATALOGUE, candle, candles, floorTo, price, indicator } from './mock-market.mjs';
import { certificates, connections, quarantine, health } from './mock-health.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const CSP = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.md': 'text/markdown; charset=utf-8' };
const HEADERS = { 'content-security-policy': CSP, 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'strict-origin-when-cross-origin' };

let ids = 0;
const cuts = new Map(); // context id → time until which its WebSocket is refused
const seen = new Set();

class Problem extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }
}

function cookies(req) {
  return Object.fromEntries((req.headers.cookie ?? '').split(/;\s*/).filter(Boolean).map((c) => c.split('=').map(decodeURIComponent)));
}

function find(segment) {
  const name = decodeURIComponent(segment);
  const market = SYMBOLS.find((m) => m.symbol === name || m.symbol.replace('/', '-') === name);
  if (!market) throw new Problem(404, 'SYMBOL_NOT_FOUND', `no symbol "${name}" is known`, { suggestions: SYMBOLS.slice(0, 3).map((m) => m.symbol) });
  return market;
}

function timeframe(query) {
  const tf = query.get('timeframe') ?? '1m';
  if (!TIMEFRAMES[tf]) throw new Problem(400, 'INVALID_PARAMETER', 'timeframe: not known', { field: 'timeframe', given: tf, allowed: Object.keys(TIMEFRAMES) });
  return tf;
}

const number = (query, name) => (query.has(name) ? (/^\d+$/.test(query.get(name)) ? Number(query.get(name)) : Date.parse(query.get(name))) : null);

function indicatorColumns(market, tf, query, now) {
  const limit = Number(query.get('limit') ?? 500);
  const warm = 200;
  const list = candles(market, tf, { to: number(query, 'to'), limit: limit + warm, now, ms: true });
  const cut = Math.max(0, list.length - limit);
  const columns = [];
  for (const item of (query.get('set') ?? '').match(/[a-z]+(\([^)]*\))?/g) ?? []) {
    const [, name, args] = /^([a-z]+)(?:\(([^)]*)\))?$/.exec(item);
    if (!CATALOGUE.some((c) => c.name === name)) throw new Problem(400, 'INVALID_PARAMETER', `set: no indicator "${name}"`, { field: 'set', given: name });
    const values = indicator(name, args ? args.split(',').map(Number) : [], list);
    const outputs = Object.keys(values);
    for (const output of outputs) columns.push({ name: outputs.length > 1 ? `${item}.${output}` : item, values: values[output].slice(cut) });
  }
  return { symbol: market.symbol, timeframe: tf, times: list.slice(cut).map((c) => c.openTime), columns };
}

function answer(segments, query, fault, now) {
  const none = fault === 'empty';
  const [head, second, third, last] = segments;
  if (head === 'prices') return none ? [] : SYMBOLS.map((m) => price(m, now));
  if (head === 'chart') {
    const market = find(third);
    if (none) return [];
    return candles(market, timeframe(query), { from: number(query, 'from'), to: number(query, 'to'), limit: Math.min(5000, Number(query.get('limit') ?? 500)), now, ms: query.get('time') === 'ms' });
  }
  if (head === 'indicators') return second ? indicatorColumns(find(second), timeframe(query), query, now) : CATALOGUE;
  if (head === 'symbols') return none ? [] : SYMBOLS.map((m) => ({ symbol: m.symbol }));
  if (head === 'venues') return ['demo', 'binance'].map((id) => ({ id }));
  if (head === 'timeframes') return Object.keys(TIMEFRAMES).map((name) => ({ name }));
  if (head === 'completeness') return none ? [] : certificates(find(second).symbol, number(query, 'from'), number(query, 'to'), now);
  if (head === 'connections') return none ? [] : connections(now, fault);
  if (head === 'quarantine') return none ? [] : quarantine(now, fault);
  if (head === 'candles' && last === 'provenance') {
    const open = Date.parse(decodeURIComponent(third));
    return { revisions: [{ revision: 0, knowledgeTime: new Date(open + 61_000).toISOString(), reason: 'closed by the clock' }, { revision: 1, knowledgeTime: new Date(open + 95_000).toISOString(), reason: 'late trade 8812734 (34.1 s behind)' }], ranges: [{ log: 'binance/0', from: 881_100, to: 881_342 }] };
  }
  throw new Problem(404, 'ROUTE_NOT_FOUND', 'there is no such route');
}

async function api(req, res, url, who) {
  const requestId = `req-${(ids += 1).toString(16).padStart(6, '0')}`;
  const meta = { timestamp: new Date().toISOString(), requestId, apiVersion: 'v1', deprecated: false, sunsetDate: null, cache: { hit: false, ttl: 1 } };
  const send = (status, body, extra = {}) => {
    res.writeHead(status, { ...HEADERS, 'content-type': 'application/json', 'x-request-id': requestId, ...extra });
    res.end(JSON.stringify(body));
  };
  const { fault } = who;
  if (fault === 'hang') return;
  if (fault === 'slow') await new Promise((r) => setTimeout(r, 2500));
  try {
    if (fault === 'error') throw new Problem(500, 'INTERNAL', 'something went wrong inside; quote the request id to find it in the logs');
    if (fault === 'limited') throw new Problem(429, 'RATE_LIMITED', 'more than 120 requests in a minute', { limit: 120, window: '60s' });
    if (fault === 'reload') {
      const key = `${who.id} ${url.pathname}`;
      if (seen.has(key)) throw new Problem(502, 'UPSTREAM_FAILED', 'the store did not answer', { tried: ['store'] });
      seen.add(key);
    }
    const data = answer(url.pathname.replace('/api/v1/', '').split('/'), url.searchParams, fault, Date.now());
    send(200, { success: true, data, meta });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    send(error.status, { success: false, error: { code: error.code, message: error.message, details: error.details }, meta }, error.status === 429 ? { 'retry-after': '20' } : {});
  }
}

async function file(res, relative, extra = {}) {
  const full = path.join(ROOT, relative);
  try {
    if (!full.startsWith(ROOT + path.sep) || relative.startsWith('test') || relative.includes('node_modules')) throw new Error('outside');
    const body = await readFile(full);
    res.writeHead(200, { ...HEADERS, 'content-type': TYPES[path.extname(full)] ?? 'text/plain; charset=utf-8', 'cache-control': 'no-cache', ...extra });
    res.end(body);
  } catch {
    res.writeHead(404, { ...HEADERS, 'content-type': 'application/json' });
    res.end(JSON.stringify({ success: false, error: { code: 'ROUTE_NOT_FOUND', message: 'there is no such file' }, meta: { requestId: 'none' } }));
  }
}

/** Starts the stand-in; `port` 0 takes a free one. Gives `{url, close}`. */
export async function start(port = 0) {
  const server = http.createServer((req, res) => {
    const url = new URL(req.url, 'http://localhost');
    const jar = cookies(req);
    const who = { fault: { dead: 'hang', broken: 'error' }[jar.fault] ?? jar.fault ?? '', id: jar.who ?? '' };
    if (url.pathname.startsWith('/api/v1/')) return void api(req, res, url, who);
    if (url.pathname === '/health') {
      const body = health(Date.now(), who.fault);
      if (who.fault === 'hang') return;
      if (who.fault === 'error') return void api(req, res, new URL('/api/v1/none', url), who);
      res.writeHead(body.status === 'unhealthy' ? 503 : 200, { ...HEADERS, 'content-type': 'application/json' });
      return void res.end(JSON.stringify(body));
    }
    if (url.pathname.startsWith('/assets/')) return void file(res, decodeURIComponent(url.pathname.slice('/assets/'.length)));
    if (url.pathname === '/' || /^\/(chart\/|data-health|help)/.test(url.pathname)) {
      const set = [];
      if (!jar.who) set.push(`who=${Math.random().toString(36).slice(2)}; Path=/`);
      if (url.searchParams.has('fault')) set.push(`fault=${encodeURIComponent(url.searchParams.get('fault'))}; Path=/`);
      return void file(res, 'index.html', set.length ? { 'set-cookie': set } : {});
    }
    return void file(res, 'no/such/file');
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req, socket, head) => {
    const jar = cookies(req);
    const until = cuts.get(jar.who) ?? 0;
    if (!req.url.startsWith('/ws') || ['ws-down', 'dead', 'broken'].includes(jar.fault) || Date.now() < until) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(req, socket, head, (ws) => live(ws, jar));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      for (const ws of sockets.clients) ws.terminate();
      server.close(resolve);
      server.closeAllConnections();
    }),
  };
}

let sequence = 0;

function live(ws, { fault, who }) {
  const channels = new Map();
  const send = (message) => ws.readyState === 1 && ws.send(JSON.stringify(message));
  const seq = () => `1.0.${(sequence += 1)}.0`;
  const snapshot = (name) => {
    const [kind, symbol, tf] = name.split('|');
    if (kind === 'prices') return fault === 'empty' ? [] : SYMBOLS.map((m) => price(m, Date.now()));
    const market = kind === 'candles' && SYMBOLS.find((m) => m.symbol === symbol);
    if (!market || !TIMEFRAMES[tf]) return null;
    if (fault === 'empty') return [];
    channels.set(name, { market, tf, open: floorTo(tf, Date.now()) });
    return candles(market, tf, { limit: 2, now: Date.now() });
  };
  ws.on('message', (bytes) => {
    if (fault === 'silent') return;
    const message = JSON.parse(bytes);
    if (message.op === 'ping') return send({ op: 'pong' });
    if (message.op === 'unsubscribe') return message.channels.forEach((c) => channels.delete(c));
    const names = message.op === 'resume' ? [message.channel] : message.op === 'subscribe' ? message.channels : [];
    for (const name of names) {
      channels.set(name, channels.get(name) ?? {});
      const first = snapshot(name);
      if (first === null) {
        channels.delete(name);
        send({ op: 'error', code: 'INVALID_PARAMETER', message: `no channel "${name}"`, channel: name });
      } else send({ op: message.op === 'resume' ? 'reset' : 'subscribed', channel: name, seq: seq(), snapshot: first });
    }
  });
  let turn = 0;
  const timer = setInterval(() => {
    if (fault === 'silent') return;
    turn += 1;
    const now = Date.now();
    for (const [name, state] of channels) {
      if (name === 'prices') {
        const moved = SYMBOLS.filter((m, i) => !m.health && (turn + i) % 2 === 0).map((m) => price(m, now));
        if (moved.length && fault !== 'empty') send({ channel: name, seq: seq(), data: moved });
      } else if (state.market) {
        const open = floorTo(state.tf, now);
        const list = state.open !== open ? [candle(state.market, state.tf, state.open, now), candle(state.market, state.tf, open, now)] : [candle(state.market, state.tf, open, now)];
        state.open = open;
        const data = list.filter(Boolean);
        if (data.length) send({ channel: name, seq: seq(), data: data.length === 1 ? data[0] : data });
      }
    }
  }, 250);
  ws.on('close', () => clearInterval(timer));
  if (fault === 'ws-cut') {
    setTimeout(() => {
      cuts.set(who, Date.now() + 4000);
      ws.terminate();
    }, 3000);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await start(Number(process.argv[2] ?? 4173));
  console.log(`dashboard on a stand-in server: ${url}`);
}
