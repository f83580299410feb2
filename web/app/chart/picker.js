// The dialog of indicators: a searchable catalogue, and the parameters of the chosen one.
import { html, useEffect, useMemo, useRef, useState, Skeleton, ErrorBox, icon } from '../ui.js';
import { defaultSpec, parseSpec, printSpec, parameterProblem } from './specs.js';

function Parameters({ entry, spec, confirm, back, label }) {
  const [values, setValues] = useState(() => entry.parameters.map((p, i) => spec?.args[i] ?? String(p.default)));
  const [tried, setTried] = useState(false);
  const first = useRef(null);
  useEffect(() => first.current?.select(), []);
  const problems = entry.parameters.map((p, i) => parameterProblem(p, values[i].trim()));
  const submit = (event) => {
    event.preventDefault();
    if (problems.some(Boolean)) setTried(true);
    else confirm(printSpec({ name: entry.name, args: values.map((v) => String(Number(v))) }));
  };
  return html`<form class="params" onSubmit=${submit} novalidate>
    <p><b>${entry.title}</b> <span class="muted">${entry.overlay ? 'drawn over the price' : 'in a pane of its own'}</span></p>
    ${entry.parameters.map((p, i) => html`<label key=${p.name} class="field">
      <span>${p.name}</span>
      <input ref=${i === 0 ? first : null} inputmode="decimal" autocomplete="off" value=${values[i]} aria-invalid=${problems[i] ? 'true' : null}
        onInput=${(e) => setValues(values.map((v, j) => (j === i ? e.target.value : v)))} />
      <span class="small ${tried && problems[i] ? 'down' : 'muted'}">${tried && problems[i] ? problems[i] : `${p.min ?? ''}${p.min != null || p.max != null ? ' … ' : ''}${p.max ?? ''}`}</span>
    </label>`)}
    <div class="row-end">
      ${back && html`<button class="btn" type="button" onClick=${back}>${icon('back')} All indicators</button>`}
      <button class="btn btn-primary" type="submit">${label}</button>
    </div>
  </form>`;
}

/** `catalogue` is a `useLoad` state; `editing` an indicator's text, or null to add one. */
export function IndicatorDialog({ catalogue, chosen, editing, add, replace, remove, close }) {
  const ref = useRef(null);
  const field = useRef(null);
  const [query, setQuery] = useState('');
  const [entry, setEntry] = useState(null);
  const [at, setAt] = useState(0);
  useEffect(() => {
    ref.current.showModal();
    field.current?.focus();
  }, []);
  const list = catalogue.data ?? [];
  const found = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return list.filter((e) => words.every((w) => `${e.name} ${e.title} ${e.group}`.toLowerCase().includes(w)));
  }, [query, list]);
  const spec = editing ? parseSpec(editing) : null;
  const edited = spec ? list.find((e) => e.name === spec.name) : null;
  const done = () => ref.current.close();
  const choose = (e) => (e.parameters.length ? setEntry(e) : (add(defaultSpec(e)), done()));
  const groups = [...new Set(found.map((e) => e.group))];
  const ordered = groups.flatMap((g) => found.filter((e) => e.group === g));
  const onKey = (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setAt(Math.max(0, Math.min(ordered.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1))));
    } else if (event.key === 'Enter' && ordered[at]) {
      event.preventDefault();
      choose(ordered[at]);
    }
  };
  let body;
  if (catalogue.error && !catalogue.data) body = html`<${ErrorBox} compact error=${catalogue.error} title="The catalogue could not be loaded" retry=${catalogue.retry} />`;
  else if (!catalogue.data) body = html`<${Skeleton} rows=${6} label="Loading indicators" />`;
  else if (edited) body = html`<${Parameters} entry=${edited} spec=${spec} label="Apply" confirm=${(text) => (replace(editing, text), done())} />`;
  else if (entry) body = html`<${Parameters} entry=${entry} label="Add" back=${() => setEntry(null)} confirm=${(text) => (add(text), done())} />`;
  else {
    body = html`
      ${chosen.length > 0 && html`<div class="chosen" aria-label="On the chart">${chosen.map((text) => html`<span class="chip" key=${text}>${text}<button type="button" aria-label=${`Remove ${text}`} onClick=${() => remove(text)}>${icon('close')}</button></span>`)}</div>`}
      <label class="search search-wide">${icon('search')}<span class="sr-only">Search indicators</span>
        <input ref=${field} type="search" placeholder="Search: rsi, bands, volume …" autocomplete="off" spellcheck="false" value=${query} role="combobox" aria-controls="indicator-list" aria-expanded="true" aria-activedescendant=${ordered[at] ? `ind-${ordered[at].name}` : null}
          onInput=${(e) => (setQuery(e.target.value), setAt(0))} onKeyDown=${onKey} /></label>
      <div class="catalogue" id="indicator-list" role="listbox" aria-label="Indicators">
        ${groups.map((group) => html`<div key=${group} role="group" aria-label=${group}><h3>${group}</h3>
          ${found.filter((e) => e.group === group).map((e) => html`<button key=${e.name} id=${`ind-${e.name}`} type="button" role="option" tabindex="-1" class="entry ${ordered[at] === e ? 'entry-at' : ''}" aria-selected=${ordered[at] === e ? 'true' : 'false'} onClick=${() => choose(e)}>
            <span>${e.title}</span><code class="muted">${defaultSpec(e)}</code></button>`)}
        </div>`)}
        ${found.length === 0 && html`<p class="muted">No indicator matches “${query}”.</p>`}
      </div>`;
  }
  return html`<dialog ref=${ref} class="dialog dialog-narrow" aria-labelledby="ind-title" onClose=${close} onClick=${(e) => e.target === ref.current && done()}>
    <div class="dialog-head"><h2 id="ind-title">${edited ? `Change ${editing}` : 'Indicators'}</h2>
      <button class="btn btn-icon" type="button" aria-label="Close" onClick=${done}>${icon('close')}</button></div>
    ${body}
  </dialog>`;
}
