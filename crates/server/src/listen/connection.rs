//! One connection, from its first byte to its last: HTTP/1.1 or HTTP/2, as ALPN decided.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use countersign_web::as_::well_known::at_once;
use countersign_web::custom_domain::select;
use countersign_web::wire::peer::Peer;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::Service;

use super::Watcher;
use super::forwarded;
use super::limits::Limits;
use super::pace::{InFlight, Pace, Watched};

/// What all connections of a listener share.
#[derive(Clone)]
pub struct App {
    /// Knows custom domains, and answers what it can from memory, before the router is asked.
    pub documents: Option<countersign_web::App>,
    /// Answers the requests.
    pub router: Router,
    /// Deadlines and caps.
    pub limits: Arc<Limits>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Turns true when it is time to stop.
    pub stop: watch::Receiver<bool>,
    /// Told of answers and of connections that came to nothing.
    pub watcher: Arc<dyn Watcher>,
}

/// Which protocol the connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 (and 1.0).
    Http1,
    /// HTTP/2, only ever by ALPN.
    Http2,
}

/// Serves one connection to its end.
pub async fn serve<T>(stream: T, peer: SocketAddr, protocol: Protocol, app: Arc<App>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = Arc::clone(&app.limits);
    let pace = Pace::new(limits.header, limits.idle, Instant::now());
    let stop = app.stop.clone();
    let service = {
        let pace = Arc::clone(&pace);
        service_fn(move |request| answer(request, peer, Arc::clone(&app), InFlight::new(&pace)))
    };
    let ended = match protocol {
        Protocol::Http1 => {
            let io = TokioIo::new(Watched::new(stream, Arc::clone(&pace)));
            let conn = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                // `Pace` keeps this deadline, see there.
                .header_read_timeout(None)
                .max_buf_size(limits.head_bytes)
                .serve_connection(io, service);
            drive(conn, &pace, stop).await
        }
        Protocol::Http2 => {
            let conn = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(limits.streams)
                .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
                .serve_connection(TokioIo::new(stream), service);
            drive(conn, &pace, stop).await
        }
    };
    match ended {
        Ended::Closed(Ok(())) => {}
        Ended::Closed(Err(error)) => tracing::debug!(%peer, %error, "connection failed"),
        Ended::TooSlow => tracing::debug!(%peer, "connection closed: nothing came in time"),
    }
}

async fn answer(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    app: Arc<App>,
    in_flight: InFlight,
) -> Result<Response<Body>, Infallible> {
    let begun = Instant::now();
    let method = request.method().clone();
    let documents = app.documents.as_ref();
    if let Some(product) = documents {
        select(product, &mut request).await;
    }
    if let Some((route, response)) = documents.and_then(|it| at_once(it, &request)) {
        app.watcher
            .answered(Some(route), &method, response.status(), begun.elapsed());
        return Ok(response);
    }
    let client = forwarded::client(peer, request.headers(), &app.trusted_proxies);
    request.extensions_mut().insert(Peer(client));
    let answer = app.router.clone().call(request.map(Body::new));
    let answer = tokio::time::timeout_at(begun + app.limits.request, answer).await;
    drop(in_flight);
    let response = match answer {
        Ok(Ok(response)) => response,
        Err(_) => too_late(),
    };
    let route = response.extensions().get::<MatchedPath>();
    let route = route.map(MatchedPath::as_str);
    app.watcher
        .answered(route, &method, response.status(), begun.elapsed());
    Ok(response)
}

/// The request took too long, most likely because its body did not come.
fn too_late() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    response
}

enum Ended {
    Closed(hyper::Result<()>),
    TooSlow,
}

/// A hyper connection of either version.
trait Connection: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<I, B, S> Connection for hyper::server::conn::http1::Connection<I, S>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, B, S, E> Connection for hyper::server::conn::http2::Connection<I, S, E>
where
    Self: Future<Output = hyper::Result<()>>,
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, B>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls the connection until it ends, its peer is too slow, or (after the order to stop) its last
/// answer is out.
async fn drive<C: Connection>(conn: C, pace: &Pace, mut stop: watch::Receiver<bool>) -> Ended {
    let mut conn = pin!(conn);
    let mut timer = pin!(tokio::time::sleep_until(pace.deadline()));
    let mut progress = poll_fn(|cx| {
        if let Poll::Ready(result) = conn.as_mut().poll(cx) {
            return Poll::Ready(Ended::Closed(result));
        }
        // What was just read may have set a nearer deadline; a farther one is noticed when the
        // timer fires.
        if pace.deadline() < timer.deadline() {
            timer.as_mut().reset(pace.deadline());
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if pace.has_expired(now) {
                return Poll::Ready(Ended::TooSlow);
            }
            // While a request is in flight the old deadline lies in the past: look again later.
            let next = pace.deadline().max(now + std::time::Duration::from_secs(1));
            timer.as_mut().reset(next);
        }
        Poll::Pending
    });
    tokio::select! {
        biased;
        ended = &mut progress => return ended,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    conn.as_mut().finish();
    poll_fn(|cx| conn.as_mut().poll(cx).map(Ended::Closed)).await
}
