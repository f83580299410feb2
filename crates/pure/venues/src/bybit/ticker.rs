//! Tickers, of which each channel and question takes its part.

use quantflow_model::{ContractState, Decimal, OptionState, Quote, Timestamp};
use quantflow_wire::{DecodeError, EventKind, Ticker};

use super::Market;
use super::rows::quote_volume;
use crate::json::Fields;
use crate::json::value::{decimal_in_text, millis};

/// What a ticker says. On the sockets of futures only what changed comes, so that every part may be
/// missing; without a last price there is no ticker in it.
pub(super) struct Said {
    pub(super) ticker: Option<Ticker>,
    pub(super) quote: Option<Quote>,
    pub(super) contract: Option<ContractState>,
    pub(super) option: Option<OptionState>,
}

impl Said {
    pub(super) fn of(
        market: Market,
        f: &Fields<'_, '_>,
        time: Option<Timestamp>,
    ) -> Result<Self, DecodeError> {
        let number = |field| f.optional(field, decimal_in_text);
        let quote = quote(market, f, time)?;
        let ticker = match number("lastPrice")? {
            Some(last) => Some(Ticker {
                last: last.into(),
                last_quantity: None,
                open: number("prevPrice24h")?.map(Into::into),
                high: number("highPrice24h")?.map(Into::into),
                low: number("lowPrice24h")?.map(Into::into),
                volume: number("volume24h")?.map(Into::into),
                quote_volume: number("turnover24h")?.and_then(|n| quote_volume(market, n)),
                change: None,
                change_percent: None,
                weighted_average: None,
                previous_close: None,
                quote,
                open_time: None,
                close_time: time,
                first_id: None,
                last_id: None,
                trades: None,
            }),
            None => None,
        };
        let is_option = market == Market::Option;
        let contract = if market == Market::Spot || is_option {
            None
        } else {
            contract(market, f, time)?
        };
        Ok(Self {
            ticker,
            quote,
            contract,
            option: if is_option {
                Some(option(f, time)?)
            } else {
                None
            },
        })
    }

    /// As events, those of them that there are.
    pub(super) fn kinds(self) -> impl Iterator<Item = EventKind> {
        let quote = match self.ticker {
            Some(_) => None, // it is in there
            None => self.quote.map(EventKind::Quote),
        };
        let ticker = self
            .ticker
            .map(|ticker| EventKind::Ticker(Box::new(ticker)));
        let contract = self
            .contract
            .map(|state| EventKind::Contract(Box::new(state)));
        let option = self.option.map(|state| EventKind::Option(Box::new(state)));
        [ticker, quote, contract, option].into_iter().flatten()
    }
}

/// Best bid and offer, where all four parts stand there.
fn quote(
    market: Market,
    f: &Fields<'_, '_>,
    time: Option<Timestamp>,
) -> Result<Option<Quote>, DecodeError> {
    let names = match market {
        // on the socket of options they have other names than in its answers
        Market::Option if f.has("bidPrice") => ["bidPrice", "bidSize", "askPrice", "askSize"],
        _ => ["bid1Price", "bid1Size", "ask1Price", "ask1Size"],
    };
    let number = |field| f.optional(field, decimal_in_text);
    let [bid, bid_quantity, ask, ask_quantity] = names.map(number);
    Ok(match (bid?, bid_quantity?, ask?, ask_quantity?) {
        (Some(bid), Some(bid_quantity), Some(ask), Some(ask_quantity)) => Some(Quote {
            bid: bid.into(),
            bid_quantity: bid_quantity.into(),
            ask: ask.into(),
            ask_quantity: ask_quantity.into(),
            update_id: None,
            time,
        }),
        _ => None,
    })
}

/// What it says of a contract; `None` where it says nothing.
fn contract(
    market: Market,
    f: &Fields<'_, '_>,
    time: Option<Timestamp>,
) -> Result<Option<ContractState>, DecodeError> {
    let number = |field| f.optional(field, decimal_in_text);
    let state = ContractState {
        time,
        mark: number("markPrice")?.map(Into::into),
        index: number("indexPrice")?.map(Into::into),
        settlement: number("predictedDeliveryPrice")?
            .filter(|price: &Decimal| price.is_positive())
            .map(Into::into),
        funding_rate: number("fundingRate")?,
        // "0" stands where nothing is paid
        funding_time: f
            .optional("nextFundingTime", millis)?
            .filter(|at| *at > Timestamp::EPOCH),
        next_funding_rate: None,
        open_interest: number("openInterest")?.map(Into::into),
        open_interest_value: match market {
            // of inverse contracts it is in the base
            Market::Inverse => None,
            _ => number("openInterestValue")?.map(Into::into),
        },
    };
    let nothing = ContractState {
        time,
        ..ContractState::default()
    };
    Ok((state != nothing).then_some(state))
}

fn option(f: &Fields<'_, '_>, time: Option<Timestamp>) -> Result<OptionState, DecodeError> {
    let number = |field| f.optional(field, decimal_in_text);
    // the first names are those of the socket, the second those of answers
    let either = |one, other| Ok::<_, DecodeError>(number(one)?.or(number(other)?));
    Ok(OptionState {
        time,
        mark: Some(f.price("markPrice")?),
        underlying: number("underlyingPrice")?.map(Into::into),
        mark_volatility: either("markPriceIv", "markIv")?,
        bid_volatility: either("bidIv", "bid1Iv")?,
        ask_volatility: either("askIv", "ask1Iv")?,
        delta: number("delta")?,
        gamma: number("gamma")?,
        vega: number("vega")?,
        theta: number("theta")?,
        rho: None,
        interest_rate: None,
        open_interest: number("openInterest")?.map(Into::into),
    })
}
