// Brings candles into a book: the first page, older and newer pages on scrolling, and the live channel.
import { get } from '../api.js';
import { socket } from '../socket.js';
import { symbolPath } from '../format.js';
import { CandleBook } from './candles.js';
import { lengthOf } from './timeframes.js';

const FIRST_PAGE = 1000;
const PAGE = 2000;
const CATCH_UP = 5000;
/** ms until the venue is asked again for what it did not have, or had not sent yet. */
const LOOK_AGAIN = 10_000;

/**
 * Events to `listener(event)`: `{kind: 'loaded'}`, `{kind: 'older', none}`, `{kind: 'newer'}`, `{kind: 'live', change, touched}`,
 * `{kind: 'error', error, where}`. A feed serves one symbol and timeframe and is closed for good by `close()`.
 */
export class Feed {
  constructor({ symbol, timeframe, at = null, bars = FIRST_PAGE }, listener) {
    Object.assign(this, { symbol, timeframe, at, bars, listener });
    this.book = new CandleBook(timeframe);
    this.abort = new AbortController();
    this.busy = { older: false, newer: false, catchUp: false };
    this.exhausted = false; // Nothing older came when it was asked for last.
    this.attached = false; // The book reaches to now, and follows.
    this.unfollow = null;
  }

  close() {
    this.abort.abort();
    this.unfollow?.();
  }

  tell(event) {
    if (!this.abort.signal.aborted) this.listener(event);
  }

  ask(params) {
    return get(`/chart/ohlc/${encodeURIComponent(symbolPath(this.symbol))}`, { timeframe: this.timeframe, time: 'ms', ...params }, { signal: this.abort.signal });
  }

  async start() {
    try {
      // With a date, half of the first page lies after it, so that the date stands in the middle.
      const to = this.at === null ? null : Math.round(this.at + (lengthOf(this.timeframe) * this.bars) / 2);
      const historic = to !== null && to < Date.now();
      const candles = await this.ask({ limit: this.bars, to: historic ? to : null });
      performance.mark('quantflow:candles:received');
      this.book.merge(candles);
      this.tell({ kind: 'loaded', count: candles.length });
      if (!historic) this.attach();
    } catch (error) {
      this.failed('start', error);
    }
  }

  failed(where, error) {
    if (!this.abort.signal.aborted) this.tell({ kind: 'error', where, error });
  }

  attach() {
    if (this.attached || this.abort.signal.aborted) return;
    this.attached = true;
    this.unfollow = socket.follow(`candles|${this.symbol}|${this.timeframe}`, {
      snapshot: (data, isReset) => {
        const list = [].concat(data ?? []);
        this.take(list);
        if (isReset || list.length === 0 || this.holeBefore(list)) this.catchUp();
      },
      data: (data) => this.take([].concat(data)),
      dropped: () => this.catchUp(),
      error: (message) => this.failed('live', message),
    });
  }

  /** True when the snapshot does not touch what was loaded: candles between the two are to be fetched. */
  holeBefore(list) {
    const known = this.lastBeforeLive;
    return known != null && list.length > 0 && Date.parse(list[0].openTime) > known + lengthOf(this.timeframe) * 1.5;
  }

  take(list) {
    this.lastBeforeLive = this.book.last?.ms ?? null;
    const change = this.book.merge(list);
    if (change !== 'none') this.tell({ kind: 'live', change, touched: this.book.touched });
  }

  /** After a reset or lost messages: asks for everything since the last candle that was surely whole. */
  async catchUp() {
    if (this.busy.catchUp) return;
    this.busy.catchUp = true;
    try {
      const from = this.lastBeforeLive ?? this.book.last?.ms ?? null;
      const candles = await this.ask(from === null ? { limit: this.bars } : { from, limit: CATCH_UP });
      const change = this.book.merge(candles);
      if (change !== 'none') this.tell({ kind: 'live', change: 'all', touched: this.book.touched, caughtUp: true });
    } catch (error) {
      this.failed('live', error);
    } finally {
      this.busy.catchUp = false;
    }
  }

  async older() {
    if (this.busy.older || this.exhausted || !this.book.first) return;
    this.busy.older = true;
    try {
      const before = this.book.list.length;
      const to = this.book.first.ms;
      const candles = await this.ask({ to, limit: PAGE });
      this.book.merge(candles);
      const added = this.book.list.length - before;
      // A short page is not the end: the venue may still be asked for the rest. Nothing at all may be, so look again.
      this.exhausted = added === 0;
      if (this.exhausted) setTimeout(() => (this.exhausted = false), LOOK_AGAIN);
      this.tell({ kind: 'older', added, to });
    } catch (error) {
      this.failed('older', error);
    } finally {
      // A short rest: scrolling against an error must not become a flood.
      setTimeout(() => (this.busy.older = false), 250);
    }
  }

  async newer() {
    if (this.busy.newer || this.attached || !this.book.last) return;
    this.busy.newer = true;
    try {
      const from = this.book.last.ms;
      const candles = await this.ask({ from, limit: PAGE });
      const before = this.book.list.length;
      this.book.merge(candles);
      this.tell({ kind: 'newer', added: this.book.list.length - before, from });
      if (candles.length < PAGE) this.attach();
    } catch (error) {
      this.failed('newer', error);
    } finally {
      setTimeout(() => (this.busy.newer = false), 250);
    }
  }
}
