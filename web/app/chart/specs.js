// Indicators as text, the way the API and the links write them: `rsi(14),macd(12,26,9)`.

const ITEM = /^([a-z][a-z0-9_]*)(?:\(([^()]*)\))?$/i;

/** Splits at commas outside brackets. */
function split(text) {
  const parts = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i += 1) {
    if (text[i] === '(') depth += 1;
    else if (text[i] === ')') depth -= 1;
    else if (i === text.length || (text[i] === ',' && depth === 0)) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return parts.filter(Boolean);
}

/** One indicator: `{name, args}`; null when it is not one. */
export function parseSpec(text) {
  const match = ITEM.exec(text);
  if (!match) return null;
  const args = (match[2] ?? '').split(',').map((a) => a.trim()).filter(Boolean);
  return { name: match[1].toLowerCase(), args };
}

export function printSpec({ name, args }) {
  return args.length ? `${name}(${args.join(',')})` : name;
}

/** A set as its list of texts; what cannot be read is left out. */
export function parseSet(text) {
  return [...new Set(split(text ?? '').map(parseSpec).filter(Boolean).map(printSpec))];
}

/** The form in which two writings of the same indicator are equal: `RSI( 14.0 )` and `rsi(14)`. */
export function canonical(text) {
  const spec = parseSpec(String(text).replace(/\s+/g, ''));
  if (!spec) return String(text);
  return printSpec({ name: spec.name, args: spec.args.map((a) => (Number.isFinite(Number(a)) ? String(Number(a)) : a)) });
}

/** A column's name as its indicator and output: `macd(12,26,9).signal` → `['macd(12,26,9)', 'signal']`. */
export function splitColumn(name) {
  const match = /^([a-z][a-z0-9_]*(?:\([^()]*\))?)(?:\.(\w+))?$/i.exec(name.replace(/\s+/g, ''));
  return match ? [canonical(match[1]), match[2] ?? ''] : [name, ''];
}

/** With the catalogue's defaults filled in, ready to be added. */
export function defaultSpec(entry) {
  return printSpec({ name: entry.name, args: entry.parameters.map((p) => String(p.default)) });
}

/** What is wrong with a parameter's value, as a sentence, or null. */
export function parameterProblem(parameter, value) {
  const n = Number(value);
  if (value === '' || !Number.isFinite(n)) return `${parameter.name}: give a number`;
  if (parameter.kind === 'integer' && !Number.isInteger(n)) return `${parameter.name}: give a whole number`;
  if (parameter.min != null && n < parameter.min) return `${parameter.name}: at least ${parameter.min}`;
  if (parameter.max != null && n > parameter.max) return `${parameter.name}: at most ${parameter.max}`;
  return null;
}
