//! The one door: REST, WebSocket, server-sent events, OpenAPI and the dashboard.
