//! [`Pending`]: what is known but not committed yet.

use std::collections::BTreeMap;

use quantflow_model::{
    Candle, CandleBatch, CandleOrigin, DayTally, Instrument, LedgerEvent, Quarantined, Symbol,
    TimeRange, Timeframe, Timestamp, Trade, TradeBatch,
};
use quantflow_pipeline::SymbolSlot;
use quantflow_seams::Commit;

/// So many trades a symbol on average wait for their columns, in all no fewer and no more than this.
/// Where many symbols trade in turn, a symbol's columns are seldom in the cache: who opens them
/// should have several rows. What waits is looked through by readers.
const FRESH_EACH: usize = 8;
const FRESH: (usize, usize) = (256, 8_192);

/// What is known but not committed yet. Readers put it on top of the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    /// By slot of the pipeline.
    symbols: Vec<SymbolRows>,
    /// The newest trades, in the order in which they came.
    fresh: Vec<(SymbolSlot, Trade)>,
    ledger: Vec<LedgerEvent>,
    tallies: BTreeMap<(Symbol, Timestamp), DayTally>,
    quarantine: Vec<Quarantined>,
    instruments: BTreeMap<Symbol, Instrument>,
    rows: usize,
}

/// The uncommitted rows of one symbol.
#[derive(Debug, Clone, Default)]
pub(crate) struct SymbolRows {
    /// In the order in which they came; a new batch begins where numbers would not fit one column.
    trades: Vec<TradeBatch>,
    /// By [`Timeframe::index`], in the order in which they became known.
    candles: [Vec<Candle>; Timeframe::ALL.len()],
    /// For how many trades room is made: as many as came until the commit before.
    room: usize,
}

impl SymbolRows {
    fn push_trade(&mut self, trade: &Trade) {
        if self
            .trades
            .last_mut()
            .is_some_and(|batch| batch.push(trade).is_some())
        {
            return;
        }
        let mut batch = TradeBatch::with_capacity(self.room);
        self.room = 0;
        // a single trade always fits an empty batch: its id is below 2^127 by the codec's contract
        let _ = batch.push(trade);
        self.trades.push(batch);
    }

    /// Adds a closed candle or a revision.
    pub(crate) fn push_candle(&mut self, timeframe: Timeframe, candle: &Candle) {
        self.candles[timeframe.index()].push(*candle);
    }

    /// The newest revision of a candle.
    pub(crate) fn newest(
        &self,
        timeframe: Timeframe,
        open_time: Timestamp,
        origin: CandleOrigin,
    ) -> Option<&Candle> {
        self.candles[timeframe.index()]
            .iter()
            .rev()
            .find(|candle| candle.open_time == open_time && candle.origin == origin)
    }

    /// Candles of a timeframe in the order in which they became known.
    pub(crate) fn candles(&self, timeframe: Timeframe) -> &[Candle] {
        &self.candles[timeframe.index()]
    }
}

impl Pending {
    /// Takes out all that waits. What is left has room for as much again: what comes between two
    /// commits is about as much each time, and columns that grow are copied over and over.
    pub(crate) fn take(&mut self) -> Self {
        self.settle();
        let rows = |rows: &SymbolRows| SymbolRows {
            room: rows.trades.iter().map(TradeBatch::len).sum(),
            ..SymbolRows::default()
        };
        let next = Self {
            symbols: self.symbols.iter().map(rows).collect(),
            fresh: std::mem::take(&mut self.fresh),
            ..Self::default()
        };
        std::mem::replace(self, next)
    }

    /// Adds trades.
    pub(crate) fn push_trades(&mut self, trades: &[(SymbolSlot, Trade)]) {
        self.rows += trades.len();
        self.fresh.extend_from_slice(trades);
        if self.fresh.len() >= (self.symbols.len() * FRESH_EACH).clamp(FRESH.0, FRESH.1) {
            self.settle();
        }
    }

    /// Brings the fresh trades into the columns of their symbols, one symbol after the other.
    pub(crate) fn settle(&mut self) {
        let slots = self.fresh.iter().map(|(slot, _)| slot.index() + 1);
        let slots = slots.max().unwrap_or(0);
        if slots > self.symbols.len() {
            self.symbols.resize_with(slots, SymbolRows::default);
        }
        // where the next trade of each slot stands when they are sorted
        let mut places = vec![0; slots + 1];
        for (slot, _) in &self.fresh {
            places[slot.index() + 1] += 1;
        }
        for slot in 1..places.len() {
            places[slot] += places[slot - 1];
        }
        let mut order = vec![0; self.fresh.len()];
        for (at, (slot, _)) in self.fresh.iter().enumerate() {
            let place = &mut places[slot.index()];
            order[*place] = at;
            *place += 1;
        }
        for at in order {
            let (slot, trade) = &self.fresh[at];
            self.symbols[slot.index()].push_trade(trade);
        }
        self.fresh.clear();
    }

    /// Trades of a symbol in the order in which they came.
    pub(crate) fn trades(&self, slot: SymbolSlot) -> impl Iterator<Item = Trade> + '_ {
        let settled = self.get(slot).into_iter().flat_map(|rows| &rows.trades);
        let fresh = self.fresh.iter().filter(move |(of, _)| *of == slot);
        settled
            .flat_map(TradeBatch::iter)
            .chain(fresh.map(|(_, trade)| *trade))
    }

    /// The venue time of the first and last trade of a symbol here.
    pub(crate) fn trade_span(&self, slot: SymbolSlot) -> Option<(Timestamp, Timestamp)> {
        let batches = self.get(slot).into_iter().flat_map(|rows| &rows.trades);
        let settled = batches.flat_map(|batch| batch.times.iter().copied());
        let fresh = self.fresh.iter().filter(|(of, _)| *of == slot);
        let mut times = settled.chain(fresh.map(|(_, trade)| trade.time.nanos()));
        let first = times.next()?;
        let (least, most) = times.fold((first, first), |(least, most), time| {
            (least.min(time), most.max(time))
        });
        Some((Timestamp::from_nanos(least), Timestamp::from_nanos(most)))
    }

    /// The rows of a symbol, to add to.
    #[inline]
    pub(crate) fn rows_of(&mut self, slot: SymbolSlot) -> &mut SymbolRows {
        // counted here and not in SymbolRows: every candle is added through this
        self.rows += 1;
        let index = slot.index();
        if index >= self.symbols.len() {
            self.symbols.resize_with(index + 1, SymbolRows::default);
        }
        &mut self.symbols[index]
    }

    /// The rows of a symbol.
    pub(crate) fn get(&self, slot: SymbolSlot) -> Option<&SymbolRows> {
        self.symbols.get(slot.index())
    }

    /// Adds what the ledger learned.
    pub(crate) fn push_ledger(&mut self, event: LedgerEvent) {
        self.rows += 1;
        self.ledger.push(event);
    }

    /// What the ledger learned about a symbol.
    pub(crate) fn ledger_of<'a>(
        &'a self,
        symbol: &'a Symbol,
    ) -> impl Iterator<Item = &'a LedgerEvent> {
        self.ledger
            .iter()
            .filter(move |event| &event.symbol == symbol)
    }

    /// Sets a day's tally.
    pub(crate) fn set_tally(&mut self, tally: DayTally) {
        self.tallies
            .insert((tally.symbol.clone(), tally.day), tally);
    }

    /// Tallies of a symbol for days that overlap a span.
    pub(crate) fn tallies_of(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> impl Iterator<Item = &DayTally> {
        const DAY: i64 = 86_400_000_000_000;
        self.tallies
            .range((symbol.clone(), Timestamp::MIN)..=(symbol.clone(), Timestamp::MAX))
            .map(|(_, tally)| tally)
            .filter(move |t| TimeRange::new(t.day, t.day.plus_nanos(DAY)).overlaps(range))
    }

    /// Adds something that was refused.
    pub(crate) fn push_quarantine(&mut self, entry: Quarantined) {
        self.rows += 1;
        self.quarantine.push(entry);
    }

    /// Sets what a venue says of a symbol.
    pub(crate) fn set_instrument(&mut self, instrument: Instrument) {
        self.instruments
            .insert(instrument.symbol.clone(), instrument);
    }

    /// How many rows wait.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds its rows to a commit, when it was taken out; `names` are the pipeline's symbols by slot.
    pub(crate) fn add_to(&self, commit: &mut Commit, names: &[Symbol]) {
        for (symbol, rows) in names.iter().zip(&self.symbols) {
            commit.trades.extend(
                rows.trades
                    .iter()
                    .map(|batch| (symbol.clone(), batch.clone())),
            );
            for timeframe in Timeframe::ALL {
                for batch in batches(rows.candles(timeframe)) {
                    commit.candles.push((symbol.clone(), timeframe, batch));
                }
            }
        }
        commit.ledger.clone_from(&self.ledger);
        commit.tallies = self.tallies.values().cloned().collect();
        commit.quarantine.clone_from(&self.quarantine);
        commit.instruments = self.instruments.values().cloned().collect();
    }
}

/// Candles in as few batches as their numbers fit.
fn batches(candles: &[Candle]) -> Vec<CandleBatch> {
    let mut batches: Vec<CandleBatch> = Vec::new();
    for candle in candles {
        if batches
            .last_mut()
            .is_some_and(|batch| batch.push(candle).is_some())
        {
            continue;
        }
        let mut batch = CandleBatch::default();
        if batch.push(candle).is_some() {
            batches.push(batch);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use quantflow_model::{Price, Quantity, Side, TradeFlags, TradeId};

    use super::*;

    fn trade(id: u64) -> Trade {
        Trade {
            id: TradeId(id.into()),
            time: Timestamp::from_nanos(1_000 - id as i64 % 10),
            price: Price("1.5".parse().unwrap()),
            quantity: Quantity("2".parse().unwrap()),
            side: Side::Buy,
            flags: TradeFlags::NONE,
            count: 1,
        }
    }

    #[test]
    fn trades_are_there_in_their_order_whether_fresh_settled_or_taken_out() {
        let mut pending = Pending::default();
        let all: Vec<_> = (0..20_000_u64)
            .map(|id| (SymbolSlot((id * id % 7) as u32), trade(id)))
            .collect();
        let of = |slot, all: &[(SymbolSlot, Trade)]| -> Vec<Trade> {
            let ours = all.iter().filter(|(of, _)| *of == slot);
            ours.map(|(_, trade)| *trade).collect()
        };
        let mut pushed = 0;
        for part in all.chunks(330) {
            pending.push_trades(part);
            pushed += part.len();
            for slot in (0..8).map(SymbolSlot) {
                let expected = of(slot, &all[..pushed]);
                assert_eq!(pending.trades(slot).collect::<Vec<_>>(), expected);
                let times = expected.iter().map(|trade| trade.time);
                let span = times.clone().min().zip(times.max());
                assert_eq!(pending.trade_span(slot), span);
            }
        }
        assert_eq!(pending.rows(), all.len());

        let taken = pending.take();
        assert_eq!((pending.rows(), taken.rows()), (0, all.len()));
        pending.push_trades(&all[..5]);
        for slot in (0..8).map(SymbolSlot) {
            let settled = taken.get(slot).into_iter().flat_map(|rows| &rows.trades);
            let settled: Vec<Trade> = settled.flat_map(TradeBatch::iter).collect();
            assert_eq!(settled, of(slot, &all));
            let fresh: Vec<Trade> = pending.trades(slot).collect();
            assert_eq!(fresh, of(slot, &all[..5]));
        }
    }
}
