//! [`Peer`]: who is at the other end.

use std::net::IpAddr;

/// Who is at the other end of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// Whether the socket is one of this machine with itself.
    pub(crate) loopback: bool,
}
