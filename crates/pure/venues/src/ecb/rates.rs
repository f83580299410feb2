//! The two forms in which the bank writes its rates: a table of observations, and the older XML.

use std::collections::HashMap;

use quantflow_model::{Decimal, Price, Timestamp};
use quantflow_wire::DecodeError;

use crate::csv::Csv;
use crate::series::date;

/// How much of a currency a euro was on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) currency: String,
    pub(super) date: Timestamp,
    pub(super) price: Price,
}

const TABLE: &str = "rates";

fn bad(field: &'static str, found: &str) -> DecodeError {
    DecodeError::BadField {
        message: TABLE,
        field,
        found: format!("{:?}", found.chars().take(60).collect::<String>()),
    }
}

/// Three capital letters.
pub(super) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn rate(currency: &str, day: &str, price: &str) -> Result<Rate, DecodeError> {
    if !is_currency(currency) {
        return Err(bad("CURRENCY", currency));
    }
    let date = date(day).ok_or_else(|| bad("TIME_PERIOD", day))?;
    let price = Decimal::parse(price.as_bytes())
        .ok()
        .filter(|price| price.is_positive())
        .ok_or_else(|| bad("OBS_VALUE", price))?;
    Ok(Rate {
        currency: currency.to_owned(),
        date,
        price: Price(price),
    })
}

pub(super) fn read(body: &[u8]) -> Result<Vec<Rate>, DecodeError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| DecodeError::Malformed("rates that are no text".into()))?;
    if text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
    {
        xml(text)
    } else {
        table(body)
    }
}

/// Observations: the columns are known by their names. A day without a rate has an empty one or `NaN`.
fn table(body: &[u8]) -> Result<Vec<Rate>, DecodeError> {
    let mut lines = Csv::of(body, ',')?;
    let Some(header) = lines.next() else {
        return Ok(Vec::new()); // nothing in the span
    };
    let header = header?;
    let column = |name: &'static str| {
        let found = header.iter().position(|column| column == name);
        found.ok_or(DecodeError::Missing {
            message: TABLE,
            field: name,
        })
    };
    let columns = [
        column("CURRENCY")?,
        column("TIME_PERIOD")?,
        column("OBS_VALUE")?,
        column("CURRENCY_DENOM")?,
    ];
    let mut rates = Vec::new();
    for line in lines {
        let line = line?;
        if line.len() != header.len() {
            return Err(bad("a line", &line.join(",")));
        }
        let [currency, day, value, denominator] = columns.map(|at| line[at].as_ref());
        if denominator != "EUR" {
            return Err(bad("CURRENCY_DENOM", denominator));
        }
        if !matches!(value, "" | "NaN") {
            rates.push(rate(currency, day, value)?);
        }
    }
    Ok(rates)
}

/// `<Cube time="2020-01-02"><Cube currency="USD" rate="1.1193"/>…`: nothing else of it is read.
fn xml(text: &str) -> Result<Vec<Rate>, DecodeError> {
    if !text.trim_end().ends_with('>') || !text.contains("</") {
        return Err(DecodeError::Malformed("XML that is cut off".into()));
    }
    let mut rates = Vec::new();
    let mut day = None;
    for tag in text.split('<').filter_map(|tag| tag.strip_prefix("Cube")) {
        let (tag, _) = tag
            .split_once('>')
            .ok_or_else(|| DecodeError::Malformed("XML with an open tag".into()))?;
        let attributes = attributes(tag)?;
        if let Some(time) = attributes.get("time") {
            day = Some(*time);
        }
        if let Some(currency) = attributes.get("currency") {
            let missing = |field| DecodeError::Missing {
                message: TABLE,
                field,
            };
            let value = attributes.get("rate").ok_or_else(|| missing("rate"))?;
            rates.push(rate(currency, day.ok_or_else(|| missing("time"))?, value)?);
        }
    }
    Ok(rates)
}

/// `name="value"` or `name='value'`, each name once.
fn attributes(tag: &str) -> Result<HashMap<&str, &str>, DecodeError> {
    let mut found = HashMap::new();
    let mut rest = tag.trim().trim_end_matches('/').trim();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once('=').ok_or_else(|| bad("a tag", tag))?;
        let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.ok_or_else(|| bad("a tag", tag))?;
        let (value, behind) = behind[1..]
            .split_once(quote)
            .ok_or_else(|| bad("a tag", tag))?;
        if found.insert(name.trim(), value).is_some() {
            return Err(bad("a tag", tag));
        }
        rest = behind.trim_start();
    }
    Ok(found)
}
