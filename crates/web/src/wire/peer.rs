//! Who is on the other end.

use std::net::SocketAddr;

/// The client's address, an extension of every request: the listener takes it from the socket, or
/// from `X-Forwarded-For` when the socket belongs to a trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);
