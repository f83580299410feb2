// Real paths and query strings, so that every view can be linked, bookmarked and left with "back".
const listeners = new Set();
let current = parse();

function parse() {
  const path = location.pathname.replace(/\/+$/, '') || '/';
  return { path, query: Object.fromEntries(new URLSearchParams(location.search)) };
}

function changed() {
  current = parse();
  for (const listener of listeners) listener(current);
}

addEventListener('popstate', changed);

export const router = {
  get current() {
    return current;
  },
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Goes to a path of the dashboard as a new entry of the history. */
export function go(url) {
  history.pushState(null, '', url);
  changed();
  scrollTo(0, 0);
}

/** Path and query with `patch` applied; null or an empty string takes a key out. */
export function withQuery(patch, path = location.pathname) {
  const params = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(patch)) {
    if (value == null || value === '') params.delete(key);
    else params.set(key, value);
  }
  // Commas, colons and brackets are legal in a query; left plain the links can be read.
  const text = params.toString().replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%28/g, '(').replace(/%29/g, ')').replace(/%7C/g, '|').replace(/%2F/g, '/');
  return text ? `${path}?${text}` : path;
}

/** Changes the query: `push` for what a person would want "back" to undo, replacing otherwise. */
export function setQuery(patch, { push = false } = {}) {
  const url = withQuery(patch);
  if (url === location.pathname + location.search) return;
  if (push) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  changed();
}

/** Lets plain clicks on the dashboard's own links stay in the page; modified clicks and other links go their way. */
export function interceptLinks(root) {
  root.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.('a[href]');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!/^\/(?:$|chart\/|data-health(?:\/|$)|help(?:\/|$))/.test(link.pathname)) return;
    event.preventDefault();
    if (link.href !== location.href) go(link.pathname + link.search);
  });
}
