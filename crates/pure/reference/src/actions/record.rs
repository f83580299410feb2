//! What companies do to their shares, as it was told.

use compact_str::CompactString;
use jiff::civil::Date;
use quantflow_model::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Fraction;

/// Why something is no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A split of or into nothing.
    #[error("a split of {old} shares into {new}: both must be above zero")]
    Split {
        /// Shares after.
        new: u64,
        /// Shares before.
        old: u64,
    },
    /// A dividend that is not above zero.
    #[error("a dividend of {0}: it must be above zero")]
    Dividend(Decimal),
}

/// `new` shares for each `old`, in lowest terms: 4 for 1 in a split, 1 for 8 in a reverse split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SplitRatio {
    new: u64,
    old: u64,
}

impl SplitRatio {
    /// `new` shares for `old`.
    ///
    /// # Errors
    /// When either is zero.
    pub fn new(new: u64, old: u64) -> Result<Self, RecordError> {
        if new == 0 || old == 0 {
            return Err(RecordError::Split { new, old });
        }
        let common = num_integer::gcd(new, old);
        Ok(Self {
            new: new / common,
            old: old / common,
        })
    }

    /// Shares after the split.
    pub fn new_shares(self) -> u64 {
        self.new
    }

    /// Shares before the split.
    pub fn old_shares(self) -> u64 {
        self.old
    }

    /// What earlier prices are multiplied by: old over new.
    pub fn price_factor(self) -> Fraction {
        // made of two numbers above zero
        Fraction::new(self.old.into(), self.new.into()).unwrap_or_else(Fraction::one)
    }
}

/// An amount of money per share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cash {
    /// How much; above zero.
    pub amount: Decimal,
    /// Of what: `USD`; for a hundredth part the exchanges' own names, `GBX` (or `GBp`), `ZAc`, `ILA`.
    pub currency: CompactString,
}

impl Cash {
    /// The amount in another currency of the same money: pounds in pence, pence in pounds. `None` when the
    /// two are not the same money: there is no exchange rate here.
    pub fn within(&self, currency: &str) -> Option<Decimal> {
        let (ours, hundredths) = major(&self.currency);
        let (wanted, wanted_hundredths) = major(currency);
        if ours != wanted {
            return None;
        }
        match (hundredths, wanted_hundredths) {
            (true, false) => self.amount.checked_mul(Decimal::new(1, 2)?),
            (false, true) => self.amount.checked_mul(Decimal::whole(100)),
            _ => Some(self.amount),
        }
    }
}

/// The money, and whether the name is of its hundredth part.
fn major(currency: &str) -> (&str, bool) {
    match currency {
        "GBX" | "GBp" => ("GBP", true),
        "ZAc" | "ZAC" => ("ZAR", true),
        "ILA" => ("ILS", true),
        other => (other, false),
    }
}

/// What a dividend is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DividendKind {
    /// Paid regularly.
    Ordinary,
    /// Paid once.
    Special,
    /// A fund's realised gains.
    CapitalGain,
    /// Not money but things, at the stated value: shares of what is spun off.
    InKind,
}

/// Why an instrument stopped trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DelistingReason {
    /// Taken over or merged.
    Acquired,
    /// Bankrupt or wound up.
    Liquidated,
    /// The exchange or the company ended the listing.
    Withdrawn,
    /// Matured, called or closed, as notes and funds are.
    Redeemed,
    /// Nobody said.
    Unknown,
}

/// What happens on an ex-date.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// Shares are split or put together before the open of the ex-date.
    Split {
        /// How.
        ratio: SplitRatio,
    },
    /// From the open of the ex-date on a buyer no longer gets it.
    Dividend {
        /// Per share as there are on the ex-date, after a split of the same date.
        cash: Cash,
        /// Of what it is.
        kind: DividendKind,
    },
    /// From the date on it trades under another ticker.
    Renamed {
        /// The ticker from the date on.
        to: CompactString,
    },
    /// It no longer trades on the date.
    Delisted {
        /// Why.
        reason: DelistingReason,
    },
}

impl Action {
    /// `new` shares for `old`.
    ///
    /// # Errors
    /// When either is zero.
    pub fn split(new: u64, old: u64) -> Result<Self, RecordError> {
        SplitRatio::new(new, old).map(|ratio| Self::Split { ratio })
    }

    /// An ordinary dividend.
    ///
    /// # Errors
    /// When the amount is not above zero.
    pub fn dividend(amount: Decimal, currency: &str) -> Result<Self, RecordError> {
        Self::dividend_of(DividendKind::Ordinary, amount, currency)
    }

    /// A dividend of the kind.
    ///
    /// # Errors
    /// When the amount is not above zero.
    pub fn dividend_of(
        kind: DividendKind,
        amount: Decimal,
        currency: &str,
    ) -> Result<Self, RecordError> {
        if !amount.is_positive() {
            return Err(RecordError::Dividend(amount));
        }
        Ok(Self::Dividend {
            cash: Cash {
                amount,
                currency: currency.into(),
            },
            kind,
        })
    }

    /// What sort of action it is: sources are chosen between for one sort on one date.
    pub(super) fn sort(&self) -> u8 {
        match self {
            Self::Split { .. } => 0,
            Self::Dividend { .. } => 1,
            Self::Renamed { .. } => 2,
            Self::Delisted { .. } => 3,
        }
    }
}

/// What a source said of an action.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// It happens, in this way; takes the place of what the source said before under the same id.
    Announced {
        /// The first date on which it shows in the price.
        ex_date: Date,
        /// What happens.
        #[serde(flatten)]
        action: Action,
    },
    /// What the source said under this id is not so.
    Withdrawn,
}

/// One statement of one source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ActionRecord {
    /// Who says it.
    pub source: CompactString,
    /// The source's name for the action: corrections repeat it.
    pub id: CompactString,
    /// When we came to know it.
    pub known_at: Timestamp,
    /// What is said.
    #[serde(flatten)]
    pub change: Change,
}
