//! What a client does: requests in process, sockets, WebSocket.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, Response, StatusCode};
use quantflow_gateway::Gateway;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// A request in process, with headers.
pub(crate) async fn ask(
    gateway: &Gateway,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Response<Bytes> {
    send(gateway, method, target, headers, "").await
}

pub(crate) async fn send(
    gateway: &Gateway,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(target);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:8080");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    gateway
        .answer(request.body(Bytes::from(body.to_owned())).unwrap())
        .await
}

pub(crate) async fn get(gateway: &Gateway, target: &str) -> Response<Bytes> {
    ask(gateway, "GET", target, &[]).await
}

pub(crate) fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body())
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(response.body())))
}

/// The data of an answer that has to be a success in the envelope.
pub(crate) async fn data(gateway: &Gateway, target: &str) -> Value {
    let response = get(gateway, target).await;
    let body = json_of(&response);
    assert_eq!(response.status(), StatusCode::OK, "{target}: {body}");
    assert_eq!(body["success"], true);
    body["data"].clone()
}

/// The error of an answer that has to be a problem in the envelope.
pub(crate) fn problem_of(response: &Response<Bytes>) -> Value {
    let body = json_of(response);
    assert_eq!(body["success"], false, "{body}");
    assert_eq!(response.headers()["content-type"], "application/json");
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert_eq!(body["meta"]["requestId"], id);
    assert_eq!(body["meta"]["apiVersion"], "v1");
    body["error"].clone()
}

/// A gateway that serves a loopback port until it is told to stop.
pub(crate) struct Served {
    pub(crate) address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), quantflow_gateway::ServeError>>,
}

impl Served {
    pub(crate) async fn new(gateway: &Gateway) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let gateway = gateway.clone();
        let serving = tokio::spawn(async move {
            gateway
                .serve(listener, async {
                    let _ = stopped.await;
                })
                .await
        });
        Self {
            address,
            stop: Some(stop),
            serving,
        }
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub(crate) async fn stopped(mut self) {
        if self.stop.is_some() {
            self.stop();
        }
        self.serving.await.unwrap().unwrap();
    }
}

/// A WebSocket client that speaks JSON.
pub(crate) struct Live(pub(crate) WebSocketStream<TcpStream>);

impl Live {
    pub(crate) async fn new(served: &Served) -> Self {
        Self::with(served, "/ws", &[]).await.unwrap()
    }

    pub(crate) async fn with(
        served: &Served,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
        let stream = TcpStream::connect(served.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://{}{path}", served.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self(socket))
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    pub(crate) async fn subscribe(&mut self, channel: &str) -> Value {
        self.say(&json!({ "op": "subscribe", "channels": [channel] }))
            .await;
        let said = self.hear().await;
        assert_eq!(
            (&said["op"], &said["channel"]),
            (&json!("subscribed"), &json!(channel)),
            "{said}"
        );
        said
    }

    /// The next message; pings and pongs of the protocol are passed over.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(std::time::Duration::from_secs(10), self.0.next());
            match message
                .await
                .expect("something within ten seconds")
                .unwrap()
                .unwrap()
            {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Binary(bytes) => return rmp_serde::from_slice(&bytes).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a message: {other:?}"),
            }
        }
    }
}
