//! [`StrictVenue`]: counts what comes as Binance does, and over every other window too.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::{Clock, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a venue allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) amount: u32,
    pub(crate) window: Duration,
    /// Whether what arrives too much is refused. With windows of seconds it cannot be: by how much a
    /// request is held up between its grant and its arrival on a busy machine does not get shorter with
    /// them. Then only what was granted is looked at, after the run.
    pub(crate) enforced: bool,
}

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Timestamp,
    pub(crate) granted: Timestamp,
    pub(crate) weight: u32,
}

#[derive(Debug, Default)]
struct Counted {
    arrivals: Vec<Arrival>,
    refused: u32,
    /// The fixed window, by its number, and what was used in it.
    fixed: (i64, u32),
    /// Those of the window that ends now.
    sliding: VecDeque<(Timestamp, u32)>,
    sum: u32,
}

/// A venue on a loopback port, as long as its runtime.
#[derive(Debug)]
pub(crate) struct StrictVenue {
    pub(crate) address: SocketAddr,
    counted: Arc<Mutex<Counted>>,
}

impl StrictVenue {
    pub(crate) async fn start(rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counted = Arc::new(Mutex::new(Counted::default()));
        let shared = Arc::clone(&counted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, rule, Arc::clone(&shared)));
            }
        });
        Self { address, counted }
    }

    /// All that came, in its order, and how many were answered with 429.
    pub(crate) fn counted(&self) -> (Vec<Arrival>, u32) {
        let counted = self.counted.lock().unwrap();
        (counted.arrivals.clone(), counted.refused)
    }
}

async fn serve(stream: TcpStream, rule: Rule, counted: Arc<Mutex<Counted>>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    // a process that was killed goes in the middle of anything
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let Some((weight, granted)) = line.trim().split_once(' ') else {
            return;
        };
        let arrival = Arrival {
            at: SystemClock.now(),
            granted: Timestamp::from_millis(granted.parse().unwrap()),
            weight: weight.parse().unwrap(),
        };
        let (status, used) = counted.lock().unwrap().count(arrival, rule);
        let answer = format!("{status} {used}\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        line.clear();
    }
}

impl Counted {
    fn count(&mut self, arrival: Arrival, rule: Rule) -> (u16, u32) {
        let Arrival { at, weight, .. } = arrival;
        self.arrivals.push(arrival);
        let number = at.nanos() / rule.window.as_nanos() as i64;
        if self.fixed.0 != number {
            self.fixed = (number, 0);
        }
        self.fixed.1 += weight;
        self.sliding.push_back((at, weight));
        self.sum += weight;
        while let Some(&(first, weight)) = self.sliding.front()
            && first + rule.window <= at
        {
            self.sum -= weight;
            self.sliding.pop_front();
        }
        let over = rule.enforced && self.fixed.1.max(self.sum) > rule.amount;
        self.refused += u32::from(over);
        (if over { 429 } else { 200 }, self.fixed.1)
    }
}
