//! [`GeneratedMarket`]: a market made from a seed.
//!
//! The trades of a listing are a closed function of (seed, symbol, second): their ids, times,
//! prices and sizes at any moment are had without walking up to it, so history costs nothing until
//! somebody asks for it, and a server that is started anew goes on with the same market. Only the
//! order book is a walk: it begins where the feed begins, and agrees with the trades from there.

mod book;
mod feed;
mod path;
mod profile;
mod schedule;
mod source;
mod trades;

use std::sync::Arc;
use std::time::Duration;

pub use profile::Profile;
use quantflow_model::{
    Instrument, InstrumentStatus, Notional, Symbol, SymbolError, TimeRange, Timestamp, VenueId,
    VenueSymbol,
};
use source::Source;

use crate::market::{Feed, Listing, Mark, Market};
use crate::row::{AggregateRow, Bar, Row, Units};

/// What market to make.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedOptions {
    /// Same seed, same market.
    pub seed: u64,
    /// Whose symbols they are in our model: `demo` for the demo, so that they never mix with real ones.
    pub venue: VenueId,
    /// The symbols.
    pub profiles: Vec<Profile>,
    /// The first instant that the venue knows of. Ids do not depend on it.
    pub begins: Timestamp,
    /// Whether there are books and quotes. Without, trades come several times faster.
    pub books: bool,
}

impl GeneratedOptions {
    /// The demo's market with history of so long before `now`, from a midnight on.
    pub fn demo(venue: VenueId, seed: u64, now: Timestamp, history: Duration) -> Self {
        Self {
            seed,
            venue,
            profiles: Profile::demo(),
            begins: (now - history).start_of_day(),
            books: true,
        }
    }
}

/// Why there can be no such market.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The assets make no symbol.
    #[error("a profile's assets make no symbol: {0}")]
    Symbol(#[from] SymbolError),
    /// A number is out of its range.
    #[error("{symbol}: {what} is {given}; allowed is {allowed}")]
    OutOfRange {
        /// Which symbol.
        symbol: String,
        /// Which field.
        what: &'static str,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

/// A market made from a seed; it never ends.
#[derive(Debug, Clone)]
pub struct GeneratedMarket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    listings: Vec<Listing>,
    sources: Vec<Source>,
    begins: Timestamp,
    books: bool,
}

fn check(symbol: &str, profile: &Profile) -> Result<(), ProfileError> {
    let refuse = |what, given: String, allowed| {
        Err(ProfileError::OutOfRange {
            symbol: symbol.into(),
            what,
            given,
            allowed,
        })
    };
    if profile.price_scale > 12 {
        return refuse("price_scale", profile.price_scale.to_string(), "0 to 12");
    }
    if profile.quantity_scale > 12 {
        return refuse(
            "quantity_scale",
            profile.quantity_scale.to_string(),
            "0 to 12",
        );
    }
    let ticks = profile.price * 10_u64.pow(u32::from(profile.price_scale)) as f64;
    if !(100.0..1e15).contains(&ticks) {
        return refuse("price", profile.price.to_string(), "100 to 10^15 ticks");
    }
    if !(profile.trades_per_second > 0.0 && profile.trades_per_second <= 1e7) {
        return refuse(
            "trades_per_second",
            profile.trades_per_second.to_string(),
            "above 0 to 10^7",
        );
    }
    if !(0.0..=0.01).contains(&profile.volatility) {
        return refuse(
            "volatility",
            profile.volatility.to_string(),
            "0 to 0.01 a minute",
        );
    }
    Ok(())
}

impl GeneratedMarket {
    /// Makes it.
    ///
    /// # Errors
    /// When a profile's assets make no symbol or one of its numbers is out of range.
    pub fn new(options: &GeneratedOptions) -> Result<Self, ProfileError> {
        let mut listings = Vec::new();
        let mut sources = Vec::new();
        for profile in &options.profiles {
            let spelled = format!("{}{}", profile.base, profile.quote);
            check(&spelled, profile)?;
            let symbol = Symbol::spot(&options.venue, &profile.base, &profile.quote)?;
            let venue_symbol = VenueSymbol::new(&spelled)
                .ok_or_else(|| SymbolError::BadInstrument(spelled.clone()))?;
            let units = Units {
                price_scale: profile.price_scale,
                quantity_scale: profile.quantity_scale,
            };
            listings.push(Listing {
                instrument: Instrument {
                    contract: None,
                    symbol,
                    venue_symbol,
                    status: InstrumentStatus::Trading,
                    tick: Some(units.price(1)),
                    lot: Some(units.quantity(1)),
                    minimum_notional: Some(Notional(quantflow_model::Decimal::whole(5))),
                },
                units,
            });
            sources.push(Source::new(options.seed, profile, options.begins));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                listings,
                sources,
                begins: options.begins,
                books: options.books,
            }),
        })
    }

    fn of<T: Default>(&self, listing: usize, ask: impl FnOnce(&Source) -> T) -> T {
        self.inner.sources.get(listing).map(ask).unwrap_or_default()
    }
}

impl Market for GeneratedMarket {
    fn listings(&self) -> &[Listing] {
        &self.inner.listings
    }

    fn begins(&self) -> Timestamp {
        self.inner.begins
    }

    fn ends(&self) -> Option<Timestamp> {
        None
    }

    fn plays_from(&self) -> Option<Timestamp> {
        None
    }

    fn feed(&self, from: Timestamp) -> Box<dyn Feed> {
        Box::new(feed::GeneratedFeed::new(Arc::clone(&self.inner), from))
    }

    fn mark_at(&self, listing: usize, instant: Timestamp) -> Mark {
        self.of(listing, |source| source.mark_at(instant))
    }

    fn rows_from(&self, listing: usize, from: u64, limit: usize, until: Mark) -> Vec<Row> {
        self.of(listing, |source| source.rows_from(from, limit, until))
    }

    fn newest_rows(&self, listing: usize, limit: usize, until: Mark) -> Vec<Row> {
        self.of(listing, |source| source.newest_rows(limit, until))
    }

    fn rows_in(&self, listing: usize, span: TimeRange, until: Mark) -> Vec<Row> {
        self.of(listing, |source| source.rows_in(span, until))
    }

    fn aggregates_from(
        &self,
        listing: usize,
        from: u64,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow> {
        self.of(listing, |source| source.aggregates_from(from, limit, until))
    }

    fn newest_aggregates(&self, listing: usize, limit: usize, until: Mark) -> Vec<AggregateRow> {
        self.of(listing, |source| source.newest_aggregates(limit, until))
    }

    fn aggregates_in(
        &self,
        listing: usize,
        span: TimeRange,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow> {
        self.of(listing, |source| source.aggregates_in(span, limit, until))
    }

    fn bar(&self, listing: usize, span: TimeRange, until: Mark) -> Option<Bar> {
        self.of(listing, |source| source.bar(span, until))
    }
}
