// The state of the live connection, in the header and as a line above the page when it is broken.
import { html, useStore, useTick, icon } from './ui.js';
import { socket } from './socket.js';
import { clockTime, utcTitle } from './format.js';

const WORDS = { idle: 'idle', connecting: 'connecting', open: 'live', reconnecting: 'reconnecting' };

/** A dot and a word in the header. */
export function ConnectionDot() {
  const state = useStore(socket, (s) => s.state);
  return html`<span class="conn conn-${state.phase}" role="status" title=${`Live connection: ${WORDS[state.phase]} since ${clockTime(state.since)}`}>
    <i class="dot" aria-hidden="true"></i><span class="conn-word">${WORDS[state.phase]}</span></span>`;
}

/** Says since when the page is stale and when the next try comes; nothing while all is well. */
export function ConnectionLine() {
  const state = useStore(socket, (s) => s.state);
  useTick(1000);
  if (state.phase !== 'reconnecting') return null;
  const wait = Math.max(0, Math.ceil((state.nextAt - Date.now()) / 1000));
  return html`<div class="note note-stale" role="status" id="stale-line">
    ${icon('plug')}
    <span>Reconnecting… data stale since <time title=${utcTitle(state.staleSince)}>${clockTime(state.staleSince)}</time>
      <span class="small" aria-hidden="true">${wait > 0 ? ` next try in ${wait} s` : ' trying now'} (attempt ${state.attempt})</span></span>
    <button class="btn btn-small" type="button" onClick=${() => socket.hurry()}>Try now</button>
  </div>`;
}
