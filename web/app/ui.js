// The view library, and the states that every page shares: loading, empty, error and stale.
import { html, render, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useErrorBoundary } from '../vendor/htm-preact.standalone.mjs';
import { clockTime, symbolPath, utcTitle } from './format.js';
import { icon } from './icons.js';

export { html, render, useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useErrorBoundary, icon };

/** Re-renders when `store` (anything with `subscribe(fn) → off`) says so, and returns `read()`. */
export function useStore(store, read) {
  const [, bump] = useState(0);
  useEffect(() => {
    bump((n) => n + 1); // What changed between the first render and this subscription would be missed.
    return store.subscribe(() => bump((n) => n + 1));
  }, [store]);
  return read(store);
}

/** A number that changes every `ms`, for what must age on screen ("4 s ago") without any event. */
export function useTick(ms) {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setTick((n) => n + 1);
    }, ms);
    return () => clearInterval(timer);
  }, [ms]);
  return tick;
}

/**
 * Runs `load(signal)` when `keys` change and keeps what it gave.
 * A reload keeps the old data on screen: an error then shows beside it, as stale, not instead of it.
 */
export function useLoad(load, keys, { every } = {}) {
  const [state, setState] = useState({ data: undefined, error: null, loading: true, at: null });
  const [turn, setTurn] = useState(0);
  const keyText = JSON.stringify(keys);
  const lastKey = useRef(keyText);
  useEffect(() => {
    const abort = new AbortController();
    const sameThing = lastKey.current === keyText;
    lastKey.current = keyText;
    setState((s) => ({ ...(sameThing ? s : { data: undefined, at: null }), error: sameThing ? s.error : null, loading: true }));
    load(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, error: null, loading: false, at: Date.now() }),
      (error) => !abort.signal.aborted && setState((s) => ({ ...s, error, loading: false })),
    );
    return () => abort.abort();
  }, [keyText, turn]);
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => !document.hidden && setTurn((n) => n + 1), every);
    return () => clearInterval(timer);
  }, [every]);
  return { ...state, retry: () => setTurn((n) => n + 1) };
}

/** Grey lines in the shape of what is coming. */
export function Skeleton({ rows = 6, label = 'Loading', kind = 'rows' }) {
  return html`<div class="skeleton skeleton-${kind}" role="status" aria-label=${label}>
    ${Array.from({ length: rows }, (_, i) => html`<span class="bone" key=${i}></span>`)}
    <span class="sr-only">${label}…</span>
  </div>`;
}

/** Nothing to show: says why and what to do. */
export function Empty({ title, children, glyph = 'inbox' }) {
  return html`<div class="state state-empty" role="status">
    <span class="state-glyph">${icon(glyph)}</span>
    <h2>${title}</h2>
    <div class="state-text">${children}</div>
  </div>`;
}

/** What went wrong, the request's id to quote, and a way to try again. */
export function ErrorBox({ error, retry, title = 'This could not be loaded', compact = false }) {
  const { suggestions = [], ...others } = error?.details ?? {};
  const details = Object.keys(others).length ? JSON.stringify(others) : null;
  return html`<div class="state state-error ${compact ? 'state-compact' : ''}" role="alert">
    <span class="state-glyph">${icon('alert')}</span>
    <h2>${title}</h2>
    <div class="state-text">
      <p>${error?.message ?? 'unknown error'}</p>
      ${suggestions.length > 0 && html`<p>Did you mean ${suggestions.map((s, i) => html`${i ? ', ' : ''}<a href=${`/chart/${symbolPath(String(s))}`}>${String(s)}</a>`)}?</p>`}
      ${details && html`<p class="mono small">${details}</p>`}
      <p class="small muted">
        ${error?.code && html`<code>${error.code}</code>`}
        ${error?.requestId && html` request <code class="request-id">${error.requestId}</code>`}
      </p>
    </div>
    ${retry && html`<button class="btn btn-primary" type="button" onClick=${retry}>${icon('refresh')} Try again</button>`}
  </div>`;
}

/** A thin line above data that is older than it should be. */
export function StaleNote({ since, error, retry }) {
  return html`<div class="note note-stale" role="status">
    ${icon('clock')}
    <span>Stale since <time title=${utcTitle(since)}>${clockTime(since)}</time>${error ? html`: ${error.message}` : ''}
      ${error?.requestId && html` <span class="small">(request <code>${error.requestId}</code>)</span>`}</span>
    ${retry && html`<button class="btn btn-small" type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

// `stale` is the page's own word: the live connection is cut, so nobody knows.
const HEALTH_WORDS = { live: 'live', late: 'late', filling: 'filling', down: 'down', stale: 'stale' };

/** A dot and a word: the dot's shape differs by state as well, so that colour is never the only sign. */
export function HealthDot({ health }) {
  const word = HEALTH_WORDS[health] ?? 'unknown';
  return html`<span class="health health-${word}"><i class="dot" aria-hidden="true"></i>${word}</span>`;
}

/** One page's failure must not take the others: shows the error and a way on. */
export function Boundary({ children }) {
  const [error, reset] = useErrorBoundary();
  if (error) {
    return html`<${ErrorBox} title="The page broke" error=${{ message: String(error.message ?? error), code: 'CLIENT_ERROR' }} retry=${reset} />`;
  }
  return children;
}
