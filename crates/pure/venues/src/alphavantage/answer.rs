//! Answers: a series by its dates, its fields with numbers before their names.

use quantflow_model::{Decimal, Price, Quantity, Timestamp, VenueSymbol};
use quantflow_wire::{DecodeError, Event, Query, VenueCandle};

use super::eastern;
use crate::actions::{ActionKind, CorporateAction};
use crate::json::{Fields, Json, value};
use crate::series::{aligned, clock, cut, date};

const SERIES: &str = "time series";

/// What kind of thing a symbol is: the source asks for each in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A share.
    Share,
    /// Two currencies of states.
    Currency(&'a str, &'a str),
    /// A coin and what it is priced in.
    Crypto(&'a str, &'a str),
}

/// Currencies of states, ISO 4217; anything else before a `/` is a coin.
const CURRENCIES: [&str; 48] = [
    "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNH", "CNY", "COP",
    "CZK", "DKK", "EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW",
    "KWD", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PKR", "PLN", "RON",
    "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "USD", "ZAR",
];

impl<'a> Kind<'a> {
    pub(super) fn of(symbol: &'a VenueSymbol) -> Self {
        match symbol.as_str().split_once('/') {
            None => Self::Share,
            Some((from, to)) if CURRENCIES.contains(&from) => Self::Currency(from, to),
            Some((base, market)) => Self::Crypto(base, market),
        }
    }
}

pub(super) fn decode(query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    let series = Series::of(&tree)?;
    let Query::Candles {
        symbol,
        timeframe,
        from,
        to,
        limit,
    } = query
    else {
        return Err(DecodeError::unasked(query));
    };
    series.about(symbol)?;
    let mut candles = Vec::with_capacity(series.rows.len());
    for (name, row) in series.rows {
        let f = Fields::new(SERIES, row)?;
        let open_time = series.time(name)?;
        if !aligned(*timeframe, open_time) {
            return Err(bad_time(name));
        }
        let price = |wanted| numbered(&f, wanted).map(Price);
        let prices = [
            price("open")?,
            price("high")?,
            price("low")?,
            price("close")?,
        ];
        // currencies have none
        let volume = if matches!(Kind::of(symbol), Kind::Currency(..)) {
            Decimal::ZERO
        } else {
            numbered(&f, "volume")?
        };
        candles.push(VenueCandle::bare(
            *timeframe,
            open_time,
            prices,
            Quantity(volume),
        ));
    }
    Ok(cut(symbol, candles, *from, *to, *limit))
}

pub(super) fn actions(body: &[u8]) -> Result<Vec<CorporateAction>, DecodeError> {
    let tree = Json::parse(body)?;
    let series = Series::of(&tree)?;
    let mut actions = Vec::new();
    for (name, row) in series.rows {
        let f = Fields::new(SERIES, row)?;
        let date = series.time(name)?.start_of_day();
        let dividend = numbered(&f, "dividend amount")?;
        let ratio = numbered(&f, "split coefficient")?;
        if dividend.is_positive() {
            let kind = ActionKind::Dividend(Price(dividend));
            actions.push(CorporateAction { date, kind });
        }
        let one = Decimal::whole(1);
        if ratio.is_positive() && ratio != one {
            let kind = ActionKind::Split {
                new: ratio,
                old: one,
            };
            actions.push(CorporateAction { date, kind });
        }
    }
    actions.sort_by_key(|action| action.date);
    Ok(actions)
}

/// A number by its field's name behind the number before it: `4. close`.
fn numbered(f: &Fields<'_, '_>, name: &'static str) -> Result<Decimal, DecodeError> {
    let Json::Object(entries) = f.object() else {
        return Err(f.bad(name, f.object()));
    };
    let found = entries.iter().find(|(key, _)| {
        let behind = key.split_once(". ").map(|(_, behind)| behind);
        behind == Some(name)
    });
    let (_, found) = found.ok_or(DecodeError::Missing {
        message: SERIES,
        field: name,
    })?;
    value::decimal(found).ok_or_else(|| f.bad(name, found))
}

fn bad_time(found: &str) -> DecodeError {
    DecodeError::BadField {
        message: SERIES,
        field: "a time",
        found: format!("{:?}", found.chars().take(40).collect::<String>()),
    }
}

type Rows<'t, 'a> = &'t [(std::borrow::Cow<'a, str>, Json<'a>)];

struct Series<'t, 'a> {
    meta: &'t Json<'a>,
    rows: Rows<'t, 'a>,
}

impl<'t, 'a> Series<'t, 'a> {
    fn of(tree: &'t Json<'a>) -> Result<Self, DecodeError> {
        for name in ["Error Message", "Note", "Information"] {
            if let Some(words) = tree.entry(name).and_then(Json::text) {
                return Err(DecodeError::Venue {
                    code: 0,
                    message: words.chars().take(300).collect(),
                });
            }
        }
        let f = Fields::new(SERIES, tree)?;
        let meta = f.get("Meta Data")?;
        let Json::Object(entries) = tree else {
            return Err(f.bad("", tree));
        };
        let found = entries.iter().find(|(key, _)| key.contains("Time Series"));
        match found {
            Some((_, Json::Object(rows))) => Ok(Self { meta, rows }),
            Some((_, other)) => Err(f.bad("Time Series", other)),
            None => Err(DecodeError::Missing {
                message: SERIES,
                field: "Time Series",
            }),
        }
    }

    /// What the answer says of itself, by the name behind the number.
    fn said(&self, name: &str) -> Option<&'t str> {
        let Json::Object(entries) = self.meta else {
            return None;
        };
        let found = entries.iter().find(|(key, _)| {
            let behind = key.split_once(". ").map(|(_, behind)| behind);
            behind == Some(name)
        });
        found.and_then(|(_, value)| value.text())
    }

    /// A series of something else must not be filed under what was asked for.
    fn about(&self, symbol: &VenueSymbol) -> Result<(), DecodeError> {
        let same = match Kind::of(symbol) {
            Kind::Share => self
                .said("Symbol")
                .is_some_and(|said| said.eq_ignore_ascii_case(symbol.as_str())),
            Kind::Currency(from, to) => {
                self.said("From Symbol") == Some(from) && self.said("To Symbol") == Some(to)
            }
            Kind::Crypto(base, market) => {
                self.said("Digital Currency Code") == Some(base)
                    && self.said("Market Code") == Some(market)
            }
        };
        if same {
            return Ok(());
        }
        Err(DecodeError::BadField {
            message: SERIES,
            field: "Meta Data",
            found: format!("not about {}", symbol.as_str()),
        })
    }

    /// A date is a day's name; a time within a day is that of the zone that the answer names.
    fn time(&self, name: &str) -> Result<Timestamp, DecodeError> {
        if let Some(date) = date(name) {
            return Ok(date);
        }
        let local = clock(name).ok_or_else(|| bad_time(name))?;
        match self.said("Time Zone") {
            Some("UTC") => Ok(local),
            Some("US/Eastern") => Ok(eastern::instant(local)),
            other => Err(DecodeError::BadField {
                message: SERIES,
                field: "Time Zone",
                found: format!("{other:?}"),
            }),
        }
    }
}
