//! Threat 30: whatever is done to flows, in whatever order and with whatever bodies, nothing comes
//! out of one that the policy's requirements were not recorded for. A model that knows nothing of
//! the engine but what was proved where is held against it.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test is failed by a panic, in its helpers too"
)]

mod walk;

use walk::World;

/// Steps of one walk, and how many walks there are.
const STEPS: u32 = 50_000;
const WALKS: u64 = 4;

#[tokio::test]
async fn threat_30_nothing_comes_out_that_was_not_proved() {
    for seed in 1..=WALKS {
        let mut world = World::new(seed).await;
        for _ in 0..STEPS {
            world.step().await;
        }
        // A walk in which nothing happens proves nothing.
        let seen = world.seen();
        assert!(seen.completed > 500 && seen.resumed > 100, "{seen:?}");
        assert!(seen.by_session > 100 && seen.profiled > 50, "{seen:?}");
        assert!(seen.changed > 10 && seen.locked > 0, "{seen:?}");
        assert!(seen.verified > 20 && seen.recovered > 10, "{seen:?}");
        assert!(
            seen.registered > 1 && seen.consented > 10 && seen.declined > 3,
            "{seen:?}"
        );
        assert!(seen.connected > 5 && seen.sent_away > 1, "{seen:?}");
    }
}
