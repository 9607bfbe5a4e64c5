//! Time that moves only when a test says so; with the real one where others have clocks, too.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use countersign_domain::ports::Clock;
use countersign_domain::time::Time;

/// A clock that a test advances.
#[derive(Debug)]
pub struct VirtualClock {
    millis: AtomicI64,
    /// When it was set going, if it goes by itself.
    going_since: Option<Instant>,
}

impl VirtualClock {
    /// A clock that stands at `start`.
    pub fn at(start: Time) -> Self {
        Self {
            millis: AtomicI64::new(start.millis()),
            going_since: None,
        }
    }

    /// A clock that stands at 2026-01-01T00:00:00Z.
    pub fn fixed() -> Self {
        Self::at(Time::from_seconds(1_767_225_600))
    }

    /// A clock that stands at the real time.
    #[expect(
        clippy::disallowed_methods,
        reason = "foreign programs and certificates are of the real time"
    )]
    pub fn today() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self::at(Time::from_millis(millis(since)))
    }

    /// A clock that goes with the real time: for foreign clients, which have clocks of their own.
    #[expect(
        clippy::disallowed_methods,
        reason = "a foreign process checks tokens against the real time"
    )]
    pub fn going() -> Self {
        Self {
            going_since: Some(Instant::now()),
            ..Self::today()
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        self.millis.fetch_add(millis(duration), Ordering::SeqCst);
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for VirtualClock {
    fn now(&self) -> Time {
        let gone = self.going_since.map_or(0, |since| millis(since.elapsed()));
        Time::from_millis(self.millis.load(Ordering::SeqCst) + gone)
    }
}
