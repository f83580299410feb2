//! Venues' API keys: the driver that carries one, and what is said of one that is refused.

use std::sync::Arc;

use anyhow::{Context, Result};
use quantflow_gateway::sources::{ServiceHealth, ServiceStatus};
use quantflow_ingest::VenueStatus;
use quantflow_model::VenueId;
use quantflow_seams::Feed;
use quantflow_transport::Transport;

use crate::config::secret::Secret;

/// What a key is called in `/health`, before its venue's name.
const KEY: &str = "key";

/// Whether a service of `/health` is a venue's key.
pub(crate) fn is_key(service: &str) -> bool {
    service.split(' ').next() == Some(KEY)
}

/// The driver of one venue: with its key where one is configured, which no other venue's has.
pub(crate) fn feed(
    transport: &Transport,
    venue: &VenueId,
    rest_url: &str,
    key: Option<&Secret>,
) -> Result<Arc<dyn Feed>> {
    let Some(key) = key else {
        return Ok(Arc::new(transport.clone()));
    };
    let keyed = transport
        .with_key(rest_url, key.reveal())
        .with_context(|| format!("venues.{venue}.api_key"))?;
    Ok(Arc::new(keyed))
}

/// What `/health` says of a key that its venue refuses.
pub(crate) fn refused(status: &VenueStatus, has_key: bool) -> Option<ServiceHealth> {
    let refusal = status.key_refusal.as_ref().filter(|_| has_key)?;
    let venue = &status.venue;
    Some(ServiceHealth {
        name: format!("{KEY} {venue}"),
        status: ServiceStatus::Degraded,
        latency: None,
        error: Some(format!(
            "{venue} refuses the API key (venues.{venue}.api_key): {refusal}; \
             until that is corrected holes are filled from aggregates"
        )),
        essential: false,
    })
}
