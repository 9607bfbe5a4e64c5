//! Rate limits of the management API (`reference/platform.md` 1.9): requests per second and
//! environment, as its tokens say. Off unless configured.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::ids::EnvId;
use countersign_domain::time::Time;
use countersign_protocol::refusal::{Refusal, Refused};
use parking_lot::Mutex;

/// Counts requests.
#[derive(Clone, Default)]
pub struct Limiter(Option<Arc<Counting>>);

struct Counting {
    per_second: u32,
    seen: Mutex<Second>,
}

#[derive(Default)]
struct Second {
    second: i64,
    requests: HashMap<EnvId, u32>,
}

impl Limiter {
    /// At most so many requests per second and environment; 0 is no limit.
    pub fn new(per_second: u32) -> Self {
        Self((per_second > 0).then(|| {
            Arc::new(Counting {
                per_second,
                seen: Mutex::default(),
            })
        }))
    }

    /// Counts one request, or refuses it.
    pub(super) fn take(&self, env: EnvId, now: Time) -> Result<(), Refused> {
        let Some(counting) = &self.0 else {
            return Ok(());
        };
        let mut seen = counting.seen.lock();
        if seen.second != now.seconds() {
            seen.second = now.seconds();
            seen.requests.clear();
        }
        let requests = seen.requests.entry(env).or_default();
        if *requests >= counting.per_second {
            let refusal = Refusal::TooManyRequests {
                retry_after_seconds: 1,
            };
            return Err(refusal.because(format!("more than {} a second", counting.per_second)));
        }
        *requests += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_exact_and_per_environment() {
        let limiter = Limiter::new(2);
        let one = EnvId::from_uuid(uuid::Uuid::from_u128(1));
        let two = EnvId::from_uuid(uuid::Uuid::from_u128(2));
        let at = |second| Time::from_seconds(second);
        assert!(limiter.take(one, at(1)).is_ok() && limiter.take(one, at(1)).is_ok());
        assert!(limiter.take(one, at(1)).is_err());
        assert!(limiter.take(two, at(1)).is_ok());
        assert!(limiter.take(one, at(2)).is_ok());
        let none = Limiter::new(0);
        assert!((0..10).all(|_| none.take(one, at(1)).is_ok()));
    }
}
