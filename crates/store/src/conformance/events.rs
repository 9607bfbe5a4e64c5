//! Audit events, and what a store says of itself.

use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Event, Fault, Precondition};

use super::{Outcome, at, doc, env, key};

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

/// All or nothing, like its documents; and no event of another's batch is needed to be written.
pub async fn events_of_a_batch_are_there_if_the_batch_is(store: &dyn Store) -> Outcome {
    let now = at(0);
    let batch = Batch::new().record(event("1", 1)).record(event("2", 2));
    store.commit(batch.clone(), now).await?;
    store.commit(batch.put(doc(key("a"))), now).await?;
    let refused = Batch::new()
        .require(Precondition::Absent(key("a")))
        .put(doc(key("b")))
        .record(event("3", 3));
    assert!(store.commit(refused, now).await.is_err());
    assert_eq!(found(store, (0, 9), None, 9).await?, ["1", "2"]);
    let changing = Batch::new().record(event("4", 4)).changed(env(1));
    assert!(store.commit(changing, now).await?.seq.is_some());
    assert_eq!(found(store, (0, 9), None, 9).await?, ["1", "2", "4"]);
    Ok(())
}

/// By retention: the oldest first, of one environment, in slices.
pub async fn old_events_are_forgotten_in_slices(store: &dyn Store) -> Outcome {
    let mut all: Vec<Event> = (0..6).map(|n| event(&n.to_string(), n)).collect();
    all.push(Event {
        env: env(2),
        ..event("0", 0)
    });
    store.append(all).await?;
    assert_eq!(store.forget(env(1), at(4), 3).await?, 3);
    assert_eq!(found(store, (0, 9), None, 9).await?, ["3", "4", "5"]);
    assert_eq!(store.forget(env(1), at(4), 3).await?, 1);
    assert_eq!(store.forget(env(1), at(4), 3).await?, 0);
    assert_eq!(found(store, (0, 9), None, 9).await?, ["4", "5"]);
    let other = store.events(env(2), at(0), at(9), None, 9).await?;
    assert_eq!(other.len(), 1);
    // Its id is free again.
    store.append(vec![event("0", 7)]).await?;
    assert_eq!(found(store, (0, 9), None, 9).await?, ["4", "5", "0"]);
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
