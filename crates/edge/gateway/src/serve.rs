//! Accepts connections, and lets them finish when the gateway stops.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::edge::{self, Peer};
use crate::gateway::Shared;

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener does not say where it listens.
    #[error("the listener is of no use: {0}")]
    Listener(#[source] io::Error),
}

/// After an error of the listener (no file handles left, say) it is asked again so much later.
const BREATH: Duration = Duration::from_millis(50);

pub(crate) async fn serve(
    shared: &Arc<Shared>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let local = listener.local_addr().map_err(ServeError::Listener)?;
    let loopback = local.ip().is_loopback();
    let open = Arc::new(Semaphore::new(shared.options.max_connections));
    let connections = TaskTracker::new();
    let mut shutdown = pin!(shutdown.fuse());
    loop {
        // when all places are taken new clients wait in the listener's backlog
        let permit = tokio::select! {
            biased;
            () = &mut shutdown => break,
            permit = Arc::clone(&open).acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                connections.spawn(connection(
                    Arc::clone(shared),
                    stream,
                    address,
                    loopback,
                    permit,
                ));
            }
            Err(error) if is_of_one_client(&error) => {}
            Err(error) => {
                tracing::warn!(cause = %error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    shared.stopping.cancel();
    connections.close();
    shared.tasks.close();
    let drained = async {
        connections.wait().await;
        shared.tasks.wait().await;
    };
    if tokio::time::timeout(shared.options.drain, drained)
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            live = shared.tasks.len(),
            "connections were still open when the time to finish was over"
        );
    }
    Ok(())
}

/// Errors of `accept` that say something of the client, not of us.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    address: SocketAddr,
    loopback: bool,
    _permit: OwnedSemaphorePermit,
) {
    // without it a small update waits for the client's acknowledgement of the last one
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(cause = %error, "a socket cannot be told not to delay");
    }
    let peer = Peer {
        address: address.ip().to_canonical(),
        loopback,
    };
    shared.measure.connections.fetch_add(1, Ordering::Relaxed);
    let service =
        service_fn(|request| edge::answer(&shared, peer, request).map(Ok::<_, Infallible>));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.options.header_timeout)
        .pipeline_flush(true)
        .max_headers(64)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = shared.stopping.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    shared.measure.connections.fetch_sub(1, Ordering::Relaxed);
    if let Err(error) = ended {
        // clients that go away or speak no HTTP: nothing for an operator
        tracing::debug!(cause = %error, %address, "a connection ended early");
    }
}
