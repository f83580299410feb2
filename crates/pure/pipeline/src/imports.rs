//! Records of imports, and candles that a venue or a file gives.

use quantflow_model::{Candle, LedgerKind, Symbol, Timeframe, Timestamp};
use quantflow_wire::{AggregateTrade, ImportBegin, ImportKind, OrderRule};

use crate::cleaning::candles::check;
use crate::cleaning::trades::time_is_possible;
use crate::cleaning::{BAD_RECORD, BAD_ROW};
use crate::context::Context;
use crate::fold::second_of;
use crate::import::Import;
use crate::output::SymbolSlot;
use crate::partial::Key;
use crate::pipeline::Pipeline;
use crate::rollup::{Before, Given};
use crate::symbol::{History, Source};

/// A candle whose last instant is this much before its end was cut short: venues name the last
/// millisecond or microsecond in it.
const USUAL_END: i64 = 1_000_000;
/// An import without a row for so long was abandoned.
const ABANDONED: i64 = 600 * 1_000_000_000;

impl Pipeline {
    /// An import begins.
    pub(crate) fn take_import_begin(&mut self, context: &mut Context<'_>) {
        // one that never ended: its file was cut off
        self.end_import(context, context.connection, false);
        let Some(begin) = Self::json::<ImportBegin>(context) else {
            return;
        };
        let broken_off: Vec<u32> = self
            .imports
            .iter()
            .filter(|(_, import)| import.sha256 == begin.sha256)
            .map(|(number, _)| *number)
            .collect();
        for number in broken_off {
            self.end_import(context, number, false);
        }
        if begin.symbol.venue_str() != self.fixed.venue.as_str() {
            let reason = format!("{} is not of venue {}", begin.symbol, self.fixed.venue);
            context.refuse(Some(&begin.symbol), None, BAD_RECORD.refusal(reason));
            return;
        }
        let slot = self.slot_of(&begin.symbol, None);
        let mut import = match Import::begin(&begin, slot) {
            Ok(import) => import,
            Err(refusal) => {
                context.refuse(Some(&begin.symbol), None, refusal);
                return;
            }
        };
        let named = (begin.symbol.clone(), begin.sha256.clone());
        import.heard = context.elapsed;
        import.repeated = self.imported.contains(&named);
        let core = &mut self.symbols[slot.index()].core;
        core.importing += 1;
        let closed = core.fold.closed_until();
        if import.kind == ImportKind::Trades && closed > i64::MIN {
            import.history = Some(History::before(closed));
        }
        self.imports.insert(context.connection, import);
        self.dirty.imports = true;
        self.touch(slot);
    }

    /// Rows of an import.
    pub(crate) fn take_import_rows(&mut self, context: &mut Context<'_>) {
        let Some(mut import) = self.imports.remove(&context.connection) else {
            let reason = "rows of an import that did not begin";
            context.refuse(None, None, BAD_RECORD.refusal(reason));
            return;
        };
        let slot = import.slot;
        self.touch(slot);
        self.dirty.imports = true;
        import.heard = context.elapsed;
        let rows = context.frame.split(|byte| *byte == b'\n');
        for (part, line) in rows
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .enumerate()
        {
            if import.repeated {
                context.out.counts.repeated_rows += 1;
                continue;
            }
            context.part = part as u32;
            context.frame = line;
            match import.kind {
                ImportKind::Trades => self.take_trade_row(context, slot, &mut import, line),
                ImportKind::Candles(timeframe) => {
                    self.take_candle_row(context, slot, &mut import, line, timeframe);
                }
            }
        }
        self.imports.insert(context.connection, import);
    }

    fn take_trade_row(
        &mut self,
        context: &mut Context<'_>,
        slot: SymbolSlot,
        import: &mut Import,
        line: &[u8],
    ) {
        let symbol = &mut self.symbols[slot.index()];
        let row = match import.trade(line) {
            Ok(row) => row,
            Err(refusal) => {
                context.refuse(Some(&symbol.symbol), None, refusal);
                return;
            }
        };
        if !row.named && context.order == OrderRule::ContiguousIds {
            let reason = "this venue's trades are known by their ids: the row has none";
            context.refuse(
                Some(&symbol.symbol),
                Some(row.trade.time),
                BAD_ROW.refusal(reason),
            );
            return;
        }
        let key = Key {
            time: row.trade.time.nanos(),
            id: row.trade.id.0,
        };
        import.span = Some(
            import
                .span
                .map_or((key, key), |(low, high)| (low.min(key), high.max(key))),
        );
        let source = Source::Import {
            named: row.named,
            aggregates: row.spans.is_some(),
        };
        let Some((first_id, last_id)) = row.spans else {
            symbol.take_trade(context, row.trade, source, import.history.as_mut());
            return;
        };
        let aggregate = AggregateTrade {
            id: first_id,
            first_id,
            last_id,
            time: row.trade.time,
            price: row.trade.price,
            quantity: row.trade.quantity,
            side: row.trade.side,
        };
        symbol.take_aggregate(context, &aggregate, source, import.history.as_mut());
    }

    fn take_candle_row(
        &mut self,
        context: &mut Context<'_>,
        slot: SymbolSlot,
        import: &mut Import,
        line: &[u8],
        timeframe: Timeframe,
    ) {
        let row = import.candle(line, timeframe);
        let checked = row.and_then(|row| check(timeframe, &row.candle).map(|()| row));
        let row = match checked {
            Ok(row) => row,
            Err(refusal) => {
                let symbol = &self.symbols[slot.index()].symbol;
                context.refuse(Some(symbol), None, refusal);
                // it has one there: only we do not know it
                import.before = Before::Unknown;
                return;
            }
        };
        let candle = Candle {
            known: context.received,
            ..row.candle
        };
        let end = timeframe.end_of(candle.open_time);
        let close_time = row.close_time.unwrap_or(end);
        let before = std::mem::replace(&mut import.before, Before::Candle(end.nanos()));
        self.close_venue_candle(context, slot, timeframe, &candle, close_time, before);
    }

    /// An import is complete.
    pub(crate) fn take_import_end(&mut self, context: &mut Context<'_>) {
        if !self.end_import(context, context.connection, true) {
            let reason = "the end of an import that did not begin";
            context.refuse(None, None, BAD_RECORD.refusal(reason));
        }
    }

    /// A connection ended, and with it its import; with connection 0 whoever imported in an earlier
    /// life is gone.
    pub(crate) fn break_imports_off(&mut self, context: &mut Context<'_>) {
        let broken_off: Vec<u32> = match context.connection {
            0 => self.imports.keys().copied().collect(),
            number => vec![number],
        };
        for number in broken_off {
            self.end_import(context, number, false);
        }
    }

    /// Ends imports that nobody goes on with, so that their symbols close by the clock again.
    pub(crate) fn end_abandoned_imports(&mut self, context: &mut Context<'_>) {
        let abandoned: Vec<u32> = self
            .imports
            .iter()
            .filter(|(_, import)| context.elapsed.saturating_sub(import.heard) > ABANDONED)
            .map(|(number, _)| *number)
            .collect();
        for number in abandoned {
            self.end_import(context, number, false);
        }
    }

    /// Ends an import, if there is one. Only a complete one is not imported again; what an
    /// incomplete one brought is known by its rows.
    fn end_import(&mut self, context: &mut Context<'_>, number: u32, complete: bool) -> bool {
        let Some(import) = self.imports.remove(&number) else {
            return false;
        };
        self.dirty.imports = true;
        self.touch(import.slot);
        let symbol = &mut self.symbols[import.slot.index()];
        if let Some(history) = import.history {
            symbol.end_history(history, context.order);
        }
        if let Some((low, high)) = import.span
            && context.order == OrderRule::TimeThenId
        {
            symbol.core.sequence.add_span(low, high);
        }
        symbol.core.importing = symbol.core.importing.saturating_sub(1);
        if complete {
            let named: (Symbol, String) = (symbol.symbol.clone(), import.sha256);
            self.imported.insert(named);
        }
        let until = self
            .clock
            .now_or_received()
            .saturating_sub(context.options.close_grace_ns);
        symbol.close_by_clock(context, second_of(until));
        true
    }

    /// Takes in a closed candle that a venue or a file gives.
    pub(crate) fn close_venue_candle(
        &mut self,
        context: &mut Context<'_>,
        slot: SymbolSlot,
        timeframe: Timeframe,
        candle: &Candle,
        close_time: Timestamp,
        before: Before,
    ) {
        self.touch(slot);
        let window = context.options.reconcile_window;
        let symbol = &mut self.symbols[slot.index()];
        symbol.core.reconcile.theirs(timeframe, candle, window);
        match symbol.core.series.take(timeframe, candle, before) {
            Given::New(refusals) => {
                // the candle itself is taken: only a longer one cannot be put together from it
                let name = &symbol.symbol;
                for refusal in refusals {
                    context.refuse(Some(name), Some(candle.open_time), refusal);
                }
            }
            Given::Corrected => context.out.counts.corrected_candles += 1,
            Given::Repeated => {
                context.out.counts.repeated_rows += 1;
                return;
            }
        }
        symbol.candles_came = true;
        context.out.candles.push(crate::output::ClosedCandle {
            slot,
            timeframe,
            candle: *candle,
        });
        let end = timeframe.end_of(candle.open_time);
        if end.since(close_time) > USUAL_END && time_is_possible(close_time).is_ok() {
            let name = symbol.symbol.clone();
            let open_time = candle.open_time;
            context.learn(
                &name,
                LedgerKind::Outage {
                    timeframe,
                    open_time,
                    close_time,
                },
            );
        }
    }
}
