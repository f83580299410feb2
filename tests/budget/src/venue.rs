//! [`Venue`]: the way to the venue of the tests. A request is a line with its weight and when it was
//! granted; the answer a line with the status and what is used.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use quantflow_model::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Connections to a venue.
#[derive(Debug)]
pub(crate) struct Venue {
    address: SocketAddr,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
    places: Semaphore,
}

impl Venue {
    pub(crate) fn new(address: SocketAddr, connections: usize) -> Self {
        Self {
            address,
            idle: Mutex::default(),
            places: Semaphore::new(connections),
        }
    }

    /// What the venue says is used. A refusal is for the venue to count.
    pub(crate) async fn ask(&self, weight: u32, granted: Timestamp) -> anyhow::Result<u32> {
        let _place = self.places.acquire().await?;
        let idle = self.idle().pop();
        let mut stream = if let Some(stream) = idle {
            stream
        } else {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            BufReader::new(stream)
        };
        let request = format!("{weight} {}\n", granted.millis());
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        let (_status, used) = answer.trim().split_once(' ').context("an answer")?;
        let used = used.parse()?;
        self.idle().push(stream);
        Ok(used)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<BufReader<TcpStream>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
