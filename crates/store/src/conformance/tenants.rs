//! Environment A never sees B (`threats.md` 42).

use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::{Absent, Present, Version};
use countersign_domain::store::{Batch, Conflict, Doc, Event, Key, Query, Seq, Unique};

use super::{INDEX, KIND, NOW, Outcome, RULE, With, at, conflict, doc, env, ids, put};

fn full(env: EnvId, id: &str) -> Doc {
    doc(Key::new(KIND, env, id)).index("i").unique("u")
}

/// Every read, with the ids and values of the other.
pub async fn environment_a_never_sees_b(store: &dyn Store) -> Outcome {
    let (a, b) = (env(1), env(2));
    store
        .commit(Batch::new().put(full(b, "x")).changed(b), NOW)
        .await?;
    let event = Event {
        env: b,
        id: "e".to_owned(),
        at: NOW,
        body: "{}".to_owned(),
    };
    store.append(vec![event]).await?;

    let key = Key::new(KIND, a, "x");
    assert_eq!(store.get(&key, NOW).await?, None);
    let keys = std::slice::from_ref(&key);
    assert_eq!(store.get_all(keys, NOW).await?, [None]);
    assert_eq!(
        store.get_by(&Unique::new(KIND, a, RULE, "u"), NOW).await?,
        None
    );
    assert!(ids(store, &Query::all(KIND, a, 9), NOW).await?.is_empty());
    for descending in [false, true] {
        let query = Query {
            descending,
            ..Query::equal(KIND, a, INDEX, "i", 9)
        };
        assert!(ids(store, &query, NOW).await?.is_empty());
    }
    assert!(
        store
            .changes(Seq(0), Some(a))
            .await?
            .environments
            .is_empty()
    );
    assert!(store.events(a, at(-9), at(9), None, 9).await?.is_empty());
    let after = store.events(a, at(-9), at(9), Some("e"), 9).await?;
    assert!(after.is_empty());
    for broken in [Present(key.clone()), Version(key.clone(), 1)] {
        let found = conflict(store, Batch::new().require(broken), NOW).await?;
        assert_eq!(found, Conflict::Precondition(key.clone()));
    }
    // Same id, same unique value: no conflict, and each finds its own.
    let own = Batch::new()
        .require(Absent(key.clone()))
        .put(full(a, "x").body("mine"));
    store.commit(own, NOW).await?;
    let found = store.get_by(&Unique::new(KIND, a, RULE, "u"), NOW).await?;
    assert_eq!(found.map(|doc| doc.key.env), Some(a));
    Ok(())
}

/// Put, delete and sweep stay at home.
pub async fn a_write_in_a_leaves_b_alone(store: &dyn Store) -> Outcome {
    let (a, b) = (env(1), env(2));
    put(store, [full(a, "x"), full(b, "x").body("b")]).await?;
    put(store, [full(a, "x").body("a")]).await?;
    store
        .commit(Batch::new().delete(Key::new(KIND, a, "x")), NOW)
        .await?;
    store
        .commit(Batch::new().put(full(a, "y").expires(at(1))), NOW)
        .await?;
    store.sweep(at(2), 9).await?;
    let left = store.get(&Key::new(KIND, b, "x"), at(2)).await?;
    assert_eq!(
        left.map(|doc| (doc.version, doc.body)),
        Some((1, "b".to_owned()))
    );
    let query = Query::equal(KIND, b, INDEX, "i", 9);
    assert_eq!(ids(store, &query, at(2)).await?, ["x"]);
    Ok(())
}

/// All kinds, all entries, nothing of anybody else.
pub async fn deleting_an_environment_is_complete(store: &dyn Store) -> Outcome {
    let kinds = countersign_domain::entity::kinds::ALL;
    let (a, b) = (env(1), env(2));
    let docs = [a, b, env(u128::MAX)].into_iter().flat_map(|env| {
        let of_kind = move |kind| doc(Key::new(kind, env, "x")).index("i").unique("u");
        kinds.iter().map(move |kind| of_kind(*kind))
    });
    put(store, docs).await?;
    store
        .commit(Batch::new().delete_environment(a), NOW)
        .await?;
    for kind in kinds {
        for (env, left) in [(a, 0), (b, 1), (env(u128::MAX), 1)] {
            let found = store.get(&Key::new(*kind, env, "x"), NOW).await?;
            assert_eq!(found.iter().count(), left);
            let found = store
                .get_by(&Unique::new(*kind, env, RULE, "u"), NOW)
                .await?;
            assert_eq!(found.iter().count(), left);
            assert_eq!(
                ids(store, &Query::all(*kind, env, 9), NOW).await?.len(),
                left
            );
            let query = Query::equal(*kind, env, INDEX, "i", 9);
            assert_eq!(ids(store, &query, NOW).await?.len(), left);
        }
    }
    put(store, [full(a, "new")]).await?;
    Ok(())
}

/// What is written after the deletion stays; what was written before it goes.
pub async fn an_environment_may_be_filled_again_in_the_same_batch(store: &dyn Store) -> Outcome {
    let a = env(1);
    put(store, [full(a, "x"), full(a, "x")]).await?;
    let batch = Batch::new()
        .require(Version(Key::new(KIND, a, "x"), 2))
        .put(doc(Key::new(KIND, a, "before")))
        .delete_environment(a)
        .put(full(a, "x").body("new"));
    store.commit(batch, NOW).await?;
    let found = store.get(&Key::new(KIND, a, "x"), NOW).await?;
    assert_eq!(
        found.map(|doc| (doc.version, doc.body)),
        Some((1, "new".to_owned()))
    );
    assert_eq!(ids(store, &Query::all(KIND, a, 9), NOW).await?, ["x"]);
    let query = Query::equal(KIND, a, INDEX, "i", 9);
    assert_eq!(ids(store, &query, NOW).await?, ["x"]);
    Ok(())
}
