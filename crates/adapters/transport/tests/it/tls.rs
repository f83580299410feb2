//! TLS, for requests and sockets alike.

use std::sync::Arc;

use futures_util::SinkExt;
use quantflow_seams::{Feed, FeedError, SocketMessage};
use quantflow_transport::{Settings, Transport};
use quantflow_wire::{FailureKind, Outcome};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use crate::server::{get, listen, transport};

const CERTIFICATE: &[u8] = include_bytes!("fixtures/localhost.cert.der");
const KEY: &[u8] = include_bytes!("fixtures/localhost.key.der");

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(CERTIFICATE)],
            PrivateKeyDer::try_from(KEY).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap()
}

fn trusting() -> Transport {
    Transport::new(Settings {
        extra_roots: vec![CertificateDer::from(CERTIFICATE)],
        ..Settings::default()
    })
    .unwrap()
}

#[tokio::test]
async fn a_company_authority_can_be_trusted_and_is_not_by_itself() {
    let address = listen(|stream| async move {
        let Ok(mut stream) = acceptor().accept(stream).await else {
            return; // the client does not trust us
        };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(answer).await.unwrap();
        stream.flush().await.unwrap();
    })
    .await;
    let base = format!("https://localhost:{}", port(&address));
    let outcome = trusting().request(&base, &get("/")).await;
    assert!(
        matches!(&outcome, Outcome::Response(r) if r.body == b"{}"),
        "{outcome:?}"
    );
    let Outcome::Failed(failure) = transport().request(&base, &get("/")).await else {
        panic!("a certificate that nobody signed was trusted");
    };
    assert_eq!(failure.kind, FailureKind::Connect);
    assert!(failure.detail.contains("certificate"), "{failure:?}");
    // the right authority, but another name
    let elsewhere = format!("https://127.0.0.1:{}", port(&address));
    let Outcome::Failed(failure) = trusting().request(&elsewhere, &get("/")).await else {
        panic!("a certificate for another host was trusted");
    };
    assert!(failure.detail.contains("certificate"), "{failure:?}");
}

#[tokio::test]
async fn sockets_use_the_same_trust() {
    let address = listen(|stream| async move {
        let Ok(stream) = acceptor().accept(stream).await else {
            return;
        };
        let mut server = accept_async(stream).await.unwrap();
        server.send(Message::text("hello")).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let base = format!("wss://localhost:{}", port(&address));
    let mut socket = trusting().connect(&base, "/").await.unwrap();
    assert_eq!(
        socket.next().await.unwrap(),
        SocketMessage::Text("hello".into())
    );
    let error = transport().connect(&base, "/").await.unwrap_err();
    assert!(
        matches!(&error, FeedError::Connect { detail, .. } if detail.contains("certificate")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_said_to_be_one() {
    let address = listen(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let port = port(&address);
    let error = transport()
        .connect(&format!("wss://localhost:{port}"), "/")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, FeedError::Connect { detail, .. } if detail.contains("TLS") || detail.contains("corrupt message")),
        "{error}"
    );
    let outcome = transport()
        .request(&format!("https://localhost:{port}"), &get("/"))
        .await;
    assert!(
        matches!(&outcome, Outcome::Failed(f) if f.kind == FailureKind::Connect && f.detail.contains("corrupt message")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_root_that_is_none_is_refused_at_the_start() {
    let error = Transport::new(Settings {
        extra_roots: vec![CertificateDer::from(b"no certificate".as_slice())],
        ..Settings::default()
    })
    .unwrap_err();
    assert!(
        error.to_string().starts_with("TLS cannot be set up"),
        "{error}"
    );
}
