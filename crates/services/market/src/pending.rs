//! [`Pending`]: what is known but not committed yet.

use std::collections::BTreeMap;

use quantflow_model::{
    Candle, CandleBatch, CandleOrigin, DayTally, Instrument, LedgerEvent, Quarantined, Symbol,
    TimeRange, Timeframe, Timestamp, Trade, TradeBatch,
};
use quantflow_pipeline::SymbolSlot;
use quantflow_seams::Commit;

/// What is known but not committed yet. Readers put it on top of the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pending {
    /// By slot of the pipeline.
    symbols: Vec<SymbolRows>,
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
    /// Adds a trade.
    pub(crate) fn push_trade(&mut self, trade: &Trade) {
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

    /// Trades in the order in which they came.
    pub(crate) fn trades(&self) -> impl Iterator<Item = Trade> + '_ {
        self.trades.iter().flat_map(TradeBatch::iter)
    }

    /// The venue time of the first and last trade here.
    pub(crate) fn trade_span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || {
            self.trades
                .iter()
                .flat_map(|batch| batch.times.iter().copied())
        };
        let span = (times().min()?, times().max()?);
        Some((Timestamp::from_nanos(span.0), Timestamp::from_nanos(span.1)))
    }
}

impl Pending {
    /// Nothing, with room for as much as is in `before`: what comes between two commits is about as
    /// much each time, and columns that grow are copied over and over.
    pub(crate) fn after(before: &Self) -> Self {
        let rows = |rows: &SymbolRows| SymbolRows {
            room: rows.trades.iter().map(TradeBatch::len).sum(),
            ..SymbolRows::default()
        };
        Self {
            symbols: before.symbols.iter().map(rows).collect(),
            ..Self::default()
        }
    }

    /// The rows of a symbol, to add to.
    #[inline]
    pub(crate) fn rows_of(&mut self, slot: SymbolSlot) -> &mut SymbolRows {
        // counted here and not in SymbolRows: every row is added through this
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

    /// Adds its rows to a commit; `names` are the pipeline's symbols by slot.
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
