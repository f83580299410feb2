//! [`CorporateAction`]: what happened to a share beside its market, as a source tells it.

use quantflow_model::{Decimal, Price, Timestamp};

/// Something that happened to a share: prices before it mean something else than prices after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorporateAction {
    /// The first day that is without the dividend, or in new shares: midnight UTC of the exchange's
    /// date, as candles of days have it.
    pub date: Timestamp,
    /// What happened.
    pub kind: ActionKind,
}

/// What happened to a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Money paid for each share, in the currency of its prices.
    Dividend(Price),
    /// So many new shares for so many old ones.
    Split {
        /// New shares …
        new: Decimal,
        /// … for these old ones.
        old: Decimal,
    },
}
