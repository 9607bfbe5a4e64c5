//! Somebody else's server on the loopback: answers as it was told, and remembers what was asked.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::broken;

/// A request that came.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Received {
    /// A field of a form body.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = form_urlencoded::parse(self.body.as_bytes());
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

#[derive(Clone)]
struct Planned {
    status: u16,
    content_type: &'static str,
    body: String,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<BTreeMap<String, Planned>>,
    received: Mutex<Vec<Received>>,
}

/// A server that runs until it is dropped.
pub struct Elsewhere {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    shared: Arc<Shared>,
    running: tokio::task::JoinHandle<()>,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Elsewhere {
    /// Starts one that answers 404 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap_or_else(|error| broken("cannot bind", error));
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| broken("no address", error));
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            base: format!("http://{address}"),
            shared,
            running,
        }
    }

    /// What it answers at a path from now on.
    pub fn answer(&self, path: &str, status: u16, content_type: &'static str, body: &str) {
        let planned = Planned {
            status,
            content_type,
            body: body.to_owned(),
        };
        self.shared.answers.lock().insert(path.to_owned(), planned);
    }

    /// The same with 200 and JSON.
    pub fn answer_json(&self, path: &str, body: &Value) {
        self.answer(path, 200, "application/json", &body.to_string());
    }

    /// What was asked at a path so far.
    pub fn received(&self, path: &str) -> Vec<Received> {
        let received = self.shared.received.lock();
        let of_path = |it: &&Received| it.target.split('?').next() == Some(path);
        received.iter().filter(of_path).cloned().collect()
    }
}

/// One request on one connection.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let path = request
        .target
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned();
    let planned = shared.answers.lock().get(&path).cloned();
    shared.received.lock().push(request);
    let planned = planned.unwrap_or(Planned {
        status: 404,
        content_type: "text/plain",
        body: String::new(),
    });
    let answer = format!(
        "HTTP/1.1 {} -\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
        planned.status,
        planned.content_type,
        planned.body.len(),
        planned.body
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|it| it.parse().ok());
    let end = head + 4 + length.unwrap_or(0);
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received {
        method,
        target,
        headers,
        body: String::from_utf8_lossy(&bytes[head + 4..end]).into_owned(),
    })
}
