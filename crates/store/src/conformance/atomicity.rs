//! All of a batch, durably, or nothing.

use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Conflict, Fault, IndexEntry, Key, Query, Seq};

use super::{INDEX, KIND, NOW, Outcome, With, conflict, env, holder, ids, key, named, put, user};

/// The last write fails, and everything before it is as it was.
pub async fn a_conflict_writes_nothing(store: &dyn Store) -> Outcome {
    put(store, [user("taken").unique("v")]).await?;
    put(store, [user("old").body("1").index("i").unique("mine")]).await?;
    let batch = Batch::new()
        .put(user("new").index("i"))
        .put(user("old").body("2").unique("other"))
        .delete(key("taken"))
        .put(user("taken").unique("v"))
        .put(user("late").unique("v"))
        .changed(env(1));
    let found = conflict(store, batch, NOW).await?;
    assert_eq!(found, Conflict::Unique(named("v")));

    assert_eq!(store.get(&key("new"), NOW).await?, None);
    assert_eq!(store.get(&key("late"), NOW).await?, None);
    let old = store.get(&key("old"), NOW).await?;
    assert_eq!(
        old.map(|doc| (doc.version, doc.body)),
        Some((1, "1".to_owned()))
    );
    let taken = store.get(&key("taken"), NOW).await?;
    assert_eq!(taken.map(|doc| doc.version), Some(1));
    assert_eq!(holder(store, "mine", NOW).await?.as_deref(), Some("old"));
    assert_eq!(holder(store, "other", NOW).await?, None);
    let query = Query::equal(KIND, env(1), INDEX, "i", 9);
    assert_eq!(ids(store, &query, NOW).await?, ["old"]);
    assert!(store.changes(Seq(0), None).await?.environments.is_empty());
    Ok(())
}

/// Limits are the same everywhere, and the longest allowed key fits.
pub async fn what_cannot_be_filed_is_refused_whole(store: &dyn Store) -> Outcome {
    let long = |length: usize| "x".repeat(length);
    for bad in [
        user(""),
        user(&long(Key::MAX_ID + 1)),
        user("b").index(&long(IndexEntry::MAX_VALUE + 1)),
        user("b").unique(&long(IndexEntry::MAX_VALUE + 1)),
        user("b").body("a\0b"),
    ] {
        let batch = Batch::new().put(user("a")).put(bad);
        let answer = store.commit(batch, NOW).await;
        assert!(matches!(answer, Err(Fault::Corrupt { .. })), "{answer:?}");
        assert_eq!(store.get(&key("a"), NOW).await?, None);
    }
    let value = long(IndexEntry::MAX_VALUE);
    let id = long(Key::MAX_ID);
    put(store, [user(&id).index(&value).unique(&value)]).await?;
    assert_eq!(holder(store, &value, NOW).await?, Some(id));
    Ok(())
}

/// An import is one batch.
pub async fn a_large_batch_is_written_whole(store: &dyn Store) -> Outcome {
    let id = |number: u32| format!("{number:05}");
    let docs = (0..3_000).map(|number| user(&id(number)).index("all").unique(&id(number)));
    put(store, docs).await?;
    let mut query = Query::equal(KIND, env(1), INDEX, "all", 10_000);
    assert_eq!(ids(store, &query, NOW).await?.len(), 3_000);
    query.descending = true;
    query.limit = 1;
    assert_eq!(ids(store, &query, NOW).await?, [id(2_999)]);
    assert_eq!(holder(store, "01234", NOW).await?, Some(id(1_234)));
    let all = (0..3_000).fold(Batch::new(), |batch, number| batch.delete(key(&id(number))));
    store.commit(all, NOW).await?;
    assert!(ids(store, &query, NOW).await?.is_empty());
    Ok(())
}

/// Whoever was told of a commit sees it with the next read.
pub async fn what_was_committed_is_read_at_once(store: &dyn Store) -> Outcome {
    for number in 0..50 {
        let body = number.to_string();
        put(store, [user("a").body(&body).unique(&body)]).await?;
        let doc = store.get(&key("a"), NOW).await?;
        assert_eq!(doc.map(|doc| doc.body), Some(body.clone()));
        assert_eq!(holder(store, &body, NOW).await?.as_deref(), Some("a"));
    }
    Ok(())
}
