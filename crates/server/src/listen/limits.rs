//! How long and how many: the deadlines of a connection and the caps on their number.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_protocol::jose::header::MAX_TOKEN;
use ipnet::IpNet;

/// Deadlines and caps of the accept loop. Every wait for a peer has one (`crates.md` 2.2).
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the accepted socket to a finished TLS handshake.
    pub handshake: Duration,
    /// From the first byte of a request (or from the connection's start) to the end of its head.
    pub header: Duration,
    /// From the end of one answer to the first byte of the next request.
    pub idle: Duration,
    /// From the end of a request's head to its answer; a body that dribbles runs into it.
    pub request: Duration,
    /// From the order to stop until connections that are still busy are cut.
    pub drain: Duration,
    /// Most connections at a time; more are closed unanswered.
    pub connections: usize,
    /// Most connections of one IPv4 address or one IPv6 /64. Trusted proxies are exempt.
    pub connections_per_client: usize,
    /// Largest head of a request in bytes.
    pub head_bytes: usize,
    /// Most requests at a time on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            request: Duration::from_secs(30),
            drain: Duration::from_secs(25),
            connections: 10_000,
            connections_per_client: 512,
            // A token, and 32 KiB for everything else.
            head_bytes: MAX_TOKEN + 32 * 1024,
            streams: 128,
        }
    }
}

/// Counts connections, in total and by client.
#[derive(Debug)]
pub struct Seats {
    total: usize,
    per_client: usize,
    exempt: Vec<IpNet>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// One counted connection; gives its place back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    client: Option<IpAddr>,
}

/// Why a connection is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The whole server is at its cap.
    Server,
    /// This client is at its cap.
    Client,
}

impl Full {
    /// The name of the reason in metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Server => "server_full",
            Self::Client => "client_full",
        }
    }
}

impl Seats {
    /// Caps from `limits`; connections from `exempt` networks count in the total only.
    pub fn new(limits: &Limits, exempt: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            total: limits.connections,
            per_client: limits.connections_per_client,
            exempt,
            taken: Mutex::default(),
        })
    }

    /// Takes a place for a connection from `address`.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        let address = address.to_canonical();
        let client =
            (!self.exempt.iter().any(|net| net.contains(&address))).then(|| client_of(address));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.total {
            return Err(Full::Server);
        }
        if let Some(client) = client {
            let count = taken.by_client.entry(client).or_default();
            if *count >= self.per_client {
                return Err(Full::Client);
            }
            *count += 1;
        }
        taken.total += 1;
        Ok(Seat {
            seats: Arc::clone(self),
            client,
        })
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .total
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        if let Some(client) = self.client
            && let Some(count) = taken.by_client.get_mut(&client)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_client.remove(&client);
            }
        }
    }
}

/// Whoever has an IPv6 address usually has the /64 around it.
fn client_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let prefix = v6.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(total: usize, per_client: usize, exempt: &[&str]) -> Arc<Seats> {
        let limits = Limits {
            connections: total,
            connections_per_client: per_client,
            ..Limits::default()
        };
        Seats::new(&limits, exempt.iter().map(|n| n.parse().unwrap()).collect())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_at_its_cap_does_not_keep_others_out() {
        let seats = seats(10, 2, &[]);
        let held = [seats.take(ip("192.0.2.1")), seats.take(ip("192.0.2.1"))];
        assert_eq!(seats.take(ip("192.0.2.1")).unwrap_err(), Full::Client);
        assert_eq!(
            seats.take(ip("::ffff:192.0.2.1")).unwrap_err(),
            Full::Client
        );
        assert!(seats.take(ip("192.0.2.2")).is_ok());
        drop(held);
        assert!(seats.take(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn addresses_of_one_v6_network_are_one_client() {
        let seats = seats(10, 1, &[]);
        let _held = seats.take(ip("2001:db8::1")).unwrap();
        assert!(seats.take(ip("2001:db8::2")).is_err());
        assert!(seats.take(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_full_server_turns_everybody_away() {
        let seats = seats(1, 5, &[]);
        let held = seats.take(ip("192.0.2.1")).unwrap();
        assert_eq!(seats.take(ip("192.0.2.2")).unwrap_err(), Full::Server);
        drop(held);
        assert_eq!(seats.count(), 0);
        assert!(seats.take(ip("192.0.2.2")).is_ok());
    }

    #[test]
    fn trusted_proxies_have_no_cap_of_their_own() {
        let seats = seats(10, 1, &["10.0.0.0/8"]);
        let _held: Vec<Seat> = (0..5)
            .map(|_| seats.take(ip("10.1.1.1")).unwrap())
            .collect();
    }
}
