//! Each test has its own server with deadlines short enough to run into. Nothing sleeps: a test
//! reads until the server closes, or until it answers.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use countersign_protocol::jose::header::MAX_TOKEN;
use http::{Method, StatusCode};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::connection::App;
use super::limits::{Full, Limits, Seats};
use super::tls::{Certificate, provider};
use super::{Watcher, serve};

const SOON: Duration = Duration::from_millis(150);
/// Longer than any test may take: a wait that must not be the one that ends.
const NEVER: Duration = Duration::from_mins(10);

#[derive(Default)]
struct Count {
    turned_away: AtomicUsize,
    handshakes: AtomicUsize,
}

impl Watcher for Count {
    fn answered(&self, _: Option<&str>, _: &Method, _: StatusCode, _: Duration) {}
    fn turned_away(&self, _: Full) {
        self.turned_away.fetch_add(1, Ordering::SeqCst);
    }
    fn handshake_failed(&self) {
        self.handshakes.fetch_add(1, Ordering::SeqCst);
    }
}

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    entered: Arc<Notify>,
    proceed: Arc<Notify>,
    count: Arc<Count>,
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// All deadlines far away; a test moves the one it is about.
fn patient() -> Limits {
    Limits {
        handshake: NEVER,
        header: NEVER,
        idle: NEVER,
        request: NEVER,
        drain: NEVER,
        ..Limits::default()
    }
}

async fn start(limits: Limits, tls: Option<&Certificate>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let (entered, proceed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gate = (Arc::clone(&entered), Arc::clone(&proceed));
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async { body }))
        .route(
            "/gate",
            get(move || async move {
                gate.0.notify_one();
                gate.1.notified().await;
                "through"
            }),
        );
    let seats = Seats::new(&limits, Vec::new());
    let count = Arc::new(Count::default());
    let app = App {
        documents: None,
        router,
        limits: Arc::new(limits),
        trusted_proxies: Arc::new([]),
        stop: stopped,
        watcher: Arc::clone(&count) as Arc<dyn Watcher>,
    };
    let tls = tls.map(|tls| TlsAcceptor::from(tls.server_config().unwrap()));
    let task = tokio::spawn(serve(listener, tls, app, seats));
    Running {
        address,
        stop,
        task,
        entered,
        proceed,
        count,
    }
}

/// Everything until the server closes. A reset counts as a close.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut out = Vec::new();
    let _ = stream.read_to_end(&mut out).await;
    String::from_utf8_lossy(&out).into_owned()
}

/// One whole answer with the body `body`.
async fn answer(stream: &mut (impl AsyncReadExt + Unpin), body: &str) -> String {
    let mut out = String::new();
    while !out.ends_with(body) {
        let byte = stream.read_u8().await.unwrap();
        out.push(char::from(byte));
    }
    out
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed() {
    let server = start(
        Limits {
            header: SOON,
            ..patient()
        },
        None,
    )
    .await;
    assert_eq!(rest(&mut server.connect().await).await, "");
}

#[tokio::test]
async fn a_dribbling_head_is_closed() {
    let server = start(
        Limits {
            header: SOON,
            ..patient()
        },
        None,
    )
    .await;
    let (mut reader, mut writer) = server.connect().await.into_split();
    let dribble = tokio::spawn(async move {
        let mut tick = tokio::time::interval(SOON / 10);
        let _ = writer.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await;
        while writer.write_all(b"a: b\r\n").await.is_ok() {
            tick.tick().await;
        }
    });
    assert_eq!(rest(&mut reader).await, "");
    dribble.abort();
}

#[tokio::test]
async fn a_slow_head_on_a_kept_alive_connection_is_closed_before_its_idle_deadline() {
    let server = start(
        Limits {
            header: SOON,
            ..patient()
        },
        None,
    )
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    answer(&mut stream, "hello").await;
    stream.write_all(b"GET / HT").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_kept_alive_connection_may_not_rest_for_ever() {
    let server = start(
        Limits {
            idle: SOON,
            ..patient()
        },
        None,
    )
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    answer(&mut stream, "hello").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let server = start(
        Limits {
            request: SOON,
            ..patient()
        },
        None,
    )
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc")
        .await
        .unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 408"));
}

/// A header with the longest token there is.
fn longest_bearer() -> String {
    format!("Bearer {}", "x".repeat(MAX_TOKEN))
}

#[tokio::test]
async fn the_longest_token_fits_the_head() {
    let server = start(patient(), None).await;
    let mut stream = server.connect().await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {}\r\n\r\n",
        longest_bearer()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let server = start(
        Limits {
            head_bytes: 8192,
            ..patient()
        },
        None,
    )
    .await;
    let mut stream = server.connect().await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n",
        "a".repeat(9000)
    );
    let _ = stream.write_all(head.as_bytes()).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn at_the_cap_a_connection_is_closed_and_the_others_live() {
    let limits = Limits {
        connections_per_client: 1,
        ..patient()
    };
    let server = start(limits, None).await;
    let mut first = server.connect().await;
    first
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    answer(&mut first, "hello").await;
    assert_eq!(rest(&mut server.connect().await).await, "");
    assert_eq!(server.count.turned_away.load(Ordering::SeqCst), 1);
    first
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    answer(&mut first, "hello").await;
}

#[tokio::test]
async fn the_order_to_stop_lets_a_request_finish() {
    let server = start(patient(), None).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    answer(&mut idle, "hello").await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /gate HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    server.stop.send(true).unwrap();
    assert_eq!(
        rest(&mut idle).await,
        "",
        "an idle connection is closed at once"
    );
    server.proceed.notify_one();
    let last = rest(&mut busy).await;
    assert!(last.ends_with("through"), "{last}");
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn the_drain_deadline_cuts_what_does_not_finish() {
    let server = start(
        Limits {
            drain: SOON,
            ..patient()
        },
        None,
    )
    .await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /gate HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    server.stop.send(true).unwrap();
    server.task.await.unwrap();
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn plain_tcp_does_not_speak_http_2() {
    let server = start(patient(), None).await;
    let mut stream = server.connect().await;
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!rest(&mut stream).await.contains("HTTP/2"));
}

/// Writes a new self-signed certificate for `localhost` and returns it.
fn write_certificate(folder: &Path) -> rustls::pki_types::CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let write = |name: &str, pem: String| {
        let mut file = std::fs::File::create(folder.join(name)).unwrap();
        file.write_all(pem.as_bytes()).unwrap();
    };
    write("cert.pem", made.cert.pem());
    write("key.pem", made.signing_key.serialize_pem());
    made.cert.der().clone()
}

fn open(folder: &Path) -> Certificate {
    Certificate::open(&folder.join("cert.pem"), &folder.join("key.pem")).unwrap()
}

async fn tls_connect(
    server: &Running,
    trust: &rustls::pki_types::CertificateDer<'static>,
    alpn: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trust.clone()).unwrap();
    let mut config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, server.connect().await)
        .await
}

#[tokio::test]
async fn a_half_finished_handshake_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let certificate = open(folder.path());
    let server = start(
        Limits {
            handshake: SOON,
            ..patient()
        },
        Some(&certificate),
    )
    .await;
    let mut stream = server.connect().await;
    // The first bytes of a ClientHello record that never ends.
    stream
        .write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        .await
        .unwrap();
    assert_eq!(rest(&mut stream).await, "");
    assert_eq!(server.count.handshakes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn alpn_chooses_http_2() {
    let folder = tempfile::tempdir().unwrap();
    let trust = write_certificate(folder.path());
    let certificate = open(folder.path());
    let server = start(patient(), Some(&certificate)).await;
    let stream = tls_connect(&server, &trust, b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, conn) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .unwrap();
    let conn = tokio::spawn(conn);
    let request = http::Request::get("https://localhost/")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.version(), http::Version::HTTP_2);
    let request = http::Request::get("https://localhost/")
        .header("authorization", longest_bearer())
        .body(axum::body::Body::empty())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    server.stop.send(true).unwrap();
    conn.await.unwrap().unwrap();
    server.task.await.unwrap();
}

#[tokio::test]
async fn an_idle_http_2_connection_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let trust = write_certificate(folder.path());
    let certificate = open(folder.path());
    let server = start(
        Limits {
            header: SOON,
            ..patient()
        },
        Some(&certificate),
    )
    .await;
    let stream = tls_connect(&server, &trust, b"h2").await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (_sender, conn) =
        hyper::client::conn::http2::handshake::<_, _, axum::body::Body>(executor, io)
            .await
            .unwrap();
    let _ = conn.await; // ends, because the server hangs up
}

#[tokio::test]
async fn a_new_certificate_is_served_without_dropping_connections() {
    let folder = tempfile::tempdir().unwrap();
    let old = write_certificate(folder.path());
    let certificate = open(folder.path());
    let server = start(patient(), Some(&certificate)).await;
    let mut kept = tls_connect(&server, &old, b"http/1.1").await.unwrap();
    assert!(!certificate.reload().unwrap(), "nothing changed yet");

    let new = write_certificate(folder.path());
    touch(&folder.path().join("cert.pem"));
    assert!(certificate.reload().unwrap());
    assert!(tls_connect(&server, &old, b"http/1.1").await.is_err());
    let mut fresh = tls_connect(&server, &new, b"http/1.1").await.unwrap();
    for stream in [&mut kept, &mut fresh] {
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        answer(stream, "hello").await;
    }
}

#[tokio::test]
async fn a_broken_certificate_leaves_the_old_one_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let old = write_certificate(folder.path());
    let certificate = open(folder.path());
    let server = start(patient(), Some(&certificate)).await;
    std::fs::write(folder.path().join("key.pem"), "not a key").unwrap();
    touch(&folder.path().join("key.pem"));
    assert!(certificate.reload().is_err());
    assert!(
        !certificate.reload().unwrap(),
        "the same broken file is not tried again"
    );
    assert!(tls_connect(&server, &old, b"http/1.1").await.is_ok());
}

/// Moves the time stamp, in case both writes fell into one tick of the file system's clock.
fn touch(file: &Path) {
    let changed = std::fs::metadata(file).unwrap().modified().unwrap() + Duration::from_secs(5);
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(changed).unwrap();
}
