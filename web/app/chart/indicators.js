// Indicator values beside the candles: fetched for what is loaded, renewed while live, drawn as lines, bands and panes.
import { LineSeries, HistogramSeries, LineStyle } from '../../vendor/lightweight-charts.standalone.production.mjs';
import { get } from '../api.js';
import { symbolPath, toMs } from '../format.js';
import { canonical, splitColumn, parseSpec } from './specs.js';
import { theme } from '../theme.js';

const RENEW_EVERY_MS = 3000;
const TAIL = 4;
const MAX_POINTS = 5000;
// Told apart by lightness as well as by hue; the same order in both themes.
const COLORS = { dark: ['#f2c14e', '#7ab8f5', '#d68ae0', '#9fd356', '#f2767b', '#b9c3cf'], light: ['#9a6a00', '#1766b5', '#8d2f9c', '#3f7a12', '#b3282f', '#465262'] };
const LEVELS = { rsi: [30, 70], stoch: [20, 80], stochastic: [20, 80], adx: [25], mfi: [20, 80], cci: [-100, 100], williams_r: [-80, -20] };

export class Indicators {
  /** `changed()` is called when values or lines changed; `failed(error)` when a request was refused. */
  constructor({ view, feed, symbol, timeframe, catalogue, changed, failed }) {
    Object.assign(this, { view, feed, symbol, timeframe, catalogue, changed, failed });
    this.items = new Map(); // canonical text → {text, entry, outputs: [{name, color, values: Map, series, histogram}]}
    this.abort = new AbortController();
    this.renewTimer = null;
    this.renewedAt = 0;
    this.ready = false;
    this.offTheme = theme.subscribe(() => this.recolor());
  }

  close({ viewGone = false } = {}) {
    this.abort.abort();
    clearTimeout(this.renewTimer);
    this.offTheme();
    if (!viewGone) for (const item of this.items.values()) this.erase(item);
    this.items.clear();
  }

  /** The items wanted from now on; draws new ones once candles are there. */
  want(texts) {
    const wanted = new Map(texts.map((t) => [canonical(t), t]));
    for (const [key, item] of this.items) {
      if (!wanted.has(key)) {
        this.erase(item);
        this.items.delete(key);
      }
    }
    const fresh = [];
    for (const [key, text] of wanted) {
      if (this.items.has(key)) continue;
      const entry = this.catalogue.find((c) => c.name === parseSpec(text)?.name) ?? null;
      this.items.set(key, { key, text, entry, outputs: [], error: null });
      fresh.push(text);
    }
    if (fresh.length && this.ready) this.load(fresh);
    this.changed();
  }

  texts() {
    return [...this.items.values()].map((i) => i.text);
  }

  /** Candles are loaded: values for all of them. */
  candlesLoaded() {
    this.ready = true;
    if (this.items.size) this.load(this.texts());
  }

  async ask(texts, params) {
    return get(`/indicators/${encodeURIComponent(symbolPath(this.symbol))}`, { timeframe: this.timeframe, set: texts.join(','), time: 'ms', ...params }, { signal: this.abort.signal });
  }

  async load(texts) {
    const { book, attached } = this.feed;
    if (!book.list.length) return;
    const limit = Math.min(MAX_POINTS, book.list.length + 2);
    try {
      this.take(await this.ask(texts, { limit, to: attached ? null : book.last.ms + 1 }));
    } catch (error) {
      if (this.abort.signal.aborted) return;
      for (const text of texts) {
        const item = this.items.get(canonical(text));
        if (item) item.error = error;
      }
      this.failed(error);
      this.changed();
    }
  }

  /** Older or newer candles came: their values too. */
  async page(params, limit) {
    if (!this.items.size) return;
    try {
      this.take(await this.ask(this.texts(), { ...params, limit: Math.min(MAX_POINTS, limit) }));
    } catch (error) {
      if (!this.abort.signal.aborted) this.failed(error);
    }
  }

  /** A live candle moved: the last values are asked for again, but not more often than every few seconds. */
  live(bars = TAIL) {
    if (!this.items.size || this.renewTimer || !this.ready) return;
    const wait = Math.max(0, this.renewedAt + RENEW_EVERY_MS - Date.now());
    this.renewTimer = setTimeout(async () => {
      this.renewTimer = null;
      this.renewedAt = Date.now();
      if (document.hidden) return;
      try {
        this.take(await this.ask(this.texts(), { limit: bars }), true);
      } catch {
        // The next move asks again; a lasting failure shows through the candles' own error.
      }
    }, wait);
  }

  take(answer, tailOnly = false) {
    const times = answer.times.map(toMs);
    const touched = new Set();
    for (const column of answer.columns) {
      const [key, name] = splitColumn(column.name);
      const item = this.items.get(key) ?? (this.items.size === 1 ? [...this.items.values()][0] : null);
      if (!item) continue;
      item.error = null;
      let output = item.outputs.find((o) => o.name === name);
      if (!output) {
        output = { name, values: new Map(), series: null };
        item.outputs.push(output);
      }
      output.fresh = [];
      times.forEach((ms, i) => {
        const value = column.values[i] ?? null;
        output.values.set(ms, value);
        output.fresh.push([ms, value]);
      });
      touched.add(item);
    }
    for (const item of touched) this.draw(item, tailOnly);
    this.changed();
  }

  isHistogram(output) {
    return /hist/i.test(output.name);
  }

  color(item, output) {
    const colors = COLORS[theme.shown];
    const before = [...this.items.values()];
    let start = 0;
    for (const other of before) {
      if (other === item) break;
      start += other.entry?.overlay ? 1 : 0;
    }
    if (this.isHistogram(output)) return this.view.colors.upSoft;
    const band = /^(upper|lower)/i.test(output.name);
    const index = item.outputs.filter((o) => !this.isHistogram(o)).indexOf(output);
    return colors[(start + (band || /^middle/i.test(output.name) ? 0 : index)) % colors.length];
  }

  draw(item, tailOnly) {
    const { chart } = this.view;
    if (item.paneOf === undefined) item.paneOf = item.entry?.overlay ? 0 : chart.panes().length;
    for (const output of item.outputs) {
      output.color = this.color(item, output);
      const histogram = this.isHistogram(output);
      if (!output.series) {
        tailOnly = false;
        const first = item.outputs.find((o) => o.series);
        const pane = first ? first.series.getPane().paneIndex() : item.paneOf;
        const options = { color: output.color, lineWidth: /^(upper|lower)/i.test(output.name) ? 1 : 1.5, lineStyle: /^middle/i.test(output.name) ? LineStyle.Dashed : LineStyle.Solid, lastValueVisible: pane !== 0 && !histogram, priceLineVisible: false, crosshairMarkerRadius: 3 };
        output.series = chart.addSeries(histogram ? HistogramSeries : LineSeries, histogram ? { lastValueVisible: false, priceLineVisible: false } : options, pane);
        if (!item.entry?.overlay) this.dress(item, output);
      }
      if (tailOnly) this.drawTail(output, histogram);
      else output.series.setData(this.points(output, histogram));
    }
  }

  /** Levels, digits and the height of a pane of its own. */
  dress(item, output) {
    output.series.applyOptions({ priceFormat: { type: 'custom', minMove: 1e-8, formatter: short } });
    if (item.outputs.find((o) => o.series) !== output) return;
    output.series.getPane().setStretchFactor(0.28);
    this.view.chart.panes()[0].setStretchFactor(1);
    output.series.priceScale().applyOptions({ scaleMargins: { top: 0.22, bottom: 0.08 } });
    for (const level of LEVELS[item.entry?.name] ?? []) {
      output.series.createPriceLine({ price: level, color: this.view.colors.line, lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: false });
    }
  }

  points(output, histogram) {
    const { upSoft, downSoft } = this.view.colors;
    const points = [];
    // Slots without a value are blanks: a line must not run across a gap or through the warm-up.
    for (const { ms } of this.view.slots) {
      const value = output.values.get(ms);
      if (value == null) points.push({ time: ms / 1000 });
      else points.push(histogram ? { time: ms / 1000, value, color: value >= 0 ? upSoft : downSoft } : { time: ms / 1000, value });
    }
    return points;
  }

  drawTail(output, histogram) {
    const { upSoft, downSoft } = this.view.colors;
    const last = this.view.slots.at(-1)?.ms;
    const drawn = output.series.data().at(-1)?.time ?? 0;
    for (const [ms, value] of output.fresh) {
      if (value == null || ms > last || ms / 1000 < drawn) continue;
      output.series.update(histogram ? { time: ms / 1000, value, color: value >= 0 ? upSoft : downSoft } : { time: ms / 1000, value });
    }
  }

  /** Slots changed (older candles came before, or a gap was filled): lines are laid anew. */
  redraw() {
    for (const item of this.items.values()) if (item.outputs.length) this.draw(item, false);
  }

  recolor() {
    for (const item of this.items.values()) {
      for (const output of item.outputs) {
        output.color = this.color(item, output);
        if (output.series && !this.isHistogram(output)) output.series.applyOptions({ color: output.color });
      }
    }
    this.redraw();
    this.changed();
  }

  erase(item) {
    for (const output of item.outputs) if (output.series) this.view.chart.removeSeries(output.series);
    item.outputs = [];
  }

  /** Index of the pane an item is drawn in now. */
  paneIndex(item) {
    const series = item.outputs.find((o) => o.series)?.series;
    return series ? series.getPane().paneIndex() : item.entry?.overlay === false ? -1 : 0;
  }
}

/** Short text of a statistic for an axis. */
function short(value) {
  const abs = Math.abs(value);
  if (abs >= 1e9) return `${(value / 1e9).toFixed(2)}B`;
  if (abs >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (abs >= 1e4) return `${(value / 1e3).toFixed(1)}K`;
  if (abs >= 1 || abs === 0) return value.toFixed(2);
  return String(Number(value.toPrecision(3)));
}
