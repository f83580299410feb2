// Data health: from "something is wrong" to its cause in three clicks: summary → symbol and day → range with its reason.
import { html, useStore, useLoad, useTick, Skeleton, ErrorBox, StaleNote, icon } from '../ui.js';
import { get, getHealth } from '../api.js';
import { router, setQuery } from '../router.js';
import { prices } from '../prices.js';
import { ago, count, millis, utcTitle, dateTime } from '../format.js';
import { Connections } from './connections.js';
import { Completeness } from './completeness.js';
import { Quarantine } from './quarantine.js';

const REFRESH_MS = 5000;

const STATUS = { healthy: ['live', 'healthy'], degraded: ['late', 'degraded'], unhealthy: ['down', 'unhealthy'] };

function Status({ status }) {
  const [tone, word] = STATUS[status] ?? ['unknown', status];
  return html`<span class="health health-${tone}"><i class="dot" aria-hidden="true"></i>${word}</span>`;
}

function Services({ load }) {
  const { data, error, retry } = load;
  if (error && !data) return html`<${ErrorBox} compact error=${error} title="The server’s health could not be read" retry=${retry} />`;
  if (!data) return html`<${Skeleton} rows=${2} label="Loading services" />`;
  return html`<ul class="services">${Object.entries(data.services).map(([name, s]) => html`<li key=${name} class="service service-${s.status}">
    <b>${name}</b> <${Status} status=${s.status} /><span class="muted num">${millis(s.latency)}</span>
    ${s.error && html`<p class="small">${s.error}</p>`}</li>`)}</ul>`;
}

function Tile({ name, value, sub, tone, href }) {
  return html`<a class="tile tile-${tone}" href=${href}><span class="tile-name">${name}</span><b class="tile-value">${value}</b><span class="tile-sub">${sub}</span></a>`;
}

/** What stands below a figure that is not there: still asked for, or refused. */
const without = (load) => (load.error ? 'not known: see below' : 'asking');

/** Four figures that say where to look. */
function Summary({ health, connections, quarantine }) {
  const markets = useStore(prices, (p) => p.all());
  const by = (h) => markets.filter((m) => m.health === h).length;
  const list = connections.data ?? [];
  const up = list.filter((c) => c.state === 'connected').length;
  const lags = list.map((c) => c.lagMs).filter((l) => l != null);
  const held = (quarantine.data ?? []).reduce((n, q) => n + (q.count ?? 1), 0);
  const status = health.data?.status;
  const bad = markets.length - by('live');
  return html`<nav class="tiles" aria-label="Summary">
    <${Tile} name="Server" href="#services" value=${status ?? '…'} tone=${status === 'healthy' ? 'good' : status ? 'warn' : 'none'} sub=${health.data ? `${Object.values(health.data.services).filter((s) => s.status === 'healthy').length} of ${Object.keys(health.data.services).length} services healthy` : without(health)} />
    <${Tile} name="Connections" href="#connections" value=${connections.data ? `${up} / ${list.length}` : '…'} tone=${!connections.data ? 'none' : up === list.length && up > 0 ? 'good' : 'warn'} sub=${lags.length ? `largest lag ${count(Math.max(...lags))} ms` : connections.data ? 'no lag known' : without(connections)} />
    <${Tile} name="Markets live" href="#completeness" value=${markets.length ? `${by('live')} / ${markets.length}` : '…'} tone=${!markets.length ? 'none' : bad ? 'warn' : 'good'} sub=${[['late', by('late')], ['filling', by('filling')], ['down', by('down')]].filter(([, n]) => n).map(([w, n]) => `${n} ${w}`).join(', ') || (markets.length ? 'all live' : prices.loaded ? 'none yet' : 'asking')} />
    <${Tile} name="Quarantine" href="#quarantine" value=${quarantine.data ? count(held) : '…'} tone=${!quarantine.data ? 'none' : held ? 'warn' : 'good'} sub=${!quarantine.data ? without(quarantine) : held ? 'records held with their reason' : 'nothing held'} />
  </nav>`;
}

function Section({ id, title, load, children, aside }) {
  return html`<section class="panel" id=${id} aria-labelledby=${`${id}-title`}>
    <div class="panel-head"><h2 id=${`${id}-title`} tabindex="-1">${title}</h2>${aside}
      ${load?.at && html`<span class="muted small panel-at" title=${`${dateTime(load.at)} here, ${utcTitle(load.at)}`}>as of ${ago(load.at)}${ago(load.at) === 'now' ? '' : ' ago'}</span>`}</div>
    ${load?.error && load.data !== undefined && html`<${StaleNote} since=${load.at} error=${load.error} retry=${load.retry} />`}
    ${children}
  </section>`;
}

export function HealthPage() {
  const { query } = useStore(router, (r) => r.current);
  useTick(2000);
  const health = useLoad((signal) => getHealth(signal), [], { every: REFRESH_MS });
  const connections = useLoad((signal) => get('/connections', {}, { signal }), [], { every: REFRESH_MS });
  const quarantine = useLoad((signal) => get('/quarantine', { limit: 100 }, { signal }), [], { every: REFRESH_MS * 3 });
  return html`<div class="page health-page">
    <div class="page-head"><h1>Data health</h1><button class="btn btn-small push" type="button" onClick=${() => [health, connections, quarantine].forEach((l) => l.retry())}>${icon('refresh')} Refresh</button></div>
    <${Summary} health=${health} connections=${connections} quarantine=${quarantine} />
    <${Section} id="services" title="Services" load=${health}><${Services} load=${health} /><//>
    <${Section} id="connections" title="Connections" load=${connections}><${Connections} load=${connections} /><//>
    <${Completeness} query=${query} Section=${Section} choose=${(patch) => setQuery(patch, { push: true })} />
    <${Section} id="quarantine" title="Quarantine" load=${quarantine}><${Quarantine} load=${quarantine} symbol=${query.symbol} /><//>
  </div>`;
}
