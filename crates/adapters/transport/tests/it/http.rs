//! Requests.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quantflow_seams::Feed;
use quantflow_transport::{Settings, Transport};
use quantflow_wire::{Failure, FailureKind, HttpMethod, HttpRequest, Outcome, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{answering, get, hang, head, impatient, listen, transport};

async fn ask(transport: &Transport, address: &str, target: &str) -> Outcome {
    transport
        .request(&format!("http://{address}/"), &get(target))
        .await
}

fn answered(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Response(response) => response,
        Outcome::Failed(failure) => panic!("{failure:?}"),
    }
}

fn failed(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        Outcome::Response(response) => panic!("{response:?}"),
    }
}

#[tokio::test]
async fn any_status_is_an_answer_with_the_headers_that_matter() {
    for (line, status) in [
        ("200 OK", 200),
        (
            "301 Moved Permanently\r\nlocation: http://127.0.0.1:1/",
            301,
        ),
        ("418 I'm a teapot", 418),
        ("429 Too Many Requests", 429),
        ("451 Unavailable", 451),
        ("503 Service Unavailable", 503),
    ] {
        let address = answering(format!(
            "HTTP/1.1 {line}\r\nRetry-After: 7\r\nX-MBX-USED-WEIGHT-1M: 12\r\nSet-Cookie: a=b\r\n\
             Server: x\r\nContent-Length: 2\r\n\r\n{{}}"
        ))
        .await;
        let outcome = ask(&transport(), &address, "/a?b=c").await;
        let answer = answered(outcome);
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (status, b"{}".as_slice())
        );
        let kept: Vec<_> = answer
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(kept, [("retry-after", "7"), ("x-mbx-used-weight-1m", "12")]);
    }
}

#[tokio::test]
async fn the_request_goes_out_as_the_codec_made_it() {
    let seen = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&seen);
    let address = listen(move |mut stream| {
        let heard = Arc::clone(&heard);
        async move {
            let mut text = head(&mut stream).await;
            let mut body = [0; 4];
            stream.read_exact(&mut body).await.unwrap();
            text.push_str(std::str::from_utf8(&body).unwrap());
            *heard.lock().unwrap() = text;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    let request = HttpRequest {
        method: HttpMethod::Post,
        headers: vec![("X-Key".into(), "secret".into())],
        body: b"body".to_vec(),
        ..get("/api/v3/thing?symbol=BTCUSDT")
    };
    let base = format!("http://{}", address.await);
    answered(transport().request(&base, &request).await);
    let seen = seen.lock().unwrap().to_lowercase();
    for part in [
        "post /api/v3/thing?symbol=btcusdt http/1.1\r\n",
        "x-key: secret\r\n",
        "accept-encoding: gzip\r\n",
        "user-agent: quantflow/",
        "\r\n\r\nbody",
    ] {
        assert!(seen.contains(part), "{part:?} in {seen:?}");
    }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip_answer(body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
    answer.extend_from_slice(body);
    answer
}

#[tokio::test]
async fn a_compressed_body_comes_decoded_and_a_damaged_one_as_broken() {
    let text = b"[1,2,3]".repeat(1000);
    let address = answering(gzip_answer(&gzipped(&text))).await;
    let outcome = ask(&transport(), &address, "/").await;
    assert_eq!(answered(outcome).body, text);

    let address = answering(gzip_answer(b"this is no gzip at all")).await;
    let outcome = ask(&transport(), &address, "/").await;
    assert_eq!(failed(outcome).kind, FailureKind::Broken);
}

#[tokio::test]
async fn a_body_is_bounded_after_decoding() {
    let small = Transport::new(Settings {
        max_body: 1000,
        ..Settings::default()
    })
    .unwrap();
    let just = answering(gzip_answer(&gzipped(&[b'x'; 1000]))).await;
    let outcome = small.request(&format!("http://{just}"), &get("/")).await;
    assert_eq!(answered(outcome).body.len(), 1000);
    // a bomb: a thousandth of it comes over the wire
    let over = answering(gzip_answer(&gzipped(&vec![b'x'; 10_000_000]))).await;
    let failure = failed(small.request(&format!("http://{over}"), &get("/")).await);
    assert_eq!(failure.kind, FailureKind::TooLarge);
    assert!(failure.detail.contains("over 1000 bytes"), "{failure:?}");
}

#[tokio::test]
async fn a_cut_in_head_or_body_is_broken() {
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "this is not HTTP\r\n\r\n",
    ] {
        let address = answering(cut).await;
        let outcome = ask(&transport(), &address, "/").await;
        let failure = failed(outcome);
        assert_eq!(failure.kind, FailureKind::Broken, "{cut:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_times_out() {
    let silent = listen(hang).await;
    let outcome = ask(&impatient(), &silent, "/").await;
    assert_eq!(failed(outcome).kind, FailureKind::Timeout);

    let in_the_body = listen(|mut stream| async move {
        head(&mut stream).await;
        let begin = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin";
        stream.write_all(begin).await.unwrap();
        hang(stream).await;
    })
    .await;
    let outcome = ask(&impatient(), &in_the_body, "/").await;
    assert_eq!(failed(outcome).kind, FailureKind::Timeout);

    // long before a large answer would have to be there
    let patient = Transport::new(Settings {
        request_timeout: Duration::from_hours(1),
        read_timeout: Duration::from_millis(100),
        ..Settings::default()
    });
    let outcome = ask(&patient.unwrap(), &in_the_body, "/").await;
    assert_eq!(failed(outcome).kind, FailureKind::Timeout);
}

#[tokio::test]
async fn nobody_there_is_named_without_what_was_configured() {
    let free = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let base = format!("http://user:hunter2@{free}");
    let failure = failed(transport().request(&base, &get("/?key=hunter2")).await);
    assert_eq!(failure.kind, FailureKind::Connect);
    assert!(failure.detail.contains("refused"), "{failure:?}");
    assert!(!failure.detail.contains("hunter2"), "{failure:?}");

    for nonsense in ["", "http://", "no-scheme", "http://[::1"] {
        let failure = failed(transport().request(nonsense, &get("/")).await);
        assert_eq!(
            failure.kind,
            FailureKind::Connect,
            "{nonsense:?}: {failure:?}"
        );
    }
}

const KEY: &str = "k3y-0123456789";

fn keyed(target: &str) -> HttpRequest {
    HttpRequest {
        key_header: Some("X-Key"),
        ..get(target)
    }
}

/// Serves; returns its address, and the heads of all requests as they come.
async fn listening() -> (String, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&heads);
    let address = listen(move |mut stream| {
        let heard = Arc::clone(&heard);
        async move {
            let head = head(&mut stream).await;
            heard.lock().unwrap().push(head);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    (address, heads)
}

#[tokio::test]
async fn a_key_goes_to_its_own_venue_with_the_questions_that_need_it_and_nowhere_else() {
    let (own, own_heads) = listening().await;
    let (other, other_heads) = listening().await;
    let (own, other) = (format!("http://{own}"), format!("http://{other}"));
    let with_key = transport().with_key(&format!("{own}/"), KEY).unwrap();
    answered(with_key.request(&own, &keyed("/wants")).await);
    answered(with_key.request(&own, &get("/does-not")).await);
    answered(with_key.request(&other, &keyed("/elsewhere")).await);
    answered(transport().request(&own, &keyed("/none-set")).await);
    let own_heads = own_heads.lock().unwrap().join("");
    assert_eq!(own_heads.matches(KEY).count(), 1, "{own_heads}");
    let first = own_heads.split("\r\n\r\n").next().unwrap();
    assert!(
        first.starts_with("GET /wants") && first.contains(&format!("x-key: {KEY}")),
        "{first}"
    );
    assert!(!other_heads.lock().unwrap().join("").contains(KEY));
    assert!(!format!("{with_key:?}").contains(KEY));
}

#[tokio::test]
async fn an_answer_that_repeats_the_key_is_not_kept() {
    for answer in [
        format!("HTTP/1.1 401 No\r\nContent-Length: 16\r\n\r\n{{{KEY}}}"),
        format!("HTTP/1.1 200 OK\r\nx-limit: {KEY}\r\nContent-Length: 2\r\n\r\n{{}}"),
    ] {
        let url = format!("http://{}", answering(answer).await);
        let with_key = transport().with_key(&url, KEY).unwrap();
        let failure = failed(with_key.request(&url, &keyed("/")).await);
        assert_eq!(failure.kind, FailureKind::Broken);
        assert!(!failure.detail.contains(KEY), "{failure:?}");
    }
}
