//! The DNS: what a name is an alias for, asked of the machine's own name servers over UDP.
//!
//! One question and one answer are read here and nothing else of DNS is needed, so there is no
//! resolver library. What is answered is believed as far as it proves a custom domain.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use countersign_domain::ports::{BoxFuture, Entropy, Names, NamesError};
use tokio::net::UdpSocket;

use crate::ports::SystemEntropy;

/// Where the machine says who its name servers are.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// How long one name server has.
const DEADLINE: Duration = Duration::from_secs(3);
/// Most name servers that are asked.
const MAX_SERVERS: usize = 3;
/// Longest answer over UDP (RFC 1035 2.3.4); one record needs less.
const MAX_ANSWER: usize = 512;
/// `CNAME`, `IN`.
const CNAME: u16 = 5;
const INTERNET: u16 = 1;
/// `RCODE` 3.
const NAME_ERROR: u8 = 3;
/// Most jumps within one name of an answer: there are not more labels.
const MAX_JUMPS: usize = 128;

/// The name servers of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn alias<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, NamesError>> {
        Box::pin(async move {
            let mut said = NamesError::Failed("there is no name server".to_owned());
            for server in servers().await {
                match ask(server, name).await {
                    Err(NamesError::Failed(why)) => said = NamesError::Failed(why),
                    answered => return answered,
                }
            }
            Err(said)
        })
    }
}

async fn servers() -> Vec<SocketAddr> {
    let text = tokio::fs::read_to_string(RESOLV_CONF).await;
    let text = text.unwrap_or_default();
    let named = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address: IpAddr = match (words.next()?, words.next()?) {
            ("nameserver", address) => address.parse().ok()?,
            _ => return None,
        };
        Some(SocketAddr::from((address, 53)))
    });
    let mut named: Vec<_> = named.take(MAX_SERVERS).collect();
    if named.is_empty() {
        // resolv.conf(5): without a line, the one on this machine.
        named.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
    }
    named
}

async fn ask(server: SocketAddr, name: &str) -> Result<Option<String>, NamesError> {
    let failed = |why: String| NamesError::Failed(why);
    let mut id = [0; 2];
    SystemEntropy.fill(&mut id);
    let question = question(id, name).ok_or_else(|| failed("not a name".to_owned()))?;
    let exchange = async {
        let here: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(here).await?;
        // From here on only this server's answers arrive.
        socket.connect(server).await?;
        socket.send(&question).await?;
        let mut answer = [0; MAX_ANSWER];
        let length = socket.recv(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.get(..length).unwrap_or_default().to_vec())
    };
    let answer = tokio::time::timeout(DEADLINE, exchange).await;
    let answer = answer.map_err(|_| failed(format!("{server} does not answer")))?;
    let answer = answer.map_err(|error| failed(format!("{server}: {error}")))?;
    read(&answer, &question).unwrap_or_else(|| Err(failed(format!("{server} answers nonsense"))))
}

/// Header and question; `None` when the text is no name.
///
/// Spec: RFC 1035 4.1.
fn question(id: [u8; 2], name: &str) -> Option<Vec<u8>> {
    // A question, with recursion desired.
    let mut out = vec![id[0], id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok()?;
        if !(1..=63).contains(&length) {
            return None;
        }
        out.push(length);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out.extend_from_slice(&CNAME.to_be_bytes());
    out.extend_from_slice(&INTERNET.to_be_bytes());
    Some(out)
}

/// What an answer to a question says; `None` when it is none.
fn read(answer: &[u8], question: &[u8]) -> Option<Result<Option<String>, NamesError>> {
    let head = answer.get(..12)?;
    let is_ours = head.get(..2)? == question.get(..2)? && head.get(2)? & 0x80 != 0;
    let asked = answer.get(12..question.len())?;
    if !is_ours || !asked.eq_ignore_ascii_case(question.get(12..)?) {
        return None;
    }
    match head.get(3)? & 0x0f {
        0 => {}
        NAME_ERROR => return Some(Err(NamesError::NoSuchName)),
        code => {
            let why = format!("the name server answers with code {code}");
            return Some(Err(NamesError::Failed(why)));
        }
    }
    let records = number(answer, 6)?;
    let mut at = question.len();
    for _ in 0..records {
        at = name_at(answer, at)?.1;
        let (kind, length) = (number(answer, at)?, number(answer, at + 8)?);
        at += 10;
        if kind == CNAME {
            return Some(Ok(Some(name_at(answer, at)?.0)));
        }
        at += usize::from(length);
    }
    Some(Ok(None))
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let pair: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(pair))
}

/// The name at a place, in small letters, and where what follows it begins.
///
/// Spec: RFC 1035 4.1.4.
fn name_at(bytes: &[u8], place: usize) -> Option<(String, usize)> {
    let (mut at, mut end, mut name) = (place, None, String::new());
    for _ in 0..MAX_JUMPS {
        let length = *bytes.get(at)?;
        match length {
            0 => return Some((name, end.unwrap_or(at + 1))),
            0xc0.. => {
                end.get_or_insert(at + 2);
                at = usize::from(number(bytes, at)? & 0x3fff);
            }
            1..=63 => {
                let label = bytes.get(at + 1..at + 1 + usize::from(length))?;
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(&std::str::from_utf8(label).ok()?.to_ascii_lowercase());
                at += 1 + usize::from(length);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(question: &[u8], code: u8, records: &[&[u8]]) -> Vec<u8> {
        let mut out = question.to_vec();
        out[2] |= 0x80;
        out[3] = code;
        out[7] = u8::try_from(records.len()).unwrap();
        out.extend(records.concat());
        out
    }

    /// A record of the name that was asked for.
    fn record(kind: u8, data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(data.len()).unwrap();
        let mut out = vec![0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length];
        out.extend_from_slice(data);
        out
    }

    #[test]
    fn an_alias_is_read_with_and_without_compression() {
        let question = question([1, 2], "login.shop.example").unwrap();
        let whole = record(5, b"\x01X\x07example\x00");
        let jumping = record(5, b"\x01x\xc0\x17");
        for (records, expected) in [
            (vec![&whole[..]], Some("x.example")),
            (vec![&jumping[..]], Some("x.example")),
            (
                vec![&record(1, &[127, 0, 0, 1])[..], &whole[..]],
                Some("x.example"),
            ),
            (vec![], None),
        ] {
            let read = read(&answer(&question, 0, &records), &question);
            assert_eq!(read, Some(Ok(expected.map(str::to_owned))));
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_told_from_one_that_could_not_be_found_out() {
        let question = question([1, 2], "a.b").unwrap();
        let no_such = read(&answer(&question, NAME_ERROR, &[]), &question);
        assert_eq!(no_such, Some(Err(NamesError::NoSuchName)));
        let failure = read(&answer(&question, 2, &[]), &question);
        assert!(matches!(failure, Some(Err(NamesError::Failed(_)))));
    }

    #[test]
    fn threat_41_an_answer_that_is_none_is_none() {
        let question = question([1, 2], "a.b").unwrap();
        let good = answer(&question, 0, &[&record(5, b"\x01x\x00")]);
        for length in 0..good.len() {
            assert!(!matches!(
                read(&good[..length], &question),
                Some(Ok(Some(_)))
            ));
        }
        let endless = record(5, b"\xc0\x21");
        for bad in [
            answer(&super::question([1, 3], "a.b").unwrap(), 0, &[]),
            answer(&super::question([1, 2], "a.c").unwrap(), 0, &[]),
            answer(&question, 0, &[&endless]),
            answer(&question, 0, &[&record(5, b"\xc0\xff")]),
            question.clone(),
        ] {
            assert!(!matches!(read(&bad, &question), Some(Ok(_))), "{bad:?}");
        }
        for no_name in ["", "a..b", ".", &"a".repeat(64)] {
            assert!(super::question([0, 0], no_name).is_none(), "{no_name:?}");
        }
    }
}
