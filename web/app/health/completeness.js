// Completeness by symbol and day: a strip of days for each symbol; a day opens into its ranges with state, reason and since.
import { html, useEffect, useRef, useState, useStore, useLoad, Skeleton, Empty, ErrorBox, StaleNote, icon } from '../ui.js';
import { get, PoliteQueue } from '../api.js';
import { prices } from '../prices.js';
import { count, grouped, dateTime, utcTitle, utcDay, splitSymbol, symbolPath, toMs } from '../format.js';
import { VERDICTS, verdict, describe, missingIds } from './certificate.js';

const DAY = 86_400_000;
const SPANS = [14, 30, 90];
const queue = new PoliteQueue({ parallel: 3, perMinute: 45 });

function days(span, now = Date.now()) {
  const today = Math.floor(now / DAY) * DAY;
  return Array.from({ length: span }, (_, i) => utcDay(today - (span - 1 - i) * DAY));
}

const path = (symbol) => `/completeness/${encodeURIComponent(symbolPath(symbol))}`;

/** Certificates by day of one symbol, asked for once it is in sight, and again every minute. */
function useCertificates(symbol, span, element) {
  const [state, setState] = useState({ data: null, error: null, at: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    let asked = false;
    let waiting = false; // With many symbols a turn takes longer than a minute: one place in the queue is enough.
    const load = () => {
      if (waiting) return;
      waiting = true;
      ask().finally(() => (waiting = false));
    };
    const ask = () => queue.add(() => (abort.signal.aborted ? Promise.resolve(null) : get(path(symbol), { from: `${days(span)[0]}T00:00:00Z` }, { signal: abort.signal }))).then(
      (list) => list && !abort.signal.aborted && setState({ data: new Map(list.map((c) => [c.date.slice(0, 10), c])), error: null, at: Date.now() }),
      (error) => !abort.signal.aborted && setState((s) => ({ ...s, error })),
    );
    const sight = new IntersectionObserver((entries) => {
      if (!asked && entries.some((e) => e.isIntersecting)) {
        asked = true;
        load();
      }
    }, { rootMargin: '200px' });
    sight.observe(element.current);
    const timer = setInterval(() => asked && !document.hidden && load(), 60_000);
    return () => {
      abort.abort();
      sight.disconnect();
      clearInterval(timer);
    };
  }, [symbol, span, turn]);
  return { ...state, retry: () => setTurn((n) => n + 1) };
}

function Strip({ symbol, span, day, selected, choose }) {
  const row = useRef(null);
  const { data, error, at, retry } = useCertificates(symbol, span, row);
  const all = days(span);
  const today = all.at(-1);
  const { venue, pair } = splitSymbol(symbol);
  const worst = data && all.map((d) => verdict(data.get(d), today)).reduce((n, v) => n + (v === 'open' || v === 'unfillable' || v === 'different' ? 1 : 0), 0);
  // One stop of the tab key a strip; arrows move along the days, as in a calendar.
  const focusable = selected && day && all.includes(day) ? day : today;
  const onKey = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -span, End: span }[event.key];
    if (!step || !event.target.dataset.day) return;
    event.preventDefault();
    const cells = [...event.currentTarget.querySelectorAll('[data-day]')];
    cells[Math.max(0, Math.min(span - 1, cells.indexOf(event.target) + step))].focus();
  };
  return html`<div class="strip-row ${selected ? 'strip-on' : ''}" ref=${row} data-strip=${symbol}>
    <a class="strip-name" href=${`/data-health?symbol=${encodeURIComponent(symbol)}${span === 30 ? '' : `&days=${span}`}`}><b>${pair}</b> <span class="venue ${venue === 'demo' ? 'venue-demo' : ''}">${venue}</span></a>
    ${error && !data
      ? html`<span class="strip-error down">${error.message} ${error.requestId && html`<code>${error.requestId}</code>`} <button class="btn btn-small" type="button" onClick=${retry}>Try again</button></span>`
      : html`<div class="strip ${data ? '' : 'strip-loading'} strip-${span}" role="group" aria-label=${`${symbol}: completeness of the last ${span} days`} onKeyDown=${onKey}>
        ${all.map((d) => {
          const kind = data ? verdict(data.get(d), today) : 'none';
          return html`<button key=${d} type="button" data-day=${d} class="cell cell-${kind}" tabindex=${d === focusable ? 0 : -1} disabled=${!data} aria-pressed=${selected && d === day ? 'true' : 'false'}
            title=${data ? describe(d, data.get(d), today) : 'loading'} aria-label=${data ? describe(d, data.get(d), today) : `${d} loading`} onClick=${() => choose({ symbol, day: d })}>${VERDICTS[kind].glyph}</button>`;
        })}</div>`}
    <span class="strip-sum num small ${worst ? 'gap-text' : 'muted'}">${!data ? '' : worst ? `${worst} ${worst === 1 ? 'day' : 'days'} to look at` : 'complete'}${error && data ? html` <span class="down" title=${`${error.message} ${error.requestId ?? ''}`}>stale since ${dateTime(at).slice(11)}</span>` : ''}</span>
  </div>`;
}

const STATE_TONE = { found: 'filling', filled: 'live', unfillable: 'down' };

function Ranges({ rows, symbol }) {
  return html`<div class="table-wrap"><table class="plain cards" id="ranges"><caption class="sr-only">Missing ranges</caption>
    <thead><tr><th scope="col">Day</th><th scope="col">State</th><th scope="col" class="num">From id</th><th scope="col" class="num">To id</th><th scope="col" class="num">Trades</th><th scope="col">Reason</th><th scope="col">Since</th><th scope="col"><span class="sr-only">Chart</span></th></tr></thead>
    <tbody>${rows.map(({ date, range }) => html`<tr key=${`${date}${range.from}`}>
      <th scope="row" data-label="Day">${date}</th>
      <td data-label="State"><span class="health health-${STATE_TONE[range.state] ?? 'unknown'}"><i class="dot" aria-hidden="true"></i>${range.state}</span></td>
      <td class="num mono" data-label="From id">${String(range.from)}</td><td class="num mono" data-label="To id">${String(range.to)}</td>
      <td class="num" data-label="Trades">${missingIds(range) === null ? '–' : grouped(String(missingIds(range)))}</td>
      <td data-label="Reason" class="reason">${range.reason ?? '–'}</td>
      <td data-label="Since"><time title=${utcTitle(range.since)}>${dateTime(range.since, false)}</time></td>
      <td data-label=""><a href=${`/chart/${symbolPath(symbol)}?at=${encodeURIComponent(new Date(toMs(range.since)).toISOString())}`}>chart</a></td>
    </tr>`)}</tbody></table></div>`;
}

function Fact({ name, children }) {
  return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Detail({ symbol, day, span, choose }) {
  const load = useLoad((signal) => get(path(symbol), { from: `${days(span)[0]}T00:00:00Z` }, { signal }), [symbol, span], { every: 30_000 });
  const { data, error, at, retry } = load;
  const today = utcDay(Date.now());
  let body;
  if (error && !data) body = html`<${ErrorBox} compact error=${error} title="The certificates could not be loaded" retry=${retry} />`;
  else if (!data) body = html`<${Skeleton} rows=${5} label="Loading certificates" />`;
  else {
    const shown = data.filter((c) => !day || c.date.slice(0, 10) === day);
    const rows = shown.flatMap((c) => (c.missing ?? []).map((range) => ({ date: c.date.slice(0, 10), range }))).reverse();
    const sum = (f) => shown.reduce((n, c) => n + Number(f(c) ?? 0), 0);
    const [one] = shown;
    body = html`${error && html`<${StaleNote} since=${at} error=${error} retry=${retry} />`}
      ${!shown.length
        ? html`<${Empty} title=${day ? `Nothing is known of ${day}` : 'Nothing is known of this symbol yet'} glyph="calendar"><p>No trade of it was received or imported ${day ? 'on that day' : 'in this time'}. To load it: <code>quantflow import FILE --kind trades …</code> or start a backfill.</p><//>`
        : html`<dl class="facts-row">
          <${Fact} name="Trades">${count(sum((c) => c.count))}<//>
          ${day && html`<${Fact} name="First id"><span class="mono">${String(one.firstId ?? '–')}</span><//><${Fact} name="Last id"><span class="mono">${String(one.lastId ?? '–')}</span><//>`}
          <${Fact} name="Ranges">${rows.length}<//>
          <${Fact} name="Duplicates dropped">${count(sum((c) => c.duplicates))}<//>
          <${Fact} name="Quarantined">${count(sum((c) => c.quarantined))}<//>
          <${Fact} name=${`Equal to the venue’s ${one.reconciled?.timeframe ?? ''} candles`}>${count(sum((c) => c.reconciled?.equal))}<//>
          <${Fact} name="Different"><span class=${sum((c) => c.reconciled?.different) ? 'down' : ''}>${count(sum((c) => c.reconciled?.different))}</span><//>
          <${Fact} name="Not compared">${count(sum((c) => c.reconciled?.notCompared))}<//>
        </dl>
        ${rows.length ? html`<${Ranges} rows=${rows} symbol=${symbol} />` : html`<p class="good-note">${icon('shield')} ${day ? VERDICTS[verdict(one, today)].word : 'complete'}: no range of ids is missing.</p>`}`}`;
  }
  return html`<div class="detail" id="detail" aria-live="polite">
    <div class="panel-head"><h3 class="detail-title">${symbol}${day ? ` on ${day} UTC` : `, last ${span} days`}</h3>
      ${day && html`<button class="btn btn-small" type="button" onClick=${() => choose({ day: null })}>All days</button>`}
      <a class="btn btn-small" href=${`/chart/${symbolPath(symbol)}${day ? `?at=${day}T12:00Z` : ''}`}>Chart</a>
      <button class="btn btn-icon push" type="button" aria-label="Close" onClick=${() => choose({ symbol: null, day: null })}>${icon('close')}</button></div>
    ${body}</div>`;
}

export function Completeness({ query, Section, choose }) {
  const all = useStore(prices, (p) => p.all().map((x) => x.symbol).sort());
  const { loaded, error } = prices;
  const span = SPANS.includes(Number(query.days)) ? Number(query.days) : 30;
  const day = /^\d{4}-\d\d-\d\d$/.test(query.day ?? '') ? query.day : null;
  const symbol = query.symbol || null;
  const shown = symbol && !all.includes(symbol) ? [symbol, ...all] : all;
  const aside = html`<span class="spans" role="group" aria-label="Days shown">${SPANS.map((s) => html`<button key=${s} class="tf" type="button" aria-pressed=${s === span ? 'true' : 'false'} onClick=${() => choose({ days: s === 30 ? null : s })}>${s} d</button>`)}</span>`;
  let body;
  if (error && !shown.length) body = html`<${ErrorBox} compact error=${error} title="The symbols could not be loaded" retry=${() => prices.retry()} />`;
  else if (!loaded && !shown.length) body = html`<${Skeleton} rows=${6} label="Loading symbols" />`;
  else if (!shown.length) body = html`<${Empty} title="No symbol has data yet" glyph="calendar"><p>Completeness appears with the first trade. Try <code>quantflow up --demo</code>.</p><//>`;
  else {
    body = html`<div class="strips">${shown.map((s) => html`<div key=${s}><${Strip} symbol=${s} span=${span} day=${day} selected=${s === symbol} choose=${choose} />
        ${s === symbol && html`<${Detail} symbol=${s} day=${day} span=${span} choose=${choose} />`}</div>`)}</div>
      <ul class="key" aria-label="Signs">${Object.entries(VERDICTS).map(([kind, v]) => html`<li key=${kind}><i class="cell cell-${kind}" aria-hidden="true">${v.glyph}</i> ${v.word}</li>`)}</ul>`;
  }
  return html`<${Section} id="completeness" title="Completeness by symbol and UTC day" aside=${aside}>${body}<//>`;
}
