// Keyboard: single keys and `g x` sequences. Pages add their own keys while they are shown.
const stack = [];
let prefix = null;
let prefixTimer = null;

const typing = (target) => target?.closest?.('input, textarea, select, [contenteditable="true"]');

/** Adds `{key: handler}` until the returned function is called. Keys are `event.key`, or `g m` for a sequence. */
export function bindKeys(map) {
  stack.push(map);
  return () => stack.splice(stack.indexOf(map), 1);
}

function find(key) {
  for (let i = stack.length - 1; i >= 0; i -= 1) {
    if (stack[i][key]) return stack[i][key];
  }
  return null;
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector('dialog[open]')) return;
  const name = prefix ? `${prefix} ${event.key}` : event.key;
  clearTimeout(prefixTimer);
  const wasPrefixed = prefix !== null;
  prefix = null;
  const handler = find(name);
  if (handler) {
    event.preventDefault();
    handler(event);
  } else if (!wasPrefixed && event.key === 'g') {
    prefix = 'g';
    prefixTimer = setTimeout(() => (prefix = null), 1200);
  }
});

/** Every key, for the help: what it does, by group. */
export const KEY_HELP = [
  ['Everywhere', [['/', 'search'], ['g m', 'markets'], ['g h', 'data health'], ['t', 'dark, light or as the system'], ['?', 'this help'], ['Esc', 'close what is open']]],
  ['Markets', [['↑ ↓', 'move between markets'], ['Enter', 'open the chart']]],
  ['Chart', [['1 … 9', 'timeframe 1m 3m 5m 15m 30m 1h 4h 1d 1w'], ['i', 'indicators'], ['c', 'compare markets'], ['l', 'logarithmic scale'], ['d', 'go to a date'], ['f', 'full screen'], ['s', 'save an image'], ['End', 'latest candle'], ['← →', 'move along the chart'], ['+ −', 'zoom']]],
];
