//! Live channels: over WebSocket and as server-sent events.
//!
//! One task a client owns its socket and listens to its channels itself, so an update goes from the market role's
//! thread to the socket without a queue between. A channel keeps its last updates in a ring; a client that is too slow
//! for it loses the oldest and is told how many. Nothing is kept a client, so a slow one costs nobody memory.

mod channel;
mod encode;
mod events;
mod indicators;
mod protocol;
mod session;
mod socket;

pub(crate) use events::events;
pub(crate) use indicators::LiveIndicators;
pub(crate) use socket::upgrade;

/// For the documentation.
pub(crate) const ABOUT: &str = "Channels: `prices`, `trades|SYMBOL`, `candles|SYMBOL|TIMEFRAME`, `quotes|SYMBOL`, \
`book|SYMBOL`, `indicators|SYMBOL|TIMEFRAME|rsi(14)`.\n\n\
Send `{\"op\":\"subscribe\",\"channels\":[…]}`: for each channel comes `{\"op\":\"subscribed\",\"channel\",\"seq\",\"snapshot\"}`, \
then updates `{\"channel\",\"seq\",\"data\"}`. `{\"op\":\"unsubscribe\",\"channels\":[…]}` ends it with \
`{\"op\":\"unsubscribed\",\"channel\"}`. After a cut `{\"op\":\"resume\",\"channel\",\"seq\"}` answers `{\"op\":\"resumed\",\"channel\",\"seq\"}` and \
replays what was missed, or `{\"op\":\"reset\",\"channel\",\"seq\",\"snapshot\"}` where that is not kept any more. \
`{\"op\":\"dropped\",\"channel\",\"count\"}` says that so many of the oldest updates were lost because the client was too slow. \
`{\"op\":\"ping\"}` is answered by `{\"op\":\"pong\"}`. What is wrong is said by `{\"op\":\"error\",\"code\",\"message\",\"channel\"?}`.";
