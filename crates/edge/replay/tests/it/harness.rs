//! Servers and clients for the tests.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use quantflow_model::{Symbol, Timestamp};
use quantflow_replay::{
    GeneratedMarket, GeneratedOptions, Market, ReplayHandle, ReplayOptions, ReplayServer,
};
use quantflow_seams::Clock;
use quantflow_testkit::clock::ManualClock;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A Wednesday noon.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_773_835_200);

pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

/// The demo's market, with two days of history before noon.
pub(crate) fn demo_options(seed: u64) -> GeneratedOptions {
    let two_days = Duration::from_hours(48);
    GeneratedOptions::demo("demo".parse().unwrap(), seed, NOON, two_days)
}

pub(crate) fn demo(seed: u64) -> Arc<GeneratedMarket> {
    Arc::new(GeneratedMarket::new(&demo_options(seed)).unwrap())
}

/// A server with a clock that only the test moves.
pub(crate) struct Bench {
    pub(crate) server: ReplayHandle,
    pub(crate) clock: ManualClock,
    pub(crate) http: reqwest::Client,
}

pub(crate) async fn bench(market: Arc<dyn Market>, options: ReplayOptions) -> Bench {
    let clock = ManualClock::new(NOON);
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let server = ReplayServer::start(market, options, shared).await.unwrap();
    Bench {
        server,
        clock,
        http: client(),
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) json: Value,
}

impl Bench {
    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.try_get(target).await.unwrap()
    }

    pub(crate) async fn try_get(&self, target: &str) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{target}", self.server.rest_url());
        let response = self.http.get(url).send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.bytes().await?;
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            headers,
            json,
        })
    }

    pub(crate) async fn socket(&self, target: &str) -> Socket {
        self.try_socket(target).await.unwrap()
    }

    pub(crate) async fn try_socket(
        &self,
        target: &str,
    ) -> Result<Socket, tokio_tungstenite::tungstenite::Error> {
        let url = format!("{}{target}", self.server.ws_url());
        let before = self.server.truth().counts().connections;
        let (stream, _) = tokio_tungstenite::connect_async(url).await?;
        // the handshake is answered a moment before the venue listens
        while self.server.truth().counts().connections <= before {
            tokio::task::yield_now().await;
        }
        Ok(Socket { stream })
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        Clock::now(&self.clock)
    }

    /// Moves the clock in small steps, so that every timer on the way runs.
    pub(crate) async fn advance(&self, by: Duration) {
        let step = Duration::from_millis(10);
        let mut moved = Duration::ZERO;
        while moved < by {
            self.clock.advance(step);
            moved += step;
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            // sockets are real: what was sent needs a moment of real time to arrive
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Moves the clock until the future is done.
    pub(crate) async fn until<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::pin!(future);
        loop {
            tokio::select! {
                biased;
                done = &mut future => return done,
                () = self.advance(Duration::from_millis(10)) => {}
            }
        }
    }
}

pub(crate) struct Socket {
    pub(crate) stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next text message; `None` when the socket ended.
    pub(crate) async fn text(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        let text = self.text().await.expect("the socket is open");
        serde_json::from_str(&text).unwrap()
    }
}

/// A client; with all of the workspace built, its TLS wants a provider though nothing here uses it.
fn client() -> reqwest::Client {
    // an error means that a test before has installed it
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
