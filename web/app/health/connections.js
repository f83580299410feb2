// One line a connection to a venue: is it up, how far behind, how often did it break.
import { html, Skeleton, Empty, ErrorBox } from '../ui.js';
import { ago, count, clockTime, dateTime, utcTitle } from '../format.js';

const ORDER = { down: 0, connecting: 1, connected: 2 };
const TONE = { connected: 'live', connecting: 'filling', down: 'down' };

function Lag({ ms }) {
  if (ms == null) return html`<span class="muted">–</span>`;
  const tone = ms >= 2000 ? 'down' : ms >= 500 ? 'gap-text' : '';
  return html`<span class=${tone}>${count(Math.round(ms))}</span>`;
}

export function Connections({ load }) {
  const { data, error, retry } = load;
  if (error && !data) return html`<${ErrorBox} compact error=${error} title="The connections could not be loaded" retry=${retry} />`;
  if (!data) return html`<${Skeleton} rows=${4} label="Loading connections" />`;
  if (!data.length) return html`<${Empty} title="No connection is open" glyph="plug"><p>No venue is configured. Name streams under <code>[ingest]</code> in <code>quantflow.toml</code>, or start with <code>quantflow up --demo</code>.</p><//>`;
  const rows = [...data].sort((a, b) => (ORDER[a.state] ?? 9) - (ORDER[b.state] ?? 9) || `${a.venue}${a.id}`.localeCompare(`${b.venue}${b.id}`));
  return html`<div class="table-wrap"><table class="plain cards">
    <caption class="sr-only">Connections to venues</caption>
    <thead><tr><th scope="col">Venue</th><th scope="col">State</th><th scope="col" class="num">Lag, ms</th><th scope="col" class="num">Messages/s</th><th scope="col" class="num">Messages</th><th scope="col" class="num">Reconnects</th><th scope="col" class="num">Last message</th><th scope="col">Since</th></tr></thead>
    <tbody>${rows.map((c) => html`<tr key=${`${c.venue}/${c.id}`} class=${c.error ? 'has-more' : ''}>
      <th scope="row" data-label="Venue"><b>${c.venue}</b> <span class="muted small">${c.id}</span>${c.error && html`<p class="row-error">${c.error}</p>`}</th>
      <td data-label="State"><span class="health health-${TONE[c.state] ?? 'unknown'}"><i class="dot" aria-hidden="true"></i>${c.state}</span></td>
      <td class="num" data-label="Lag, ms"><${Lag} ms=${c.lagMs} /></td>
      <td class="num" data-label="Messages/s">${c.messagesPerSecond == null ? '–' : Number(c.messagesPerSecond).toFixed(1)}</td>
      <td class="num" data-label="Messages">${count(c.messages)}</td>
      <td class="num ${c.reconnects > 5 ? 'gap-text' : ''}" data-label="Reconnects">${count(c.reconnects)}</td>
      <td class="num" data-label="Last message"><time title=${`${dateTime(c.lastMessage)} here, ${utcTitle(c.lastMessage)}`}>${c.lastMessage ? ago(c.lastMessage) : '–'}</time></td>
      <td data-label="Since"><time title=${utcTitle(c.since)}>${Date.now() - Date.parse(c.since) < 72_000_000 ? clockTime(c.since) : dateTime(c.since, false)}</time></td>
    </tr>`)}</tbody></table></div>`;
}
