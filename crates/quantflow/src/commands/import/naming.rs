//! What an archive holds and whose it is: what its name says, held against the flags.

use std::sync::Arc;

use quantflow_model::{Contract, Symbol, VenueId};
use quantflow_wire::{Codec, ImportKind};

use crate::arguments::{ImportArguments, ImportRows};
use crate::failure::{Failure, Outcome};
use crate::files::archive::name::{ArchiveName, Contents};
use crate::venues::{self, Known};

/// What an import of such contents is called in the log.
pub(super) fn import_kind(contents: Contents) -> ImportKind {
    match contents {
        Contents::Trades | Contents::Aggregates => ImportKind::Trades,
        Contents::Klines(timeframe) => ImportKind::Candles(timeframe),
    }
}

/// Whether the flags ask for such contents.
pub(super) fn is_asked(arguments: &ImportArguments, contents: Contents) -> bool {
    let (kind, timeframe) = match contents {
        Contents::Trades => (ImportRows::Trades, None),
        Contents::Aggregates => (ImportRows::AggTrades, None),
        Contents::Klines(timeframe) => (ImportRows::Candles, Some(timeframe)),
    };
    arguments.kind.is_none_or(|asked| asked == kind)
        && arguments
            .timeframe
            .is_none_or(|asked| Some(asked) == timeframe)
}

/// What an archive holds.
///
/// # Errors
/// When its name says nothing and the flags do not say enough, or the two contradict each other.
pub(super) fn contents_of(
    arguments: &ImportArguments,
    file: &str,
    name: Option<&ArchiveName>,
) -> Outcome<Contents> {
    if let Some(name) = name {
        if name.counts_contracts() {
            return Err(Failure::new(format!("cannot import {file}"))
                .because("archives of coin-margined futures count contracts, not the asset")
                .to_do("import those of the spot market or of futures in USDT"));
        }
        if is_asked(arguments, name.contents) {
            return Ok(name.contents);
        }
        return Err(Failure::usage(format!(
            "{file} holds {}, by its name; --kind or --timeframe says otherwise",
            name.contents
        ))
        .to_do("leave both out, or name the file that you mean"));
    }
    match (arguments.kind, arguments.timeframe) {
        (Some(ImportRows::Trades), None) => Ok(Contents::Trades),
        (Some(ImportRows::AggTrades), None) => Ok(Contents::Aggregates),
        (Some(ImportRows::Candles), Some(timeframe)) => Ok(Contents::Klines(timeframe)),
        (Some(ImportRows::Candles), None) => {
            Err(Failure::usage("--kind candles needs --timeframe"))
        }
        (Some(_), Some(_)) => Err(Failure::usage("trades have no timeframe")
            .to_do("leave --timeframe out, or use --kind candles")),
        (None, _) => Err(Failure::usage(format!("what is in {file}?"))
            .because("it is not named as archives are, such as BTCUSDT-1m-2024-08-08.zip")
            .to_do("say it with --kind (and --timeframe), or give it its own name back")),
    }
}

/// A venue, and what is known of its names.
pub(super) struct Names {
    pub(super) venue: VenueId,
    pub(super) codec: Option<Arc<dyn Codec>>,
    /// Of the data folder; none before it is opened.
    pub(super) known: Vec<Known>,
}

impl Names {
    /// Whose an archive is: as asked, and as its name says.
    ///
    /// # Errors
    /// When neither says it, or the two contradict each other.
    pub(super) fn symbol(
        &self,
        asked: Option<&str>,
        file: &str,
        name: Option<&ArchiveName>,
    ) -> Outcome<Symbol> {
        let own = name.map(|name| name.symbol.as_str());
        let Some(asked) = asked else {
            let own = own.ok_or_else(|| {
                Failure::usage(format!("whose rows are in {file}?"))
                    .because("it is not named as archives are, such as BTCUSDT-1m-2024-08-08.zip")
                    .to_do("say it with --symbol, or give it its own name back")
            })?;
            return self.called(own);
        };
        let symbol = self.asked(asked)?;
        match (own, self.spelled(&symbol)) {
            (Some(own), spelled) if own != spelled => Err(Failure::usage(format!(
                "{file} is of {own}, by its name; --symbol {asked} is {spelled} there"
            ))
            .to_do("leave --symbol out, or name the file that you mean")),
            _ => Ok(symbol),
        }
    }

    /// The symbol that a flag means.
    pub(super) fn asked(&self, asked: &str) -> Outcome<Symbol> {
        // the venue's own name, of a future too
        if let Ok(symbol) = self.called(&asked.to_ascii_uppercase()) {
            return Ok(symbol);
        }
        venues::import_symbol(asked, &self.venue, self.codec.as_deref(), &self.known)
    }

    /// What the venue calls a symbol in its archives.
    pub(super) fn spelled(&self, symbol: &Symbol) -> String {
        let known = self.known.iter().find(|known| known.symbol == *symbol);
        if let Some(own) = known.and_then(|known| known.venue_symbol.clone()) {
            return own;
        }
        if let Some(own) = self.codec.as_ref().and_then(|codec| codec.spell(symbol)) {
            return own.as_str().to_owned();
        }
        let instrument = symbol.instrument();
        let (pair, settled) = instrument.split_once(':').unwrap_or((instrument, ""));
        let pair = pair.replace('/', "");
        // BTC/USDT:USDT-20240927 is BTCUSDT_240927
        match settled.split_once("-20") {
            Some((_, expiry)) => format!("{pair}_{expiry}"),
            None => pair,
        }
    }

    /// Our symbol of what the venue calls so.
    pub(super) fn called(&self, own: &str) -> Outcome<Symbol> {
        let known = self.known.iter().find(|known| {
            known.symbol.venue_str() == self.venue.as_str()
                && known.venue_symbol.as_deref() == Some(own)
        });
        if let Some(known) = known {
            return Ok(known.symbol.clone());
        }
        let pair = venues::split_pair(own);
        let candidates = pair.into_iter().flat_map(|(base, quote)| {
            [format!("{base}/{quote}"), format!("{base}/{quote}:{quote}")]
        });
        candidates
            .filter_map(|instrument| Symbol::new(&self.venue, &instrument).ok())
            .find(|symbol| {
                let spelled = self.codec.as_ref().and_then(|codec| codec.spell(symbol));
                spelled.is_some_and(|spelled| spelled.as_str() == own)
            })
            .ok_or_else(|| {
                Failure::usage(format!("what is {own} of {} called here?", self.venue))
                    .because("the venue's name of it does not say what is traded for what")
                    .to_do("say it with --symbol, such as --symbol BTC/USDT")
            })
    }
}

/// Whether a symbol is of a spot market (and not of futures), as folders of archives are told apart.
pub(super) fn is_spot(symbol: &Symbol) -> bool {
    matches!(
        symbol.contract(),
        Contract::Spot { .. } | Contract::Ticker(_)
    )
}
