//! [`Endpoint`]: what can be asked over REST, what it weighs, and who answers it.

use http::StatusCode;
use quantflow_venues::binance::TimeUnit;

use super::answers::Ask;
use super::params::{Parameters, Refused};
use crate::KeyRule;
use crate::venue::Stage;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Ping,
    Time,
    ExchangeInfo,
    Depth,
    Trades,
    HistoricalTrades,
    AggregateTrades,
    Klines,
    AveragePrice,
    Day,
    LastPrice,
    BookTicker,
    /// Instruments of the venue's other markets: there are none, but clients ask.
    NoInstruments,
}

impl Endpoint {
    /// By path; `None` when there is none.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/api/v3/ping" => Self::Ping,
            "/api/v3/time" => Self::Time,
            "/api/v3/exchangeInfo" => Self::ExchangeInfo,
            "/api/v3/depth" => Self::Depth,
            "/api/v3/trades" => Self::Trades,
            "/api/v3/historicalTrades" => Self::HistoricalTrades,
            "/api/v3/aggTrades" => Self::AggregateTrades,
            "/api/v3/klines" | "/api/v3/uiKlines" => Self::Klines,
            "/api/v3/avgPrice" => Self::AveragePrice,
            "/api/v3/ticker/24hr" => Self::Day,
            "/api/v3/ticker/price" => Self::LastPrice,
            "/api/v3/ticker/bookTicker" => Self::BookTicker,
            "/fapi/v1/exchangeInfo" | "/dapi/v1/exchangeInfo" => Self::NoInstruments,
            _ => return None,
        })
    }

    /// What a request counts.
    pub(super) fn weight(self, parameters: &Parameters) -> u32 {
        let limit = || {
            let limit = parameters.number("limit").ok().flatten();
            u32::try_from(limit.unwrap_or(100)).unwrap_or(u32::MAX)
        };
        let one = parameters.get("symbol").is_some();
        let symbols = parameters.symbols().ok().flatten().map(|list| list.len());
        match self {
            Self::Ping | Self::Time | Self::NoInstruments => 1,
            Self::ExchangeInfo => 20,
            Self::Depth => match limit() {
                0..=100 => 5,
                101..=500 => 25,
                501..=1_000 => 50,
                _ => 250,
            },
            Self::Trades | Self::HistoricalTrades => 25,
            Self::AggregateTrades => 4,
            Self::Klines | Self::AveragePrice => 2,
            Self::Day => match symbols {
                _ if one => 2,
                Some(..=20) => 2,
                Some(..=100) => 40,
                _ => 80,
            },
            Self::LastPrice | Self::BookTicker => {
                if one {
                    2
                } else {
                    4
                }
            }
        }
    }

    /// The body of the answer.
    pub(super) fn answer(
        self,
        stage: &Stage,
        parameters: &Parameters,
        unit: TimeUnit,
        key: Option<&[u8]>,
    ) -> Result<Vec<u8>, Refused> {
        let ask = Ask {
            stage,
            parameters,
            unit,
        };
        match self {
            Self::Ping => Ok(b"{}".to_vec()),
            Self::Time => ask.server_time(),
            Self::ExchangeInfo => ask.instruments(),
            Self::Depth => ask.depth(),
            Self::Trades => ask.recent_trades(),
            Self::HistoricalTrades => {
                admitted(&stage.options.key, key)?;
                ask.historical_trades()
            }
            Self::AggregateTrades => ask.aggregates(),
            Self::Klines => ask.klines(),
            Self::AveragePrice => ask.average_price(),
            Self::Day => ask.day(),
            Self::LastPrice => ask.last_price(),
            Self::BookTicker => ask.book_ticker(),
            Self::NoInstruments => Ok(ask.no_instruments()),
        }
    }
}

/// Whether who sends this key, or none, gets what needs one.
fn admitted(rule: &KeyRule, key: Option<&[u8]>) -> Result<(), Refused> {
    let refused = |code, message: &str| Refused {
        status: StatusCode::UNAUTHORIZED,
        ..Refused::new(code, message)
    };
    match (rule, key) {
        (KeyRule::None, _) | (KeyRule::Any, Some(_)) => Ok(()),
        (KeyRule::This(right), Some(key)) if right.as_bytes() == key => Ok(()),
        (_, None) => Err(refused(-2014, "API-key format invalid.")),
        (KeyRule::This(_), Some(_)) => Err(refused(
            -2015,
            "Invalid API-key, IP, or permissions for action.",
        )),
    }
}
