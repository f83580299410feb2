// The drawing: one lightweight-charts chart with candles, volume and marks, fed from a CandleBook.
import { createChartEx, CandlestickSeries, HistogramSeries, CrosshairMode, PriceScaleMode, ColorType } from '../../vendor/lightweight-charts.standalone.production.mjs';
import { palette, theme } from '../theme.js';
import { LocalTime, tickLabel, crosshairLabel } from './localtime.js';
import { Marks } from './marks.js';
import { isIntraday, lengthOf } from './timeframes.js';

const EDGE = 60; // Bars from an end of the data at which more is asked for.

export class ChartView {
  /** `on`: `hover(ms | null)`, `edge('older' | 'newer')`, `latest(isInSight)`, `pick(ms)`. */
  constructor(container, on) {
    this.on = on;
    this.container = container;
    this.book = null;
    this.gaps = [];
    this.slots = [];
    this.inSight = true;
    this.colors = {};
    this.behavior = new LocalTime();
    this.chart = createChartEx(container, this.behavior, {
      autoSize: true,
      localization: { dateFormat: "dd MMM 'yy", timeFormatter: (t) => crosshairLabel(t, this.utc, this.seconds) },
      layout: { attributionLogo: false, fontSize: 11, panes: { enableResize: true } },
      rightPriceScale: { minimumWidth: 62, borderVisible: false },
      timeScale: { timeVisible: true, secondsVisible: false, borderVisible: false, rightOffset: 6, minBarSpacing: 0.4, barSpacing: 7, tickMarkFormatter: (t, type) => tickLabel(t, type, this.utc) },
      crosshair: { mode: CrosshairMode.Normal },
      kineticScroll: { touch: true, mouse: false },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { borderVisible: true, priceLineVisible: true });
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: 'volume', priceFormat: { type: 'volume' }, lastValueVisible: false, priceLineVisible: false });
    this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.09, bottom: 0.2 } });
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.marks = new Marks(() => ({ book: this.book ?? { list: [], indexOf: () => 0 }, gaps: this.gaps, colors: this.colors }));
    this.candles.attachPrimitive(this.marks);
    this.chart.subscribeCrosshairMove((p) => this.on.hover(p.time === undefined || !p.point ? null : p.time * 1000));
    this.chart.subscribeClick((p) => p.time !== undefined && this.on.pick(p.time * 1000));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.moved(range));
    this.offTheme = theme.subscribe(() => this.paintTheme());
    this.paintTheme();
  }

  destroy() {
    this.gone = true;
    this.offTheme();
    this.chart.remove();
  }

  paintTheme() {
    const [bg, text, muted, line, strong, up, down, upSoft, downSoft, warn, revised, accent] = palette('--surface', '--text', '--muted', '--line', '--line-strong', '--up', '--down', '--up-soft', '--down-soft', '--warn', '--fill', '--accent');
    this.colors = { up, down, upSoft, downSoft, bg, gap: warn, revised, text, accent, line };
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: bg }, textColor: muted, fontFamily: getComputedStyle(document.body).fontFamily, panes: { separatorColor: line, separatorHoverColor: 'rgb(122 184 245 / .25)' } },
      grid: { vertLines: { color: line, style: 1 }, horzLines: { color: line, style: 1 } },
      crosshair: { vertLine: { color: muted, labelBackgroundColor: strong }, horzLine: { color: muted, labelBackgroundColor: strong } },
    });
    this.candles.applyOptions({ upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down });
    if (this.book) this.draw({ keep: true });
    this.on.theme?.();
  }

  /** Shows another symbol or timeframe: a new book. */
  show(book, timeframe) {
    this.book = book;
    this.utc = !isIntraday(timeframe);
    this.seconds = lengthOf(timeframe) < 60_000;
    this.behavior.useUtc(this.utc);
    this.chart.applyOptions({ timeScale: { timeVisible: !this.utc, secondsVisible: this.seconds } });
    this.places = null;
    this.draw({ keep: false });
  }

  /** The price scale has as many digits as the candles ever had. */
  paintPlaces() {
    if (this.places === this.book.places) return;
    this.places = this.book.places;
    this.candles.applyOptions({ priceFormat: { type: 'price', precision: this.places, minMove: 10 ** -this.places } });
  }

  point(candle) {
    const p = { time: candle.ms / 1000, open: Number(candle.open), high: Number(candle.high), low: Number(candle.low), close: Number(candle.close) };
    if (candle.state !== 'open' && candle.complete === false) p.color = this.colors.bg; // Hollow: trades are known to be missing.
    return p;
  }

  bar(candle) {
    return { time: candle.ms / 1000, value: Number(candle.volume), color: Number(candle.close) >= Number(candle.open) ? this.colors.upSoft : this.colors.downSoft };
  }

  /** Draws the whole book. With `keep` the same candles stay under the eye although others came before or after. */
  draw({ keep }) {
    const scale = this.chart.timeScale();
    const range = keep ? scale.getVisibleLogicalRange() : null;
    const anchor = range && this.slots.length ? this.slots[Math.max(0, Math.min(this.slots.length - 1, Math.round(range.from)))].ms : null;
    const anchorWas = anchor === null ? 0 : this.slotOf(anchor);
    const atEnd = range && this.slots.length && range.to >= this.slots.length - 1;
    const length = this.slots.length;
    const { slots, gaps } = this.book.slots();
    this.slots = slots;
    this.gaps = gaps;
    this.drawing = true;
    this.paintPlaces();
    this.candles.setData(slots.map((s) => (s.candle ? this.point(s.candle) : { time: s.ms / 1000 })));
    this.volume.setData(slots.filter((s) => s.candle).map((s) => this.bar(s.candle)));
    if (anchor !== null) {
      let shift = this.slotOf(anchor) - anchorWas;
      if (atEnd && shift === 0 && slots.length > length && slots.length - length < 3) shift = slots.length - length;
      scale.setVisibleLogicalRange({ from: range.from + shift, to: range.to + shift });
    } else {
      scale.applyOptions({ barSpacing: this.container.clientWidth < 640 ? 5 : 7 });
      scale.scrollToPosition(this.container.clientWidth < 640 ? 3 : 6, false);
    }
    this.drawing = false;
    this.marks.requestUpdate?.();
    this.moved(scale.getVisibleLogicalRange());
  }

  /** Index of the slot at `ms`. */
  slotOf(ms) {
    let [low, high] = [0, this.slots.length];
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.slots[mid].ms < ms) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  /** Draws the last candles only: what happens several times a second. */
  tail(touched) {
    this.paintPlaces();
    for (const candle of touched) {
      if (!this.slots.length || candle.ms > this.slots.at(-1).ms) this.slots.push({ ms: candle.ms, candle });
      else this.slots[this.slotOf(candle.ms)].candle = candle;
      this.candles.update(this.point(candle));
      this.volume.update(this.bar(candle));
    }
  }

  moved(range) {
    if (!range || this.drawing || !this.slots.length) return;
    if (range.from < EDGE) this.on.edge('older');
    if (range.to > this.slots.length - EDGE) this.on.edge('newer');
    const inSight = range.to >= this.slots.length - 1.5;
    if (inSight !== this.inSight) {
      this.inSight = inSight;
      this.on.latest(inSight);
    }
  }

  latest() {
    this.chart.timeScale().scrollToRealTime();
  }

  /** Puts the candle at or after `ms` in the middle. */
  center(ms) {
    const at = this.slotOf(ms);
    const width = Math.max(20, this.chart.timeScale().width() / this.chart.timeScale().options().barSpacing);
    this.chart.timeScale().setVisibleLogicalRange({ from: at - width / 2, to: at + width / 2 });
  }

  /** Moves along the chart. The library applies a range with its next frame, so quick keys are summed up until then. */
  scroll(bars) {
    const waiting = this.pendingScroll !== undefined;
    this.pendingScroll = (this.pendingScroll ?? 0) + bars;
    if (waiting) return;
    requestAnimationFrame(() => {
      const by = this.pendingScroll;
      this.pendingScroll = undefined;
      const scale = this.gone ? null : this.chart.timeScale();
      const range = scale?.getVisibleLogicalRange();
      if (range) scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
    });
  }

  zoom(factor) {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (!range) return;
    const width = Math.min(this.container.clientWidth / 0.5, Math.max(10, (range.to - range.from) * factor));
    this.chart.timeScale().setVisibleLogicalRange({ from: range.to - width, to: range.to });
  }

  /** `log`, `percent` (of the first candle in sight) or `normal`. */
  setScale(kind) {
    const mode = { log: PriceScaleMode.Logarithmic, percent: PriceScaleMode.Percentage }[kind] ?? PriceScaleMode.Normal;
    this.chart.priceScale('right').applyOptions({ mode, autoScale: true });
  }

  /** The gap that holds `ms`, for the legend. */
  gapAt(ms) {
    return this.gaps.find((gap) => ms >= gap.from && ms < gap.to) ?? null;
  }

  screenshot() {
    return this.chart.takeScreenshot(true, false);
  }
}
