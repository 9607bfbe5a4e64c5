use std::time::Duration;

use axum::Router;
use axum::http::header::LOCATION;
use axum::routing::{get, post};
use http::StatusCode;

use super::*;

/// A web server on the loopback interface.
async fn local() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route(
            "/",
            get(|| async { ([("content-type", "text/x")], "hello") }),
        )
        .route(
            "/moved",
            get(|| async { (StatusCode::FOUND, [(LOCATION, "http://127.0.0.1/")]) }),
        )
        .route("/never", get(std::future::pending::<()>))
        .route("/echo", post(echo));
    tokio::spawn(serve(listener, router));
    address
}

async fn echo(headers: http::HeaderMap, body: String) -> String {
    let of = |name: &str| {
        let value = headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    format!("{} {} {body}", of("content-type"), of("authorization"))
}

/// The smallest server that will do: one connection after the other on hyper.
async fn serve(listener: tokio::net::TcpListener, router: Router) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        let io = hyper_util::rt::TokioIo::new(stream);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
    }
}

fn guarded(allow: &[&str]) -> Guarded {
    let allow: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
    Guarded::new(&allow, None).unwrap()
}

async fn fetch(guarded: &Guarded, url: &str) -> Result<Fetched, FetchError> {
    guarded.get(&url.parse().unwrap(), 100).await
}

#[tokio::test]
async fn threat_35_loopback_is_refused_by_address_and_by_name() {
    let port = local().await.port();
    let guarded = guarded(&[]);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "[::ffff:7f00:1]",
    ] {
        let url = format!("http://{host}:{port}/");
        assert_eq!(fetch(&guarded, &url).await, Err(NOT_PUBLIC), "{url}");
    }
}

#[tokio::test]
async fn a_named_network_may_be_reached() {
    let port = local().await.port();
    let guarded = guarded(&["127.0.0.0/8"]);
    for host in ["127.0.0.1", "localhost"] {
        let fetched = fetch(&guarded, &format!("http://{host}:{port}/"))
            .await
            .unwrap();
        assert_eq!(fetched.status, 200);
        assert_eq!(fetched.content_type.as_deref(), Some("text/x"));
        assert_eq!(fetched.body, b"hello");
    }
}

#[tokio::test]
async fn a_body_is_posted_with_its_headers() {
    let port = local().await.port();
    let url: Url = format!("http://127.0.0.1:{port}/echo").parse().unwrap();
    let call = Outgoing::post(&url, "text/x", "the body", 100).header("authorization", "Basic x");
    let answer = guarded(&["127.0.0.1/32"]).send(call).await.unwrap();
    assert_eq!(answer.body, b"text/x Basic x the body");
    let call = Outgoing::get(&url, 100).header("x-header", "two\r\nlines");
    let answer = guarded(&["127.0.0.1/32"]).send(call).await;
    assert!(matches!(answer, Err(FetchError::Refused(_))));
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let port = local().await.port();
    let url = format!("http://127.0.0.1:{port}/moved");
    assert_eq!(
        fetch(&guarded(&["127.0.0.1/32"]), &url)
            .await
            .unwrap()
            .status,
        302
    );
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_given_up() {
    let port = local().await.port();
    let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let guarded = guarded(&["127.0.0.1/32"]);
    let answer = guarded.get(&url, 4).await;
    assert_eq!(answer, Err(FetchError::TooLarge(4)));
    // Unless nobody wants to know.
    let call = Outgoing::get(&url, 4).for_the_status();
    let answer = guarded.send(call).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up() {
    let port = local().await.port();
    let mut guarded = guarded(&["127.0.0.1/32"]);
    guarded.deadline = Duration::from_millis(100);
    let url = format!("http://127.0.0.1:{port}/never");
    assert_eq!(fetch(&guarded, &url).await, Err(FetchError::TimedOut));
}

#[tokio::test]
async fn only_http_urls_without_credentials_are_fetched() {
    let guarded = guarded(&["0.0.0.0/0"]);
    for url in [
        "file:///etc/passwd",
        "ftp://192.0.2.1/",
        "http://user@192.0.2.1/",
        "data:,x",
    ] {
        let answer = fetch(&guarded, url).await;
        assert!(
            matches!(answer, Err(FetchError::Refused(_))),
            "{url}: {answer:?}"
        );
    }
}

#[test]
fn an_authority_file_that_is_none_is_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "not a certificate").unwrap();
    assert!(Guarded::new(&[], Some(file)).is_err());
    assert!(Guarded::new(&[], Some(folder.path().join("absent.pem"))).is_err());
}
