//! What venues say of contracts beside their trades: mark prices, funding, open interest, greeks,
//! liquidations.

use serde::{Deserialize, Serialize};

use crate::{Decimal, Notional, Price, Quantity, Side, Timestamp};

/// What a venue says of a contract beside its market. Every part is `None` where this message does not
/// say it; what an earlier one said still stands then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContractState {
    /// When, by the venue's time.
    pub time: Option<Timestamp>,
    /// The price by which positions are valued.
    pub mark: Option<Price>,
    /// The price of what the contract is on.
    pub index: Option<Price>,
    /// The price that a dated contract would be settled at, as far as known.
    pub settlement: Option<Price>,
    /// The rate of the funding that is paid next, as a part of the position's value: 0.0001 is 0.01 %.
    pub funding_rate: Option<Decimal>,
    /// When it is paid.
    pub funding_time: Option<Timestamp>,
    /// The rate after that, where it is foretold.
    pub next_funding_rate: Option<Decimal>,
    /// Contracts that are open, in the unit of the instrument's quantities.
    pub open_interest: Option<Quantity>,
    /// What they are worth in the quote currency.
    pub open_interest_value: Option<Notional>,
}

/// A funding rate that was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingRate {
    /// When it was paid.
    pub time: Timestamp,
    /// As a part of the position's value; longs pay shorts where it is positive.
    pub rate: Decimal,
    /// The mark price it was paid by, where said.
    pub mark: Option<Price>,
}

/// A position that a venue closed by force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liquidation {
    /// When.
    pub time: Timestamp,
    /// The side of the order that closes it: `Sell` closes a long position.
    pub side: Side,
    /// At what price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
}

/// What a venue computes for an option. Volatilities are yearly, as parts: 0.65 is 65 %. Greeks in the
/// venue's own units, which its page names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OptionState {
    /// When, by the venue's time.
    pub time: Option<Timestamp>,
    /// The option's mark price.
    pub mark: Option<Price>,
    /// The price of what it is on.
    pub underlying: Option<Price>,
    /// Implied volatility of the mark price.
    pub mark_volatility: Option<Decimal>,
    /// Implied volatility of the best bid.
    pub bid_volatility: Option<Decimal>,
    /// Implied volatility of the best offer.
    pub ask_volatility: Option<Decimal>,
    /// Change of price with the underlying.
    pub delta: Option<Decimal>,
    /// Change of delta with the underlying.
    pub gamma: Option<Decimal>,
    /// Change of price with volatility.
    pub vega: Option<Decimal>,
    /// Change of price with time.
    pub theta: Option<Decimal>,
    /// Change of price with the interest rate.
    pub rho: Option<Decimal>,
    /// The interest rate it was computed with, as a part.
    pub interest_rate: Option<Decimal>,
    /// Contracts that are open.
    pub open_interest: Option<Quantity>,
}
