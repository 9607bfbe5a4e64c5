use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_domain::ports::{BoxFuture, Fetch, FetchError, Fetched, Outgoing};

use super::*;

/// Answers with the next of its documents, the last one again and again; an empty one is a failure.
struct Server {
    documents: Vec<&'static str>,
    calls: AtomicUsize,
}

impl Server {
    fn of(documents: &[&'static str]) -> Arc<Self> {
        Arc::new(Self {
            documents: documents.to_vec(),
            calls: AtomicUsize::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Fetch for Server {
    fn send<'a>(&'a self, _call: Outgoing<'a>) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let document = self.documents[call.min(self.documents.len() - 1)];
        Box::pin(async move {
            // Long enough for others to come along.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            if document.is_empty() {
                return Err(FetchError::TimedOut);
            }
            Ok(Fetched {
                status: 200,
                content_type: None,
                body: document.into(),
            })
        })
    }
}

const FIRST: &str = r#"{"keys":[{"kty":"RSA","kid":"one","n":"AQAB","e":"AQAB"}]}"#;
const SECOND: &str =
    r#"{"keys":[{"kty":"oct-new"},{"kty":"RSA","kid":"two","n":"AQAB","e":"AQAB"}]}"#;

fn at(seconds: i64) -> Time {
    Time::from_seconds(1_000_000 + seconds)
}

/// Whether the set that a request gets at a time has this key, and `None` without a set.
async fn has(keys: &Published, server: &Arc<Server>, kid: &str, seconds: i64) -> Option<bool> {
    let fetch: Arc<dyn Fetch> = server.clone();
    let ports = crate::import::tests::ports_fetching(fetch);
    let verify = |set: &KeySet| -> Result<Verified<()>, Untrusted> {
        Err(if set.has(kid) {
            Untrusted::Invalid
        } else {
            Untrusted::UnknownKey
        })
    };
    let url = "https://client.example/jwks";
    let found = keys
        .verify(&ports, EnvId::PLATFORM, url, at(seconds), verify)
        .await;
    match found {
        Err(Untrusted::Invalid) => Some(true),
        Err(Untrusted::UnknownKey) => Some(false),
        _ => None,
    }
}

#[tokio::test]
async fn a_set_is_fetched_once_an_hour() {
    let (keys, server) = (Published::default(), Server::of(&[FIRST, SECOND]));
    for seconds in [0, 10, 3599] {
        assert_eq!(has(&keys, &server, "one", seconds).await, Some(true));
    }
    assert_eq!(server.calls(), 1);
    assert_eq!(has(&keys, &server, "one", 3600).await, Some(false));
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn an_unknown_key_id_brings_a_new_set_but_not_more_than_once_a_minute() {
    let (keys, server) = (Published::default(), Server::of(&[FIRST, FIRST, SECOND]));
    assert_eq!(has(&keys, &server, "two", 0).await, Some(false));
    for seconds in 1..60 {
        assert_eq!(has(&keys, &server, "two", seconds).await, Some(false));
    }
    assert_eq!(server.calls(), 1);
    assert_eq!(has(&keys, &server, "two", 60).await, Some(false));
    assert_eq!(has(&keys, &server, "two", 119).await, Some(false));
    assert_eq!(server.calls(), 2);
    assert_eq!(has(&keys, &server, "two", 120).await, Some(true));
    assert_eq!(server.calls(), 3);
}

#[tokio::test]
async fn a_crowd_makes_one_call() {
    let (keys, server) = (Published::default(), Server::of(&[FIRST]));
    let crowd = (0..100).map(|_| has(&keys, &server, "one", 0));
    let answers = futures_util::future::join_all(crowd).await;
    assert!(answers.iter().all(|answer| *answer == Some(true)));
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn who_goes_away_takes_no_call_along() {
    let (keys, server) = (Published::default(), Server::of(&[FIRST]));
    let mut gone = Box::pin(has(&keys, &server, "one", 0));
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    drop(gone);
    assert_eq!(has(&keys, &server, "one", 1).await, Some(true));
    assert_eq!(server.calls(), 1);
    let (keys, server) = (Published::default(), Server::of(&["", FIRST]));
    let mut gone = Box::pin(has(&keys, &server, "one", 0));
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    drop(gone);
    assert_eq!(has(&keys, &server, "one", 10).await, Some(true));
}

#[tokio::test]
async fn the_old_set_serves_while_its_server_is_away_but_not_for_ever() {
    let (keys, server) = (Published::default(), Server::of(&[FIRST, ""]));
    for seconds in [0, 3600, 7200, 21_599] {
        assert_eq!(has(&keys, &server, "one", seconds).await, Some(true));
    }
    assert_eq!(has(&keys, &server, "one", 21_600).await, None);
}

#[tokio::test]
async fn a_server_that_never_answered_is_left_alone_for_ten_seconds() {
    let (keys, server) = (Published::default(), Server::of(&["", "", FIRST]));
    for seconds in [0, 5, 9] {
        assert_eq!(has(&keys, &server, "one", seconds).await, None);
    }
    assert_eq!(server.calls(), 1);
    assert_eq!(has(&keys, &server, "one", 10).await, None);
    assert_eq!(has(&keys, &server, "one", 20).await, Some(true));
}

#[test]
fn threat_35_only_https_brings_keys() {
    for good in [
        "https://client.example/jwks",
        "http://127.0.0.1:9/jwks",
        "http://localhost/",
    ] {
        assert!(acceptable(good).is_ok(), "{good}");
    }
    for bad in [
        "http://client.example/jwks",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "",
    ] {
        assert!(acceptable(bad).is_err(), "{bad}");
    }
}
