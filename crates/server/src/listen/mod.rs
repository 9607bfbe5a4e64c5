//! The accept loop (`docs/decisions/0004-listener.md`): every wait for a peer has a deadline, the
//! number of connections has caps, and the order to stop lets requests in flight finish.

pub mod connection;
pub mod forwarded;
pub mod limits;
pub mod pace;
#[cfg(test)]
mod tests;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http::{Method, StatusCode};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use connection::{App, Protocol};
use limits::{Full, Seats};

/// Sockets that are bound but not served yet.
#[derive(Debug)]
pub struct Listeners {
    /// Where the product is served.
    pub public: Vec<TcpListener>,
    /// Where `/metrics` is served.
    pub admin: Option<TcpListener>,
}

impl Listeners {
    /// Binds all addresses. Call on the async runtime.
    pub fn bind(public: &[SocketAddr], admin: Option<SocketAddr>) -> anyhow::Result<Self> {
        let mut bound = Self {
            public: Vec::with_capacity(public.len()),
            admin: None,
        };
        for address in public {
            bound.public.push(bind(*address)?);
        }
        if let Some(address) = admin {
            bound.admin = Some(bind(address)?);
        }
        Ok(bound)
    }

    /// Binds one more public address.
    pub fn add(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.public.push(bind(address)?);
        Ok(())
    }

    /// The first public address as it was bound: with the real port where 0 was asked for.
    pub fn first_address(&self) -> anyhow::Result<SocketAddr> {
        let first = self.public.first().context("there is no listener")?;
        Ok(first.local_addr()?)
    }
}

/// Connections that wait to be accepted: room for a burst while the loop is busy.
const BACKLOG: u32 = 1024;

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restart must not wait for connections of the last run to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().with_context(|| match address.port() {
        0 => format!("cannot listen on {}", address.ip()),
        port => format!("cannot listen on {address} (is port {port} taken?)"),
    })
}

/// Told about answers and connections; the metrics of the process, or nothing in tests.
pub trait Watcher: Send + Sync + 'static {
    /// A request was answered, so long after the end of its head.
    fn answered(&self, route: Option<&str>, method: &Method, status: StatusCode, took: Duration);
    /// A connection was turned away.
    fn turned_away(&self, reason: Full);
    /// A TLS handshake failed or did not finish in time.
    fn handshake_failed(&self);
}

/// Accepts until `app.stop` turns true, then waits for the connections within the drain deadline.
pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, app: App, seats: Arc<Seats>) {
    let mut connections = JoinSet::new();
    let mut stop = app.stop.clone();
    let app = Arc::new(app);
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let seat = match seats.take(peer.ip()) {
            Ok(seat) => seat,
            Err(full) => {
                app.watcher.turned_away(full);
                continue;
            }
        };
        let (app, tls) = (Arc::clone(&app), tls.clone());
        connections.spawn(async move {
            open(stream, peer, tls, app).await;
            drop(seat);
        });
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(app.limits.drain, drained)
        .await
        .is_err()
    {
        let left = connections.len();
        tracing::warn!(
            left,
            "drain deadline over, cutting the connections that are left"
        );
        connections.shutdown().await;
    }
}

async fn open(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, app: Arc<App>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY refused");
    }
    let Some(tls) = tls else {
        return connection::serve(stream, peer, Protocol::Http1, app).await;
    };
    let mut stop = app.stop.clone();
    let handshake = tokio::time::timeout(app.limits.handshake, tls.accept(stream));
    let handshake = tokio::select! {
        handshake = handshake => handshake,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    match handshake {
        Ok(Ok(stream)) => {
            let protocol = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            connection::serve(stream, peer, protocol, app).await;
        }
        Ok(Err(error)) => {
            app.watcher.handshake_failed();
            tracing::debug!(%peer, %error, "TLS handshake failed");
        }
        Err(_) => {
            app.watcher.handshake_failed();
            tracing::debug!(%peer, "TLS handshake did not finish in time");
        }
    }
}

/// A connection that was gone before it was accepted is nobody's trouble; anything else (no file
/// descriptors left) needs a moment to pass, or the loop would spin.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        return;
    }
    tracing::error!(%error, "cannot accept connections");
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(100)).await;
}
