// What the dashboard is, its keys, and who made its third-party parts.
import { html, useEffect, useRef, icon } from './ui.js';
import { KEY_HELP } from './keys.js';

function Keys() {
  return html`<div class="keys">
    ${KEY_HELP.map(([group, rows]) => html`<section key=${group}>
      <h3>${group}</h3>
      <dl>${rows.map(([key, what]) => html`<div key=${key}><dt>${key.split(' ').map((k) => (k === '…' ? ' … ' : html`<kbd>${k}</kbd>`))}</dt><dd>${what}</dd></div>`)}</dl>
    </section>`)}
  </div>`;
}

/** The dialog that `?` opens. */
export function HelpDialog({ close }) {
  const ref = useRef(null);
  useEffect(() => {
    ref.current.showModal();
  }, []);
  return html`<dialog ref=${ref} class="dialog" aria-labelledby="help-title" onClose=${close}
      onClick=${(e) => e.target === ref.current && ref.current.close()}>
    <div class="dialog-head">
      <h2 id="help-title">Keyboard</h2>
      <button class="btn btn-icon" type="button" aria-label="Close" onClick=${() => ref.current.close()}>${icon('close')}</button>
    </div>
    <${Keys} />
    <p class="small"><a href="/help" onClick=${() => ref.current.close()}>More about the signs and the parts of this dashboard</a></p>
  </dialog>`;
}

/** The help page. */
export function HelpPage() {
  return html`<article class="page help-page">
    <h1>Help</h1>
    <${Keys} />
    <h2>Signs</h2>
    <dl class="signs">
      <div><dt><span class="health health-live"><i class="dot"></i>live</span></dt><dd>Trades arrive within the venue’s usual pace.</dd></div>
      <div><dt><span class="health health-late"><i class="dot"></i>late</span></dt><dd>Connected, but data is slower or more silent than it should be.</dd></div>
      <div><dt><span class="health health-filling"><i class="dot"></i>filling</span></dt><dd>A hole was found and is being fetched; newer data keeps flowing.</dd></div>
      <div><dt><span class="health health-down"><i class="dot"></i>down</span></dt><dd>No connection to the venue. What is shown is the last that was known.</dd></div>
      <div><dt><b class="up">▲</b> <b class="down">▼</b></dt><dd>Up and down carry a sign and an arrow beside their colour.</dd></div>
      <div><dt><b class="mark-revised">◆</b> revised</dt><dd>A candle that changed after it closed, because a late or repaired trade belongs to it. The legend names the revision.</dd></div>
      <div><dt><b class="mark-incomplete">▯</b> incomplete</dt><dd>A hollow candle lacks trades that are known to be missing.</dd></div>
      <div><dt><b class="mark-gap">▨</b> gap</dt><dd>Hatched time on the chart has no candle: nothing is drawn across it.</dd></div>
    </dl>
    <p>Times are in your own zone; point at one for UTC. Days of completeness are UTC days.</p>
    <h2>Elsewhere</h2>
    <p><a href="/docs" target="_blank" rel="noopener">API documentation</a> · <a href="/openapi.json" target="_blank" rel="noopener">OpenAPI</a> · <a href="/metrics" target="_blank" rel="noopener">Metrics</a> · <a href="/health" target="_blank" rel="noopener">Health as JSON</a></p>
    <h2>Third-party parts</h2>
    <p>TradingView Lightweight Charts™, Copyright © 2026 TradingView, Inc. <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">https://www.tradingview.com/</a>
      (<a href="/assets/vendor/lightweight-charts.LICENSE" target="_blank">Apache-2.0</a>, <a href="/assets/vendor/lightweight-charts.NOTICE" target="_blank">notice</a>; with fancy-canvas, <a href="/assets/vendor/fancy-canvas.LICENSE" target="_blank">MIT</a>).
      Preact (<a href="/assets/vendor/preact.LICENSE" target="_blank">MIT</a>). htm (<a href="/assets/vendor/htm.LICENSE" target="_blank">Apache-2.0</a>).</p>
  </article>`;
}
