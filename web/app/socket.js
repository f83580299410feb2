// The live connection: one WebSocket for all channels, resumed by sequence after a cut.
// States: connecting → open → reconnecting (with the moment since when the data is stale) → open …

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 20_000;
const PING_EVERY_MS = 15_000;
const SILENCE_MS = 10_000;

class Socket {
  constructor() {
    this.channels = new Map(); // name → {handlers:Set, seq, acked}
    this.listeners = new Set();
    this.state = { phase: 'idle', since: Date.now(), staleSince: null, attempt: 0, nextAt: null };
    this.lastHeard = 0;
    this.ws = null;
    this.retryTimer = null;
    this.beat = null;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => !document.hidden && this.hurry());
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(patch) {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener(this.state);
  }

  /**
   * Follows a channel. `handlers`: `snapshot(data, isReset)`, `data(data)`, `dropped(count)`, `error(message)`; each optional.
   * Returns a function that stops following; the last one to leave unsubscribes.
   */
  follow(name, handlers) {
    let channel = this.channels.get(name);
    if (!channel) {
      channel = { handlers: new Set(), seq: null };
      this.channels.set(name, channel);
      if (this.state.phase === 'open') this.send({ op: 'subscribe', channels: [name] });
    } else if (this.state.phase === 'open' && channel.seq != null) {
      // A second follower needs its own snapshot; the server answers a repeated subscribe with a fresh one.
      this.send({ op: 'subscribe', channels: [name] });
    }
    channel.handlers.add(handlers);
    if (!this.ws) this.connect();
    return () => {
      channel.handlers.delete(handlers);
      if (channel.handlers.size === 0 && this.channels.get(name) === channel) {
        this.channels.delete(name);
        if (this.state.phase === 'open') this.send({ op: 'unsubscribe', channels: [name] });
      }
    };
  }

  connect() {
    clearTimeout(this.retryTimer);
    this.retryTimer = null;
    if (this.state.phase === 'idle') this.set({ phase: 'connecting', since: Date.now() });
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const ws = new WebSocket(`${scheme}//${location.host}/ws`);
    this.ws = ws;
    ws.onopen = () => this.ws === ws && this.opened();
    ws.onmessage = (event) => this.ws === ws && this.received(event.data);
    ws.onclose = () => this.ws === ws && this.closed();
  }

  opened() {
    this.lastHeard = Date.now();
    const fresh = [];
    for (const [name, channel] of this.channels) {
      if (channel.seq == null) fresh.push(name);
      else this.send({ op: 'resume', channel: name, seq: channel.seq });
    }
    if (fresh.length) this.send({ op: 'subscribe', channels: fresh });
    this.set({ phase: 'open', since: Date.now(), staleSince: null, attempt: 0, nextAt: null });
    clearInterval(this.beat);
    this.beat = setInterval(() => this.check(), 2_500);
  }

  /** A socket that is open but silent is dead: ask, and cut it when nothing comes back. */
  check() {
    const quiet = Date.now() - this.lastHeard;
    if (quiet > PING_EVERY_MS + SILENCE_MS) this.drop();
    else if (quiet > PING_EVERY_MS) this.send({ op: 'ping' });
  }

  drop() {
    const ws = this.ws;
    if (!ws) return;
    ws.onclose = ws.onmessage = ws.onopen = null;
    ws.close();
    this.closed();
  }

  closed() {
    this.ws = null;
    clearInterval(this.beat);
    const attempt = this.state.attempt + 1;
    // Full jitter: a thousand tabs must not come back at the same moment.
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 10));
    const wait = Math.round(BACKOFF_FIRST_MS / 2 + Math.random() * ceiling);
    this.set({
      phase: 'reconnecting',
      since: this.state.phase === 'reconnecting' ? this.state.since : Date.now(),
      staleSince: this.state.staleSince ?? (this.lastHeard || Date.now()),
      attempt,
      nextAt: Date.now() + wait,
    });
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  /** Retries at once when the network came back or the person looks again. */
  hurry() {
    if (this.state.phase === 'reconnecting' && this.retryTimer) this.connect();
    else if (this.state.phase === 'open' && Date.now() - this.lastHeard > PING_EVERY_MS) this.send({ op: 'ping' });
  }

  send(message) {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message));
  }

  received(text) {
    this.lastHeard = Date.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return; // Not ours to judge: the next message may be whole.
    }
    const channel = message.channel ? this.channels.get(message.channel) : null;
    switch (message.op) {
      case undefined:
        if (!channel) return;
        channel.seq = message.seq ?? channel.seq;
        this.tell(channel, 'data', message.data);
        return;
      case 'subscribed':
      case 'resumed':
      case 'reset':
        if (!channel) return;
        channel.seq = message.seq ?? channel.seq;
        if (message.snapshot !== undefined) this.tell(channel, 'snapshot', message.snapshot, message.op === 'reset');
        return;
      case 'dropped':
        if (channel) this.tell(channel, 'dropped', message.count);
        return;
      case 'error':
        if (channel) this.tell(channel, 'error', message);
        return;
      default: // pong, and what later versions may say
    }
  }

  tell(channel, event, ...args) {
    for (const handlers of channel.handlers) handlers[event]?.(...args);
  }
}

export const socket = new Socket();
