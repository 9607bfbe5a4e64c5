//! From the instant `expires_at` on a document is gone, swept or not.

use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::{Absent, Present, Version};
use countersign_domain::store::{Batch, Conflict, Query};

use super::{INDEX, KIND, Outcome, With, at, conflict, env, holder, ids, key, put, user};

/// In every read, exactly at the instant.
pub async fn what_has_expired_is_invisible_before_it_is_swept(store: &dyn Store) -> Outcome {
    put(store, [user("a").index("i").unique("u").expires(at(10))]).await?;
    let by_id = Query::all(KIND, env(1), 9);
    let by_index = Query::equal(KIND, env(1), INDEX, "i", 9);
    for (now, visible) in [(9, 1), (10, 0), (11, 0)] {
        let now = at(now);
        assert_eq!(store.get(&key("a"), now).await?.iter().count(), visible);
        let both = store.get_all(&[key("none"), key("a")], now).await?;
        assert_eq!(both.iter().flatten().count(), visible);
        assert_eq!(holder(store, "u", now).await?.iter().count(), visible);
        assert_eq!(ids(store, &by_id, now).await?.len(), visible);
        assert_eq!(ids(store, &by_index, now).await?.len(), visible);
    }
    Ok(())
}

/// It is absent, and neither present nor of any version.
pub async fn what_has_expired_does_not_count_in_preconditions(store: &dyn Store) -> Outcome {
    put(store, [user("a").expires(at(10))]).await?;
    for (broken, now) in [
        (Absent(key("a")), 9),
        (Present(key("a")), 10),
        (Version(key("a"), 1), 10),
    ] {
        let batch = Batch::new().require(broken).put(user("b"));
        let found = conflict(store, batch, at(now)).await?;
        assert_eq!(found, Conflict::Precondition(key("a")));
    }
    for (held, now) in [
        (Present(key("a")), 9),
        (Version(key("a"), 1), 9),
        (Absent(key("a")), 10),
    ] {
        let batch = Batch::new().require(held).put(user("b"));
        store.commit(batch, at(now)).await?;
    }
    Ok(())
}

/// A new document takes its place as if it had never been.
pub async fn an_expired_key_is_free(store: &dyn Store) -> Outcome {
    let old = || {
        user("a")
            .index("old")
            .unique("old")
            .unique("kept")
            .expires(at(10))
    };
    put(store, [old(), old()]).await?;
    let batch = Batch::new()
        .require(Absent(key("a")))
        .put(user("a").index("new").unique("kept"));
    store.commit(batch, at(10)).await?;
    let doc = store.get(&key("a"), at(10)).await?;
    assert_eq!(doc.map(|doc| doc.version), Some(1));
    for (value, listed) in [("old", 0), ("new", 1)] {
        let query = Query::equal(KIND, env(1), INDEX, value, 9);
        assert_eq!(ids(store, &query, at(10)).await?.len(), listed);
    }
    assert_eq!(holder(store, "old", at(10)).await?, None);
    assert_eq!(holder(store, "kept", at(10)).await?.as_deref(), Some("a"));
    assert_eq!(store.sweep(at(99), 9).await?.len(), 0);
    Ok(())
}

/// At most as many as asked for, the rest another time.
pub async fn a_sweep_is_bounded_and_takes_only_what_has_expired(store: &dyn Store) -> Outcome {
    let id = |number: i64| format!("{number:02}");
    let docs = (0..25).map(|number| user(&id(number)).index("i").unique(&id(number)));
    let expiring = docs.zip(0..).map(|(doc, number)| doc.expires(at(number)));
    store
        .commit(expiring.fold(Batch::new(), Batch::put), at(-1))
        .await?;
    store
        .commit(Batch::new().put(user("stays")), at(-1))
        .await?;
    // Twenty have expired at 19.
    for removed in [8, 8, 4, 0] {
        assert_eq!(store.sweep(at(19), 8).await?.len(), removed);
    }
    assert_eq!(store.sweep(at(99), 0).await?.len(), 0);
    // The clock of the reader is behind: what is swept is gone for it as well.
    assert_eq!(
        ids(store, &Query::all(KIND, env(1), 99), at(-1))
            .await?
            .len(),
        6
    );
    let query = Query::equal(KIND, env(1), INDEX, "i", 99);
    assert_eq!(ids(store, &query, at(-1)).await?.len(), 5);
    assert_eq!(holder(store, &id(3), at(-1)).await?, None);
    assert_eq!(store.sweep(at(99), 99).await?.len(), 5);
    Ok(())
}

/// Rows that wait for the sweep do not shorten a page.
pub async fn a_page_is_full_although_expired_documents_lie_between(store: &dyn Store) -> Outcome {
    let docs = (0..30).map(|number| {
        let doc = user(&format!("{number:02}")).index("i");
        if number % 3 == 0 {
            doc
        } else {
            doc.expires(at(1))
        }
    });
    put(store, docs).await?;
    for index in [None, Some(INDEX)] {
        let mut query = Query {
            index,
            ..Query::all(KIND, env(1), 4)
        };
        for expected in [4, 4, 2] {
            let page = store.list(&query, at(2)).await?;
            assert_eq!(page.docs.len(), expected);
            assert_eq!(page.next.is_some(), expected == 4);
            query.after = page.next;
        }
    }
    Ok(())
}

/// A sliding expiry moves, and may go.
pub async fn an_extended_document_stays(store: &dyn Store) -> Outcome {
    put(
        store,
        [user("a").expires(at(10)), user("b").expires(at(10))],
    )
    .await?;
    put(store, [user("a").expires(at(20)), user("b")]).await?;
    assert_eq!(store.sweep(at(15), 9).await?.len(), 0);
    assert!(store.get(&key("a"), at(19)).await?.is_some());
    assert_eq!(store.sweep(at(20), 9).await?, [key("a")]);
    assert!(store.get(&key("a"), at(19)).await?.is_none());
    assert!(store.get(&key("b"), at(99)).await?.is_some());
    Ok(())
}
