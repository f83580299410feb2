// The candles of one chart, exactly as the API gave them, and the points that are drawn from them.
import { toMs, places } from '../format.js';
import { nextOpen } from './timeframes.js';

/** Blank slots drawn for one gap at most; a longer gap is drawn shortened, and says so when pointed at. */
const MAX_BLANKS = 240;

/** True when `next` is a later word about the same candle than `old`. */
function supersedes(next, old) {
  const [a, b] = [Number(next.revision ?? 0), Number(old.revision ?? 0)];
  if (a !== b) return a > b;
  // An open candle never has fewer trades later on; an answer that was overtaken on its way does.
  if (old.state === 'open' && next.state === 'open') return Number(next.trades ?? 0) >= Number(old.trades ?? 0);
  return old.state === 'open' || next.state !== 'open';
}

/** True when trade ids show that nothing is missing between two candles: the time between was merely quiet. */
function contiguous(before, after) {
  if (before.lastTradeId == null || after.firstTradeId == null) return null;
  try {
    return BigInt(before.lastTradeId) + 1n === BigInt(after.firstTradeId);
  } catch {
    return null; // Ids that are not numbers say nothing about holes.
  }
}

export class CandleBook {
  constructor(timeframe) {
    this.timeframe = timeframe;
    this.list = [];
    this.byTime = new Map();
    this.places = 0;
  }

  get first() {
    return this.list[0] ?? null;
  }

  get last() {
    return this.list.at(-1) ?? null;
  }

  at(ms) {
    return this.byTime.get(ms) ?? null;
  }

  /**
   * Takes candles in any order. Says what to draw: `none`, `tail` (only the last candle changed, or one was appended
   * right after it; see `touched`) or `all`.
   */
  merge(incoming) {
    let change = 'none';
    this.touched = [];
    const added = [];
    const before = this.last?.ms ?? -Infinity;
    for (const raw of incoming) {
      const ms = toMs(raw.openTime);
      if (!Number.isFinite(ms)) continue;
      const old = this.byTime.get(ms);
      if (old && !supersedes(raw, old)) continue;
      const candle = { ...raw, ms };
      this.byTime.set(ms, candle);
      this.places = Math.max(this.places, places(raw.open), places(raw.high), places(raw.low), places(raw.close));
      this.touched.push(candle);
      if (old) {
        this.list[this.indexOf(ms)] = candle;
        if (change !== 'all') change = ms === before ? 'tail' : 'all';
      } else {
        added.push(candle);
      }
    }
    if (added.length) {
      added.sort((a, b) => a.ms - b.ms);
      const follows = added.length === 1 && this.last && added[0].ms === nextOpen(this.timeframe, before);
      if (!this.list.length || added[0].ms > before) this.list.push(...added);
      else this.list = [...this.list, ...added].sort((a, b) => a.ms - b.ms);
      change = follows && change !== 'all' ? 'tail' : 'all';
    }
    this.touched.sort((a, b) => a.ms - b.ms);
    return change;
  }

  /** Position of the candle that opens at `ms`, or where it would stand. */
  indexOf(ms) {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.list[mid].ms < ms) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  /** Slots for the chart: candles, and blanks where none stands, with the gaps that trade ids cannot explain. */
  slots() {
    const slots = [];
    const gaps = [];
    let before = null;
    for (const candle of this.list) {
      if (before) {
        let open = nextOpen(this.timeframe, before.ms);
        if (open < candle.ms) {
          const start = open;
          let blanks = 0;
          for (; open < candle.ms && blanks < MAX_BLANKS; blanks += 1) {
            slots.push({ ms: open, candle: null });
            open = nextOpen(this.timeframe, open);
          }
          if (contiguous(before, candle) !== true) {
            gaps.push({ from: start, to: candle.ms, lastSlot: slots.at(-1).ms, shortened: open < candle.ms });
          }
        }
      }
      slots.push({ ms: candle.ms, candle });
      before = candle;
    }
    return { slots, gaps };
  }
}
