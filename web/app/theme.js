// Dark or light: by the system, or as chosen. Whoever paints on canvas listens here.
const KEY = 'quantflow.theme';
const ORDER = ['system', 'dark', 'light'];
const listeners = new Set();
const media = matchMedia('(prefers-color-scheme: light)');

media.addEventListener('change', tell);

function tell() {
  for (const listener of listeners) listener();
}

export const theme = {
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** `system`, `dark` or `light`: what was chosen. */
  get choice() {
    return document.documentElement.dataset.theme ?? 'system';
  },
  /** `dark` or `light`: what is on screen. */
  get shown() {
    return document.documentElement.dataset.theme ?? (media.matches ? 'light' : 'dark');
  },
  /** Goes to the next of system, dark, light. */
  next() {
    const choice = ORDER[(ORDER.indexOf(this.choice) + 1) % ORDER.length];
    if (choice === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    try {
      if (choice === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Storage may be forbidden; the choice then lasts for this page only.
    }
    tell();
  },
};

/** Colours of the style sheet, for canvases: `palette('--up', '--down')` → `[…]`. */
export function palette(...names) {
  const style = getComputedStyle(document.documentElement);
  return names.map((name) => style.getPropertyValue(name).trim());
}

/** True when the person asked the system for less motion. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
