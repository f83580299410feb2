//! Accepts connections, and lets them finish when the gateway stops.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::WaitForCancellationFuture;
use tokio_util::task::TaskTracker;

use crate::edge;
use crate::front::{Exchange, Front};
use crate::peer::Peer;
use crate::quick::Quick;
use crate::shared::Shared;

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
    shared.stops.store(true, Ordering::Release);
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

/// What the signal to stop and a connection have told each other.
enum Told {
    Nothing,
    WhomToWake,
    ToStop,
}

impl Told {
    /// Whether the connection is to end. The signal is asked once, and then only when there is something to hear: to
    /// ask it takes a lock that all connections share.
    fn poll_stop(
        &mut self,
        shared: &Shared,
        stopping: Pin<&mut WaitForCancellationFuture<'_>>,
        context: &mut Context<'_>,
    ) -> bool {
        let ask = match self {
            Self::Nothing => true,
            Self::WhomToWake => shared.stops.load(Ordering::Acquire),
            Self::ToStop => return true,
        };
        if ask {
            *self = match stopping.poll(context) {
                Poll::Ready(()) => Self::ToStop,
                Poll::Pending => Self::WhomToWake,
            };
        }
        matches!(self, Self::ToStop)
    }
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
    let exchange = Arc::new(Exchange::default());
    let service = service_fn(|request| {
        exchange.begin();
        edge::answer(&shared, peer, request)
            .map(|response| Ok::<_, Infallible>(exchange.made(response)))
    });
    let quick = Quick::new(Arc::clone(&shared), peer);
    let mut front = Front::new(stream, quick, Arc::clone(&exchange));
    let mut stopping = pin!(shared.stopping.cancelled());
    let mut told = Told::Nothing;
    // the library comes in with the first request that is for it: most clients poll what is there
    let asked = poll_fn(|context| match front.poll_next(context) {
        Poll::Pending if told.poll_stop(&shared, stopping.as_mut(), context) => Poll::Ready(Ok(())),
        polled => polled,
    });
    if let Err(error) = asked.await {
        shared.measure.connections.fetch_sub(1, Ordering::Relaxed);
        tracing::debug!(cause = %error, %address, "a connection ended early");
        return;
    }
    let served = http1::Builder::new()
        // the front keeps this time: only it knows when the wait began
        .header_read_timeout(None)
        .max_headers(64)
        .max_buf_size(64 << 10)
        .serve_connection(front, service)
        .with_upgrades();
    let mut served = pin!(served);
    let mut closing = false;
    let ended = poll_fn(|context| {
        if let Poll::Ready(ended) = served.as_mut().poll(context) {
            return Poll::Ready(ended);
        }
        if !closing && told.poll_stop(&shared, stopping.as_mut(), context) {
            closing = true;
            served.as_mut().graceful_shutdown();
            return served.as_mut().poll(context);
        }
        Poll::Pending
    })
    .await;
    shared.measure.connections.fetch_sub(1, Ordering::Relaxed);
    if let Err(error) = ended {
        // clients that go away or speak no HTTP: nothing for an operator
        tracing::debug!(cause = %error, %address, "a connection ended early");
    }
}
