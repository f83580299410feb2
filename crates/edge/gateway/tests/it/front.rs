//! Answers that are given below the HTTP library: the same as through it, and in the order of the requests.

use std::time::Duration;

use quantflow_gateway::{Gateway, GatewayOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Served, get};
use crate::fake::{options, world, world_with};

/// A response as it came.
#[derive(Debug, PartialEq, Eq)]
struct Raw {
    status: String,
    /// Sorted; without the date.
    headers: Vec<String>,
    body: Vec<u8>,
    /// Whether it was written below the library, which writes the date last.
    quick: bool,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Splits what came over a socket; responses to HEAD have no body.
fn responses(mut bytes: &[u8], heads: &[bool]) -> Vec<Raw> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().to_owned();
        let lines: Vec<&str> = lines.collect();
        let length = lines
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let length = if heads.get(all.len()) == Some(&true) {
            0
        } else {
            length
        };
        let mut headers: Vec<String> = lines
            .iter()
            .filter(|line| !line.starts_with("date: "))
            .map(|line| (*line).to_owned())
            .collect();
        assert_eq!(headers.len() + 1, lines.len(), "one date: {head}");
        headers.sort();
        all.push(Raw {
            status,
            headers,
            body: bytes[end + 4..end + 4 + length].to_vec(),
            quick: !lines.last().unwrap().starts_with("date: "),
        });
        bytes = &bytes[end + 4 + length..];
    }
    all
}

/// What comes back for these bytes, up to the end of the connection.
async fn told(served: &Served, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut all = Vec::new();
    socket.read_to_end(&mut all).await.unwrap();
    all
}

fn request(method: &str, target: &str, headers: &[&str]) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: localhost:8080\r\n");
    for header in headers {
        text += header;
        text += "\r\n";
    }
    text + "\r\n"
}

/// The end of a conversation: a request that makes the gateway close.
fn last() -> String {
    request("GET", "/health/live", &["connection: close"])
}

fn unlimited() -> GatewayOptions {
    let mut options = options();
    options.limits.enabled = false;
    options
}

#[tokio::test]
async fn what_is_answered_below_the_library_is_what_it_would_have_answered() {
    for options in [
        options(),
        unlimited(),
        GatewayOptions {
            behind_tls: true,
            allowed_origins: vec!["https://app.example".to_owned()],
            ..options()
        },
    ] {
        let limited = options.limits.enabled;
        let world = world_with(options);
        let served = Served::new(&world.gateway).await;
        let etag = get(&world.gateway, "/api/v1/timeframes").await.headers()["etag"]
            .to_str()
            .unwrap()
            .to_owned();
        let has = format!("if-none-match: \"x\", {etag}");
        for (method, target, headers) in [
            ("GET", "/api/v1/timeframes", &[][..]),
            ("HEAD", "/api/v1/timeframes", &[]),
            ("GET", "/timeframes", &[]),
            ("GET", "/api/v1/timeframes", &["accept: text/csv"]),
            ("GET", "/api/v1/timeframes", &["Accept-Encoding: gzip, br"]),
            ("HEAD", "/api/v1/timeframes", &["accept-encoding: zstd"]),
            ("GET", "/api/v1/timeframes", &[&has]),
            ("HEAD", "/timeframes", &[&has, "accept-encoding: gzip"]),
            ("GET", "/api/v1/timeframes", &["if-none-match: \"y\""]),
            (
                "GET",
                "/api/v1/symbols?limit=1",
                &["accept: */*", "user-agent: me"],
            ),
        ] {
            let headers = [headers, &["x-request-id: one"]].concat();
            let plain = request(method, target, &headers);
            // of a page's request the library decides; the page is our own, so the answer is the same
            let headers = [&headers[..], &["origin: http://localhost:8080"]].concat();
            let whole = request(method, target, &headers);
            let conversation = plain.clone() + &plain + &whole + &last();
            let answers = told(&served, conversation.as_bytes()).await;
            let heads = [method == "HEAD"; 3];
            let mut answers = responses(&answers, &heads);
            assert_eq!(answers.len(), 4, "{plain}");
            let mut quick = answers.remove(1);
            let mut slow = answers.remove(1);
            assert!(quick.quick && !slow.quick, "{plain}");
            assert_eq!(quick.header("x-request-id"), Some("one"));
            if limited {
                let left = |raw: &Raw| -> u32 {
                    let said = raw.header("ratelimit").unwrap();
                    let from = said.find("r=").unwrap() + 2;
                    said[from..said.find(";t").unwrap()].parse().unwrap()
                };
                assert_eq!(left(&quick), left(&slow) + 1, "{plain}");
            }
            for raw in [&mut quick, &mut slow] {
                raw.quick = false;
                raw.headers.retain(|line| !line.starts_with("ratelimit: "));
            }
            assert_eq!(quick, slow, "{plain}");
        }
        served.stopped().await;
    }
}

#[tokio::test]
async fn answers_keep_the_order_of_the_requests_however_they_arrive() {
    let world = world_with(unlimited());
    get(&world.gateway, "/api/v1/timeframes").await;
    let served = Served::new(&world.gateway).await;
    let body = "POST /api/v1/timeframes HTTP/1.1\r\nhost: localhost\r\nx-request-id: p\r\ncontent-length: 5\r\n\r\nGET /";
    let quick = |id: &str| {
        request(
            "GET",
            "/api/v1/timeframes",
            &[&format!("x-request-id: {id}")],
        )
    };
    let slow = |id: &str| request("GET", "/nothing", &[&format!("x-request-id: {id}")]);
    let conversation = quick("a")
        + &quick("b")
        + &slow("c")
        + &quick("d")
        + &slow("e")
        + &slow("f")
        + &quick("g")
        + body
        + &quick("h")
        + &last();
    for cut in (1..conversation.len()).step_by(7) {
        let mut socket = TcpStream::connect(served.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (first, second) = conversation.as_bytes().split_at(cut);
        socket.write_all(first).await.unwrap();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        socket.write_all(second).await.unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).await.unwrap();
        let answers = responses(&all, &[]);
        let ids: Vec<_> = answers
            .iter()
            .map(|raw| raw.header("x-request-id").unwrap())
            .collect();
        assert_eq!(
            ids[..9],
            ["a", "b", "c", "d", "e", "f", "g", "p", "h"],
            "{cut}"
        );
        let statuses: Vec<_> = answers.iter().map(|raw| &raw.status[9..12]).collect();
        assert_eq!(
            statuses,
            [
                "200", "200", "404", "200", "404", "404", "200", "405", "200", "200"
            ],
            "{cut}"
        );
        assert!(answers[0].quick && answers[3].quick && !answers[2].quick);
        assert!(!answers[8].quick, "behind a body everything passes");
    }
    served.stopped().await;
}

#[tokio::test]
async fn guards_and_limits_hold_below_the_library_too() {
    let mut options = options();
    options.limits.endpoints.insert("timeframes".to_owned(), 3);
    let world = world_with(options);
    let served = Served::new(&world.gateway).await;
    let ours = request("GET", "/api/v1/timeframes", &[]);
    let foreign = ours.replace("localhost:8080", "evil.example");
    let none = ours.replace("host: localhost:8080\r\n", "");
    let two = ours.replace(
        "host: localhost:8080",
        "host: localhost\r\nhost: evil.example",
    );
    let conversation = [ours.clone(), foreign, none, two, ours.clone(), ours, last()].concat();
    let answers = responses(&told(&served, conversation.as_bytes()).await, &[]);
    let statuses: Vec<_> = answers.iter().map(|raw| &raw.status[9..12]).collect();
    // the name of a request with two names is the first one, as everywhere; it takes the last token but one
    assert_eq!(statuses, ["200", "403", "403", "200", "200", "429", "200"]);
    assert!(answers[4].quick && !answers[5].quick);
    let text = get(&world.gateway, "/metrics").await;
    let text = String::from_utf8(text.body().to_vec()).unwrap();
    for line in [
        "http_requests_total{method=\"GET\",endpoint=\"/timeframes\",status=\"200\"} 3",
        "http_requests_total{method=\"GET\",endpoint=\"/timeframes\",status=\"429\"} 1",
        "http_request_duration_seconds_count{method=\"GET\",endpoint=\"/timeframes\"} 4",
        "cache_hits_total{cache_type=\"response\",endpoint=\"/timeframes\"} 2",
        "rate_limited_total 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    served.stopped().await;
}

#[tokio::test]
async fn an_answer_that_is_too_old_is_made_anew_however_often_it_was_given() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let ask = request("GET", "/api/v1/prices", &[]);
    let mut ask_once = async || {
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        // the end of the envelope
        while !all.ends_with(b"}}}") {
            socket.read_buf(&mut all).await.unwrap();
        }
        let answer = responses(&all, &[]).remove(0);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.quick, body["meta"]["cache"]["hit"] == true)
    };
    for _ in 0..3 {
        assert_eq!(ask_once().await, (false, false), "made");
        for _ in 0..3 {
            assert_eq!(ask_once().await, (true, true), "given again");
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_millis(1001)).await;
        tokio::time::resume();
    }
    served.stopped().await;
}

#[tokio::test]
async fn heads_that_are_none_or_too_long_are_refused() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let long = request("GET", "/", &[&format!("x: {}", "y".repeat(100_000))]);
    for (bytes, status) in [
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        ("\u{1}\u{2}\r\n\r\n", "400"),
        ("GET /a b HTTP/1.1\r\n\r\n", "400"),
        (&long, "431"),
    ] {
        let mut socket = TcpStream::connect(served.address).await.unwrap();
        // the gateway may close before it has all
        let _ = socket.write_all(bytes.as_bytes()).await;
        let mut said = [0; 12];
        socket.read_exact(&mut said).await.unwrap();
        assert_eq!(&said[9..], status.as_bytes(), "{bytes:.40}");
    }
    served.stopped().await;
}

#[tokio::test]
async fn a_client_that_sends_no_whole_head_in_time_is_cut() {
    let world = world_with(GatewayOptions {
        header_timeout: Duration::from_millis(20),
        ..options()
    });
    get(&world.gateway, "/api/v1/timeframes").await;
    let served = Served::new(&world.gateway).await;
    let quick = request("GET", "/api/v1/timeframes", &[]);
    let slow = request("GET", "/nothing", &[]);
    let body = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\nx".to_owned();
    for (bytes, count) in [
        (String::new(), 0),
        ("GET /".to_owned(), 0),
        (quick.clone(), 1),
        (quick.clone() + "GET", 1),
        (quick.clone() + &slow, 2),
        (slow + "GET / HT", 1),
        (body + "GET / HT", 1),
    ] {
        // that it ends at all is the proof: nobody else closes
        let answers = responses(&told(&served, bytes.as_bytes()).await, &[]);
        assert_eq!(answers.len(), count, "{bytes}");
    }
    served.stopped().await;
}

#[tokio::test]
async fn a_connection_that_was_only_answered_below_the_library_closes_with_the_gateway() {
    let world = world();
    get(&world.gateway, "/api/v1/timeframes").await;
    let mut served = Served::new(&world.gateway).await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let quick = request("GET", "/api/v1/timeframes", &[]);
    socket.write_all(quick.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).await.unwrap();
    served.stop();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest));
    ended.await.expect("well before the time to drain").unwrap();
    served.stopped().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_holds_up_only_itself() {
    let world = world_with(unlimited());
    get(&world.gateway, "/api/v1/timeframes").await;
    let served = Served::new(&world.gateway).await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let quick = request("GET", "/api/v1/timeframes", &[]);
    // far more answers than sockets hold
    let count = 20_000;
    let asking = async {
        let (mut reading, mut writing) = socket.split();
        let write = async {
            for _ in 0..count {
                writing.write_all(quick.as_bytes()).await.unwrap();
            }
            writing.write_all(last().as_bytes()).await.unwrap();
        };
        let read = async {
            while world_is_idle(&world.gateway).await {
                tokio::task::yield_now().await;
            }
            let mut all = Vec::new();
            reading.read_to_end(&mut all).await.unwrap();
            all
        };
        tokio::join!(write, read).1
    };
    let all = tokio::time::timeout(Duration::from_mins(1), asking)
        .await
        .unwrap();
    let answers = responses(&all, &[]);
    assert_eq!(answers.len(), count + 1);
    let mut ids: Vec<_> = answers
        .iter()
        .map(|raw| raw.header("x-request-id").unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count + 1, "every request has an id of its own");
    served.stopped().await;
}

/// Whether the gateway has not answered much yet.
async fn world_is_idle(gateway: &Gateway) -> bool {
    let text = get(gateway, "/metrics").await;
    let text = String::from_utf8_lossy(text.body()).into_owned();
    let hits = text
        .lines()
        .find_map(|line| {
            line.strip_prefix("cache_hits_total{cache_type=\"response\",endpoint=\"/timeframes\"} ")
        })
        .map_or(0, |count| count.parse::<u64>().unwrap_or(0));
    hits < 100
}
