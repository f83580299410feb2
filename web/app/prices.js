// All markets' last prices: REST for the first paint, then the `prices` channel. One store for all pages.
import { get } from './api.js';
import { socket } from './socket.js';
import { places, toMs } from './format.js';

class Prices {
  constructor() {
    this.bySymbol = new Map();
    this.listeners = new Set();
    this.rowListeners = new Map();
    this.loaded = false;
    this.error = null;
    this.heardAt = null;
    this.dropped = 0;
    this.started = false;
  }

  /** Told when markets come, go or the loading state changes; per-market changes go to `subscribeRow`. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Told of each change of one market. */
  subscribeRow(symbol, listener) {
    if (!this.rowListeners.has(symbol)) this.rowListeners.set(symbol, new Set());
    const set = this.rowListeners.get(symbol);
    set.add(listener);
    return () => set.delete(listener);
  }

  start() {
    if (this.started) return;
    this.started = true;
    this.load();
    socket.follow('prices', {
      snapshot: (all) => this.replace(all),
      data: (changed) => this.merge(Array.isArray(changed) ? changed : [changed]),
      dropped: (n) => {
        this.dropped += n;
        this.load(); // What was lost may have been the last word about a quiet market.
      },
    });
  }

  async load() {
    try {
      const all = await get('/prices');
      // The socket may have been quicker: an answer must not turn a newer price back.
      this.merge(all);
      this.loaded = true;
      this.error = null;
    } catch (error) {
      if (!this.heardAt) this.error = error;
    }
    this.tell();
  }

  retry() {
    this.error = null;
    this.tell();
    return this.load();
  }

  replace(all) {
    const present = new Set(all.map((p) => p.symbol));
    let gone = false;
    for (const symbol of this.bySymbol.keys()) {
      if (!present.has(symbol)) {
        this.bySymbol.delete(symbol);
        gone = true;
      }
    }
    this.merge(all, true);
    if (gone || !this.loaded || this.error) {
      this.loaded = true;
      this.error = null;
      this.tell();
    }
  }

  merge(changed, force = false) {
    this.heardAt = Date.now();
    let grown = false;
    for (let price of changed) {
      if (!price?.symbol) continue;
      const old = this.bySymbol.get(price.symbol);
      if (!force && old && toMs(price.time) < toMs(old.time) && price.health === old.health) continue;
      // What was said before the first trade takes nothing away from what is known since.
      if (!force && old?.time != null && price.time === null) price = { symbol: price.symbol, health: price.health };
      // Updates may carry the changed fields only.
      // Numbers come without zeros at their end: how many digits a market's prices have is learned from all of them.
      const seen = [price.price, price.bid, price.ask, price.high24h, price.low24h].map(places);
      this.bySymbol.set(price.symbol, { ...old, ...price, places: Math.max(old?.places ?? 0, ...seen) });
      if (!old) grown = true;
      this.rowListeners.get(price.symbol)?.forEach((listener) => listener(this.bySymbol.get(price.symbol), old));
    }
    if (grown) this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  all() {
    return [...this.bySymbol.values()];
  }

  /** Finds a market by its symbol as written in a path (`-` for `/`). */
  fromPath(segment) {
    for (const symbol of this.bySymbol.keys()) {
      if (symbol.replaceAll('/', '-') === segment) return symbol;
    }
    return null;
  }
}

export const prices = new Prices();
