// The chart's time axis in the viewer's zone. The library counts days and hours in UTC; here midnight, full hours and
// months are those of the viewer, summer time included, while the points keep their UTC times.
import { defaultHorzScaleBehavior } from '../../vendor/lightweight-charts.standalone.production.mjs';

// Weights as the library ranks marks: the heavier, the sooner it is labelled.
const WEIGHTS = { second: 10, minute: 20, minute5: 21, minute30: 22, hour: 30, hour3: 31, hour6: 32, hour12: 33, day: 50, month: 60, year: 70 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n) => String(n).padStart(2, '0');

function fields(seconds, utc) {
  const d = new Date(seconds * 1000);
  return utc
    ? { y: d.getUTCFullYear(), mo: d.getUTCMonth(), d: d.getUTCDate(), h: d.getUTCHours(), mi: d.getUTCMinutes(), s: d.getUTCSeconds() }
    : { y: d.getFullYear(), mo: d.getMonth(), d: d.getDate(), h: d.getHours(), mi: d.getMinutes(), s: d.getSeconds() };
}

function weight(now, before) {
  if (now.y !== before.y) return WEIGHTS.year;
  if (now.mo !== before.mo) return WEIGHTS.month;
  if (now.d !== before.d) return WEIGHTS.day;
  const changed = (unit) => Math.floor(now.h / unit) !== Math.floor(before.h / unit);
  if (changed(12)) return WEIGHTS.hour12;
  if (changed(6)) return WEIGHTS.hour6;
  if (changed(3)) return WEIGHTS.hour3;
  if (now.h !== before.h) return WEIGHTS.hour;
  if (Math.floor(now.mi / 30) !== Math.floor(before.mi / 30)) return WEIGHTS.minute30;
  if (Math.floor(now.mi / 5) !== Math.floor(before.mi / 5)) return WEIGHTS.minute5;
  if (now.mi !== before.mi) return WEIGHTS.minute;
  return WEIGHTS.second;
}

const Base = defaultHorzScaleBehavior();

export class LocalTime extends Base {
  /** Days and longer are UTC days by definition and are labelled so; shorter candles are labelled in the viewer's zone. */
  useUtc(utc) {
    this.utc = utc;
  }

  fillWeightsForPoints(points, start = 0) {
    let before = start > 0 ? fields(points[start - 1].originalTime, this.utc) : null;
    for (let i = start; i < points.length; i += 1) {
      const now = fields(points[i].originalTime, this.utc);
      points[i].timeWeight = before ? weight(now, before) : WEIGHTS.second;
      before = now;
    }
  }
}

/** Label of a tick: type 0 year, 1 month, 2 day, 3 time, 4 time with seconds. */
export function tickLabel(seconds, type, utc) {
  const f = fields(seconds, utc);
  if (type === 0) return String(f.y);
  if (type === 1) return MONTHS[f.mo];
  if (type === 2) return `${f.d} ${MONTHS[f.mo]}`;
  return `${two(f.h)}:${two(f.mi)}${type === 4 ? `:${two(f.s)}` : ''}`;
}

/** Label under the crosshair. */
export function crosshairLabel(seconds, utc, withSeconds) {
  const f = fields(seconds, utc);
  const date = `${f.d} ${MONTHS[f.mo]} ${f.y}`;
  return utc ? `${date} UTC` : `${date}  ${two(f.h)}:${two(f.mi)}${withSeconds ? `:${two(f.s)}` : ''}`;
}
