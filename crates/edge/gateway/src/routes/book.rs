//! `/book/{symbol}`.

use std::sync::Arc;

use crate::answer::Answer;
use crate::dto::Book;
use crate::endpoint::{Access, Call, Endpoint, Method, Place, Returns, Run, SYMBOL, SYMBOL_VENUE};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;

pub(super) const BOOK: Endpoint = Endpoint {
    name: "book",
    method: Method::Get,
    path: "/book/{symbol}",
    place: Place::Versioned,
    tag: "market data",
    summary: "The best levels of a symbol's order book",
    about: "Kept here from the venue's snapshot and changes, by its rule and with its checksum. \
            `BOOK_NOT_FOUND` while none is whole: its stream carries none (`|book` behind the symbol in \
            `ingest.streams` adds it), or it begins anew.",
    parameters: &[
        SYMBOL,
        SYMBOL_VENUE,
        Parameter::new(
            "depth",
            Kind::Integer {
                min: 1,
                max: 1_000,
                default: 20,
            },
            "Levels a side, at the most.",
            "5",
        ),
    ],
    returns: Returns::Object("Book"),
    errors: &[Code::SymbolNotFound, Code::BookNotFound],
    per_minute: 300,
    ttl: 1,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(book(shared, call))),
};

async fn book(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let symbol = call.symbol()?;
    let levels = call.parameters.integer("depth");
    let view = shared.market.book(symbol, levels).ok_or_else(|| {
        Problem::not_found(
            Code::BookNotFound,
            format!("no whole order book of {symbol} is at hand"),
            Vec::new(),
        )
        .with("symbol", symbol.as_str())
    })?;
    Answer::object(&Book::from(&view))
}
