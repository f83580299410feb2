//! The venue's doors: REST, sockets, and what tests may ask.

mod admin;
mod answers;
mod endpoint;
mod params;
mod rest;
mod socket;

use std::sync::Arc;

pub(crate) use answers::average_price;
use axum::Router;
use axum::routing::{any, get};

use crate::venue::Stage;

/// All routes.
pub(crate) fn router(stage: Arc<Stage>) -> Router {
    let mut router = Router::new()
        .route("/ws", get(socket::raw))
        .route("/ws/", get(socket::raw))
        .route("/ws/{*streams}", get(socket::raw))
        .route("/stream", get(socket::combined))
        .fallback(any(rest::serve));
    if stage.options.admin {
        router = router.nest("/__replay", admin::router());
    }
    router.with_state(stage)
}
