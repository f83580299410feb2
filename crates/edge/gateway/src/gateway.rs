//! [`Gateway`]: serving a listener, answering a request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;

use crate::answer::header;
use crate::edge;
use crate::measure::Measure;
use crate::peer::Peer;
use crate::routes::ENDPOINTS;
use crate::serve::{self, ServeError};
use crate::shared::{GatewayParts, Setting, Shared};

/// The one door. Cheap to clone; clones are the same door.
#[derive(Debug, Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl Gateway {
    /// A gateway that serves nobody yet.
    pub fn new(parts: GatewayParts) -> Self {
        let options = &parts.options;
        let settings = ENDPOINTS
            .iter()
            .map(|endpoint| {
                let limits = &options.limits.endpoints;
                let per_minute = limits
                    .get(endpoint.name)
                    .copied()
                    .unwrap_or(endpoint.per_minute);
                let ttl = options.cache.ttl.get(endpoint.name).copied();
                let policy = format!("\"{}\";q={per_minute};w=60", endpoint.name);
                let limited = format!(
                    "\r\nratelimit-policy: {policy}\r\nratelimit: \"{}\";r=",
                    endpoint.name
                );
                Setting {
                    name: endpoint.name,
                    per_minute,
                    ttl: ttl.unwrap_or(Duration::from_secs(endpoint.ttl)),
                    policy: header(&policy),
                    limited: limited.into_bytes().into(),
                }
            })
            .collect();
        let measure = Measure::new(ENDPOINTS.iter().map(|endpoint| endpoint.path));
        Self {
            shared: Arc::new(Shared::new(parts, settings, measure)),
        }
    }

    /// Serves a listener until `shutdown` is done, then lets open requests finish, for a bounded time.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        serve::serve(&self.shared, listener, shutdown).await
    }

    /// Answers one request without a socket, as if it came from this machine: for tests and for commands that ask a
    /// gateway in their own process. An answer that never ends (`/stream`) never returns.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let peer = Peer {
            address: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            loopback: true,
        };
        let request = request.map(http_body_util::Full::new);
        let (head, body) = edge::answer(&self.shared, peer, request).await.into_parts();
        let bytes = match body.collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(never) => match never {},
        };
        Response::from_parts(head, bytes)
    }
}
