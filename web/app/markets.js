// The first screen: every market that is being ingested, searchable and sortable, moving live.
import { html, useEffect, useMemo, useRef, useState, useStore, useTick, Skeleton, Empty, ErrorBox, StaleNote, HealthDot, icon } from './ui.js';
import { router, setQuery, go } from './router.js';
import { bindKeys } from './keys.js';
import { prices } from './prices.js';
import { socket } from './socket.js';
import { Sparkline } from './sparkline.js';
import { grouped, withPlaces, decimalPad, places, signed, signOf, percent, compact, splitSymbol, symbolPath, toMs, ago, dateTime, utcTitle } from './format.js';

const HEALTH_ORDER = { down: 0, filling: 1, late: 2, live: 3 };
const STALE_AFTER = 15_000;

const COLUMNS = [
  { id: 'symbol', name: 'Market', value: (p) => p.symbol, start: 'asc' },
  { id: 'price', name: 'Last price', value: (p) => (p.price == null ? NaN : Number(p.price)), start: 'desc', numeric: true },
  { id: 'change', name: '24 h change', value: (p) => Number(p.change24h), start: 'desc', numeric: true, wide: true },
  { id: 'percent', name: '24 h %', value: (p) => Number(p.changePercent24h), start: 'desc', numeric: true },
  { id: 'hour', name: 'Last hour' },
  { id: 'range', name: '24 h range', value: (p) => rangeAt(p), start: 'desc', wide: true },
  { id: 'volume', name: '24 h volume', value: (p) => Number(p.volume24h) * Number(p.price), start: 'desc', numeric: true, wide: true },
  { id: 'age', name: 'Updated', value: (p) => toMs(p.time), start: 'desc', numeric: true, wide: true },
  { id: 'health', name: 'Data', value: (p) => HEALTH_ORDER[p.health] ?? 9, start: 'asc' },
];

/** Where the price stands between the day's low (0) and high (1); null when it is not known. */
function rangeAt(p) {
  const low = Number(p.low24h);
  const high = Number(p.high24h);
  if (p.price == null || p.low24h == null || p.high24h == null || !(high > low)) return null;
  return Math.min(1, Math.max(0, (Number(p.price) - low) / (high - low)));
}

function matches(price, words) {
  const text = `${price.symbol} ${price.symbol.replace(/[:/]/g, '')} ${price.health}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function Range({ price }) {
  const at = rangeAt(price);
  if (at === null) return html`<span class="muted">–</span>`;
  const text = `low ${grouped(withPlaces(price.low24h, price.places))}, high ${grouped(withPlaces(price.high24h, price.places))}`;
  return html`<svg class="range" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${text}><title>${text}</title>
    <rect x="0" y="4" width="100" height="2" rx="1" class="range-track" /><rect x=${Math.round(at * 96)} y="1" width="4" height="8" rx="1" class="range-at" /></svg>`;
}

function Row({ symbol, pads, now, cut }) {
  const [price, setPrice] = useState(() => prices.bySymbol.get(symbol));
  const cell = useRef(null);
  useEffect(() => {
    setPrice(prices.bySymbol.get(symbol));
    return prices.subscribeRow(symbol, (next, old) => {
      setPrice(next);
      const flash = old?.price != null && next.price !== old.price && cell.current;
      if (!flash) return;
      // The sign of a move is read from numbers; what is shown stays the text.
      const kind = Number(next.price) > Number(old.price) ? 'flash-up' : 'flash-down';
      flash.classList.remove('flash-up', 'flash-down');
      void flash.offsetWidth; // Starts the animation anew.
      flash.classList.add(kind);
    });
  }, [symbol]);
  if (!price) return null;
  const { venue, pair } = splitSymbol(symbol);
  const direction = signOf(price.change24h ?? price.changePercent24h);
  const tone = direction > 0 ? 'up' : direction < 0 ? 'down' : 'flat';
  const arrow = direction > 0 ? '▲' : direction < 0 ? '▼' : '';
  const [base, ...rest] = pair.split('/');
  const href = `/chart/${symbolPath(symbol)}`;
  return html`<tr class="row row-${price.health}" onClick=${(e) => !e.target.closest('a') && !getSelection().toString() && go(href)} data-symbol=${symbol}>
    <th scope="row" class="c-symbol"><a class="row-link" href=${href}><span class="pair"><b>${base}</b>${rest.length ? html`<span class="quote">/${rest.join('/')}</span>` : ''}</span><span class="venue ${venue === 'demo' ? 'venue-demo' : ''}">${venue}</span></a></th>
    <td class="num c-price" ref=${cell}><span class="price-text">${grouped(withPlaces(price.price, price.places))}</span>${price.price == null ? '' : html`<span class="pad" aria-hidden="true">${decimalPad(withPlaces(price.price, price.places), pads.price)}</span>`}</td>
    <td class="num wide c-change ${tone}">${price.change24h == null ? '–' : html`${signed(withPlaces(price.change24h, price.places))}<span class="pad" aria-hidden="true">${decimalPad(withPlaces(price.change24h, price.places), pads.change)}</span>`}</td>
    <td class="num c-percent ${tone}"><span class="arrow" aria-hidden="true">${arrow}</span>${percent(price.changePercent24h)}</td>
    <td class="c-hour"><${Sparkline} symbol=${symbol} /></td>
    <td class="wide c-range"><${Range} price=${price} /></td>
    <td class="num wide c-volume" title=${price.volume24h == null ? '' : `${grouped(price.volume24h)} ${base}`}>${compact(price.volume24h)} <span class="unit">${base}</span></td>
    <td class="num wide c-age muted"><time title=${price.time == null ? 'No trade yet' : `${dateTime(price.time)} here, ${utcTitle(price.time)}`}>${ago(price.time, now)}</time></td>
    <td class="c-health"><${HealthDot} health=${cut ? 'stale' : price.health} /><span class="venue-phone" aria-hidden="true">${venue}</span></td>
  </tr>`;
}

function Head({ sort, descending, choose }) {
  return html`<thead><tr>${COLUMNS.map((column) => {
    const active = sort === column.id;
    const direction = active ? (descending ? 'descending' : 'ascending') : null;
    return html`<th scope="col" key=${column.id} class="c-${column.id} ${column.numeric ? 'num' : ''} ${column.wide ? 'wide' : ''}" aria-sort=${direction}>
      ${column.value
        ? html`<button type="button" class="sort ${active ? 'sort-on' : ''}" onClick=${() => choose(column)}>${column.name}<span aria-hidden="true">${active ? (descending ? '↓' : '↑') : ''}</span></button>`
        : column.name}
    </th>`;
  })}</tr></thead>`;
}

function moveFocus(step) {
  const links = [...document.querySelectorAll('.row-link')];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + step))].focus();
}

function Tiles({ all, cut }) {
  const counts = { live: 0, late: 0, filling: 0, down: 0 };
  for (const p of all) if (p.health in counts) counts[p.health] += 1;
  return html`<div class="pulse ${cut ? 'pulse-cut' : ''}" role="group" aria-label="Markets by the health of their data">
    ${Object.entries(counts).map(([health, n]) => html`<a key=${health} class="pulse-item ${n === 0 ? 'pulse-none' : ''}" href=${`/?q=${health}`} title=${`Show the ${health} ones`}><b>${n}</b> <${HealthDot} health=${health} /></a>`)}
  </div>`;
}

export function MarketsPage() {
  const { query } = useStore(router, (r) => r.current);
  const all = useStore(prices, (p) => p.all());
  const connection = useStore(socket, (s) => s.state);
  useTick(1000);
  const now = Date.now();
  const q = query.q ?? '';
  const sort = COLUMNS.find((c) => c.id === query.sort && c.value) ?? COLUMNS[0];
  const descending = (query.order ?? sort.start) === 'desc';
  const field = useRef(null);
  useEffect(() => bindKeys({ ArrowDown: () => moveFocus(1), ArrowUp: () => moveFocus(-1) }), []);

  // Order is taken once a second at most (by the tick above), so that rows do not jump under the pointer with every trade.
  const words = q.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const order = all
    .filter((p) => matches(p, words))
    .sort((a, b) => {
      // What was never heard of stands last, whatever the order.
      if ((a.price === null) !== (b.price === null)) return a.price === null ? 1 : -1;
      const [x, y] = [sort.value(a), sort.value(b)];
      const by = typeof x === 'string' ? x.localeCompare(y) : (Number.isFinite(x) ? x : -Infinity) - (Number.isFinite(y) ? y : -Infinity);
      return (descending ? -by : by) || a.symbol.localeCompare(b.symbol);
    });
  const pads = useMemo(() => ({
    price: Math.max(0, ...order.map((p) => p.places)),
    change: Math.max(0, ...order.map((p) => Math.max(p.places, places(p.change24h)))),
  }), [order.map((p) => `${p.places}.${places(p.change24h)}`).join()]);
  const choose = (column) => {
    const next = sort.id === column.id ? (descending ? 'asc' : 'desc') : column.start;
    setQuery({ sort: column.id, order: next });
  };

  const newest = Math.max(...all.map((p) => toMs(p.time)).filter(Number.isFinite));
  const quiet = Number.isFinite(newest) && connection.phase === 'open' && now - prices.heardAt > STALE_AFTER && now - newest > STALE_AFTER;
  let body;
  if (prices.error && !all.length) {
    body = html`<${ErrorBox} error=${prices.error} title="The markets could not be loaded" retry=${() => prices.retry()} />`;
  } else if (!prices.loaded && !all.length) {
    body = html`<${Skeleton} rows=${9} label="Loading markets" />`;
  } else if (!all.length) {
    body = html`<${Empty} title="No market is being ingested yet" glyph="plug">
      <p>Start with a generated market: <code>quantflow up --demo</code></p>
      <p>Or name real ones in <code>quantflow.toml</code>:</p>
      <pre>[ingest]
streams = ["binance:BTC/USDT", "binance:ETH/USDT"]</pre>
      <p>If they are named already, <a href="/data-health">data health</a> says what the connections are doing.</p>
    <//>`;
  } else if (!order.length) {
    body = html`<${Empty} title="No market matches" glyph="search"><p>Nothing for “${q}” among ${all.length} markets.</p>
      <p><button class="btn" type="button" onClick=${() => setQuery({ q: null })}>Clear the search</button></p><//>`;
  } else {
    body = html`<div class="table-wrap"><table class="markets ${connection.phase === 'reconnecting' ? 'dimmed' : ''}">
      <caption class="sr-only">Markets being ingested</caption>
      <${Head} sort=${sort.id} descending=${descending} choose=${choose} />
      <tbody>${order.map((p) => html`<${Row} key=${p.symbol} symbol=${p.symbol} pads=${pads} now=${now} cut=${connection.phase === 'reconnecting'} />`)}</tbody>
    </table></div>`;
  }
  return html`<section class="page markets-page" aria-labelledby="markets-title">
    <div class="page-head">
      <h1 id="markets-title">Markets</h1>
      ${all.length > 0 && html`<${Tiles} all=${all} cut=${connection.phase === 'reconnecting'} />`}
      <label class="search">${icon('search')}<span class="sr-only">Search markets</span>
        <input ref=${field} data-search type="search" placeholder="Search markets" autocomplete="off" spellcheck="false" value=${q}
          onInput=${(e) => setQuery({ q: e.target.value })}
          onKeyDown=${(e) => {
            if (e.key === 'Escape') e.target.value ? setQuery({ q: null }) : e.target.blur();
            if (e.key === 'Enter' && order.length) go(`/chart/${symbolPath(order[0].symbol)}`);
            if (e.key === 'ArrowDown') (e.preventDefault(), moveFocus(1));
          }} /><kbd aria-hidden="true">/</kbd></label>
    </div>
    ${quiet && html`<${StaleNote} since=${newest} />`}
    ${body}
  </section>`;
}
