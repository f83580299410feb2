// The legends over the panes: exact candle values, as the API wrote them, and the indicators' values under the crosshair.
import { html, useEffect, useState, useStore, icon } from '../ui.js';
import { withPlaces, dateTime, utcTitle, percent, statistic, count } from '../format.js';

/** A value with subscribers; the crosshair writes it on each move, legends read it once a frame. */
export class Signal {
  constructor(value) {
    this.value = value;
    this.listeners = new Set();
    this.frame = 0;
  }

  set(value) {
    this.value = value;
    this.touch();
  }

  touch() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    });
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

function Value({ name, text, tone, wide }) {
  return html`<span class="lv ${wide ? 'lv-wide' : ''}"><span class="lk">${name}</span><span class="lt ${tone ?? ''}">${text ?? '–'}</span></span>`;
}

export function CandleLegend({ hover, chart, timeframe }) {
  const ms = useStore(hover, (h) => h.value);
  const { book } = chart.feed;
  const last = book.last;
  const candle = ms === null ? last : book.at(ms);
  if (!candle) {
    const gap = ms === null ? null : chart.view.gapAt(ms);
    return html`<div class="legend-row" id="legend">
      ${ms !== null && html`<time class="lv muted" title=${utcTitle(ms)}>${dateTime(ms)}</time>`}
      <span class="lv ${gap ? 'gap-text' : 'muted'}">${gap ? `▨ gap: no data from ${dateTime(gap.from)} to ${dateTime(gap.to)}${gap.shortened ? ' (drawn shortened)' : ''}` : ms === null ? '' : 'no trades'}</span></div>`;
  }
  const price = (text) => withPlaces(text, book.places);
  const rising = Number(candle.close) >= Number(candle.open);
  const tone = rising ? 'up' : 'down';
  const before = book.list[book.indexOf(candle.ms) - 1];
  const change = before && Number(before.close) ? (Number(candle.close) / Number(before.close) - 1) * 100 : null;
  return html`<div class="legend-row" id="legend" data-open-time=${candle.ms} data-live=${ms === null ? 'true' : 'false'}>
    <time class="lv muted" title=${utcTitle(candle.ms)}>${dateTime(candle.ms, timeframe.endsWith('s'))}</time>
    <${Value} name="O" text=${price(candle.open)} tone=${tone} /><${Value} name="H" text=${price(candle.high)} tone=${tone} />
    <${Value} name="L" text=${price(candle.low)} tone=${tone} /><${Value} name="C" text=${price(candle.close)} tone=${tone} />
    <span class="lv ${change === null ? 'muted' : change < 0 ? 'down' : 'up'}">${change === null ? '' : `${change < 0 ? '▼' : '▲'} ${percent(change)}`}</span>
    <${Value} name="Vol" text=${candle.volume} />
    <${Value} name="Trades" text=${count(candle.trades)} wide />
    ${candle.state === 'open' && html`<span class="tag tag-open">open</span>`}
    ${candle.state === 'revised' && html`<span class="tag tag-revised" title="Changed after it closed">◆ revised ×${candle.revision}</span>`}
    ${candle.state !== 'open' && candle.complete === false && html`<span class="tag tag-incomplete" title="Trades are known to be missing">▯ incomplete</span>`}
    ${candle.fill && html`<span class="tag">filled: ${candle.fill}</span>`}
  </div>`;
}

function IndicatorRow({ item, ms, edit, remove }) {
  return html`<div class="legend-row legend-indicator">
    <button class="legend-name" type="button" title=${`Change ${item.text}`} onClick=${() => edit(item)}>${item.text}</button>
    ${item.error && html`<span class="lv down" title=${item.error.requestId ? `request ${item.error.requestId}` : ''}>▲ ${item.error.message}</span>`}
    ${item.outputs.map((output) => html`<span class="lv" key=${output.name} data-output=${output.name || item.text}><i class="swatch" style=${{ background: output.color }}></i>${output.name && item.outputs.length > 1 ? html`<span class="lk">${output.name}</span>` : ''}<span class="lt">${statistic(output.values.get(ms) ?? null)}</span></span>`)}
    <button class="legend-x" type="button" aria-label=${`Remove ${item.text}`} title="Remove" onClick=${() => remove(item)}>${icon('close')}</button>
  </div>`;
}

function CompareRow({ item, ms, remove }) {
  return html`<div class="legend-row legend-indicator" data-compare=${item.symbol}>
    <span class="lv"><i class="swatch" style=${{ background: item.color }}></i>${item.symbol}</span>
    <span class="lt">${item.feed.book.at(ms)?.close ?? '–'}</span>
    <button class="legend-x" type="button" aria-label=${`Remove ${item.symbol}`} title="Remove" onClick=${() => remove(item.symbol)}>${icon('close')}</button>
  </div>`;
}

/** All legends, each at the top of its pane; the panes' places are read again when anything about them changes. */
export function Legends({ hover, layout, chart, timeframe, edit, remove, uncompare }) {
  useStore(layout, (l) => l.value);
  const hovered = useStore(hover, (h) => h.value);
  const [tops, setTops] = useState([0]);
  useEffect(() => {
    const place = () => {
      const origin = chart.view.container.getBoundingClientRect().top;
      const next = chart.view.chart.panes().map((pane) => Math.round((pane.getHTMLElement()?.getBoundingClientRect().top ?? origin) - origin));
      setTops((old) => (old.join() === next.join() ? old : next));
    };
    place();
    const sizes = new ResizeObserver(() => requestAnimationFrame(place));
    sizes.observe(chart.view.container);
    for (const pane of chart.view.chart.panes()) {
      const element = pane.getHTMLElement();
      if (element) sizes.observe(element);
    }
    const later = setTimeout(place, 60);
    return () => {
      sizes.disconnect();
      clearTimeout(later);
    };
  }, [layout.value]);
  const items = [...(chart.indicators?.items.values() ?? [])];
  const ms = hovered ?? chart.feed.book.last?.ms;
  return html`<div class="legends">
    ${tops.map((top, pane) => html`<div class="legend" key=${pane} style=${{ top: `${top + 6}px` }}>
      ${pane === 0 && html`<${CandleLegend} hover=${hover} chart=${chart} timeframe=${timeframe} />`}
      ${pane === 0 && [...(chart.compare?.items.values() ?? [])].map((item) => html`<${CompareRow} key=${item.symbol} item=${item} ms=${ms} remove=${uncompare} />`)}
      ${items.filter((i) => chart.indicators.paneIndex(i) === pane || (pane === 0 && chart.indicators.paneIndex(i) < 0))
        .map((item) => html`<${IndicatorRow} key=${item.key} item=${item} ms=${ms} edit=${edit} remove=${remove} />`)}
    </div>`)}
  </div>`;
}
