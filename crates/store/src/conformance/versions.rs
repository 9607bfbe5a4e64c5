//! Single documents, their versions and the preconditions on them.

use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::{Absent, Present, Version};
use countersign_domain::store::{Batch, Conflict, Fault, Key, Query};

use super::{INDEX, KIND, NOW, Outcome, With, at, conflict, env, holder, ids, key, put, user};

/// All that is stored of a document comes back; what it is filed under does not.
pub async fn a_document_is_read_as_it_was_written(store: &dyn Store) -> Outcome {
    let body = "{\"name\":\"Zo\u{eb} \u{1f511}\"}";
    let mut doc = user("a").body(body).index("x").unique("y").expires(at(9));
    doc.schema = 7;
    put(store, [doc.clone()]).await?;
    doc.version = 1;
    doc.indexes.clear();
    doc.uniques.clear();
    assert_eq!(store.get(&key("a"), NOW).await?, Some(doc));
    assert_eq!(store.get(&key("b"), NOW).await?, None);
    assert_eq!(store.get(&key(""), NOW).await?, None);
    assert_eq!(store.get(&key("a\0"), NOW).await?, None);
    Ok(())
}

/// In the order that was asked for, one asked for twice, one that is not there.
pub async fn documents_read_together_are_those_read_alone(store: &dyn Store) -> Outcome {
    put(store, [user("a").body("1"), user("b").body("2")]).await?;
    let keys = ["b", "none", "a", "b"].map(key);
    let mut alone = Vec::new();
    for key in &keys {
        alone.push(store.get(key, NOW).await?);
    }
    assert_eq!(store.get_all(&keys, NOW).await?, alone);
    assert!(store.get_all(&[], NOW).await?.is_empty());
    Ok(())
}

/// Adapters count; what the writer says is ignored.
pub async fn versions_count_up_from_one(store: &dyn Store) -> Outcome {
    for expected in 1..=3 {
        let mut doc = user("a");
        doc.version = 40;
        put(store, [doc]).await?;
        assert_eq!(version(store, &key("a")).await?, Some(expected));
    }
    Ok(())
}

/// Whoever read it before the deletion cannot write it any more, unless at version 1 by chance.
pub async fn a_deleted_document_starts_again_at_version_one(store: &dyn Store) -> Outcome {
    put(store, [user("a")]).await?;
    put(store, [user("a")]).await?;
    store.commit(Batch::new().delete(key("a")), NOW).await?;
    assert_eq!(version(store, &key("a")).await?, None);
    put(store, [user("a")]).await?;
    assert_eq!(version(store, &key("a")).await?, Some(1));
    Ok(())
}

/// Nothing of the old document is left.
pub async fn a_put_replaces_body_and_entries(store: &dyn Store) -> Outcome {
    put(
        store,
        [user("a").body("1").index("old").index("both").unique("old")],
    )
    .await?;
    put(
        store,
        [user("a").body("2").index("both").index("new").unique("new")],
    )
    .await?;
    let doc = store.get(&key("a"), NOW).await?;
    assert_eq!(doc.map(|doc| doc.body).as_deref(), Some("2"));
    for (value, listed) in [("old", 0), ("both", 1), ("new", 1)] {
        let query = Query::equal(KIND, env(1), INDEX, value, 9);
        assert_eq!(ids(store, &query, NOW).await?.len(), listed, "{value}");
    }
    assert_eq!(holder(store, "old", NOW).await?, None);
    assert_eq!(holder(store, "new", NOW).await?.as_deref(), Some("a"));
    Ok(())
}

/// Each kind of precondition, holding and not.
pub async fn preconditions_hold_or_nothing_is_written(store: &dyn Store) -> Outcome {
    put(store, [user("here")]).await?;
    put(store, [user("here")]).await?;
    for broken in [
        Absent(key("here")),
        Version(key("here"), 1),
        Version(key("here"), 3),
        Version(key("gone"), 1),
        Version(key("gone"), 0),
        Present(key("gone")),
    ] {
        let named = match &broken {
            Absent(key) | Version(key, _) | Present(key) => key.clone(),
        };
        let batch = Batch::new()
            .require(Present(key("here")))
            .require(broken.clone())
            .put(user("new"));
        let found = conflict(store, batch, NOW).await?;
        assert_eq!(found, Conflict::Precondition(named), "{broken:?}");
        assert_eq!(version(store, &key("new")).await?, None, "{broken:?}");
    }
    let batch = Batch::new()
        .require(Absent(key("gone")))
        .require(Version(key("here"), 2))
        .require(Present(key("here")))
        .put(user("new"));
    store.commit(batch, NOW).await?;
    assert_eq!(version(store, &key("new")).await?, Some(1));
    Ok(())
}

/// A batch's own writes do not matter to its preconditions.
pub async fn preconditions_see_the_state_before_the_batch(store: &dyn Store) -> Outcome {
    let batch = Batch::new().put(user("a")).require(Absent(key("a")));
    store.commit(batch, NOW).await?;
    let batch = Batch::new()
        .delete(key("a"))
        .put(user("a").body("again"))
        .require(Version(key("a"), 1))
        .require(Present(key("a")));
    store.commit(batch, NOW).await?;
    let batch = Batch::new().put(user("b")).require(Present(key("b")));
    let found = conflict(store, batch, NOW).await?;
    assert_eq!(found, Conflict::Precondition(key("b")));
    Ok(())
}

/// The last write of a key stands; versions count every one.
pub async fn writes_apply_in_order(store: &dyn Store) -> Outcome {
    put(store, [user("twice").body("1"), user("twice").body("2")]).await?;
    let doc = store.get(&key("twice"), NOW).await?;
    assert_eq!(
        doc.map(|doc| (doc.version, doc.body)),
        Some((2, "2".to_owned()))
    );

    let batch = Batch::new()
        .put(user("gone").unique("v"))
        .delete(key("gone"));
    store.commit(batch, NOW).await?;
    assert_eq!(version(store, &key("gone")).await?, None);
    assert_eq!(holder(store, "v", NOW).await?, None);

    let batch = Batch::new()
        .delete(key("twice"))
        .put(user("twice").body("new").index("i"));
    store.commit(batch, NOW).await?;
    assert_eq!(version(store, &key("twice")).await?, Some(1));
    let query = Query::equal(KIND, env(1), INDEX, "i", 9);
    assert_eq!(ids(store, &query, NOW).await?, ["twice"]);
    Ok(())
}

/// Neither does a batch that does nothing fail.
pub async fn deleting_nothing_is_no_error(store: &dyn Store) -> Outcome {
    let batch = Batch::new().delete(key("a")).delete(key("a"));
    store.commit(batch, NOW).await?;
    let done = store.commit(Batch::new(), NOW).await?;
    assert_eq!(done.seq, None);
    let batch = Batch::new().require(Absent(key("a")));
    store.commit(batch, NOW).await?;
    Ok(())
}

async fn version(store: &dyn Store, key: &Key) -> Result<Option<u64>, Fault> {
    Ok(store.get(key, NOW).await?.map(|doc| doc.version))
}
