//! [`Remote`]: a server that holds the data folder, asked over its API.

mod answer;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use quantflow_market::view::{CandlePage, CandleRequest, CandleView, Certificate, TradeRequest};
use quantflow_model::{Symbol, TimeRange, Timestamp, Trade};
use serde::Deserialize;
use serde_json::Value;

use self::answer::{CandleJson, CertificateJson, TradeJson};
use super::spool::Spool;
use crate::failure::{Failure, Outcome};
use crate::venues::Known;

/// What a running server says of itself in its data folder.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Server {
    /// Its process.
    pub(crate) pid: u32,
    /// Where it answers.
    pub(crate) url: String,
}

/// The file in which it says so.
const FILE: &str = "server.json";
/// A server on this machine answers at once, or it hangs.
const REACH: Duration = Duration::from_secs(2);
/// An answer takes at most so long.
const ANSWER: Duration = Duration::from_mins(1);
/// How long a server may tell us to wait.
const LONGEST_WAIT: u64 = 90;
/// Trades that one answer holds at the most.
const TRADES: usize = 10_000;

impl Server {
    /// What stands in a data folder; `None` where nothing does.
    pub(crate) fn of(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data_dir.join(FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }
}

/// A server, asked over HTTP.
#[derive(Debug)]
pub(crate) struct Remote {
    client: reqwest::Client,
    url: String,
}

/// A page of an answer.
#[derive(Debug)]
struct Page {
    data: Value,
    next: Option<String>,
}

impl Remote {
    /// A server that answers; `None` when it does not: it ended without taking its file away.
    pub(crate) async fn reach(server: &Server) -> Outcome<Option<Self>> {
        // the client wants a TLS library even for plain HTTP; a second one is refused, the first stays
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(REACH)
            .timeout(ANSWER)
            .no_proxy()
            .build()
            .map_err(|error| Failure::new("cannot speak HTTP").because(error))?;
        let url = server.url.trim_end_matches('/').to_owned();
        let live = client
            .get(format!("{url}/health/live"))
            .timeout(REACH)
            .send()
            .await;
        match live {
            Ok(_) => Ok(Some(Self { client, url })),
            Err(error) => {
                tracing::debug!(%error, pid = server.pid, "the server of the folder is gone");
                Ok(None)
            }
        }
    }

    /// What the server says of its own services that are not as they should be: their names, and
    /// what is wrong with each.
    pub(crate) async fn troubles(&self) -> Outcome<Vec<(String, String)>> {
        #[derive(Deserialize)]
        struct Health {
            services: BTreeMap<String, Service>,
        }
        #[derive(Deserialize)]
        struct Service {
            status: String,
            error: Option<String>,
        }
        let failed = || Failure::new(format!("the server at {} did not answer", self.url));
        let answer = self
            .client
            .get(format!("{}/health", self.url))
            .timeout(REACH)
            .send()
            .await
            .map_err(|error| failed().because(error))?;
        let body = answer
            .bytes()
            .await
            .map_err(|error| failed().because(error))?;
        let health: Health =
            serde_json::from_slice(&body).map_err(|error| failed().because(error))?;
        let troubled = health
            .services
            .into_iter()
            .filter(|(_, service)| service.status != "healthy");
        Ok(troubled
            .map(|(name, service)| (name, service.error.unwrap_or(service.status)))
            .collect())
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Asks, and waits when told to.
    async fn get(&self, target: &str) -> Outcome<Page> {
        let failed = || Failure::new(format!("the server at {} did not answer", self.url));
        let mut tries = 0;
        loop {
            let answer = self
                .client
                .get(format!("{}/api/v1{target}", self.url))
                .header("accept", "application/json")
                .send()
                .await
                .map_err(|error| {
                    failed()
                        .because(error)
                        .to_do("is it still running? `quantflow doctor` looks")
                })?;
            let status = answer.status();
            let wait = answer
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
            if status.as_u16() == 429 && tries < 10 {
                tries += 1;
                tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1).min(LONGEST_WAIT))).await;
                continue;
            }
            let body = answer
                .bytes()
                .await
                .map_err(|error| failed().because(error))?;
            let mut envelope: Value = serde_json::from_slice(&body).map_err(|error| {
                failed()
                    .because(format!("status {status}: {error}"))
                    .to_do("is it a quantflow of this version? restart it with this binary")
            })?;
            if envelope["success"] == Value::Bool(true) {
                let next = envelope["meta"]["nextCursor"].as_str().map(str::to_owned);
                return Ok(Page {
                    data: envelope["data"].take(),
                    next,
                });
            }
            let error = &envelope["error"];
            let message = error["message"].as_str().unwrap_or("it does not say why");
            let code = error["code"].as_str().unwrap_or("no code");
            return Err(
                Failure::new(message).because(format!("the server at {}: {code}", self.url))
            );
        }
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, data: Value) -> Outcome<T> {
        serde_json::from_value(data).map_err(|error| {
            Failure::new(format!(
                "the answer of the server at {} cannot be read",
                self.url
            ))
            .because(error)
            .to_do("is it a quantflow of this version? restart it with this binary")
        })
    }

    pub(super) async fn known(&self) -> Outcome<Vec<Known>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            symbol: Symbol,
            #[serde(default)]
            venue_symbol: Option<String>,
        }
        let mut known = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let target = match &cursor {
                None => "/symbols".to_owned(),
                Some(cursor) => format!("/symbols?cursor={}", encoded(cursor)),
            };
            let page = self.get(&target).await?;
            let rows: Vec<Row> = self.read(page.data)?;
            known.extend(rows.into_iter().map(|row| Known {
                symbol: row.symbol,
                venue_symbol: row.venue_symbol,
            }));
            if page.next.is_none() {
                return Ok(known);
            }
            cursor = page.next;
        }
    }

    pub(super) async fn candles(&self, request: &CandleRequest) -> Outcome<CandlePage> {
        let mut target = format!(
            "/chart/ohlc/{}?timeframe={}&limit={}",
            encoded(&request.symbol.url_form()),
            request.timeframe,
            request.limit
        );
        push_range(&mut target, request.range);
        if let Some(as_of) = request.as_of {
            // writing to a String cannot fail
            let _ = write!(target, "&as_of={as_of}");
        }
        let page = self.get(&target).await?;
        let rows: Vec<CandleJson> = self.read(page.data)?;
        let candles: Vec<CandleView> = rows.iter().map(|row| row.view(request.timeframe)).collect();
        let after = candles
            .last()
            .map(|view| view.candle.open_time.plus_nanos(1));
        Ok(CandlePage {
            next: after.filter(|_| page.next.is_some()),
            candles,
            // the server asked its venue already
            absent: Vec::new(),
        })
    }

    pub(super) async fn trades(&self, request: &TradeRequest) -> Outcome<Vec<Trade>> {
        let mut trades = Vec::new();
        let mut cursor = None;
        while trades.len() < request.limit {
            let limit = (request.limit - trades.len()).min(TRADES);
            let page = self
                .trade_page(&request.symbol, request.range, limit, cursor.as_deref())
                .await?;
            let rows: Vec<TradeJson> = self.read(page.data)?;
            trades.extend(rows.iter().map(TradeJson::trade));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(trades)
    }

    async fn trade_page(
        &self,
        symbol: &Symbol,
        range: TimeRange,
        limit: usize,
        cursor: Option<&str>,
    ) -> Outcome<Page> {
        let mut target = format!("/history/{}?limit={limit}", encoded(&symbol.url_form()));
        push_range(&mut target, range);
        if let Some(cursor) = cursor {
            let _ = write!(target, "&cursor={}", encoded(cursor));
        }
        self.get(&target).await
    }

    /// The API gives the newest first: pages wait in a file until the oldest has come.
    pub(super) async fn each_trade(
        &self,
        symbol: &Symbol,
        range: TimeRange,
        mut take: impl FnMut(&Trade) -> Outcome,
    ) -> Outcome {
        let cannot_keep =
            |error| Failure::new("cannot keep pages in the temporary folder").because(error);
        let mut spool = Spool::new().map_err(cannot_keep)?;
        let mut cursor = None;
        loop {
            let page = self
                .trade_page(symbol, range, TRADES, cursor.as_deref())
                .await?;
            spool
                .push(page.data.to_string().as_bytes())
                .map_err(cannot_keep)?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        while let Some(page) = spool.pop().map_err(cannot_keep)? {
            let data = serde_json::from_slice(&page).unwrap_or_default();
            let rows: Vec<TradeJson> = self.read(data)?;
            for row in rows.iter().rev() {
                take(&row.trade())?;
            }
        }
        Ok(())
    }

    pub(super) async fn certificates(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Outcome<Vec<Certificate>> {
        let mut target = format!("/completeness/{}?", encoded(&symbol.url_form()));
        push_range(&mut target, range);
        let page = self.get(target.trim_end_matches('?')).await?;
        let rows: Vec<CertificateJson> = self.read(page.data)?;
        rows.iter().map(|row| row.certificate(symbol)).collect()
    }
}

fn push_range(target: &mut String, range: TimeRange) {
    let mut push = |name: &str, time: Timestamp| {
        let joint = if target.ends_with('?') { "" } else { "&" };
        let _ = write!(target, "{joint}{name}={time}");
    };
    if range.start > Timestamp::MIN.plus_nanos(1) {
        push("from", range.start);
    } else if range.start > Timestamp::MIN {
        // all of history, and not only its newest
        push("from", Timestamp::EPOCH);
    }
    if range.end < Timestamp::MAX {
        push("to", range.end);
    }
}

/// As it may stand in a URL.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_encoded_and_ranges_named() {
        assert_eq!(encoded("index:^GSPC"), "index:%5EGSPC");
        let mut target = "/x?".to_owned();
        push_range(
            &mut target,
            TimeRange::new(Timestamp::EPOCH, Timestamp::from_seconds(60)),
        );
        assert_eq!(
            target,
            "/x?from=1970-01-01T00:00:00Z&to=1970-01-01T00:01:00Z"
        );
        let mut target = "/x?limit=1".to_owned();
        push_range(&mut target, TimeRange::ALL);
        assert_eq!(target, "/x?limit=1");
    }
}
