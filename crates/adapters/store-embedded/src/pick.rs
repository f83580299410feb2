//! Which of a candle's revisions a query sees.

use quantflow_model::{CandleBatch, CandleOrigin};
use quantflow_seams::CandleQuery;

/// One row a candle, from rows in which all of a candle's stand together: of those known at
/// `as_of` and of the origin asked for, ours before the venue's, then the highest revision, then
/// the last known, then the last committed. `backward`: the rows are read last first.
pub(crate) fn newest(rows: CandleBatch, query: &CandleQuery, backward: bool) -> CandleBatch {
    let as_of = query.as_of.map(quantflow_model::Timestamp::nanos);
    let origin = query.origin.map(|origin| origin as u8);
    // the usual case: no candle has two revisions, and all are asked for
    let single = rows.open_times.windows(2).all(|pair| pair[0] != pair[1]);
    if single
        && as_of.is_none_or(|as_of| rows.known.iter().all(|known| *known <= as_of))
        && origin.is_none_or(|origin| rows.origins.iter().all(|of| *of == origin))
    {
        return rows;
    }
    let eligible = |row: usize| {
        as_of.is_none_or(|as_of| rows.known[row] <= as_of)
            && origin.is_none_or(|origin| rows.origins[row] == origin)
    };
    let rank = |row: usize| {
        let ours = rows.origins[row] == CandleOrigin::Trades as u8;
        (ours, rows.revisions[row], rows.known[row])
    };
    let mut kept: Vec<std::ops::Range<usize>> = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let time = rows.open_times[at];
        let mut best: Option<usize> = None;
        while at < rows.len() && rows.open_times[at] == time {
            if eligible(at) {
                let better = best.is_none_or(|best| {
                    let order = rank(at).cmp(&rank(best));
                    order.is_gt() || (order.is_eq() && !backward)
                });
                if better {
                    best = Some(at);
                }
            }
            at += 1;
        }
        let Some(best) = best else { continue };
        match kept.last_mut() {
            Some(last) if last.end == best => last.end = best + 1,
            _ => kept.push(best..best + 1),
        }
    }
    if kept.len() == 1 && kept[0] == (0..rows.len()) {
        return rows;
    }
    let mut picked = CandleBatch::default();
    for range in kept {
        let _ = picked.extend_from(&rows, range); // fits: it is a part of what fits
    }
    picked
}
