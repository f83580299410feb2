//! Sockets and answers as a test scripts them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_seams::{Clock, Feed, FeedError, Socket, SocketMessage};
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::{HttpRequest, Outcome};
use tokio::sync::{mpsc, oneshot, watch};

type Answer = Box<dyn FnMut(&str) -> Option<Outcome> + Send>;

/// Every dial waits until the test answers it; requests are answered by a function (`None`: never).
pub(crate) struct FakeFeed {
    clock: ManualClock,
    dials: Mutex<VecDeque<Dial>>,
    answer: Mutex<Answer>,
    requests: Mutex<Vec<(Timestamp, String)>>,
}

impl fmt::Debug for FakeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeFeed")
    }
}

/// Somebody wants a socket.
#[derive(Debug)]
pub(crate) struct Dial {
    pub(crate) at: Timestamp,
    pub(crate) base: String,
    pub(crate) target: String,
    answer: oneshot::Sender<Result<FakeSocket, FeedError>>,
}

impl Dial {
    /// Opens it; the other end is ours.
    pub(crate) fn accept(self) -> Server {
        let (say, messages) = mpsc::channel(10_000);
        let (hear, heard) = mpsc::channel(1_000);
        let (open, closed) = watch::channel(());
        let socket = FakeSocket {
            messages,
            hear,
            hangs_on_close: false,
            _open: open,
        };
        self.answer.send(Ok(socket)).expect("the dialler waits");
        Server { say, heard, closed }
    }

    /// Opens one whose goodbye never ends.
    pub(crate) fn accept_that_hangs_on_close(self) -> Server {
        let (say, messages) = mpsc::channel(10);
        let (hear, heard) = mpsc::channel(10);
        let (open, closed) = watch::channel(());
        let socket = FakeSocket {
            messages,
            hear,
            hangs_on_close: true,
            _open: open,
        };
        self.answer.send(Ok(socket)).expect("the dialler waits");
        Server { say, heard, closed }
    }

    pub(crate) fn refuse(self, error: FeedError) {
        self.answer.send(Err(error)).expect("the dialler waits");
    }

    /// Whether the dialler went away.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// The venue's end of a socket.
#[derive(Debug)]
pub(crate) struct Server {
    say: mpsc::Sender<Result<SocketMessage, FeedError>>,
    heard: mpsc::Receiver<(Timestamp, String)>,
    closed: watch::Receiver<()>,
}

impl Server {
    pub(crate) fn say(&self, text: &str) {
        let text = text.to_owned().into();
        self.message(Ok(SocketMessage::Text(text)));
    }

    pub(crate) fn message(&self, message: Result<SocketMessage, FeedError>) {
        self.say
            .try_send(message)
            .expect("the socket is open and reads");
    }

    /// Messages that were said and not read.
    pub(crate) fn unread(&self) -> usize {
        self.say.max_capacity() - self.say.capacity()
    }

    pub(crate) fn heard(&mut self) -> Option<(Timestamp, String)> {
        self.heard.try_recv().ok()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.has_changed().is_err()
    }
}

#[derive(Debug)]
struct FakeSocket {
    messages: mpsc::Receiver<Result<SocketMessage, FeedError>>,
    hear: mpsc::Sender<(Timestamp, String)>,
    hangs_on_close: bool,
    _open: watch::Sender<()>,
}

/// A fake socket that knows the time.
#[derive(Debug)]
struct Timed {
    socket: FakeSocket,
    clock: ManualClock,
}

#[async_trait]
impl Socket for Timed {
    async fn next(&mut self) -> Result<SocketMessage, FeedError> {
        let message = self.socket.messages.recv().await;
        message.unwrap_or_else(|| Err(FeedError::Broken("the server is gone".into())))
    }

    async fn send(&mut self, text: &str) -> Result<(), FeedError> {
        let heard = (self.clock.now(), text.to_owned());
        let sent = self.socket.hear.try_send(heard);
        sent.map_err(|_| FeedError::Broken("the server is deaf".into()))
    }

    async fn close(&mut self) {
        if self.socket.hangs_on_close {
            std::future::pending::<()>().await;
        }
    }
}

impl FakeFeed {
    pub(crate) fn new(clock: &ManualClock) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            dials: Mutex::default(),
            answer: Mutex::new(Box::new(|_| None)),
            requests: Mutex::default(),
        })
    }

    pub(crate) fn answer(&self, answer: impl FnMut(&str) -> Option<Outcome> + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// Somebody who dialled and still waits.
    pub(crate) fn dial(&self) -> Option<Dial> {
        let mut dials = self.dials.lock().unwrap();
        dials.retain(|dial| !dial.is_abandoned());
        dials.pop_front()
    }

    pub(crate) fn requests(&self) -> Vec<(Timestamp, String)> {
        self.requests.lock().unwrap().clone()
    }

    /// Requests to this path.
    pub(crate) fn requested(&self, path: &str) -> Vec<String> {
        let requests = self.requests().into_iter().map(|(_, target)| target);
        requests.filter(|target| target.starts_with(path)).collect()
    }
}

#[async_trait]
impl Feed for FakeFeed {
    async fn request(&self, base_url: &str, request: &HttpRequest) -> Outcome {
        assert_eq!(base_url, "http://rest.fake");
        let target = request.target.clone();
        self.requests
            .lock()
            .unwrap()
            .push((self.clock.now(), target.clone()));
        let answer = (self.answer.lock().unwrap())(&target);
        match answer {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }

    async fn connect(&self, base_url: &str, target: &str) -> Result<Box<dyn Socket>, FeedError> {
        assert!(base_url.starts_with("ws://"));
        let (answer, answered) = oneshot::channel();
        self.dials.lock().unwrap().push_back(Dial {
            at: self.clock.now(),
            base: base_url.into(),
            target: target.into(),
            answer,
        });
        let socket = answered.await.expect("the test answers every dial")?;
        Ok(Box::new(Timed {
            socket,
            clock: self.clock.clone(),
        }))
    }
}
