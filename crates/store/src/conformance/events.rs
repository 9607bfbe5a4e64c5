//! Audit events, and what a store says of itself.

use countersign_domain::ports::Store;
use countersign_domain::store::{Event, Fault};

use super::{Outcome, at, env};

fn event(id: &str, millis: i64) -> Event {
    Event {
        env: env(1),
        id: id.to_owned(),
        at: at(millis),
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}

async fn found(
    store: &dyn Store,
    (from, to): (i64, i64),
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, Fault> {
    let events = store.events(env(1), at(from), at(to), after, limit).await?;
    Ok(events.into_iter().map(|event| event.id).collect())
}

/// From is included, to is not; the same moment is ordered by id.
pub async fn events_come_oldest_first_within_their_range(store: &dyn Store) -> Outcome {
    store.append(vec![event("5b", 5), event("9", 9)]).await?;
    store
        .append(vec![event("1", 1), event("5a", 5), event("7", 7)])
        .await?;
    assert_eq!(found(store, (1, 9), None, 9).await?, ["1", "5a", "5b", "7"]);
    assert_eq!(found(store, (5, 7), None, 9).await?, ["5a", "5b"]);
    assert!(found(store, (7, 7), None, 9).await?.is_empty());
    let whole = store.events(env(1), at(9), at(10), None, 9).await?;
    assert_eq!(whole, [event("9", 9)]);
    Ok(())
}

/// Whatever the page size.
pub async fn events_are_paged_without_gap_or_repetition(store: &dyn Store) -> Outcome {
    let all: Vec<Event> = (0..20).map(|n| event(&format!("{n:02}"), n / 3)).collect();
    store.append(all.clone()).await?;
    for limit in [1, 2, 7, 20, 99] {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let after = seen.last().map(String::as_str);
            let page = found(store, (-9, 99), after, limit).await?;
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(
            seen,
            all.iter().map(|event| event.id.clone()).collect::<Vec<_>>()
        );
    }
    assert_eq!(found(store, (3, 99), Some("00"), 1).await?, ["09"]);
    Ok(())
}

/// Whoever did not hear the answer may append again.
pub async fn an_event_appended_twice_is_there_once(store: &dyn Store) -> Outcome {
    store.append(vec![event("1", 1), event("2", 2)]).await?;
    store.append(vec![event("2", 2), event("3", 3)]).await?;
    store.append(Vec::new()).await?;
    assert_eq!(found(store, (0, 9), None, 9).await?, ["1", "2", "3"]);
    Ok(())
}

/// For readiness probes and `countersign doctor`.
pub async fn the_store_says_what_it_is(store: &dyn Store) -> Outcome {
    let health = store.health().await?;
    assert!(["memory", "sqlite", "postgres"].contains(&health.adapter));
    assert!(!health.version.is_empty());
    assert_eq!(health.migration > 0, health.adapter != "memory");
    Ok(())
}
