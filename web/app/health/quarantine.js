// Records that were not let in: by which rule, why, and the frame as it came. Everything here is text from outside.
import { html, useState, Skeleton, Empty, ErrorBox } from '../ui.js';
import { count, dateTime, utcTitle } from '../format.js';

function position(p) {
  if (p == null) return '–';
  return typeof p === 'object' ? Object.entries(p).map(([k, v]) => `${k} ${v}`).join(', ') : String(p);
}

function Entry({ entry, open, toggle }) {
  const id = `frame-${entry.id}`;
  return html`<tr class="q-row">
      <th scope="row" data-label="Rule"><button class="expand" type="button" aria-expanded=${open ? 'true' : 'false'} aria-controls=${id} onClick=${toggle}><span aria-hidden="true">${open ? '▾' : '▸'}</span> ${entry.rule}</button></th>
      <td data-label="Symbol">${entry.symbol ?? '–'}</td>
      <td data-label="Reason" class="reason">${entry.reason}</td>
      <td class="num" data-label="Count">${count(entry.count ?? 1)}</td>
      <td data-label="Received"><time title=${utcTitle(entry.received)}>${dateTime(entry.received)}</time></td>
    </tr>
    ${open && html`<tr class="q-frame" id=${id}><td colspan="5">
      <pre tabindex="0" aria-label="The frame as received">${entry.frame ?? 'The frame is no longer kept.'}</pre>
      <p class="small muted">Venue’s time ${entry.venueTime ? html`<time title=${utcTitle(entry.venueTime)}>${dateTime(entry.venueTime)}</time>` : 'unknown'} · at ${position(entry.position)} · id <code>${entry.id}</code></p></td></tr>`}`;
}

export function Quarantine({ load, symbol }) {
  const [open, setOpen] = useState(null);
  const [rule, setRule] = useState('');
  const { data, error, retry } = load;
  if (error && !data) return html`<${ErrorBox} compact error=${error} title="The quarantine could not be loaded" retry=${retry} />`;
  if (!data) return html`<${Skeleton} rows=${4} label="Loading the quarantine" />`;
  if (!data.length) return html`<${Empty} title="Nothing is held" glyph="shield"><p>Every record passed the cleaning rules. One that does not is kept here with its reason and its frame.</p><//>`;
  const rules = [...new Set(data.map((q) => q.rule))].sort();
  const rows = data.filter((q) => !rule || q.rule === rule).sort((a, b) => (b.symbol === symbol) - (a.symbol === symbol));
  return html`<div class="q-filter" role="group" aria-label="By rule">
      <button class="tf" type="button" aria-pressed=${rule === '' ? 'true' : 'false'} onClick=${() => setRule('')}>all <span class="muted">${data.length}</span></button>
      ${rules.map((r) => html`<button key=${r} class="tf" type="button" aria-pressed=${rule === r ? 'true' : 'false'} onClick=${() => setRule(r)}>${r} <span class="muted">${data.filter((q) => q.rule === r).length}</span></button>`)}</div>
    <div class="table-wrap"><table class="plain cards"><caption class="sr-only">Quarantined records</caption>
      <thead><tr><th scope="col">Rule</th><th scope="col">Symbol</th><th scope="col">Reason</th><th scope="col" class="num">Count</th><th scope="col">Received</th></tr></thead>
      <tbody>${rows.map((q) => html`<${Entry} key=${q.id} entry=${q} open=${open === q.id} toggle=${() => setOpen(open === q.id ? null : q.id)} />`)}</tbody></table></div>`;
}
