// The chart page: ties the feed, the drawing, the indicators and the toolbar to the address.
import { html, useEffect, useRef, useState, useStore, useLoad, Skeleton, Empty, ErrorBox } from '../ui.js';
import { router, setQuery } from '../router.js';
import { bindKeys } from '../keys.js';
import { get } from '../api.js';
import { prices } from '../prices.js';
import { socket } from '../socket.js';
import { withPlaces, grouped, splitSymbol, symbolFromPath, symbolPath, toMs } from '../format.js';
import { ChartView } from './view.js';
import { Feed } from './feed.js';
import { Indicators } from './indicators.js';
import { Legends, Signal } from './legend.js';
import { IndicatorDialog } from './picker.js';
import { Inspector } from './inspector.js';
import { Compare } from './compare.js';
import { Market, Timeframes, GoToDate, ComparePicker, Tool } from './toolbar.js';
import { parseSet, canonical } from './specs.js';
import { TIMEFRAMES, QUICK, DEFAULT_TIMEFRAME, spoken } from './timeframes.js';

const number = (text, low, high) => (/^\d+$/.test(text ?? '') ? Math.min(high, Math.max(low, Number(text))) : undefined);

/** What the address asks for; what it gets wrong falls back instead of breaking a shared link. */
function wishes(query) {
  const at = query.at ? toMs(query.at) : NaN;
  return {
    timeframe: TIMEFRAMES.includes(query.tf) ? query.tf : DEFAULT_TIMEFRAME,
    set: parseSet(query.set),
    log: query.scale === 'log',
    at: Number.isFinite(at) ? at : null,
    bars: number(query.bars, 50, 5000),
    cmp: (query.cmp ?? '').split(',').filter((s) => s.includes(':')),
  };
}

export function ChartPage({ segment }) {
  const { query } = useStore(router, (r) => r.current);
  useStore(prices, (p) => p.loaded);
  const symbol = prices.fromPath(segment) ?? symbolFromPath(segment);
  const { timeframe, set, log, at, bars, cmp } = wishes(query);
  const catalogue = useLoad((signal) => get('/indicators', {}, { signal }), []);
  const connection = useStore(socket, (s) => s.state.phase);

  const box = useRef(null);
  const frame = useRef(null);
  const chart = useRef({ view: null, feed: null, indicators: null, compare: null }).current;
  const hover = useRef(new Signal(null)).current;
  const layout = useRef(new Signal(0)).current;
  const [state, setState] = useState({ phase: 'loading', error: null });
  const [turn, setTurn] = useState(0);
  const [notice, setNotice] = useState(null);
  const [inSight, setInSight] = useState(true);
  const [dialog, setDialog] = useState(null);
  const [picked, setPicked] = useState(null);
  const [full, setFull] = useState(false);

  // The drawing lives as long as the page.
  useEffect(() => {
    chart.view = new ChartView(box.current, {
      hover: (ms) => hover.set(ms),
      edge: (side) => (chart.feed?.[side](), chart.compare?.edge(side)),
      latest: setInSight,
      pick: (ms) => chart.feed?.book.at(ms) && setPicked(ms),
    });
    const onFull = () => setFull(document.fullscreenElement === frame.current);
    document.addEventListener('fullscreenchange', onFull);
    return () => {
      document.removeEventListener('fullscreenchange', onFull);
      chart.feed?.close();
      chart.indicators?.close({ viewGone: true });
      chart.compare?.close({ viewGone: true });
      chart.view.destroy();
      chart.feed = chart.view = chart.indicators = chart.compare = null;
    };
  }, []);

  // One feed a symbol, timeframe and date.
  useEffect(() => {
    setState({ phase: 'loading', error: null });
    setNotice(null);
    setPicked(null);
    let pending = null;
    const flush = () => {
      pending = null;
      layout.touch();
      hover.touch();
    };
    const feed = new Feed({ symbol, timeframe, at, bars }, (event) => {
      const { view, indicators } = chart;
      if (!view || chart.feed !== feed) return;
      switch (event.kind) {
        case 'loaded':
          view.show(feed.book, timeframe);
          if (at !== null) view.center(at);
          setState({ phase: feed.book.list.length ? 'ready' : 'empty', error: null });
          layout.set(layout.value + 1);
          requestAnimationFrame(() => performance.measure('quantflow:candles', { start: 'quantflow:candles:received', detail: event.count }));
          indicators?.candlesLoaded();
          chart.compare?.redraw();
          break;
        case 'older':
        case 'newer':
          if (event.added > 0) {
            view.draw({ keep: true });
            indicators?.redraw();
            chart.compare?.redraw();
            indicators?.page(event.kind === 'older' ? { to: event.to } : { from: event.from }, event.added + 1);
          }
          break;
        case 'live':
          if (state.phase !== 'ready') setState((s) => (s.phase === 'empty' ? { phase: 'ready', error: null } : s));
          setNotice((n) => (n?.where === 'live' ? null : n));
          if (event.change === 'tail') view.tail(event.touched);
          else {
            view.draw({ keep: view.slots.length > 0 });
            indicators?.redraw();
            chart.compare?.redraw();
          }
          indicators?.live(event.caughtUp ? Math.min(5000, event.touched.length + 4) : undefined);
          pending ??= requestAnimationFrame(flush);
          break;
        case 'error':
          if (event.where === 'start') setState({ phase: 'error', error: event.error });
          else setNotice({ where: event.where, error: event.error });
          break;
        default:
      }
    });
    chart.feed = feed;
    feed.start();
    return () => {
      cancelAnimationFrame(pending);
      feed.close();
      chart.indicators?.close();
      chart.indicators = null;
    };
  }, [symbol, timeframe, at, bars, turn]);

  // Indicators of this feed, once the catalogue says which of them lie over the price.
  useEffect(() => {
    if (!catalogue.data) return undefined;
    const indicators = new Indicators({
      view: chart.view, feed: chart.feed, symbol, timeframe, catalogue: catalogue.data,
      changed: () => layout.set(layout.value + 1),
      failed: (error) => setNotice({ where: 'indicators', error }),
    });
    chart.indicators = indicators;
    indicators.want(set);
    if (chart.feed.book.list.length) indicators.candlesLoaded();
    return () => {
      indicators.close({ viewGone: chart.view === null });
      if (chart.indicators === indicators) chart.indicators = null;
    };
  }, [catalogue.data, symbol, timeframe, at, bars, turn]);

  // Compared markets have feeds of their own, of the same timeframe and date.
  useEffect(() => {
    const compare = new Compare({
      view: chart.view, options: { timeframe, at, bars },
      changed: () => layout.set(layout.value + 1),
      failed: (other, error) => setNotice({ where: 'page', error: { ...error, message: `${other}: ${error.message}`, requestId: error.requestId } }),
    });
    chart.compare = compare;
    compare.want(cmp);
    return () => {
      compare.close({ viewGone: chart.view === null });
      if (chart.compare === compare) chart.compare = null;
    };
  }, [symbol, timeframe, at, bars]);

  useEffect(() => chart.indicators?.want(set), [set.join()]);
  useEffect(() => chart.compare?.want(cmp), [cmp.join()]);
  useEffect(() => chart.view.setScale(cmp.length ? 'percent' : log ? 'log' : 'normal'), [log, cmp.length > 0]);
  useEffect(() => {
    const { pair, venue } = splitSymbol(symbol);
    const name = () => {
      const price = prices.bySymbol.get(symbol);
      document.title = `${price?.price != null ? `${grouped(withPlaces(price.price, price.places))} ` : ''}${pair} ${venue === 'demo' ? 'demo ' : ''}${timeframe} · QuantFlow`;
    };
    name();
    return prices.subscribeRow(symbol, name);
  }, [symbol, timeframe]);

  const chooseTimeframe = (tf) => setQuery({ tf: tf === DEFAULT_TIMEFRAME ? null : tf }, { push: true });
  const setSet = (texts) => setQuery({ set: texts.join(',') }, { push: true });
  const add = (text) => !set.some((s) => canonical(s) === canonical(text)) && setSet([...set, text]);
  const remove = (text) => setSet(set.filter((s) => canonical(s) !== canonical(text)));
  const replace = (old, text) => setSet([...new Set(set.map((s) => (canonical(s) === canonical(old) ? text : s)))]);
  const latest = () => (chart.feed.attached ? chart.view.latest() : setQuery({ at: null }, { push: true }));
  const goTo = (ms) => setQuery({ at: new Date(ms).toISOString().replace(/:00\.000Z$/, 'Z').replace(/\.000Z$/, 'Z') }, { push: true });
  const toggleFull = () => (document.fullscreenElement ? document.exitFullscreen() : frame.current.requestFullscreen().catch(() => setNotice({ where: 'page', error: { message: 'this browser does not allow full screen here' } })));
  const save = () => chart.view.screenshot().toBlob((blob) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${symbolPath(symbol).replace(':', '_')}_${timeframe}_${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });

  const actions = useRef({});
  actions.current = { chooseTimeframe, latest, toggleFull, save, log };
  useEffect(() => bindKeys({
    ...Object.fromEntries(QUICK.map((tf, i) => [String(i + 1), () => actions.current.chooseTimeframe(tf)])),
    i: () => setDialog({ editing: null }),
    l: () => setQuery({ scale: actions.current.log ? null : 'log' }),
    d: () => document.getElementById('date-menu').showPopover(),
    c: () => document.getElementById('compare-menu').showPopover(),
    f: () => actions.current.toggleFull(),
    s: () => actions.current.save(),
    End: () => actions.current.latest(),
    ArrowLeft: (e) => chart.view.scroll(e.shiftKey ? -50 : -5),
    ArrowRight: (e) => chart.view.scroll(e.shiftKey ? 50 : 5),
    '+': () => chart.view.zoom(0.8), '-': () => chart.view.zoom(1.25),
    Escape: () => setPicked(null),
  }), []);

  const candle = picked === null ? null : chart.feed?.book.at(picked);
  const loading = state.phase === 'loading';
  return html`<section class="chart-page" ref=${frame} aria-label=${`Chart of ${symbol}`}>
    <div class="chart-head">
      <${Market} symbol=${symbol} />
      <div class="chart-tools">
        <${Timeframes} timeframe=${timeframe} choose=${chooseTimeframe} />
        <${Tool} name="indicator" label="Indicators (i)" text="Indicators" onClick=${() => setDialog({ editing: null })} />
        <${ComparePicker} symbol=${symbol} chosen=${cmp} change=${(list) => setQuery({ cmp: list.join(',') }, { push: true })} />
        <button class="btn btn-tool" type="button" aria-pressed=${log ? 'true' : 'false'} title="Logarithmic scale (l)" onClick=${() => setQuery({ scale: log ? null : 'log' })}>log</button>
        <${GoToDate} goTo=${goTo} latest=${latest} />
        <${Tool} name="camera" label="Save an image (s)" onClick=${save} />
        <${Tool} name=${full ? 'shrink' : 'expand'} label="Full screen (f)" pressed=${full} onClick=${toggleFull} />
      </div>
    </div>
    ${notice && html`<div class="note note-stale" role="status"><span>${notice.where === 'older' ? 'Older candles could not be loaded: ' : notice.where === 'indicators' ? 'Indicators: ' : ''}${notice.error.message}${notice.error.requestId ? html` (request <code>${notice.error.requestId}</code>)` : ''}</span>
      <button class="btn btn-small" type="button" onClick=${() => (setNotice(null), ['indicators', 'live'].includes(notice.where) ? setTurn(turn + 1) : notice.where === 'older' ? chart.feed.older() : null)}>${notice.where === 'page' ? 'Close' : 'Try again'}</button></div>`}
    <div class="chart-body">
      <div class="chart-area" data-phase=${state.phase} data-timeframe=${timeframe}>
        <div class="chart-box ${connection === 'reconnecting' ? 'chart-stale' : ''} ${state.phase === 'ready' ? '' : 'chart-hidden'}" ref=${box} role="img" aria-label=${`Candles of ${symbol}, ${spoken(timeframe)} each. The legend reads out the values.`}></div>
        ${state.phase === 'ready' && chart.view && html`<${Legends} hover=${hover} layout=${layout} chart=${chart} timeframe=${timeframe} edit=${(item) => setDialog({ editing: item.text })} remove=${(item) => remove(item.text)} uncompare=${(other) => setQuery({ cmp: cmp.filter((s) => s !== other).join(',') }, { push: true })} />`}
        ${loading && html`<div class="chart-cover"><${Skeleton} rows=${26} kind="chart" label="Loading candles" /></div>`}
        ${state.phase === 'error' && html`<div class="chart-cover"><${ErrorBox} error=${state.error} title="The candles could not be loaded" retry=${() => setTurn(turn + 1)} /></div>`}
        ${state.phase === 'empty' && html`<div class="chart-cover"><${Empty} title="No candles yet" glyph="clock"><p>Nothing is stored for <code>${symbol}</code> at ${spoken(timeframe)}${at === null ? '' : ' around that date'}.</p>
          <p>The first candle appears with the first trade. To load the past: <code>quantflow import FILE --kind trades --venue … --symbol …</code></p><p>${at !== null && html`<button class="btn" type="button" onClick=${() => setQuery({ at: null })}>Latest candles</button>`} <a class="btn" href=${`/data-health?symbol=${encodeURIComponent(symbol)}`}>Look at its data health</a></p><//></div>`}
        ${state.phase === 'ready' && !inSight && html`<button class="btn to-latest" type="button" onClick=${latest} title="Latest candle (End)">Latest ›</button>`}
      </div>
      ${candle && html`<${Inspector} symbol=${symbol} timeframe=${timeframe} candle=${candle} close=${() => setPicked(null)} />`}
    </div>
    <p class="attribution">Chart by <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView</a> Lightweight Charts™ · times ${['1d', '3d', '1w', '1M'].includes(timeframe) ? 'in UTC' : `in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`}</p>
    ${dialog && html`<${IndicatorDialog} catalogue=${catalogue} chosen=${set} editing=${dialog.editing} add=${add} replace=${replace} remove=${remove} close=${() => setDialog(null)} />`}
  </section>`;
}
