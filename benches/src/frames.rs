//! [`Frames`]: trades as Binance's combined streams bring them, generated or recorded.

use std::io::Write as _;

use quantflow_model::{Symbol, Timestamp, TradeId, VenueId, VenueSymbol};
use quantflow_testkit::recorded;
use quantflow_venues::BinanceSpot;
use quantflow_wire::{
    Channel, Codec as _, Connected, Disconnected, Encoded, Event, EventKind, Input, Record,
    RecordChunk, RecordKind, Subscribed, Subscription,
};

/// Where all generated markets begin: 2023-11-14T22:13:20Z, in microseconds.
const BEGIN: i64 = 1_700_000_000_000_000;
/// From the venue to us, in nanoseconds.
const WAY: i64 = 30_000_000;

/// Trades as they come over a socket, in order of time.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Receive time in nanoseconds, and where the frame ends.
    rows: Vec<(i64, usize)>,
    /// Which symbols there are, and how many trades each has.
    pub symbols: Vec<(Symbol, VenueSymbol, u64)>,
    /// The span of the trades' times, in nanoseconds.
    pub span: (i64, i64),
}

/// A small generator (SplitMix64), so that the data is the same everywhere.
#[derive(Debug, Clone)]
pub struct Mix(pub u64);

impl Mix {
    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The venue's name in benches.
///
/// # Panics
/// Never.
pub fn venue() -> VenueId {
    "binance".parse().unwrap()
}

/// The symbols of a market of so many, and what the venue calls them.
///
/// # Panics
/// Never.
pub fn names(symbols: usize) -> Vec<(Symbol, VenueSymbol)> {
    (0..symbols)
        .map(|at| {
            // as long as most of Binance's are
            let base = format!("S{at:03}");
            (
                Symbol::spot(&venue(), &base, "USDT").unwrap(),
                VenueSymbol::new(&format!("{base}USDT")).unwrap(),
            )
        })
        .collect()
}

impl Frames {
    /// So many trades of a market in which one comes every `step` microseconds on average. Symbols
    /// are not equally busy: the first twentieth has a fifth of the trades, as in the peers' set.
    ///
    /// # Panics
    /// Never.
    pub fn generated(symbols: usize, trades: usize, step: u64) -> Self {
        let mut frames = Self {
            bytes: Vec::with_capacity(trades * 176),
            rows: Vec::with_capacity(trades),
            symbols: names(symbols)
                .into_iter()
                .map(|(symbol, spelled)| (symbol, spelled, 0))
                .collect(),
            span: (BEGIN * 1_000, BEGIN * 1_000),
        };
        let lower: Vec<String> = frames
            .symbols
            .iter()
            .map(|(_, spelled, _)| spelled.as_str().to_ascii_lowercase())
            .collect();
        // in cents, apart from each other
        let mut prices: Vec<i64> = (0..symbols as i64)
            .map(|at| 100_000 * (1 + at % 50))
            .collect();
        let (mut mix, mut time) = (Mix(5), BEGIN);
        for _ in 0..trades {
            let (bits, more) = (mix.next(), mix.next());
            time += (bits % (2 * step)) as i64;
            let skewed = ((more & 0xFFFF) * (more & 0xFFFF)) >> 16;
            let at = (skewed as usize * symbols) >> 16;
            let price = &mut prices[at];
            *price = (*price + (bits >> 32) as i64 % 17 - 8).max(1_000);
            let (_, spelled, count) = &mut frames.symbols[at];
            *count += 1;
            let millis = time / 1_000;
            let quantity = 1 + (more >> 16 & 0xFFFF);
            write!(
                frames.bytes,
                r#"{{"stream":"{}@trade","data":{{"e":"trade","E":{millis},"s":"{}","t":{},"p":"{}.{:02}000000","q":"{}.{:05}000","T":{millis},"m":{},"M":true}}}}"#,
                lower[at],
                spelled.as_str(),
                3_000_000_000 + *count,
                *price / 100,
                *price % 100,
                quantity / 100_000,
                quantity % 100_000,
                more >> 32 & 1 == 0,
            )
            .unwrap();
            frames.rows.push((time * 1_000 + WAY, frames.bytes.len()));
        }
        frames.span.1 = time * 1_000;
        frames
    }

    /// The trades of the recorded capture of BTCUSDT, again and again with ids and times that go on,
    /// until there are so many; `None` where there is no recording.
    ///
    /// # Panics
    /// When the recording is not what it was.
    pub fn recorded(trades: usize) -> Option<Self> {
        let bytes = recorded::bytes("ws_capture_binance/spot_btcusdt_20240808.gz")?;
        let text = String::from_utf8(bytes).unwrap();
        let codec = BinanceSpot::new(venue());
        let mut lap: Vec<(i64, Event)> = Vec::new();
        let mut events = Vec::new();
        for line in text.lines().filter(|line| line.contains("@trade\"")) {
            let (received, json) = line.split_once(' ').unwrap();
            codec
                .decode(&Input::message(json.as_bytes()), &mut events)
                .unwrap();
            lap.push((received.parse().unwrap(), events.pop().unwrap()));
        }
        let (first, last) = (lap.first()?, lap.last()?);
        // whole seconds, so that each lap is the same market
        let length = (last.0 - first.0) / 1_000_000_000 * 1_000_000_000 + 1_000_000_000;
        let mut frames = Self {
            symbols: vec![(
                Symbol::spot(&venue(), "BTC", "USDT").unwrap(),
                VenueSymbol::new("BTCUSDT").unwrap(),
                trades as u64,
            )],
            ..Self::default()
        };
        for at in 0..trades {
            let (received, event) = &lap[at % lap.len()];
            let (round, mut event) = ((at / lap.len()) as i64, event.clone());
            let shift = |time: Timestamp| time.plus_nanos(round * length);
            event.sent = event.sent.map(shift);
            if let EventKind::Trade(trade) = &mut event.kind {
                trade.trade.id = TradeId(trade.trade.id.0 + round as u128 * lap.len() as u128);
                trade.trade.time = shift(trade.trade.time);
                frames.span.1 = trade.trade.time.nanos();
                if at == 0 {
                    frames.span.0 = frames.span.1;
                }
            }
            let frame = codec.encode(&[event], &Encoded::Combined).unwrap();
            frames.bytes.extend_from_slice(&frame);
            frames
                .rows
                .push((received + round * length, frames.bytes.len()));
        }
        Some(frames)
    }

    /// How many trades.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What an ingester records before the first frame of connection 1.
    ///
    /// # Panics
    /// Never.
    pub fn opening(&self) -> RecordChunk {
        let received = Timestamp::from_nanos(self.rows.first().map_or(0, |row| row.0) - 1);
        let restart = Disconnected {
            reason: "restart".into(),
            detail: "ingestion began anew".into(),
        };
        let connected = Connected {
            url: "wss://stream.example.org/stream".into(),
            attempt: 1,
        };
        let subscriptions = self.symbols.iter();
        let subscribed = Subscribed {
            subscriptions: subscriptions
                .map(|(symbol, spelled, _)| Subscription {
                    symbol: symbol.clone(),
                    venue_symbol: spelled.clone(),
                    channel: Channel::Trades,
                })
                .collect(),
        };
        let mut chunk = RecordChunk::default();
        for (kind, connection, payload) in [
            (
                RecordKind::Disconnected,
                0,
                serde_json::to_vec(&restart).unwrap(),
            ),
            (
                RecordKind::Connected,
                1,
                serde_json::to_vec(&connected).unwrap(),
            ),
            (
                RecordKind::Subscribed,
                1,
                serde_json::to_vec(&subscribed).unwrap(),
            ),
        ] {
            let record = Record {
                kind,
                received,
                connection,
                sequence: 0,
                payload: &payload,
            };
            chunk.push(&record).unwrap();
        }
        chunk
    }

    /// The frames as an ingester hands them on from a busy socket: chunks of about 64 KiB.
    pub fn chunks(&self) -> impl Iterator<Item = RecordChunk> {
        const BATCH: usize = 64 << 10;
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut chunk = RecordChunk::with_capacity(BATCH + 1_024);
            while let Some(&(received, end)) = self.rows.get(at)
                && chunk.bytes().len() < BATCH
            {
                let begin = at.checked_sub(1).map_or(0, |before| self.rows[before].1);
                let record = Record {
                    kind: RecordKind::Text,
                    received: Timestamp::from_nanos(received),
                    connection: 1,
                    sequence: at as u32,
                    payload: &self.bytes[begin..end],
                };
                chunk.push(&record).unwrap();
                at += 1;
            }
            (!chunk.is_empty()).then_some(chunk)
        })
    }
}
