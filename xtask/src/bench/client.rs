//! The plainest HTTP/1.1 client there is: requests are prepared bytes, connections are kept. What
//! it does not do costs the machine nothing while the server is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// A request, ready to be sent.
#[derive(Clone)]
pub struct Request(Vec<u8>);

impl Request {
    pub fn get(target: &str, cookie: Option<&str>) -> Self {
        Self::with(&format!("GET {target}"), cookie, &[], "")
    }

    pub fn bearer(target: &str, token: &str) -> Self {
        let authorization = ("Authorization", format!("Bearer {token}"));
        Self::with(&format!("GET {target}"), None, &[authorization], "")
    }

    pub fn post(target: &str, media: &str, cookie: Option<&str>, body: &str) -> Self {
        let headers = Self::of_body(media, body);
        Self::with(&format!("POST {target}"), cookie, &headers, body)
    }

    /// A call of the management API that sends a body.
    pub fn api(method: &str, target: &str, token: &str, body: &serde_json::Value) -> Self {
        let body = body.to_string();
        let [media, length] = Self::of_body("application/json", &body);
        let authorization = ("Authorization", format!("Bearer {token}"));
        let headers = [media, length, authorization];
        Self::with(&format!("{method} {target}"), None, &headers, &body)
    }

    fn of_body(media: &str, body: &str) -> [(&'static str, String); 2] {
        [
            ("Content-Type", media.to_owned()),
            ("Content-Length", body.len().to_string()),
        ]
    }

    fn with(line: &str, cookie: Option<&str>, headers: &[(&str, String)], body: &str) -> Self {
        let mut lines = vec![
            format!("{line} HTTP/1.1"),
            "Host: localhost".to_owned(),
            "User-Agent: countersign-bench".to_owned(),
            "Accept: */*".to_owned(),
        ];
        lines.extend(cookie.map(|cookie| format!("Cookie: {cookie}")));
        lines.extend(
            headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        let text = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        Self(text.into_bytes())
    }
}

/// An answer.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// The values of a header.
    fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// The cookies it sets, as the next request sends them.
    pub fn cookies(&self) -> Option<String> {
        let pairs: Vec<&str> = self
            .headers("set-cookie")
            .filter_map(|value| value.split(';').next())
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// A parameter of the address it redirects to.
    pub fn redirect_parameter(&self, name: &str) -> Result<String> {
        let location = self.headers("location").next().context("no redirect")?;
        let (_, query) = location.split_once('?').unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(found, _)| *found == name);
        let (_, value) = found.with_context(|| format!("no {name} in {location}"))?;
        Ok(value.to_owned())
    }

    /// A text member of its JSON body.
    pub fn member(&self, name: &str) -> Result<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body)?;
        let value = body.get(name).and_then(serde_json::Value::as_str);
        Ok(value.with_context(|| format!("no {name}"))?.to_owned())
    }
}

/// A connection that is kept.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(BufReader::with_capacity(32 * 1024, stream)))
    }

    /// Sends a request and waits for its whole answer.
    pub fn send(&mut self, request: &Request) -> Result<Answer> {
        self.0.get_mut().write_all(&request.0)?;
        let mut head = String::with_capacity(1024);
        let mut length = None;
        loop {
            let start = head.len();
            if self.0.read_line(&mut head)? == 0 {
                bail!("the connection was closed");
            }
            let line = head.get(start..).unwrap_or_default().trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let status = head.split(' ').nth(1).context("no status line")?.parse()?;
        let length = length.or((status == 204).then_some(0));
        let mut body = vec![0; length.context("an answer without Content-Length")?];
        self.0.read_exact(&mut body)?;
        let body = String::from_utf8(body)?;
        Ok(Answer { status, head, body })
    }

    /// Sends a request that must be answered with `status`.
    pub fn expect(&mut self, request: &Request, status: u16) -> Result<Answer> {
        let answer = self.send(request)?;
        if answer.status != status {
            bail!(
                "{} instead of {status}: {} {}",
                answer.status,
                answer.head,
                answer.body
            );
        }
        Ok(answer)
    }
}
