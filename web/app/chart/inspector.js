// A candle that was clicked: every exact value, and where it came from.
import { html, useLoad, Skeleton, ErrorBox, icon } from '../ui.js';
import { get } from '../api.js';
import { dateTime, utcTitle, symbolPath, count } from '../format.js';
import { spoken } from './timeframes.js';

const FIELDS = [['open', 'Open'], ['high', 'High'], ['low', 'Low'], ['close', 'Close'], ['volume', 'Volume'], ['quoteVolume', 'Quote volume'], ['takerBuyVolume', 'Taker buys'], ['takerBuyQuoteVolume', 'Taker buys, quote'], ['trades', 'Trades'], ['firstTradeId', 'First trade'], ['lastTradeId', 'Last trade'], ['state', 'State'], ['revision', 'Revision']];

function Provenance({ symbol, timeframe, candle }) {
  const open = new Date(candle.ms).toISOString();
  const { data, error, retry } = useLoad(
    (signal) => get(`/candles/${encodeURIComponent(symbolPath(symbol))}/${encodeURIComponent(open)}/provenance`, { timeframe }, { signal }),
    [symbol, timeframe, candle.ms, candle.revision],
  );
  if (error && !data) return html`<${ErrorBox} compact error=${error} title="Its origin could not be loaded" retry=${retry} />`;
  if (!data) return html`<${Skeleton} rows=${3} label="Loading the candle's origin" />`;
  return html`<div class="origin">
    <h3>Revisions</h3>
    ${data.revisions?.length ? html`<ol class="revisions">${data.revisions.map((r) => html`<li key=${r.revision}><b>${r.revision}</b> <time title=${utcTitle(r.knowledgeTime)}>${dateTime(r.knowledgeTime)}</time><span class="muted">${r.reason}</span></li>`)}</ol>` : html`<p class="muted small">none recorded</p>`}
    <h3>Raw log</h3>
    ${data.ranges?.length ? html`<ul class="ranges mono">${data.ranges.map((r) => html`<li key=${`${r.log}${r.from}`}>${r.log} ${r.from}…${r.to}</li>`)}</ul>` : html`<p class="muted small">The raw records have expired, or this candle was imported.</p>`}
  </div>`;
}

export function Inspector({ symbol, timeframe, candle, close }) {
  return html`<aside class="inspector" aria-label="Candle">
    <div class="dialog-head"><h2><time title=${utcTitle(candle.ms)}>${dateTime(candle.ms)}</time> <span class="muted">${spoken(timeframe)}</span></h2>
      <button class="btn btn-icon" type="button" aria-label="Close" onClick=${close}>${icon('close')}</button></div>
    <dl class="facts">${FIELDS.filter(([id]) => candle[id] != null).map(([id, name]) => html`<div key=${id}><dt>${name}</dt><dd>${id === 'trades' ? count(candle[id]) : String(candle[id])}</dd></div>`)}
      <div><dt>Complete</dt><dd>${candle.complete ? 'yes' : candle.state === 'open' ? 'not yet' : html`<span class="gap-text">no: trades are missing</span>`}</dd></div></dl>
    <${Provenance} symbol=${symbol} timeframe=${timeframe} candle=${candle} />
    <p class="small"><a href=${`/data-health?symbol=${encodeURIComponent(symbol)}&day=${new Date(candle.ms).toISOString().slice(0, 10)}`}>Completeness of this day</a></p>
  </aside>`;
}
