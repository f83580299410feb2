//! `quantflow replay`: a recording or a generated market, served in the venue's own protocol.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Symbol, VenueId};
use quantflow_replay::{
    Fault, FaultPlan, GeneratedMarket, GeneratedOptions, KeyRule, Market, RecordedMarket,
    ReplayHandle, ReplayOptions, ReplayServer, Speed,
};
use quantflow_seams::{Clock, SystemClock};
use quantflow_venues::Registry;
use quantflow_wire::Codec;
use serde_json::Value;

use crate::arguments::ReplayArguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Cell, Listing};
use crate::venues;

/// The path that means a generated market.
const GENERATED: &str = "generated";
/// How much past a generated market has.
const PAST: Duration = Duration::from_hours(30 * 24);

/// Serves until it is stopped.
pub(crate) async fn run(context: &Context, arguments: &ReplayArguments) -> Outcome {
    let venue: VenueId = arguments.venue.parse().map_err(|error| {
        Failure::usage(format!("--venue {:?} is no venue's name", arguments.venue)).because(error)
    })?;
    let registry = Registry::builtin();
    let codec = registry.codec(&venue).ok_or_else(|| {
        let known: Vec<&str> = registry.venues().map(VenueId::as_str).collect();
        Failure::usage(format!("nothing here speaks as {venue} does"))
            .because(format!("built in: {}", known.join(", ")))
            .to_do("name one of them with --venue")
    })?;
    let speed: Speed = arguments
        .speed
        .parse()
        .map_err(|error| Failure::usage("--speed is not right").because(error))?;
    let faults = arguments
        .faults
        .iter()
        .map(|text| text.parse::<Fault>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Failure::usage("--fault is not right").because(error))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let market: Arc<dyn Market> = if arguments.path == Path::new(GENERATED) {
        generated(&venue, arguments.seed, clock.as_ref())?
    } else {
        recorded(context, arguments, &venue, codec.as_ref())?
    };
    let options = ReplayOptions {
        listen: arguments.listen,
        speed,
        faults: FaultPlan {
            faults,
            seed: arguments.seed,
        },
        key: match arguments.needs_key.as_deref() {
            None => KeyRule::None,
            Some("any") => KeyRule::Any,
            Some(key) => KeyRule::This(key.to_owned()),
        },
        ..ReplayOptions::default()
    };
    let symbols: Vec<(Symbol, String)> = market
        .listings()
        .iter()
        .map(|listing| {
            let instrument = &listing.instrument;
            (
                instrument.symbol.clone(),
                instrument.venue_symbol.as_str().to_owned(),
            )
        })
        .collect();
    let server = ReplayServer::start(market, options, clock)
        .await
        .map_err(|error| {
            Failure::new("cannot serve the replay")
                .because(error)
                .to_do("choose another --listen")
        })?;
    show(context, &server, &venue, &symbols)?;
    tokio::select! {
        () = server.ended() => {}
        result = tokio::signal::ctrl_c() => {
            result.map_err(|error| Failure::new("cannot listen for Ctrl-C").because(error))?;
        }
    }
    server.shutdown().await;
    Ok(())
}

fn generated(venue: &VenueId, seed: u64, clock: &dyn Clock) -> Outcome<Arc<dyn Market>> {
    let options = GeneratedOptions::demo(venue.clone(), seed, clock.now(), PAST);
    let market = GeneratedMarket::new(&options)
        .map_err(|error| Failure::new("cannot generate a market").because(error))?;
    Ok(Arc::new(market))
}

fn recorded(
    context: &Context,
    arguments: &ReplayArguments,
    venue: &VenueId,
    codec: &dyn Codec,
) -> Outcome<Arc<dyn Market>> {
    let path = &arguments.path;
    let cannot = || Failure::new(format!("cannot replay {}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| {
        cannot()
            .because(error)
            .to_do(format!("name a recording, or `{GENERATED}`"))
    })?;
    let symbol = match &arguments.symbol {
        Some(text) => venues::import_symbol(text, venue, Some(codec), &[])?,
        None => symbol_of(path, venue, codec).ok_or_else(|| {
            cannot()
                .because("neither its name nor its content says which symbol it is of")
                .to_do("say it: --symbol BTC/USDT")
        })?,
    };
    let market = if is_csv(&bytes).map_err(|error| cannot().because(error))? {
        RecordedMarket::from_trades_csv(&bytes, &symbol, false)
    } else {
        RecordedMarket::from_capture(&bytes, &symbol, codec)
    };
    let market = market.map_err(|error| {
        cannot().because(error).to_do(
            "a recording is a csv of trades (ts_ms,price,qty,side,trade_id) or lines of `<ns> <json>`",
        )
    })?;
    if market.unsided() > 0 {
        context.terminal.note(&format!(
            "note: {} trades have no side; they are served as bought where the price rose last, else sold",
            market.unsided()
        ));
    }
    Ok(Arc::new(market))
}

/// The symbol that a part of the file's name names: `binance-spot_BTCUSDT_trades_….csv.gz`.
fn symbol_of(path: &Path, venue: &VenueId, codec: &dyn Codec) -> Option<Symbol> {
    let name = path.file_name()?.to_str()?;
    let stem = name.split('.').next()?;
    stem.split('_').find_map(|part| {
        // whole words of a name are no pairs: `spot`, `trades`
        let pair = venues::split_pair(&part.to_ascii_uppercase()).is_some();
        pair.then(|| venues::import_symbol(part, venue, Some(codec), &[]).ok())?
    })
}

/// Whether a recording begins with a CSV's header.
fn is_csv(bytes: &[u8]) -> std::io::Result<bool> {
    let mut first = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let plain = flate2::bufread::MultiGzDecoder::new(bytes);
        BufReader::new(plain).read_until(b'\n', &mut first)?;
    } else {
        (&*bytes).read_until(b'\n', &mut first)?;
    }
    Ok(first.starts_with(b"ts_"))
}

fn show(
    context: &Context,
    server: &ReplayHandle,
    venue: &VenueId,
    symbols: &[(Symbol, String)],
) -> Outcome {
    let (rest, ws) = (server.rest_url(), server.ws_url());
    let names = symbols
        .iter()
        .map(|(_, name)| Value::from(name.as_str()))
        .collect();
    context.terminal.show(&Listing::one(vec![
        ("rest_url", "restUrl", Cell::text(&rest)),
        ("ws_url", "wsUrl", Cell::text(&ws)),
        ("venue", "venue", Cell::text(venue.as_str())),
        ("symbols", "symbols", Cell::Json(names)),
        ("market_time", "marketTime", Cell::Time(server.market_now())),
    ]))?;
    let upper = venue.as_str().to_ascii_uppercase();
    let streams: Vec<&str> = symbols.iter().map(|(symbol, _)| symbol.as_str()).collect();
    context.terminal.note(&format!(
        "quantflow: QUANTFLOW__VENUES__{upper}__REST_URL={rest} QUANTFLOW__VENUES__{upper}__WS_URL={ws} \
         QUANTFLOW__INGEST__STREAMS={} quantflow up\n\
         ccxt:      exchange.urls['api']['public'] = '{rest}/api/v3'; exchange.urls['api']['ws']['spot'] = '{ws}/ws'\n\
         Ctrl-C ends it",
        streams.join(",")
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Option<String> {
        let venue: VenueId = "binance".parse().unwrap();
        let codec = Registry::builtin().codec(&venue).unwrap();
        symbol_of(Path::new(name), &venue, codec.as_ref()).map(|symbol| symbol.to_string())
    }

    #[test]
    fn a_files_name_may_name_its_symbol() {
        let canonical = "a/binance-spot_BTCUSDT_trades_tick_20240808_20240809.csv.gz";
        assert_eq!(symbol(canonical).as_deref(), Some("binance:BTC/USDT"));
        assert_eq!(
            symbol("spot_btcusdt_20240808.gz").as_deref(),
            Some("binance:BTC/USDT")
        );
        assert_eq!(symbol("recording.csv"), None);
    }

    #[test]
    fn a_csv_is_told_from_a_capture() {
        assert!(is_csv(b"ts_ms,price\n1,2\n").unwrap());
        assert!(!is_csv(b"1723161253937085768 {}\n").unwrap());
        assert!(!is_csv(b"").unwrap());
    }
}
