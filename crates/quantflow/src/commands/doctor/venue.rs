//! What only venues can tell: how far our clock is off, and whether they take our keys.

use std::time::Duration;

use quantflow_model::{TradeId, VenueId, VenueSymbol};
use quantflow_seams::{Clock, Feed, SystemClock};
use quantflow_transport::Transport;
use quantflow_wire::{Codec, EventKind, Input, Outcome as Answer, Query, Response};

use super::Check;
use crate::config::Settings;
use crate::run::keys;

/// A clock further off than this makes times of receipt doubtful.
const CLOCK_OFF: i64 = 1_000;
/// How long a venue may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What to do about a venue that does not answer.
const NO_NETWORK: &str = "without a network the live venues stay down; the demo and imports work";

/// Our clock against the first venue's that is ingested.
pub(super) async fn clock(settings: &Settings) -> Check {
    const WHAT: &str = "clock";
    match tokio::time::timeout(PATIENCE, offset(settings)).await {
        Ok(Ok((venue, offset))) if offset.abs() > CLOCK_OFF => Check::warn(
            WHAT,
            format!("{offset} ms off {venue}'s"),
            "let the system keep it: timedatectl set-ntp true",
        ),
        Ok(Ok((venue, offset))) => Check::ok(WHAT, format!("{offset} ms off {venue}'s")),
        Ok(Err(why)) => Check::warn(WHAT, format!("cannot be compared: {why}"), NO_NETWORK),
        Err(_) => Check::warn(
            WHAT,
            "cannot be compared: no venue answered in time",
            NO_NETWORK,
        ),
    }
}

/// How many milliseconds our clock is ahead of the first venue that is ingested.
async fn offset(settings: &Settings) -> Result<(String, i64), String> {
    let stream = settings.streams.first().ok_or("nothing is ingested")?;
    let asked = Asked::new(settings, &stream.symbol.venue())?;
    let query = Query::ServerTime;
    let before = SystemClock.now();
    let answer = asked.ask(&query).await?;
    let after = SystemClock.now();
    let venue = asked.venue;
    if answer.status != 200 {
        return Err(format!("{venue} answered {}", answer.status));
    }
    let mut events = Vec::new();
    let input = Input::Answer {
        query: &query,
        body: &answer.body,
    };
    asked
        .codec
        .decode(&input, &mut events)
        .map_err(|error| error.to_string())?;
    let theirs = events.iter().find_map(|event| match event.kind {
        EventKind::ServerTime(time) => Some(time),
        _ => None,
    });
    let theirs = theirs.ok_or("the answer has no time")?;
    // the venue looked at its clock somewhere between: halfway is the best guess
    let middle = before.plus_nanos(after.since(before) / 2);
    Ok((venue.to_string(), middle.since(theirs) / 1_000_000))
}

/// Whether each venue takes the key that is configured for it.
pub(super) async fn keys(settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    for (venue, configured) in &settings.venues {
        if configured.api_key.is_some() {
            let checked = tokio::time::timeout(PATIENCE, key(settings, venue)).await;
            checks.push(checked.unwrap_or_else(|_| unasked(venue, "it did not answer in time")));
        }
    }
    checks
}

const KEY: &str = "API key";

fn unasked(venue: &VenueId, why: &str) -> Check {
    let says = format!("{venue} cannot be asked whether it takes it: {why}");
    Check::warn(KEY, says, NO_NETWORK)
}

async fn key(settings: &Settings, venue: &VenueId) -> Check {
    let symbol = |asked: &Asked| -> Option<VenueSymbol> {
        let mut streams = settings.streams.iter();
        let stream = streams.find(|stream| stream.symbol.venue() == *venue)?;
        asked.codec.spell(&stream.symbol)
    };
    let asked = match Asked::new(settings, venue) {
        Ok(asked) => asked,
        Err(why) => return unasked(venue, &why),
    };
    let Some(symbol) = symbol(&asked) else {
        return Check::warn(
            KEY,
            format!("venues.{venue}.api_key is set, and nothing of {venue} is ingested"),
            "add a symbol of it to ingest.streams, or remove the key",
        );
    };
    let query = Query::TradesFromId {
        symbol,
        from: TradeId(1),
        limit: 1,
    };
    match asked.ask(&query).await {
        Ok(answer) if (200..300).contains(&answer.status) => {
            Check::ok(KEY, format!("{venue} takes it"))
        }
        // where it means "stay away" a 403 is a firewall's
        Ok(answer)
            if matches!(answer.status, 401 | 403) && asked.codec.stay_away(&answer).is_none() =>
        {
            Check::fail(
                KEY,
                format!(
                    "{venue} refuses it: status {}: {}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]).trim()
                ),
                format!(
                    "correct venues.{venue}.api_key (`quantflow config show` tells where it comes from); \
                 until then holes are filled from aggregates"
                ),
            )
        }
        Ok(answer) => unasked(venue, &format!("it answered {}", answer.status)),
        Err(why) => unasked(venue, &why),
    }
}

/// A venue that can be asked as a server would ask it.
struct Asked {
    venue: VenueId,
    codec: std::sync::Arc<dyn Codec>,
    url: String,
    feed: std::sync::Arc<dyn Feed>,
}

impl Asked {
    fn new(settings: &Settings, venue: &VenueId) -> Result<Self, String> {
        let codec = crate::venues::codec_of(settings, venue)
            .map_err(|failure| failure.what)?
            .ok_or_else(|| format!("{venue} is not built in"))?;
        let configured = settings.venues.get(venue);
        let url = configured
            .and_then(|venue| venue.rest_url.clone())
            .unwrap_or_else(|| codec.describe().rest_url.to_string());
        let key = configured.and_then(|venue| venue.api_key.as_ref());
        let feed = Transport::new(quantflow_transport::Settings::default())
            .map_err(|error| error.to_string())
            .and_then(|transport| {
                keys::feed(&transport, venue, &url, key).map_err(|error| format!("{error:#}"))
            })?;
        Ok(Self {
            venue: venue.clone(),
            codec,
            url,
            feed,
        })
    }

    async fn ask(&self, query: &Query) -> Result<Response, String> {
        let request = self
            .codec
            .request(query)
            .map_err(|error| error.to_string())?;
        match self.feed.request(&self.url, &request).await {
            Answer::Response(response) => Ok(response),
            Answer::Failed(failure) => Err(format!("{}: {}", self.venue, failure.detail)),
        }
    }
}
