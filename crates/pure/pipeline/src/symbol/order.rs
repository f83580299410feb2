//! A trade's place in the venue's order: by id where ids are contiguous, else by time and id, else as
//! it arrives. What is held already is a duplicate; a jump of ids opens a hole.

use quantflow_model::{Filling, LedgerKind, Trade, TradeFlags};
use quantflow_wire::OrderRule;

use super::SymbolState;
use crate::cleaning::trades::{check_follows, check_jump};
use crate::cleaning::{DUPLICATE_DIFFERS, Refusal};
use crate::context::Context;
use crate::coverage::Place;
use crate::partial::Key;

/// Where a trade comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A live stream.
    Live,
    /// An answer to a question.
    Answer {
        /// It was asked to fill a hole.
        repair: bool,
        /// A stream brings the newest trades, so an answer's are not needed.
        streamed: bool,
    },
    /// A row of an import.
    Import {
        /// Whether the row names its id.
        named: bool,
        /// Whether rows stand for several trades each.
        aggregates: bool,
    },
}

/// Where a trade goes after [`SymbolState::enter`].
pub(super) enum Entry {
    /// Into the candles; flags to be added.
    Take(TradeFlags),
    /// Nowhere.
    Drop,
}

impl SymbolState {
    /// Finds a trade's place in the venue's order and takes it.
    #[inline]
    pub(super) fn enter(
        &mut self,
        context: &mut Context<'_>,
        trade: &Trade,
        source: Source,
    ) -> Result<Entry, Refusal> {
        match context.order {
            OrderRule::ContiguousIds => self.enter_by_id(context, trade, source),
            OrderRule::TimeThenId => Ok(self.enter_by_time(context, trade, source)),
            OrderRule::Arrival => Ok(Entry::Take(TradeFlags::NONE)),
        }
    }

    #[inline]
    fn enter_by_id(
        &mut self,
        context: &mut Context<'_>,
        trade: &Trade,
        source: Source,
    ) -> Result<Entry, Refusal> {
        let coverage = &mut self.core.coverage;
        let place = coverage.place(trade);
        let mut flags = TradeFlags::NONE;
        match place {
            Place::Next => check_follows(trade, coverage.last_time(), context.options)?,
            Place::First | Place::Below => {}
            Place::Ahead => {
                check_follows(trade, coverage.last_time(), context.options)?;
                if source == Source::Live {
                    let (next, last) = (coverage.next(), coverage.last_time());
                    check_jump(trade, next, last, context.options)?;
                }
            }
            Place::InHole { after, before } => {
                check_follows(trade, after.min(before), context.options)?;
                let bound = Trade {
                    time: after.max(before),
                    ..*trade
                };
                check_follows(&bound, trade.time, context.options)?;
                if matches!(source, Source::Answer { repair: true, .. }) {
                    flags = TradeFlags::REPAIRED;
                }
                let aggregates = matches!(
                    source,
                    Source::Import {
                        aggregates: true,
                        ..
                    }
                );
                let with = if aggregates || trade.count > 1 {
                    Filling::Aggregates
                } else {
                    Filling::Trades
                };
                note_filled(&mut self.filled, trade.id.0, trade.last_id().0, with);
            }
            Place::Known | Place::Mixed => {
                if coverage.contradicts(trade) {
                    let reason = format!("trade {} came before with other content", trade.id);
                    return Err(DUPLICATE_DIFFERS.refusal(reason));
                }
                self.duplicate(context, trade, source);
                return Ok(Entry::Drop);
            }
        }
        // the stream brings it in a moment; taken from the answer, it would be a duplicate there
        if matches!(place, Place::Next | Place::Ahead)
            && matches!(source, Source::Answer { streamed: true, .. })
        {
            context.out.counts.left_to_stream += 1;
            return Ok(Entry::Drop);
        }
        // single trades of such a range are not known, though nothing of it was missing before
        if matches!(
            source,
            Source::Import {
                aggregates: true,
                ..
            }
        ) && !matches!(place, Place::InHole { .. })
        {
            let (from, to) = (trade.id.0, trade.last_id().0);
            note_filled(&mut self.filled, from, to, Filling::Aggregates);
        }
        let opened = coverage.admit(trade, place, context.elapsed);
        if matches!(place, Place::First | Place::Below) {
            let first = trade.key();
            context.learn(&self.symbol, LedgerKind::Began { first });
        }
        if let Some(hole) = opened {
            context.learn(&self.symbol, LedgerKind::Found(hole));
        }
        Ok(Entry::Take(flags))
    }

    fn enter_by_time(&mut self, context: &mut Context<'_>, trade: &Trade, source: Source) -> Entry {
        let key = Key {
            time: trade.time.nanos(),
            id: trade.id.0,
        };
        let sequence = &mut self.core.sequence;
        let (import, named) = match source {
            Source::Import { named, .. } => (true, named),
            _ => (false, true),
        };
        if (import && sequence.spans(key)) || (named && sequence.knows(key.id)) {
            self.duplicate(context, trade, source);
            return Entry::Drop;
        }
        // while a stream brings the newest trades, an answer's are wanted where nothing was received
        let mut flags = TradeFlags::NONE;
        if let Source::Answer {
            repair,
            streamed: true,
        } = source
            && sequence.first().is_some()
        {
            if !self.core.spans.lacks(key) {
                self.duplicate(context, trade, source);
                return Entry::Drop;
            }
            if repair {
                flags = TradeFlags::REPAIRED;
            }
        }
        self.core.spans.admit(key);
        let sequence = &mut self.core.sequence;
        let window = if named {
            context.options.dedupe_window
        } else {
            0
        };
        if sequence.admit(key, window) {
            let first = trade.key();
            // every row of a file that is sorted the other way round would be the first
            if !import || self.core.last_trade.is_none() {
                context.learn(&self.symbol, LedgerKind::Began { first });
            }
        }
        Entry::Take(flags)
    }

    pub(crate) fn duplicate(&mut self, context: &mut Context<'_>, trade: &Trade, source: Source) {
        match source {
            // pages overlap what is known; that is no fault of the data
            Source::Answer { .. } => context.out.counts.known_in_answers += 1,
            Source::Live | Source::Import { .. } => {
                context.out.counts.duplicates += 1;
                self.tallies.on(trade.time).duplicates += 1;
            }
        }
    }
}

/// Adds a filled range to those of the record; it mostly continues the last one.
fn note_filled(filled: &mut Vec<(u128, u128, Filling)>, from: u128, to: u128, with: Filling) {
    match filled.last_mut() {
        Some(last) if last.1.saturating_add(1) == from && last.2 == with => last.1 = to,
        _ => filled.push((from, to, with)),
    }
}
