// The frame around the pages: header, navigation, routes, the demo band, global keys.
import { html, render, useEffect, useState, useStore, Boundary, Skeleton, Empty, icon } from './ui.js';
import { router, go, interceptLinks } from './router.js';
import { bindKeys } from './keys.js';
import { theme } from './theme.js';
import { prices } from './prices.js';
import { ConnectionDot, ConnectionLine } from './connection.js';
import { HelpDialog, HelpPage } from './help.js';
import { MarketsPage } from './markets.js';

// The chart's library is the heaviest part: the first screen does not wait for it, and it is warm when a chart is opened.
const lazy = {
  chart: () => import('./chart/page.js').then((m) => m.ChartPage),
  health: () => import('./health/page.js').then((m) => m.HealthPage),
};

function LazyPage({ name, ...props }) {
  const [loaded, setLoaded] = useState({});
  const [error, setError] = useState(null);
  useEffect(() => {
    let gone = false;
    setError(null);
    lazy[name]().then((Page) => !gone && setLoaded({ name, Page }), (e) => !gone && setError(e));
    return () => (gone = true);
  }, [name]);
  if (error) throw error;
  if (loaded.name !== name) return html`<div class="page"><${Skeleton} rows=${8} /></div>`;
  return html`<${loaded.Page} ...${props} />`;
}

function Page({ path }) {
  if (path === '/') return html`<${MarketsPage} />`;
  if (path.startsWith('/chart/')) {
    const segment = decodeURIComponent(path.slice('/chart/'.length)).replaceAll('/', '-');
    return html`<${LazyPage} name="chart" segment=${segment} key=${segment} />`;
  }
  if (path === '/data-health') return html`<${LazyPage} name="health" />`;
  if (path === '/help') return html`<${HelpPage} />`;
  return html`<div class="page"><${Empty} title="There is no such page" glyph="search"><p>The address <code>${path}</code> leads nowhere.</p><p><a class="btn btn-primary" href="/">Go to the markets</a></p><//></div>`;
}

function NavLink({ href, active, name, children }) {
  return html`<a class="nav-link" href=${href} aria-current=${active ? 'page' : null}>${icon(name)}<span>${children}</span></a>`;
}

const THEME_ICONS = { system: 'auto', dark: 'moon', light: 'sun' };

function Header({ path, openHelp }) {
  const choice = useStore(theme, (t) => t.choice);
  return html`<header class="top">
    <a class="brand" href="/" aria-label="QuantFlow, markets"><img src="/assets/app/icon.svg" alt="" width="24" height="24" /><span>QuantFlow</span></a>
    <nav aria-label="Pages">
      <${NavLink} href="/" name="markets" active=${path === '/' || path.startsWith('/chart/')}>Markets<//>
      <${NavLink} href="/data-health" name="health" active=${path === '/data-health'}><span class="nav-more">Data </span>health<//>
    </nav>
    <div class="top-right">
      <${ConnectionDot} />
      <button class="btn btn-icon" type="button" title=${`Theme: ${choice} (t)`} aria-label=${`Theme: ${choice}. Change`} onClick=${() => theme.next()}>${icon(THEME_ICONS[choice])}</button>
      <button class="btn btn-icon" type="button" title="Keyboard and help (?)" aria-label="Keyboard and help" onClick=${openHelp}>${icon('help')}</button>
    </div>
  </header>`;
}

/** Generated data must never be mistaken for a market. */
function DemoBand({ path }) {
  const hasDemo = useStore(prices, (p) => p.all().some((price) => price.symbol.startsWith('demo:')));
  const onDemo = path.startsWith('/chart/demo:') || path.startsWith('/chart/demo%3A');
  if (path.startsWith('/chart/') ? !onDemo : !hasDemo) return null;
  return html`<div class="demo-band" role="note"><b>Demo market – generated data</b>${path.startsWith('/chart/') ? '' : html`<span class="demo-more"> Symbols that begin with <code>demo:</code> exist nowhere else.</span>`}</div>`;
}

function title(path) {
  if (path.startsWith('/chart/')) return null; // The chart keeps the price in the title.
  return { '/': 'Markets · QuantFlow', '/data-health': 'Data health · QuantFlow', '/help': 'Help · QuantFlow' }[path] ?? 'QuantFlow';
}

function App() {
  const { path } = useStore(router, (r) => r.current);
  const [help, setHelp] = useState(false);
  useEffect(() => {
    const text = title(path);
    if (text) document.title = text;
  }, [path]);
  useEffect(() => bindKeys({
    'g m': () => go('/'),
    'g h': () => go('/data-health'),
    t: () => theme.next(),
    '?': () => setHelp(true),
    '/': () => {
      const field = document.querySelector('[data-search]');
      if (field) field.focus();
      else {
        go('/');
        requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector('[data-search]')?.focus()));
      }
    },
  }), []);
  return html`<a class="skip" href="#main">Skip to the content</a>
    <${Header} path=${path} openHelp=${() => setHelp(true)} />
    <${DemoBand} path=${path} />
    <${ConnectionLine} />
    <main id="main" tabindex="-1"><${Boundary} key=${path}><${Page} path=${path} /><//></main>
    ${help && html`<${HelpDialog} close=${() => setHelp(false)} />`}`;
}

prices.start();
const root = document.getElementById('app');
root.replaceChildren();
render(html`<${App} />`, root);
interceptLinks(document.body);
setTimeout(() => lazy.chart().catch(() => {}), 1500);
