//! Time that moves only when a test says so.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use countersign_domain::ports::Clock;
use countersign_domain::time::Time;

/// A clock that a test advances.
#[derive(Debug)]
pub struct VirtualClock {
    millis: AtomicI64,
}

impl VirtualClock {
    /// A clock that stands at `start`.
    pub fn at(start: Time) -> Self {
        Self {
            millis: AtomicI64::new(start.millis()),
        }
    }

    /// A clock that stands at 2026-01-01T00:00:00Z.
    pub fn fixed() -> Self {
        Self::at(Time::from_seconds(1_767_225_600))
    }

    /// A clock that stands at the real time: for foreign clients, which have clocks of their own.
    #[expect(
        clippy::disallowed_methods,
        reason = "a foreign process checks tokens against the real time"
    )]
    pub fn real() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self::at(Time::from_millis(
            i64::try_from(since.as_millis()).unwrap_or_default(),
        ))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Time {
        Time::from_millis(self.millis.load(Ordering::SeqCst))
    }
}
