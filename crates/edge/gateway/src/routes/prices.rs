//! `/prices`, `/price/{symbol}`.

use std::sync::Arc;

use crate::answer::Answer;
use crate::dto::Price;
use crate::endpoint::{
    Access, Call, Endpoint, Method, Place, Returns, Run, SYMBOL, SYMBOL_VENUE, TIME,
};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

pub(super) const PRICES: Endpoint = Endpoint {
    name: "prices",
    method: Method::Get,
    path: "/prices",
    place: Place::Versioned,
    tag: "market data",
    summary: "The newest price of every symbol",
    about: "Sorted by symbol. A symbol that has no trade yet is in it with a price and time of null.",
    parameters: &[
        Parameter::new("venue", Kind::Venue, "Only symbols of this venue.", "demo"),
        Parameter::new(
            "quote",
            Kind::Asset,
            "Only symbols priced in this asset.",
            "USDT",
        ),
        Parameter::new(
            "symbols",
            Kind::List(200),
            "Only these symbols, separated by commas.",
            "demo:BTC-USDT",
        ),
        TIME,
    ],
    returns: Returns::Rows("Price"),
    errors: &[Code::SymbolNotFound],
    per_minute: 120,
    ttl: 1,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(prices(shared, call))),
};

pub(super) const PRICE: Endpoint = Endpoint {
    name: "price",
    method: Method::Get,
    path: "/price/{symbol}",
    place: Place::Versioned,
    tag: "market data",
    summary: "The newest price of a symbol",
    about: "`SYMBOL_NOT_FOUND` also while a known symbol has no trade yet.",
    parameters: &[SYMBOL, SYMBOL_VENUE, TIME],
    returns: Returns::Object("Price"),
    errors: &[Code::SymbolNotFound],
    per_minute: 300,
    ttl: 1,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(price(shared, call))),
};

async fn prices(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let style = call.style();
    let venue = call.parameters.text("venue");
    let quote = call.parameters.text("quote");
    let mut only = None;
    if let Some(names) = call.parameters.list("symbols") {
        let mut wanted = Vec::with_capacity(names.len());
        for name in names {
            wanted.push(
                shared
                    .directory
                    .resolve(name, venue, shared.since_start())
                    .await?,
            );
        }
        wanted.sort();
        only = Some(wanted);
    }
    let priced_in = |symbol: &quantflow_model::Symbol, asset: &str| match symbol.contract() {
        quantflow_model::Contract::Spot { quote, .. }
        | quantflow_model::Contract::Perpetual { quote, .. }
        | quantflow_model::Contract::Future { quote, .. }
        | quantflow_model::Contract::Option { quote, .. } => quote == asset,
        quantflow_model::Contract::Ticker(_) => false,
    };
    let rows = shared
        .market
        .prices()
        .iter()
        .filter(|p| venue.is_none_or(|venue| p.symbol.venue_str() == venue))
        .filter(|p| quote.is_none_or(|asset| priced_in(&p.symbol, asset)))
        .filter(|p| {
            only.as_ref()
                .is_none_or(|only| only.binary_search(&p.symbol).is_ok())
        })
        .map(|p| Price::of(p, style))
        .collect();
    Ok(Answer::rows(rows))
}

async fn price(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?;
    let view = shared.market.price(symbol);
    let view = view.filter(|view| view.price.is_some()).ok_or_else(|| {
        Problem::not_found(
            Code::SymbolNotFound,
            format!("{symbol} is known, but has no price yet"),
            Vec::new(),
        )
        .with("symbol", symbol.as_str())
    })?;
    Answer::object(&Price::of(&view, call.style()))
}
