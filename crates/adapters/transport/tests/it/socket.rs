//! WebSockets.

use futures_util::{FutureExt, SinkExt, StreamExt};
use quantflow_seams::{Feed, FeedError, Socket, SocketMessage};
use quantflow_transport::{Settings, Transport};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::server::{answering, hang, impatient, listen, transport};

type Server = WebSocketStream<TcpStream>;

/// A socket whose other end says these messages and then waits for ours.
async fn saying(messages: Vec<Message>) -> (Box<dyn Socket>, mpsc::Receiver<Message>) {
    let (heard, hearing) = mpsc::channel(16);
    let address = listen(move |stream| {
        let (messages, heard) = (messages.clone(), heard.clone());
        async move {
            let mut server: Server = accept_async(stream).await.unwrap();
            for message in messages {
                server.send(message).await.unwrap();
            }
            while let Some(Ok(message)) = server.next().await {
                heard.send(message).await.unwrap();
            }
        }
    });
    let base = format!("ws://{}/", address.await);
    let socket = transport()
        .connect(&base, "/ws/btcusdt@trade")
        .await
        .unwrap();
    (socket, hearing)
}

#[tokio::test]
async fn messages_come_as_they_were_sent() {
    let (mut socket, mut hearing) = saying(vec![
        Message::text("text ✓"),
        Message::binary(vec![0, 159, 146, 150]),
        Message::text(""),
    ])
    .await;
    let mut next = async || socket.next().await.unwrap();
    assert_eq!(next().await, SocketMessage::Text("text ✓".into()));
    let bytes = vec![0, 159, 146, 150];
    assert_eq!(next().await, SocketMessage::Binary(bytes.into()));
    assert_eq!(next().await, SocketMessage::Text("".into()));
    assert!(
        socket.next().now_or_never().is_none(),
        "nothing more is at hand"
    );
    socket.send("{\"method\":\"SUBSCRIBE\"}").await.unwrap();
    let heard = hearing.recv().await.unwrap();
    assert_eq!(heard, Message::text("{\"method\":\"SUBSCRIBE\"}"));
}

#[tokio::test]
async fn a_ping_is_told_and_answered_with_its_own_payload() {
    let (mut socket, mut hearing) = saying(vec![Message::Ping("1700000000".into())]).await;
    assert_eq!(socket.next().await.unwrap(), SocketMessage::Ping);
    // without another call: a caller that is busy with the log must not fail to answer
    assert_eq!(
        hearing.recv().await.unwrap(),
        Message::Pong("1700000000".into())
    );
}

#[tokio::test]
async fn a_close_tells_its_code_and_the_socket_is_dead() {
    let frame = CloseFrame {
        code: 1012.into(),
        reason: "service restart".into(),
    };
    for (close, code, words) in [
        (Message::Close(Some(frame)), 1012, "service restart"),
        (Message::Close(None), 1005, ""),
    ] {
        let (mut socket, _hearing) = saying(vec![close]).await;
        let closed = SocketMessage::Closed {
            code,
            reason: words.into(),
        };
        assert_eq!(socket.next().await.unwrap(), closed);
        assert!(socket.next().await.is_err());
        assert!(socket.send("too late").await.is_err());
        socket.close().await;
    }
}

#[tokio::test]
async fn our_close_is_polite_and_bounded() {
    let (mut socket, mut hearing) = saying(Vec::new()).await;
    socket.close().await;
    let heard = hearing.recv().await.unwrap();
    assert!(
        matches!(&heard, Message::Close(Some(frame)) if u16::from(frame.code) == 1000),
        "{heard:?}"
    );

    let deaf = listen(|stream| async move {
        let server: Server = accept_async(stream).await.unwrap();
        hang(server.into_inner()).await;
    })
    .await;
    let mut socket = impatient()
        .connect(&format!("ws://{deaf}"), "/")
        .await
        .unwrap();
    socket.close().await; // returns, though nobody answers
    assert!(socket.next().await.is_err());
}

#[tokio::test]
async fn a_cut_and_a_violation_are_told_apart() {
    let cut = listen(|stream| async move {
        drop(accept_async(stream).await.unwrap());
    })
    .await;
    let mut socket = transport()
        .connect(&format!("ws://{cut}"), "/")
        .await
        .unwrap();
    let error = socket.next().await.unwrap_err().to_string();
    assert!(error.contains("without a goodbye"), "{error}");

    let nonsense = listen(|stream| async move {
        let server: Server = accept_async(stream).await.unwrap();
        let mut stream = server.into_inner();
        stream.write_all(&[0xff; 64]).await.unwrap();
        hang(stream).await;
    })
    .await;
    let mut socket = transport()
        .connect(&format!("ws://{nonsense}"), "/")
        .await
        .unwrap();
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error, FeedError::Broken(_)), "{error}");
    assert!(socket.next().await.is_err(), "a broken socket stays so");
}

#[tokio::test]
async fn a_message_is_bounded() {
    let small = Transport::new(Settings {
        max_message: 1000,
        ..Settings::default()
    })
    .unwrap();
    let address = listen(|stream| async move {
        let mut server: Server = accept_async(stream).await.unwrap();
        for size in [1000, 1001] {
            let _ = server.send(Message::text("x".repeat(size))).await;
        }
        hang(server.into_inner()).await;
    })
    .await;
    let mut socket = small
        .connect(&format!("ws://{address}"), "/")
        .await
        .unwrap();
    assert!(matches!(socket.next().await.unwrap(), SocketMessage::Text(t) if t.len() == 1000));
    let error = socket.next().await.unwrap_err().to_string();
    assert!(
        error.contains("1001 bytes came, 1000 are allowed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_handshake_tells_status_and_retry_after() {
    for (answer, status, retry_after) in [
        (
            "HTTP/1.1 429 Too Many\r\nRetry-After: 30\r\n",
            429,
            Some(30),
        ),
        ("HTTP/1.1 418 Teapot\r\nRetry-After: soon\r\n", 418, None),
        ("HTTP/1.1 503 No\r\n", 503, None),
        ("HTTP/1.1 200 OK\r\n", 200, None),
    ] {
        let address = answering(format!("{answer}Content-Length: 0\r\n\r\n")).await;
        let error = transport()
            .connect(&format!("ws://{address}"), "/")
            .await
            .unwrap_err();
        let FeedError::Refused {
            host,
            status: s,
            retry_after: r,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((host, s, r), (address, status, retry_after));
    }
}

#[tokio::test]
async fn opening_is_bounded_in_time() {
    let silent = listen(hang).await;
    let error = impatient()
        .connect(&format!("ws://{silent}"), "/")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, FeedError::Timeout { host } if *host == silent),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_there_is_named_without_what_was_configured() {
    let free = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let base = format!("ws://user:hunter2@{free}");
    let error = transport()
        .connect(&base, "/?listenKey=hunter2")
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("refused") && text.contains(&free.to_string()),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");

    for nonsense in ["", "ws://", "http://127.0.0.1:1", "ws://no host"] {
        let error = transport().connect(nonsense, "/").await.unwrap_err();
        assert!(
            matches!(error, FeedError::Connect { .. }),
            "{nonsense:?}: {error}"
        );
    }
}
