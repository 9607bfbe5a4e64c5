//! `countersign floor`, for `cargo xtask bench` alone: the least that a request can cost on this
//! stack. Same binary, runtime, accept loop, HTTP and database as the product; no product.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use clap::Args;
use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::{Clock, Store};
use countersign_domain::store::{Batch, Doc, Key, Precondition};
use countersign_store::Database;
use http::{Method, StatusCode};
use tokio::sync::watch;
use uuid::Uuid;

use crate::listen::connection::App;
use crate::listen::limits::{Full, Limits, Seats};
use crate::listen::{self, Listeners, Watcher};
use crate::ports::SystemClock;

/// As long as the document of an authorization code.
const BODY: usize = 700;

/// Options of `floor`.
#[derive(Debug, Args)]
pub struct Options {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,

    /// Where POST writes
    #[arg(long)]
    database: Database,
}

/// Answers `GET /` at once, and `POST /` after one durable write, until it is killed.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    super::block_on(serve(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: &Options) -> anyhow::Result<()> {
    let store = countersign_store::open(&options.database).await?;
    let limits = Limits::default();
    let seats = Seats::new(&limits, Vec::new());
    let (_stop, stopped) = watch::channel(false);
    let app = App {
        documents: None,
        router: router(store),
        limits: Arc::new(limits),
        trusted_proxies: Arc::default(),
        stop: stopped,
        watcher: Arc::new(Nobody),
    };
    let listeners = Listeners::bind(&[options.listen], None)?;
    let listener = listeners.public.into_iter().next();
    let listener = listener.context("there is no listener")?;
    listen::serve(listener, None, app, seats).await;
    Ok(())
}

#[derive(Clone)]
struct Writing {
    store: Arc<dyn Store>,
    written: Arc<AtomicU64>,
}

fn router(store: Arc<dyn Store>) -> Router {
    let writing = Writing {
        store,
        written: Arc::default(),
    };
    Router::new()
        .route("/", get(|| async { "ok" }).post(write))
        .with_state(writing)
}

/// A document that nobody had written, as an authorization code is.
async fn write(State(to): State<Writing>) -> Result<&'static str, StatusCode> {
    let id = to.written.fetch_add(1, Ordering::Relaxed);
    let env = EnvId::from_uuid(Uuid::from_u128(1));
    let key = Key::new(kinds::AUTHORIZATION_CODE, env, format!("{id:043}"));
    let batch = Batch::new()
        .require(Precondition::Absent(key.clone()))
        .put(Doc::new(key, format!("{id:BODY$}")));
    match to.store.commit(batch, SystemClock.now()).await {
        Ok(_) => Ok("ok"),
        Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

struct Nobody;

impl Watcher for Nobody {
    fn answered(&self, _: Option<&str>, _: &Method, _: StatusCode, _: Duration) {}
    fn turned_away(&self, _: Full) {}
    fn handshake_failed(&self) {}
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use countersign_store::{Counting, MemoryStore};
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_post_writes_once_and_a_get_does_not() {
        let store = Arc::new(Counting::new(Arc::new(MemoryStore::new())));
        let router = router(Arc::clone(&store) as Arc<dyn Store>);
        for (method, writes) in [("GET", 0), ("POST", 1), ("POST", 2)] {
            let request = Request::builder().method(method).uri("/");
            let request = request.body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(store.commits(), writes);
        }
    }
}
