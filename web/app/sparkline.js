// The last hour of a market as a small line on a canvas: loaded when seen, then moved by live prices.
import { html, useEffect, useRef } from './ui.js';
import { get, PoliteQueue } from './api.js';
import { prices } from './prices.js';
import { theme, palette } from './theme.js';
import { symbolPath, toMs } from './format.js';

const MINUTE = 60_000;
const POINTS = 60;
const queue = new PoliteQueue({ parallel: 4, perMinute: 80 });
const known = new Map(); // symbol → {points: [[minute, close]], at}

async function load(symbol) {
  const cached = known.get(symbol);
  if (cached && Date.now() - cached.at < 5 * MINUTE) return cached;
  const candles = await get(`/chart/ohlc/${encodeURIComponent(symbolPath(symbol))}`, { timeframe: '1m', limit: POINTS, time: 'ms' });
  const entry = { points: candles.map((c) => [Math.floor(toMs(c.openTime) / MINUTE), Number(c.close)]), at: Date.now() };
  known.set(symbol, entry);
  return entry;
}

function move(entry, price) {
  const minute = Math.floor(toMs(price.time) / MINUTE);
  const value = Number(price.price);
  const last = entry.points.at(-1);
  if (!Number.isFinite(minute) || !Number.isFinite(value) || (last && minute < last[0])) return;
  if (last && last[0] === minute) last[1] = value;
  else entry.points.push([minute, value]);
  while (entry.points.length > 1 && entry.points[0][0] < minute - POINTS) entry.points.shift();
  entry.at = Date.now();
}

function draw(canvas, points) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: h } = canvas;
  if (!w || !h) return;
  if (canvas.width !== Math.round(w * ratio)) {
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
  }
  const g = canvas.getContext('2d');
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, w, h);
  if (points.length < 2) return;
  const [up, down, faint] = palette('--up', '--down', '--line');
  const values = points.map((p) => p[1]);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const first = points[0][0];
  const span = Math.max(1, points.at(-1)[0] - first);
  const x = (minute) => 1 + ((minute - first) / span) * (w - 5);
  const y = (value) => (high === low ? h / 2 : 3 + (1 - (value - low) / (high - low)) * (h - 6));
  const color = values.at(-1) >= values[0] ? up : down;
  g.strokeStyle = faint;
  g.lineWidth = 1;
  g.setLineDash([2, 3]);
  g.beginPath();
  g.moveTo(0, y(values[0]));
  g.lineTo(w, y(values[0]));
  g.stroke();
  g.setLineDash([]);
  g.strokeStyle = color;
  g.lineWidth = 1.4;
  g.lineJoin = 'round';
  g.beginPath();
  points.forEach(([minute, value], i) => {
    // A hole of more than two minutes is left open: a line across it would claim prices nobody saw.
    if (i === 0 || minute - points[i - 1][0] > 2) g.moveTo(x(minute), y(value));
    else g.lineTo(x(minute), y(value));
  });
  g.stroke();
  g.fillStyle = color;
  g.beginPath();
  g.arc(x(points.at(-1)[0]), y(values.at(-1)), 1.9, 0, 7);
  g.fill();
}

export function Sparkline({ symbol }) {
  const ref = useRef(null);
  useEffect(() => {
    const canvas = ref.current;
    let entry = known.get(symbol) ?? null;
    let wanted = false;
    let frame = 0;
    const paint = () => {
      if (entry && !frame) frame = requestAnimationFrame(() => ((frame = 0), draw(canvas, entry.points)));
    };
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((e) => e.isIntersecting) || wanted) return;
      wanted = true;
      queue.add(() => load(symbol)).then((e) => ((entry = e), paint()), () => canvas.classList.add('spark-none'));
    }, { rootMargin: '120px' });
    seen.observe(canvas);
    const offPrice = prices.subscribeRow(symbol, (price) => {
      if (entry) {
        move(entry, price);
        paint();
      }
    });
    const offTheme = theme.subscribe(paint);
    const resized = new ResizeObserver(paint);
    resized.observe(canvas);
    paint();
    return () => {
      seen.disconnect();
      resized.disconnect();
      offPrice();
      offTheme();
      cancelAnimationFrame(frame);
    };
  }, [symbol]);
  return html`<canvas class="spark" ref=${ref} role="img" aria-label=${`Last hour of ${symbol}`}></canvas>`;
}
