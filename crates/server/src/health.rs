//! `/health/live`: the process answers. `/health/ready`: it can do its work, that is, the database
//! answers and nobody told it to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use countersign_domain::ports::Store;
use http::{StatusCode, header};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// How long an answer of the database counts: probes cannot be used to load it.
const FRESH: Duration = Duration::from_secs(1);
/// A database that takes longer than this is not there.
const DEADLINE: Duration = Duration::from_secs(3);

/// Knows whether the server can do its work.
pub struct Readiness {
    store: Arc<dyn Store>,
    stop: watch::Receiver<bool>,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    /// Asks `store`, until `stop` turns true.
    pub fn new(store: Arc<dyn Store>, stop: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            store,
            stop,
            last: Mutex::new(None),
        })
    }

    /// Whether requests make sense now.
    pub async fn is_ready(&self) -> bool {
        // While one probe waits for the database the others wait for that probe.
        let mut last = self.last.lock().await;
        if *self.stop.borrow() {
            return false;
        }
        if let Some((at, ready)) = *last
            && at.elapsed() < FRESH
        {
            return ready;
        }
        let ready = match tokio::time::timeout(DEADLINE, self.store.health()).await {
            Ok(Ok(_)) => true,
            Ok(Err(fault)) => {
                tracing::error!(%fault, "the database does not answer");
                false
            }
            Err(_) => {
                tracing::error!("the database does not answer in time");
                false
            }
        };
        *last = Some((Instant::now(), ready));
        ready
    }
}

/// The two probes.
pub fn router(readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/health/live", get(|| async { answer(true) }))
        .route("/health/ready", get(ready))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> impl axum::response::IntoResponse {
    answer(readiness.is_ready().await)
}

fn answer(up: bool) -> impl axum::response::IntoResponse {
    let (status, body) = if up {
        (StatusCode::OK, r#"{"status":"UP"}"#)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"DOWN"}"#)
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use countersign_store::MemoryStore;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn status(router: &Router, path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    #[tokio::test]
    async fn a_server_that_is_to_stop_is_alive_but_not_ready() {
        let (stop, stopped) = watch::channel(false);
        let router = router(Readiness::new(Arc::new(MemoryStore::new()), stopped));
        assert_eq!(status(&router, "/health/live").await, 200);
        assert_eq!(status(&router, "/health/ready").await, 200);
        stop.send(true).unwrap();
        assert_eq!(status(&router, "/health/live").await, 200);
        assert_eq!(status(&router, "/health/ready").await, 503);
    }
}
