// Line icons drawn on a 24 grid, as SVG elements: no icon font, nothing fetched.
import { html } from '../vendor/htm-preact.standalone.mjs';

const PATHS = {
  markets: 'M4 19V9m5 10V5m5 14v-7m5 7V7',
  health: 'M3 12h4l2.5-6 4 12 2.5-6h5',
  help: 'M9.2 9a3 3 0 1 1 4.3 2.7c-1 .5-1.5 1.2-1.5 2.3m0 3.2v.1',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5',
  alert: 'M12 4 2.8 20h18.4L12 4Zm0 6v4.5m0 2.8v.1',
  inbox: 'M4 13 6.5 5h11L20 13v6H4v-6Zm0 0h4.5l1.5 2.5h4l1.5-2.5H20',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Zm0-12.5V12l3 2',
  refresh: 'M19 6v4.5h-4.5M5 18v-4.5h4.5M18.4 10.5A7 7 0 0 0 6.3 8.2M5.6 13.5a7 7 0 0 0 12.1 2.3',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2m9-9h-2M5 12H3m15.4-6.4L17 7M7 17l-1.4 1.4m12.8 0L17 17M7 7 5.6 5.6',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  auto: 'M12 4a8 8 0 1 0 0 16V4Zm0 0a8 8 0 0 1 0 16',
  indicator: 'M3 17c3 0 3-9 6-9s3 7 6 7 3-10 6-10',
  camera: 'M4 8h3.5L9 5.5h6L16.5 8H20v11H4V8Zm8 8.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z',
  expand: 'M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5',
  shrink: 'M9 4v5H4m11-5v5h5m0 6h-5v5m-6 0v-5H4',
  calendar: 'M4 6h16v14H4V6Zm0 4.5h16M8.5 3.5V7m7-3.5V7',
  close: 'm6 6 12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  gear: 'M5 7h9m4 0h1M5 12h1m4 0h9M5 17h7m4 0h3M16 9V5m-8 9v-4m6 9v-4',
  chevron: 'm7 10 5 5 5-5',
  back: 'm14 6-6 6 6 6',
  latest: 'm6 6 6 6-6 6m7-12v12',
  plug: 'M9 3v5m6-5v5M6.5 8h11v3a5.5 5.5 0 0 1-11 0V8ZM12 16.5V21',
  shield: 'M12 3.5 5 6v6c0 4.2 3 7.3 7 8.5 4-1.2 7-4.3 7-8.5V6l-7-2.5Z',
  compare: 'M4 16l5-6 4 4 7-8M4 20l5-4 4 2 7-5',
};

/** An icon that assistive technology skips; the button around it carries the name. */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${PATHS[name] ?? ''} />${name === 'help' && html`<circle cx="12" cy="12" r="9" />`}</svg>`;
}
