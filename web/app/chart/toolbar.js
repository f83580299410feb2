// Above the chart: the market and its price, timeframes, and what can be done with the chart.
import { html, useEffect, useRef, useState, useStore, HealthDot, icon } from '../ui.js';
import { prices } from '../prices.js';
import { socket } from '../socket.js';
import { go, withQuery } from '../router.js';
import { withPlaces, grouped, percent, signed, signOf, splitSymbol, symbolPath, compact, utcTitle } from '../format.js';
import { MAX_COMPARED } from './compare.js';
import { QUICK, TIMEFRAMES, spoken } from './timeframes.js';

/** What a phone shows beside the chosen one; the rest is in the menu. */
const COMMON = ['1m', '1h', '1d'];

function useRow(symbol) {
  const [, bump] = useState(0);
  useEffect(() => prices.subscribeRow(symbol, () => bump((n) => n + 1)), [symbol]);
  useStore(prices, (p) => p.loaded);
  return prices.bySymbol.get(symbol) ?? null;
}

/** The market's name, which is also the switch to another, and its day. */
export function Market({ symbol }) {
  const price = useRow(symbol);
  const cut = useStore(socket, (c) => c.state.phase === 'reconnecting');
  const { venue, pair } = splitSymbol(symbol);
  const all = useStore(prices, (p) => p.all().map((x) => x.symbol).sort().join('\n'));
  const tone = signOf(price?.change24h) < 0 ? 'down' : 'up';
  const list = all ? all.split('\n') : [];
  if (!list.includes(symbol)) list.unshift(symbol);
  return html`<div class="market">
    <div class="market-name">
      <h1><span class="sr-only">Chart of </span>${pair}</h1>
      <span class="venue ${venue === 'demo' ? 'venue-demo' : ''}">${venue}</span>
      <span class="switcher">${icon('chevron')}<select aria-label="Market" value=${symbol} onChange=${(e) => go(withQuery({ at: null }, `/chart/${symbolPath(e.target.value)}`))}>
        ${list.map((s) => html`<option key=${s} value=${s} selected=${s === symbol}>${s}</option>`)}</select></span>
    </div>
    ${price && html`<span class="market-price ${tone}" title=${utcTitle(price.time)}>${grouped(withPlaces(price.price, price.places))}</span>
      <span class="market-change ${tone}">${price.change24h == null ? '' : html`<span aria-hidden="true">${tone === 'down' ? '▼' : '▲'}</span> ${signed(withPlaces(price.change24h, price.places))} (${percent(price.changePercent24h)})`}</span>
      <span class="market-day">
        ${price.high24h != null && html`<span><span class="lk">24 h high</span>${grouped(withPlaces(price.high24h, price.places))}</span><span><span class="lk">low</span>${grouped(withPlaces(price.low24h, price.places))}</span>`}
        ${price.volume24h != null && html`<span title=${grouped(price.volume24h)}><span class="lk">volume</span>${compact(price.volume24h)} ${pair.split('/')[0]}</span>`}
      </span>
      <a class="market-health" href=${`/data-health?symbol=${encodeURIComponent(symbol)}`} title="Health of this market's data"><${HealthDot} health=${cut ? 'stale' : price.health} /></a>`}
  </div>`;
}

/** Opens a popover below its button, inside the window. */
function place(button, panel) {
  const r = button.getBoundingClientRect();
  panel.style.top = `${r.bottom + 4}px`;
  panel.style.left = `${Math.max(8, Math.min(r.left, innerWidth - panel.offsetWidth - 8))}px`;
}

function Popover({ id, label, button, children, className = '' }) {
  const panel = useRef(null);
  const opener = useRef(null);
  const [open, setOpen] = useState(false);
  return html`<button ref=${opener} class="btn ${className}" type="button" popovertarget=${id} aria-haspopup="true" aria-expanded=${open ? 'true' : 'false'} aria-label=${label} title=${label}>${button}</button>
    <div ref=${panel} id=${id} popover="auto" class="popover" onToggle=${(e) => {
      setOpen(e.newState === 'open');
      if (e.newState === 'open') {
        place(opener.current, panel.current);
        panel.current.querySelector('[autofocus], input, button')?.focus();
      }
    }}>${children(() => panel.current.hidePopover())}</div>`;
}

export function Timeframes({ timeframe, choose }) {
  const rare = !QUICK.includes(timeframe);
  return html`<div class="timeframes" role="group" aria-label="Timeframe">
    ${QUICK.map((tf, i) => html`<button key=${tf} type="button" class="tf" data-common=${COMMON.includes(tf) ? '' : null} aria-pressed=${tf === timeframe ? 'true' : 'false'} title=${`${spoken(tf)} (${i + 1})`} aria-label=${spoken(tf)} onClick=${() => choose(tf)}>${tf}</button>`)}
    <${Popover} id="tf-menu" label="All timeframes" className="tf ${rare ? 'tf-on' : ''}" button=${html`${rare ? timeframe : ''}${icon('chevron')}`}>${(close) => html`<div class="tf-grid">
      ${TIMEFRAMES.map((tf) => html`<button key=${tf} type="button" class="tf" aria-pressed=${tf === timeframe ? 'true' : 'false'} aria-label=${spoken(tf)} onClick=${() => (close(), choose(tf))}>${tf}</button>`)}
    </div>`}<//>
  </div>`;
}

export function GoToDate({ goTo, latest }) {
  const input = useRef(null);
  return html`<${Popover} id="date-menu" label="Go to a date (d)" className="btn-tool" button=${icon('calendar')}>${(close) => html`<form class="date-form" onSubmit=${(e) => {
      e.preventDefault();
      const ms = new Date(input.current.value).getTime();
      if (Number.isFinite(ms)) {
        close();
        goTo(ms);
      }
    }}>
    <label class="field"><span>Go to (your time)</span><input ref=${input} type="datetime-local" required autofocus /></label>
    <div class="row-end"><button class="btn" type="button" onClick=${() => (close(), latest())}>Latest</button><button class="btn btn-primary" type="submit">Go</button></div>
  </form>`}<//>`;
}

/** Other markets to lay over the chart. */
export function ComparePicker({ symbol, chosen, change }) {
  const all = useStore(prices, (p) => p.all().map((x) => x.symbol).sort()).filter((s) => s !== symbol);
  return html`<${Popover} id="compare-menu" label="Compare with other markets (c)" className="btn-tool ${chosen.length ? 'tf-on' : ''}" button=${icon('compare')}>${() => html`<fieldset class="compare">
    <legend>Compare, in per cent</legend>
    ${all.length === 0 && html`<p class="muted small">There is no other market.</p>`}
    ${all.map((s) => html`<label key=${s}><input type="checkbox" checked=${chosen.includes(s)} disabled=${!chosen.includes(s) && chosen.length >= MAX_COMPARED}
      onChange=${(e) => change(e.target.checked ? [...chosen, s] : chosen.filter((c) => c !== s))} /> ${s}</label>`)}
  </fieldset>`}<//>`;
}

export function Tool({ name, label, onClick, pressed, text }) {
  return html`<button class="btn btn-tool" type="button" title=${label} aria-label=${label} aria-pressed=${pressed === undefined ? null : pressed ? 'true' : 'false'} onClick=${onClick}>${icon(name)}${text && html`<span class="tool-text">${text}</span>`}</button>`;
}
