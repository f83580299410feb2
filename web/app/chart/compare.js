// Other markets on the same chart: a line each, all in per cent of the first candle in sight.
import { LineSeries } from '../../vendor/lightweight-charts.standalone.production.mjs';
import { theme } from '../theme.js';
import { Feed } from './feed.js';

const COLORS = { dark: ['#7ab8f5', '#f2c14e', '#d68ae0', '#9fd356'], light: ['#1766b5', '#9a6a00', '#8d2f9c', '#3f7a12'] };
/** More lines than this cannot be told apart. */
export const MAX_COMPARED = 4;

export class Compare {
  /** `changed()` when lines or values changed, `failed(symbol, error)` when a market could not be loaded. */
  constructor({ view, options, changed, failed }) {
    Object.assign(this, { view, options, changed, failed });
    this.items = new Map(); // symbol → {symbol, feed, series, color}
    this.offTheme = theme.subscribe(() => this.recolor());
  }

  close({ viewGone = false } = {}) {
    this.offTheme();
    for (const item of this.items.values()) {
      item.feed.close();
      if (!viewGone) this.view.chart.removeSeries(item.series);
    }
    this.items.clear();
  }

  want(symbols) {
    const wanted = symbols.slice(0, MAX_COMPARED);
    for (const [symbol, item] of this.items) {
      if (wanted.includes(symbol)) continue;
      item.feed.close();
      this.view.chart.removeSeries(item.series);
      this.items.delete(symbol);
    }
    for (const symbol of wanted) if (!this.items.has(symbol)) this.add(symbol);
    this.recolor();
    this.changed();
  }

  add(symbol) {
    const item = { symbol, series: this.view.chart.addSeries(LineSeries, { lineWidth: 1.5, priceLineVisible: false, lastValueVisible: true, crosshairMarkerRadius: 3 }, 0) };
    item.feed = new Feed({ symbol, ...this.options }, (event) => {
      if (this.items.get(symbol) !== item) return;
      if (event.kind === 'error') this.failed(symbol, event.error);
      else if (event.kind === 'live' && event.change === 'tail') this.tail(item, event.touched);
      else this.draw(item);
      this.changed();
    });
    this.items.set(symbol, item);
    item.feed.start();
  }

  /** Only the chart's own slots get a point: a line must neither widen the time axis nor run across its holes. */
  draw(item) {
    const { slots } = this.view;
    item.series.setData(slots.map(({ ms }) => {
      const candle = item.feed.book.at(ms);
      return candle ? { time: ms / 1000, value: Number(candle.close) } : { time: ms / 1000 };
    }));
  }

  tail(item, touched) {
    const last = this.view.slots.at(-1)?.ms;
    const drawn = (item.series.data().at(-1)?.time ?? 0) * 1000;
    for (const candle of touched) {
      if (candle.ms <= last && candle.ms >= drawn) item.series.update({ time: candle.ms / 1000, value: Number(candle.close) });
    }
  }

  redraw() {
    for (const item of this.items.values()) this.draw(item);
  }

  /** The chart asked for more on one side: so do the lines. */
  edge(side) {
    for (const item of this.items.values()) item.feed[side]();
  }

  recolor() {
    [...this.items.values()].forEach((item, i) => {
      item.color = COLORS[theme.shown][i % MAX_COMPARED];
      item.series.applyOptions({ color: item.color });
    });
  }
}
