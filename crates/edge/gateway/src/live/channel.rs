//! [`Channel`]: what a client can follow, from the text that it sends.

use quantflow_indicators::parse_set;
use quantflow_market::stream::ChannelKey;
use quantflow_model::{Symbol, Timeframe};

use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// What a client can follow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// A channel of the market role.
    Market(ChannelKey),
    /// Indicators over live candles.
    Indicators(IndicatorKey),
}

/// Which indicators over which candles.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct IndicatorKey {
    pub(crate) symbol: Symbol,
    pub(crate) timeframe: Timeframe,
    /// The set in its one spelling.
    pub(crate) set: String,
}

const KINDS: [&str; 6] = [
    "prices",
    "trades|SYMBOL",
    "candles|SYMBOL|TIMEFRAME",
    "quotes|SYMBOL",
    "book|SYMBOL",
    "indicators|SYMBOL|TIMEFRAME|SET",
];
/// Indicators in one channel.
const MOST_INDICATORS: usize = 16;

fn refuse(text: &str, why: &str) -> Problem {
    Problem::parameter("channel", text, KINDS.as_slice(), why)
}

impl Channel {
    /// Reads a channel's name; its symbol may be in any spelling.
    ///
    /// # Errors
    /// When there is no such kind of channel, or its symbol, timeframe or set is not known.
    pub(crate) async fn read(shared: &Shared, text: &str) -> Result<Self, Problem> {
        if text.len() > 1024 {
            return Err(refuse(text, "is too long"));
        }
        let parts: Vec<&str> = text.split('|').collect();
        Ok(match parts.as_slice() {
            ["prices"] => Self::Market(ChannelKey::Prices),
            ["trades", name] => Self::Market(ChannelKey::Trades(symbol(shared, name).await?)),
            ["quotes", name] => Self::Market(ChannelKey::Quotes(symbol(shared, name).await?)),
            ["book", name] => Self::Market(ChannelKey::Book(symbol(shared, name).await?)),
            ["candles", name, length] => {
                let length = timeframe(text, length)?;
                Self::Market(ChannelKey::Candles(symbol(shared, name).await?, length))
            }
            ["indicators", name, length, set] => {
                let timeframe = timeframe(text, length)?;
                let specs = parse_set(set).map_err(|error| refuse(text, &error.to_string()))?;
                if specs.len() > MOST_INDICATORS {
                    return Err(refuse(
                        text,
                        &format!("has more than {MOST_INDICATORS} indicators"),
                    ));
                }
                let names: Vec<&str> = specs
                    .iter()
                    .map(quantflow_indicators::IndicatorSpec::name)
                    .collect();
                Self::Indicators(IndicatorKey {
                    symbol: symbol(shared, name).await?,
                    timeframe,
                    set: names.join(","),
                })
            }
            _ => return Err(refuse(text, "is no channel")),
        })
    }
}

async fn symbol(shared: &Shared, name: &str) -> Result<Symbol, Problem> {
    shared
        .directory
        .resolve(name, None, shared.since_start())
        .await
}

fn timeframe(text: &str, name: &str) -> Result<Timeframe, Problem> {
    name.parse().map_err(|_| {
        Problem::new(
            Code::InvalidParameter,
            format!("channel: {name:?} is no timeframe"),
        )
        .with("field", "channel")
        .with("given", text.chars().take(200).collect::<String>())
        .with("allowed", Timeframe::ALL.map(Timeframe::name).as_slice())
    })
}
