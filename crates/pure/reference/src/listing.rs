//! Symbol history: which ticker an instrument had on a date, and which instrument a ticker meant.
//!
//! A ticker is a label that moves: `FB` was another company's until 2003, `GOOG` was Alphabet's class A
//! until 2014-04-02 and is its class C since. Series are kept by instrument, whose id never changes;
//! a [`SymbolHistory`] says under which labels it traded, a [`SymbolDirectory`] resolves a label at a date.

use std::collections::HashMap;

use compact_str::CompactString;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::actions::{Action, Actions};

/// A ticker and the dates on which an instrument had it, both counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolSpan {
    /// The ticker, in capitals.
    pub ticker: CompactString,
    /// Where it was listed, when the source says.
    pub exchange: Option<CompactString>,
    /// The first date.
    pub from: Date,
    /// The last date; `None` while it lasts.
    pub to: Option<Date>,
}

impl SymbolSpan {
    /// Whether the instrument had the ticker on the date.
    pub fn holds(&self, date: Date) -> bool {
        self.from <= date && self.to.is_none_or(|to| date <= to)
    }
}

/// Why spans are no history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// Nothing at all.
    #[error("{instrument} has no ticker on any date")]
    Empty {
        /// Whose history.
        instrument: CompactString,
    },
    /// Dates run backward, or two tickers at a time.
    #[error("{instrument}: {ticker} from {from} does not come after the ticker before it")]
    OutOfOrder {
        /// Whose history.
        instrument: CompactString,
        /// The ticker that does not fit.
        ticker: CompactString,
        /// Its first date.
        from: Date,
    },
    /// Two instruments under one ticker on one date.
    #[error("{ticker} means both {one} and {other} on {date}: their listings overlap")]
    Ambiguous {
        /// The ticker.
        ticker: CompactString,
        /// The instrument that has it.
        one: CompactString,
        /// The instrument that would have it too.
        other: CompactString,
        /// The first such date.
        date: Date,
    },
}

/// Under which tickers one instrument traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolHistory {
    instrument: CompactString,
    /// Ascending and disjoint, never empty.
    spans: Vec<SymbolSpan>,
}

impl SymbolHistory {
    /// The history of an instrument from its spans, ascending.
    ///
    /// # Errors
    /// When there is none, or spans overlap or run backward.
    pub fn new(instrument: &str, mut spans: Vec<SymbolSpan>) -> Result<Self, ListingError> {
        let instrument = CompactString::from(instrument);
        if spans.is_empty() {
            return Err(ListingError::Empty { instrument });
        }
        let mut before: Option<Option<Date>> = None;
        for span in &mut spans {
            span.ticker = span.ticker.to_uppercase();
            let follows = match before {
                None => true,
                Some(Some(last)) => last < span.from,
                Some(None) => false,
            };
            if !follows || span.to.is_some_and(|to| to < span.from) {
                return Err(ListingError::OutOfOrder {
                    instrument,
                    ticker: span.ticker.clone(),
                    from: span.from,
                });
            }
            before = Some(span.to);
        }
        Ok(Self { instrument, spans })
    }

    /// The history as map files write it: the date of the listing with the first ticker, then each
    /// ticker with the last date on which it held. A last date from `open_ended` on means that it lasts.
    ///
    /// # Errors
    /// As [`SymbolHistory::new`].
    pub fn from_last_dates(
        instrument: &str,
        rows: &[(Date, &str, Option<&str>)],
        open_ended: Date,
    ) -> Result<Self, ListingError> {
        let mut spans: Vec<SymbolSpan> = Vec::new();
        let mut from = rows.first().map(|row| row.0);
        for (index, (last, ticker, exchange)) in rows.iter().enumerate() {
            let Some(first) = from else { break };
            // the first row repeats the first ticker, unless it is all there is
            if index == 0 && rows.len() > 1 {
                continue;
            }
            spans.push(SymbolSpan {
                ticker: (*ticker).into(),
                exchange: exchange.map(CompactString::from),
                from: first,
                to: (*last < open_ended).then_some(*last),
            });
            from = last.checked_add(1.day()).ok();
        }
        Self::new(instrument, spans)
    }

    /// The history from the ticker of the listing and the renames and the delisting among the actions.
    ///
    /// # Errors
    /// As [`SymbolHistory::new`]; an action before the listing is out of order.
    pub fn from_actions(
        instrument: &str,
        listed: Date,
        ticker: &str,
        actions: &Actions,
    ) -> Result<Self, ListingError> {
        let mut spans = Vec::new();
        let mut now = Some((listed, CompactString::from(ticker)));
        for (date, action) in actions.list() {
            let next = match action {
                Action::Renamed { to } => Some((*date, to.clone())),
                Action::Delisted { .. } => None,
                Action::Split { .. } | Action::Dividend { .. } => continue,
            };
            let Some((from, ticker)) = std::mem::replace(&mut now, next) else {
                continue;
            };
            spans.push(SymbolSpan {
                ticker,
                exchange: None,
                from,
                to: Some(date.saturating_sub(1.day())),
            });
        }
        spans.extend(now.map(|(from, ticker)| SymbolSpan {
            ticker,
            exchange: None,
            from,
            to: None,
        }));
        Self::new(instrument, spans)
    }

    /// The instrument's own id.
    pub fn instrument(&self) -> &str {
        &self.instrument
    }

    /// The spans, ascending.
    pub fn spans(&self) -> &[SymbolSpan] {
        &self.spans
    }

    /// The ticker on a date; `None` before the listing, after the delisting and in between.
    pub fn ticker_on(&self, date: Date) -> Option<&str> {
        let span = self.spans.iter().find(|span| span.holds(date))?;
        Some(&span.ticker)
    }

    /// The last date on which it was listed; `None` while it is.
    pub fn delisted_after(&self) -> Option<Date> {
        self.spans.last().and_then(|span| span.to)
    }
}

/// Many instruments, found by the ticker they had.
#[derive(Debug, Clone, Default)]
pub struct SymbolDirectory {
    histories: Vec<SymbolHistory>,
    /// By ticker: who had it and when.
    by_ticker: HashMap<CompactString, Vec<(usize, SymbolSpan)>>,
}

impl SymbolDirectory {
    /// A directory of nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an instrument.
    ///
    /// # Errors
    /// When another instrument had one of its tickers on the same date; nothing is then taken.
    pub fn insert(&mut self, history: SymbolHistory) -> Result<(), ListingError> {
        for span in history.spans() {
            for (other, taken) in self.by_ticker.get(&span.ticker).into_iter().flatten() {
                let date = span.from.max(taken.from);
                if span.holds(date) && taken.holds(date) {
                    return Err(ListingError::Ambiguous {
                        ticker: span.ticker.clone(),
                        one: self.histories[*other].instrument.clone(),
                        other: history.instrument,
                        date,
                    });
                }
            }
        }
        let index = self.histories.len();
        for span in history.spans() {
            let of_ticker = self.by_ticker.entry(span.ticker.clone()).or_default();
            of_ticker.push((index, span.clone()));
        }
        self.histories.push(history);
        Ok(())
    }

    /// The instrument that a ticker meant on a date, in whatever case it is written.
    pub fn resolve(&self, ticker: &str, date: Date) -> Option<&SymbolHistory> {
        let ticker = ticker.to_uppercase();
        let (index, _) = self
            .by_ticker
            .get(ticker.as_str())?
            .iter()
            .find(|(_, span)| span.holds(date))?;
        self.histories.get(*index)
    }

    /// Every instrument, as inserted.
    pub fn histories(&self) -> &[SymbolHistory] {
        &self.histories
    }
}
