//! Prometheus metrics. The registry is a value; labels are routes as they are written in the
//! router, never what a client sent.

use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::notices::outbox::Round;
use countersign_store::Counting;
use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::process::Process;
use super::storage::Storage;
use crate::listen::Watcher;
use crate::listen::limits::{Full, Seats};

/// Upper bounds of the latency histogram in seconds: from a cached document to a queue of hashes.
const BUCKETS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    turned_away: Family<ReasonLabels, Counter>,
    handshakes_failed: Counter,
    mails: Family<OutcomeLabels, Counter>,
    unmatched: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// A route template, such as `/{env}/as/token`.
    route: Arc<str>,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

impl Metrics {
    /// Fresh metrics, all zero; also reports open connections and the use of the store.
    pub fn new(seats: &Arc<Seats>, store: &Arc<Counting>) -> Arc<Self> {
        let mut registry = Registry::default();
        let requests = Family::default();
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        let turned_away = Family::default();
        let handshakes_failed = Counter::default();
        let mails = Family::default();
        registry.register(
            "countersign_http_requests",
            "Answered requests",
            requests.clone(),
        );
        registry.register(
            "countersign_http_request_duration_seconds",
            "Time from the end of a request's head to its answer",
            seconds.clone(),
        );
        registry.register(
            "countersign_connections_turned_away",
            "Connections closed because a cap was reached",
            turned_away.clone(),
        );
        registry.register(
            "countersign_tls_handshakes_failed",
            "TLS handshakes that failed or did not finish in time",
            handshakes_failed.clone(),
        );
        registry.register(
            "countersign_mails",
            "Tries to deliver a mail",
            mails.clone(),
        );
        registry.register(
            "countersign_build",
            "The version that runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register_collector(Box::new(Process::new(Arc::clone(seats))));
        registry.register_collector(Box::new(Storage(Arc::clone(store))));
        Arc::new(Self {
            registry,
            requests,
            seconds,
            turned_away,
            handshakes_failed,
            mails,
            unmatched: Arc::from("unmatched"),
        })
    }

    /// Counts what a round of the outbox did.
    pub fn mailed(&self, round: Round) {
        for (outcome, count) in [
            ("delivered", round.delivered),
            ("postponed", round.postponed),
            ("given_up", round.given_up),
        ] {
            let labels = OutcomeLabels { outcome };
            self.mails.get_or_create(&labels).inc_by(count.into());
        }
    }

    /// All metrics in the OpenMetrics text format.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        prometheus_client::encoding::text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

/// The methods that exist; a client may send any token.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Watcher for Metrics {
    fn answered(&self, route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        let route = route.map_or_else(|| Arc::clone(&self.unmatched), Arc::from);
        let labels = RouteLabels { route };
        self.seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
        self.requests
            .get_or_create(&RequestLabels {
                route: labels.route,
                method: method_label(method),
                status: status.as_u16(),
            })
            .inc();
    }

    fn turned_away(&self, full: Full) {
        let reason = full.reason();
        self.turned_away
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::limits::Limits;

    #[test]
    fn requests_are_counted_and_timed_by_route() {
        let seats = Seats::new(&Limits::default(), Vec::new());
        let store = Counting::new(Arc::new(countersign_store::MemoryStore::new()));
        let metrics = Metrics::new(&seats, &Arc::new(store));
        let took = Duration::from_millis(2);
        for (route, status) in [
            (Some("/{env}/as/token"), StatusCode::OK),
            (Some("/{env}/as/token"), StatusCode::OK),
            (None, StatusCode::NOT_FOUND),
        ] {
            metrics.answered(route, &Method::GET, status, took);
        }
        metrics.mailed(Round {
            given_up: 3,
            ..Round::default()
        });
        let text = metrics.render().unwrap();
        assert!(
            text.contains(
                r#"http_requests_total{route="/{env}/as/token",method="GET",status="200"} 2"#
            ),
            "{text}"
        );
        assert!(
            text.contains(r#"route="unmatched",method="GET",status="404"} 1"#),
            "{text}"
        );
        assert!(
            text.contains(r#"seconds_count{route="/{env}/as/token"} 2"#),
            "{text}"
        );
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
        assert!(text.contains("countersign_connections 0"), "{text}");
        assert!(
            text.contains(r#"countersign_mails_total{outcome="given_up"} 3"#),
            "{text}"
        );
        assert!(text.contains("countersign_store_commits_total 0"), "{text}");
    }
}
