// Renders /openapi.json for people, and lets them try what only reads. Nothing comes from other sites, and all text is
// set as text: no markup of the document is ever run.

const el = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
};

/** Paragraphs, and `code` between backticks: all the markup that the document has. */
function prose(text) {
  return (text ?? '').split(/\n{2,}/).map((paragraph) =>
    el('p', {}, paragraph.split(/(`[^`]+`)/).map((part) => (part.startsWith('`') ? el('code', {}, part.slice(1, -1)) : part))));
}

const resolve = (document_, schema) => {
  const name = schema?.$ref?.split('/').pop();
  return name ? { name, schema: document_.components.schemas[name] ?? {} } : { name: null, schema: schema ?? {} };
};

/** What a schema takes, in a few words. */
function kind(document_, schema) {
  if (!schema) return '';
  const { name, schema: inner } = resolve(document_, schema);
  if (name) return inner.enum ? inner.enum.join(' | ') : name;
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return either.map((one) => kind(document_, one)).join(' or ');
  if (schema.allOf) return schema.allOf.map((one) => kind(document_, one)).join(' and ');
  const types = [].concat(schema.type ?? 'anything');
  if (types.includes('array')) return `${kind(document_, schema.items)}[]`;
  const range = schema.minimum !== undefined && schema.maximum !== undefined ? ` ${schema.minimum} … ${schema.maximum}` : '';
  return types.join(' | ') + range + (schema.format ? ` (${schema.format})` : '');
}

function fields(document_, schema, depth = 0) {
  const { schema: inner } = resolve(document_, schema);
  const object = inner.type === 'array' ? resolve(document_, inner.items).schema : inner;
  if (!object.properties || depth > 3) return null;
  const required = new Set(object.required ?? []);
  return el('table', {}, el('thead', {}, el('tr', {}, ['field', 'type', 'what'].map((h) => el('th', { scope: 'col' }, h)))),
    el('tbody', {}, Object.entries(object.properties).map(([name, property]) =>
      el('tr', {}, el('td', {}, el('code', {}, name), required.has(name) ? '' : el('span', { class: 'muted' }, ' optional')),
        el('td', {}, kind(document_, property)), el('td', {}, property.description ?? resolve(document_, property).schema.description ?? '')))));
}

function parameters(document_, list) {
  if (!list?.length) return null;
  return [el('h4', {}, 'Parameters'), el('table', {}, el('thead', {}, el('tr', {}, ['name', 'takes', 'what'].map((h) => el('th', { scope: 'col' }, h)))),
    el('tbody', {}, list.map((p) => el('tr', {},
      el('td', {}, el('code', {}, p.name), el('span', { class: 'muted' }, p.required ? ` ${p.in}, required` : ` ${p.in}`)),
      el('td', {}, kind(document_, p.schema), p.schema.default !== undefined ? el('span', { class: 'muted' }, ` = ${p.schema.default}`) : ''),
      el('td', {}, p.description ?? '', p.example !== undefined ? el('span', { class: 'muted' }, ` e.g. ${p.example}`) : '')))))];
}

function answers(document_, responses) {
  return [el('h4', {}, 'Answers'), el('table', {}, el('tbody', {}, Object.entries(responses).map(([status, response]) =>
    el('tr', {}, el('td', { class: status < '400' ? 'status good' : 'status bad' }, status), el('td', {}, prose(response.description)),
      el('td', { class: 'muted' }, Object.keys(response.content ?? {}).join(', '))))))];
}

/** A form that asks the endpoint, where that changes nothing. */
function attempt(path, operation) {
  const output = el('div', { 'aria-live': 'polite' });
  const inputs = operation.parameters.map((p) => {
    const value = p.required ? p.example : '';
    const input = p.schema.enum
      ? el('select', { name: p.name }, el('option', { value: '' }, ''), p.schema.enum.map((word) => el('option', { value: word }, word)))
      : el('input', { name: p.name, value, placeholder: String(p.example ?? ''), autocomplete: 'off', spellcheck: 'false' });
    return el('label', {}, p.name, input);
  });
  const accept = el('select', { name: ' accept' }, ['application/json', 'text/csv', 'application/x-ndjson'].map((type) => el('option', {}, type)));
  const tabular = Object.keys(operation.responses['200']?.content ?? {}).includes('text/csv');
  async function ask(event) {
    event.preventDefault();
    const given = new FormData(event.target);
    let url = path;
    const query = new URLSearchParams();
    for (const p of operation.parameters) {
      const value = given.get(p.name);
      if (p.in === 'path') url = url.replace(`{${p.name}}`, encodeURIComponent(value));
      else if (value) query.set(p.name, value);
    }
    if (query.size) url += `?${query}`;
    output.replaceChildren(el('p', { class: 'muted' }, `GET ${url} …`));
    const began = performance.now();
    try {
      const response = await fetch(url, { headers: { Accept: tabular ? accept.value : '*/*' } });
      let text = await response.text();
      const took = Math.round(performance.now() - began);
      if (response.headers.get('content-type')?.includes('json')) {
        try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* one object a line: shown as it is */ }
      }
      output.replaceChildren(el('p', {}, el('span', { class: response.ok ? 'status good' : 'status bad' }, `${response.status} `), el('code', {}, `GET ${url}`), el('span', { class: 'muted' }, ` ${took} ms, request ${response.headers.get('x-request-id') ?? ''}`)),
        el('pre', { tabindex: 0 }, el('code', {}, text.length > 20000 ? `${text.slice(0, 20000)}\n… ${text.length - 20000} characters more` : text)));
    } catch (error) {
      output.replaceChildren(el('p', { class: 'status bad' }, `The server cannot be reached: ${error.message}`));
    }
  }
  return el('details', {}, el('summary', {}, 'Try it'), el('form', { onsubmit: ask }, inputs, tabular ? el('label', {}, 'as', accept) : null, el('button', { type: 'submit' }, 'Ask')), output);
}

function operation(document_, path, method, op) {
  const success = op.responses['200']?.content?.['application/json']?.schema;
  const data = success?.properties?.data ?? success;
  const tryable = method === 'get' && op.responses['200'] && path !== '/stream' && !(op.tags ?? []).includes('dashboard');
  return el('article', { id: op.operationId },
    el('header', {}, el('h3', {}, el('span', { class: `method ${method}` }, method.toUpperCase()), path), el('div', { class: 'muted' }, op.summary)),
    el('div', { class: 'body' }, prose(op.description), op.security ? el('p', {}, 'Needs the bootstrap token (scope ', el('code', {}, op['x-scope'] ?? ''), ').') : null,
      parameters(document_, op.parameters), data ? [el('h4', {}, `Data: ${kind(document_, data)}`), fields(document_, data)] : null,
      answers(document_, op.responses), tryable ? attempt(path, op) : null));
}

function schemas(document_) {
  return Object.entries(document_.components.schemas).filter(([, schema]) => schema.properties).map(([name, schema]) =>
    el('article', { id: `schema-${name}` }, el('header', {}, el('h3', {}, name), el('div', { class: 'muted' }, schema.description ?? '')), el('div', { class: 'body' }, fields(document_, schema))));
}

/** The list of everything: beside the text where there is room, folded above it on a phone. */
function menu(...links) {
  const narrow = matchMedia('(max-width: 820px)');
  const list = el('details', { class: 'menu' }, el('summary', {}, 'Endpoints and objects'), el('div', {}, links));
  const fold = () => { list.open = !narrow.matches; };
  narrow.addEventListener('change', fold);
  // who chose one wants to read it
  list.addEventListener('click', (event) => { if (narrow.matches && event.target.closest('a')) list.open = false; });
  fold();
  return list;
}

function render(document_) {
  const byTag = new Map(document_.tags.map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(document_.paths)) {
    for (const [method, op] of Object.entries(item)) byTag.get(op.tags[0])?.push({ path, method, op });
  }
  const groups = [...byTag].filter(([, list]) => list.length);
  document.body.replaceChildren(el('div', { class: 'layout' },
    el('nav', { 'aria-label': 'Endpoints' }, el('a', { href: '/' }, '← Dashboard'), el('a', { href: '/openapi.json' }, 'openapi.json'),
      menu(groups.map(([tag, list]) => [el('h2', {}, tag), list.map(({ path, op }) => el('a', { href: `#${op.operationId}` }, path.replace('/api/v1', '')))]),
        el('h2', {}, 'objects'), Object.entries(document_.components.schemas).filter(([, s]) => s.properties).map(([name]) => el('a', { href: `#schema-${name}` }, name)))),
    el('main', {}, el('h1', {}, `${document_.info.title} API`), prose(document_.info.description),
      groups.map(([tag, list]) => [el('h2', {}, tag), list.map(({ path, method, op }) => operation(document_, path, method, op))]),
      el('h2', {}, 'objects'), schemas(document_))));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const response = await fetch('/openapi.json');
  if (!response.ok) throw new Error(`the server answered with status ${response.status}`);
  render(await response.json());
} catch (error) {
  document.body.replaceChildren(el('p', { class: 'failed' }, `The document could not be read: ${error.message} `, el('button', { onclick: () => location.reload() }, 'Try again')));
}
