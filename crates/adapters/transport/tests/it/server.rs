//! Servers for one test each, on a port of the loopback that was free.

use std::future::Future;
use std::time::Duration;

use quantflow_transport::{Settings, Transport};
use quantflow_wire::{HttpMethod, HttpRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves every connection with `serve`; returns `127.0.0.1:port`.
pub(crate) async fn listen<F, S>(serve: S) -> String
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads a request up to the end of its head and returns the head.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Answers every request with these bytes, then closes.
pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    let address = listen(move |mut stream| {
        let answer = answer.clone();
        async move {
            head(&mut stream).await;
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    address.await
}

/// Never returns: what a server does that hangs.
pub(crate) async fn hang(stream: TcpStream) {
    let _open = stream;
    std::future::pending::<()>().await;
}

pub(crate) fn transport() -> Transport {
    Transport::new(Settings::default()).unwrap()
}

/// Short enough that a test of a time-out is not slow.
pub(crate) fn impatient() -> Transport {
    let short = Duration::from_millis(100);
    Transport::new(Settings {
        connect_timeout: short,
        request_timeout: short,
        handshake_timeout: short,
        close_timeout: short,
        ..Settings::default()
    })
    .unwrap()
}

pub(crate) fn get(target: &str) -> HttpRequest {
    HttpRequest {
        method: HttpMethod::Get,
        target: target.into(),
        headers: Vec::new(),
        body: Vec::new(),
        weight: 1,
        key_header: None,
    }
}
