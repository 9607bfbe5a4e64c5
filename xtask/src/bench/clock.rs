//! The only place of xtask that looks at the clock or waits for it: a bench measures time.

use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits until `then`; says whether there was anything to wait for.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench sends requests at a rate that it chooses"
)]
pub fn wait_until(then: Instant) -> bool {
    let left = then.saturating_duration_since(now());
    if left.is_zero() {
        return false;
    }
    std::thread::sleep(left);
    true
}

pub fn wait(duration: Duration) {
    wait_until(now() + duration);
}
