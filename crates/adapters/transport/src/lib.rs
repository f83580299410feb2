//! The one driver of sockets and requests: HTTP, WebSocket, reconnects, heartbeats.
