//! What an aggregate trade says of trades that we lack.
//!
//! Aggregates fill holes exactly. One that lies wholly in a hole is taken as it is; one that holds
//! known trades at an edge of the hole is split by subtracting them. Where that cannot be done
//! exactly the missing part cannot be had, and the reason is said.

use quantflow_model::{LedgerKind, Quantity, Trade, TradeFlags, TradeId};
use quantflow_wire::{AggregateTrade, OrderRule};

use crate::cleaning::{BAD_ROW, EMPTY_AGGREGATE};
use crate::context::Context;
use crate::coverage::Coverage;
use crate::symbol::{History, Source, SymbolState};

/// What is left of an aggregate once known trades are taken from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Split {
    /// All of its trades are held.
    Held,
    /// The trades that are missing, as one row.
    Missing(Trade),
    /// Some are missing, but how much they traded cannot be told.
    Unknown {
        /// Ranges of missing ids.
        ranges: Vec<(u128, u128)>,
        /// Why.
        reason: String,
    },
}

/// Takes the trades that are held out of an aggregate.
pub(crate) fn split(aggregate: &AggregateTrade, coverage: &Coverage, flags: TradeFlags) -> Split {
    let (first, last) = (aggregate.first_id.0, aggregate.last_id.0);
    let ranges = coverage.missing(first, last);
    let &[(from, to)] = ranges.as_slice() else {
        if ranges.is_empty() {
            return Split::Held;
        }
        let reason = format!("aggregate {} spans several holes", aggregate.id);
        return Split::Unknown { ranges, reason };
    };
    let below = (first < from).then(|| {
        coverage
            .run_below(from)
            .and_then(|run| run.quantity(first, from - 1, aggregate.price))
    });
    let above = (to < last).then(|| {
        coverage
            .run_above(to)
            .and_then(|run| run.quantity(to + 1, last, aggregate.price))
    });
    let mut quantity = Some(aggregate.quantity.0);
    for known in [below, above].into_iter().flatten() {
        quantity = match (quantity, known) {
            (Some(whole), Some(part)) => whole.checked_sub(part),
            _ => None,
        };
    }
    let count = u32::try_from(to - from).ok().and_then(|n| n.checked_add(1));
    match (quantity, count) {
        (Some(quantity), Some(count)) if quantity.is_positive() => {
            let flags = if count == 1 {
                flags
            } else {
                flags.with(TradeFlags::AGGREGATE)
            };
            Split::Missing(Trade {
                id: TradeId(from),
                time: aggregate.time,
                price: aggregate.price,
                quantity: Quantity(quantity),
                side: aggregate.side,
                flags,
                count,
            })
        }
        (Some(_), _) => Split::Unknown {
            ranges,
            reason: format!(
                "aggregate {} holds no more than the known trades of it",
                aggregate.id
            ),
        },
        (None, _) => Split::Unknown {
            ranges,
            reason: format!(
                "aggregate {} holds known trades whose quantities are not at hand",
                aggregate.id
            ),
        },
    }
}

impl SymbolState {
    /// An aggregate came, from a stream, an answer or a file. `history`: as for single trades.
    pub(crate) fn take_aggregate(
        &mut self,
        context: &mut Context<'_>,
        aggregate: &AggregateTrade,
        source: Source,
        history: Option<&mut History>,
    ) {
        let span = aggregate
            .last_id
            .0
            .checked_sub(aggregate.first_id.0)
            .and_then(|n| u32::try_from(n).ok())
            .and_then(|n| n.checked_add(1));
        let whole = Trade {
            id: aggregate.first_id,
            time: aggregate.time,
            price: aggregate.price,
            quantity: aggregate.quantity,
            side: aggregate.side,
            flags: match span {
                Some(count) if count > 1 => TradeFlags::AGGREGATE,
                _ => TradeFlags::NONE,
            },
            count: span.unwrap_or(0),
        };
        if span.is_none() {
            let refusal = EMPTY_AGGREGATE.refusal(format!(
                "aggregate {} of trades {} to {}",
                aggregate.id, aggregate.first_id, aggregate.last_id
            ));
            self.refuse(context, &whole, refusal);
            return;
        }
        if context.order != OrderRule::ContiguousIds {
            self.take_trade(context, whole, source, history);
            return;
        }
        match split(aggregate, &self.core.coverage, TradeFlags::NONE) {
            Split::Held => self.duplicate(context, &whole, source),
            Split::Missing(trade) => self.take_trade(context, trade, source, history),
            Split::Unknown { ranges, reason } => {
                // beyond the newest trade a hole opens by itself when the next one comes
                match source {
                    Source::Answer { .. } => {
                        for (from, to) in ranges {
                            self.give_up(context, from, to, &reason);
                        }
                    }
                    // a file is not the venue's last word: the hole stays, single trades may fill it
                    Source::Import { .. } => {
                        let reason = format!("{reason}: import the file of single trades");
                        self.refuse(context, &whole, BAD_ROW.refusal(reason));
                    }
                    Source::Live => {}
                }
            }
        }
    }

    /// Enters missing ids as not to be had.
    pub(crate) fn give_up(&mut self, context: &mut Context<'_>, from: u128, to: u128, why: &str) {
        for (from, to) in self.core.coverage.give_up(from, to) {
            context.learn(
                &self.symbol,
                LedgerKind::Unfillable {
                    from,
                    to,
                    reason: why.to_owned(),
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantflow_model::{Side, Timestamp};

    fn trade(id: u128, quantity: &str) -> Trade {
        Trade {
            id: TradeId(id),
            time: Timestamp::from_seconds(5),
            price: "10".parse().unwrap(),
            quantity: quantity.parse().unwrap(),
            side: Side::Sell,
            flags: TradeFlags::NONE,
            count: 1,
        }
    }

    fn covered(trades: &[(u128, &str)]) -> Coverage {
        let mut coverage = Coverage::default();
        for &(id, quantity) in trades {
            let trade = trade(id, quantity);
            let place = coverage.place(&trade);
            coverage.admit(&trade, place, 0);
        }
        coverage
    }

    fn aggregate(first: u128, last: u128, quantity: &str) -> AggregateTrade {
        AggregateTrade {
            id: TradeId(1),
            first_id: TradeId(first),
            last_id: TradeId(last),
            time: Timestamp::from_seconds(5),
            price: "10".parse().unwrap(),
            quantity: quantity.parse().unwrap(),
            side: Side::Sell,
        }
    }

    #[test]
    fn known_trades_at_both_edges_are_subtracted() {
        let coverage = covered(&[(1, "1"), (2, "0.5"), (6, "0.25"), (7, "3")]);
        let Split::Missing(row) = split(&aggregate(2, 6, "2"), &coverage, TradeFlags::REPAIRED)
        else {
            panic!("not split")
        };
        assert_eq!(
            (row.id, row.last_id(), row.count),
            (TradeId(3), TradeId(5), 3)
        );
        assert_eq!(row.quantity.to_string(), "1.25");
        assert!(row.flags.has(TradeFlags::AGGREGATE));
    }

    #[test]
    fn what_cannot_be_split_says_why() {
        let coverage = covered(&[(1, "1"), (3, "0.5"), (6, "0.25")]);
        for (aggregate, reason) in [
            (aggregate(1, 6, "9"), "several holes"),
            (aggregate(1, 2, "1"), "no more than"),
            (aggregate(0, 2, "1"), "several holes"),
        ] {
            let Split::Unknown { reason: said, .. } =
                split(&aggregate, &coverage, TradeFlags::NONE)
            else {
                panic!("split {aggregate:?}")
            };
            assert!(said.contains(reason), "{said}");
        }
        assert_eq!(
            split(&aggregate(3, 3, "0.5"), &coverage, TradeFlags::NONE),
            Split::Held
        );
    }
}
