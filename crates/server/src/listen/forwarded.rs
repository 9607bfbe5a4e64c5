//! Who the client is when a reverse proxy stands between: the last address in `X-Forwarded-For`
//! that no trusted proxy has. What others put in front of it is hearsay.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The client's address. The port is 0 when the address comes from a header without one.
pub fn client(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> SocketAddr {
    let mut client = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    if trusted.is_empty() {
        return client;
    }
    let mut hops: Vec<&str> = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        let Ok(value) = value.to_str() else {
            return client;
        };
        hops.extend(value.split(',').map(str::trim));
    }
    while trusted.iter().any(|net| net.contains(&client.ip())) {
        let Some(hop) = hops.pop().and_then(parse) else {
            break;
        };
        client = hop;
    }
    client
}

fn parse(hop: &str) -> Option<SocketAddr> {
    if let Ok(address) = hop.parse::<SocketAddr>() {
        return Some(SocketAddr::new(address.ip().to_canonical(), address.port()));
    }
    let bare = hop.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(hop).parse().ok()?;
    Some(SocketAddr::new(address.to_canonical(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|n| n.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted)
            .ip()
            .to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(seen("198.51.100.7:1", &["1.2.3.4"], &[]), "198.51.100.7");
        assert_eq!(
            seen("198.51.100.7:1", &["1.2.3.4"], &["10.0.0.0/8"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn the_last_untrusted_hop_is_the_client() {
        let trusted = &["10.0.0.0/8", "2001:db8::/32"];
        assert_eq!(
            seen("10.0.0.1:1", &["6.6.6.6, 203.0.113.9"], trusted),
            "203.0.113.9"
        );
        assert_eq!(
            seen("10.0.0.1:1", &["6.6.6.6", "203.0.113.9, 10.0.0.2"], trusted),
            "203.0.113.9"
        );
        assert_eq!(
            seen(
                "[::ffff:10.0.0.1]:1",
                &["203.0.113.9:4711, [2001:db8::1]"],
                trusted
            ),
            "203.0.113.9"
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        assert_eq!(
            seen("10.0.0.1:1", &["1.2.3.4, unknown"], &["10.0.0.0/8"]),
            "10.0.0.1"
        );
        assert_eq!(seen("10.0.0.1:1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }
}
