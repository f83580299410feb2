//! [`Instrument`]: what a venue says of a symbol.

use serde::{Deserialize, Serialize};

use crate::{Decimal, Notional, Price, Quantity, Symbol, VenueSymbol};

/// What a venue says of a symbol: how it spells it, and the steps of its prices and quantities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Our name.
    pub symbol: Symbol,
    /// The venue's name.
    pub venue_symbol: VenueSymbol,
    /// Whether it trades.
    pub status: InstrumentStatus,
    /// The smallest step of a price.
    pub tick: Option<Price>,
    /// The smallest step of a quantity.
    pub lot: Option<Quantity>,
    /// The smallest order by value.
    pub minimum_notional: Option<Notional>,
    /// What one unit of quantity stands for, where quantities count contracts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractSize>,
}

/// What one contract stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractSize {
    /// How much of the asset.
    pub amount: Decimal,
    /// Of which asset.
    pub of: ContractUnit,
}

/// What a contract's size is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractUnit {
    /// The base asset: a linear contract.
    Base,
    /// The quote currency: an inverse contract.
    Quote,
}

impl Instrument {
    /// Digits after the point that its prices are shown with.
    pub fn price_decimals(&self) -> Option<u8> {
        self.tick.map(|tick| tick.decimal().scale())
    }

    /// Digits after the point that its quantities are shown with.
    pub fn quantity_decimals(&self) -> Option<u8> {
        self.lot.map(|lot| lot.decimal().scale())
    }
}

/// Whether an instrument trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentStatus {
    /// It trades.
    Trading,
    /// It is halted or in an auction.
    Halted,
    /// It is not traded any more.
    Closed,
    /// The venue says something that we do not know.
    Unknown,
}
