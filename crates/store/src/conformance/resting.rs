//! Documents that rest on others, and postconditions: what points somewhere finds something there.

use countersign_domain::ports::Store;
use countersign_domain::store::Postcondition::{AtMost, Present};
use countersign_domain::store::Precondition::Version;
use countersign_domain::store::{Batch, Conflict, Entries, Fault, Range, Seq};
use futures_util::future::try_join_all;

use super::{INDEX, KIND, NOW, Outcome, With, at, conflict, env, key, put, user, wins};

fn filed(value: &str) -> Entries {
    Entries::equal(KIND, env(1), INDEX, value)
}

/// A batch's own writes are what matters to them.
pub async fn postconditions_see_the_state_behind_the_batch(store: &dyn Store) -> Outcome {
    let batch = Batch::new().ensure(Present(key("a"))).put(user("a"));
    store.commit(batch, NOW).await?;
    for gone in [
        Batch::new().delete(key("a")).ensure(Present(key("a"))),
        Batch::new()
            .ensure(Present(key("a")))
            .put(user("a").expires(NOW)),
        Batch::new()
            .delete_environment(env(1))
            .ensure(Present(key("a"))),
    ] {
        let found = conflict(store, gone, NOW).await?;
        assert_eq!(found, Conflict::Gone(key("a")));
    }
    let found = conflict(store, Batch::new().ensure(Present(key("b"))), NOW).await?;
    assert_eq!(found, Conflict::Gone(key("b")));
    store
        .commit(Batch::new().ensure(Present(key("a"))), NOW)
        .await?;

    put(store, [user("x").index("v"), user("y").index("v")]).await?;
    let none = Batch::new().delete(key("x")).leaves_none(filed("v"));
    let found = conflict(store, none.clone(), NOW).await?;
    assert_eq!(found, Conflict::Filed(Box::new(filed("v"))));
    store.commit(none.put(user("y").index("w")), NOW).await?;
    let again = Batch::new()
        .put(user("z").index("v"))
        .leaves_none(filed("v"));
    let found = conflict(store, again, NOW).await?;
    assert_eq!(found, Conflict::Filed(Box::new(filed("v"))));
    let batch = Batch::new()
        .delete_environment(env(1))
        .leaves_none(filed("w"));
    store.commit(batch, NOW).await?;
    Ok(())
}

/// However many values one has, and not at all once it has expired.
pub async fn documents_that_are_filed_are_counted_once_and_while_they_live(
    store: &dyn Store,
) -> Outcome {
    let long_gone = user("old").index("va").expires(at(-1));
    store.commit(Batch::new().put(long_gone), at(-2)).await?;
    put(
        store,
        [
            user("a").index("va").index("vb"),
            user("b").index("vb"),
            user("c").index("w"),
        ],
    )
    .await?;
    let within = |range: Range| Entries { range, ..filed("") };
    let prefix = |value: &str| Range::Prefix(value.to_owned());
    let between = Range::Between(Some("vb".to_owned()), None);
    for (range, count) in [
        (prefix("v"), 2),
        (prefix("va"), 1),
        (prefix("vc"), 0),
        (Range::Equal("vb".to_owned()), 2),
        (Range::Equal("v".to_owned()), 0),
        (Range::All, 3),
        (between, 3),
    ] {
        let at_most = |most| Batch::new().ensure(AtMost(within(range.clone()), most));
        store.commit(at_most(count), NOW).await?;
        if count > 0 {
            let found = conflict(store, at_most(count - 1), NOW).await?;
            assert_eq!(found, Conflict::Filed(Box::new(within(range.clone()))));
        }
    }
    // Whether the batch touches them or not.
    let touched = Batch::new().put(user("a").index("va").index("vb"));
    store
        .commit(touched.clone().ensure(AtMost(filed("vb"), 2)), NOW)
        .await?;
    assert!(!wins(store, touched.ensure(AtMost(filed("vb"), 1)), NOW).await?);
    // Neither elsewhere nor under another name.
    for entries in [
        Entries {
            env: env(2),
            ..filed("vb")
        },
        Entries {
            index: "other",
            ..filed("vb")
        },
    ] {
        store.commit(Batch::new().leaves_none(entries), NOW).await?;
    }
    Ok(())
}

/// Nor is anything announced.
pub async fn a_broken_postcondition_writes_nothing(store: &dyn Store) -> Outcome {
    put(store, [user("a").body("1").index("v").unique("u")]).await?;
    let batch = Batch::new()
        .put(user("a").body("2"))
        .put(user("b").unique("u"))
        .changed(env(1))
        .ensure(Present(key("b")))
        .ensure(Present(key("nobody")));
    let found = conflict(store, batch, NOW).await?;
    assert_eq!(found, Conflict::Gone(key("nobody")));
    let doc = store.get(&key("a"), NOW).await?;
    assert_eq!(doc.map(|doc| doc.body).as_deref(), Some("1"));
    assert_eq!(store.get(&key("b"), NOW).await?, None);
    assert_eq!(super::holder(store, "u", NOW).await?.as_deref(), Some("a"));
    assert!(!wins(store, Batch::new().leaves_none(filed("v")), NOW).await?);
    let changes = store.changes(Seq(0), Some(env(1))).await?;
    assert!(changes.environments.is_empty());
    Ok(())
}

/// Of two batches, one that files something under a document and one that removes the document
/// while nothing is filed under it, one fails.
pub async fn nothing_rests_on_what_goes(store: &dyn Store) -> Outcome {
    for round in 0..48 {
        let parent = format!("p{round}");
        put(store, [user(&parent)]).await?;
        let rests = Batch::new()
            .ensure(Present(key(&parent)))
            .put(user(&format!("c{round}")).index(&parent));
        let goes = Batch::new()
            .require(Version(key(&parent), 1))
            .delete(key(&parent))
            .leaves_none(filed(&parent));
        let mut both = [rests, goes];
        if round % 2 == 1 {
            both.reverse();
        }
        let won = try_join_all(both.map(|batch| wins(store, batch, NOW))).await?;
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}");
    }
    Ok(())
}

/// What is removed by its key with what it rests on is not there afterwards, whoever came first.
pub async fn what_belongs_to_another_goes_with_it(store: &dyn Store) -> Outcome {
    for round in 0..48 {
        let (owner, own) = (format!("o{round}"), format!("own{round}"));
        put(store, [user(&owner)]).await?;
        let rests = Batch::new().ensure(Present(key(&owner))).put(user(&own));
        let goes = Batch::new()
            .delete(key(&owner))
            .delete(key(&own))
            .leaves_none(filed(&owner));
        let mut both = [rests, goes];
        if round % 2 == 1 {
            both.reverse();
        }
        try_join_all(both.map(|batch| wins(store, batch, NOW))).await?;
        assert_eq!(store.get(&key(&owner), NOW).await?, None);
        assert_eq!(store.get(&key(&own), NOW).await?, None, "round {round}");
    }
    Ok(())
}

/// Nobody fails because another rests on the same document.
pub async fn many_rest_on_one_at_the_same_time(store: &dyn Store) -> Outcome {
    put(store, [user("parent")]).await?;
    let rivals = (0..64).map(|number| {
        let child = user(&format!("c{number}")).index("parent");
        wins(
            store,
            Batch::new().ensure(Present(key("parent"))).put(child),
            NOW,
        )
    });
    let won = try_join_all(rivals).await?;
    assert!(won.iter().all(|won| *won));
    let doc = store.get(&key("parent"), NOW).await?;
    assert_eq!(doc.map(|doc| doc.version), Some(1));
    Ok(())
}

/// Where everybody requires the version of what they file under.
pub async fn no_more_are_filed_than_may_be(store: &dyn Store) -> Outcome {
    put(store, [user("parent")]).await?;
    let rivals = (0..32).map(|number| {
        let batch = Batch::new()
            .require(Version(key("parent"), 1))
            .put(user(&format!("c{number}")).index("parent"))
            .ensure(AtMost(filed("parent"), 5));
        wins(store, batch, NOW)
    });
    let won: Vec<bool> = try_join_all(rivals).await?;
    assert_eq!(won.iter().filter(|won| **won).count(), 5);
    let page = store.list(&filed("parent").query(64), NOW).await;
    assert_eq!(page.map(|page| page.docs.len())?, 5);
    Ok::<(), Fault>(())
}
