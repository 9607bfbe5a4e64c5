//! Values that only one document may have.

use countersign_domain::entity::kinds;
use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Conflict, Key, Unique};

use super::{
    KIND, NOW, Outcome, RULE, With, at, conflict, doc, env, holder, key, named, put, user,
};

/// The same value elsewhere is another one.
pub async fn a_value_is_unique_per_environment_kind_and_rule(store: &dyn Store) -> Outcome {
    put(store, [user("a").unique("v")]).await?;
    let found = conflict(store, Batch::new().put(user("b").unique("v")), NOW).await?;
    assert_eq!(found, Conflict::Unique(named("v")));

    let mut other_rule = user("rule");
    other_rule.uniques.push(("email", "v".to_owned()));
    put(
        store,
        [
            doc(Key::new(KIND, env(2), "env")).unique("v"),
            doc(Key::new(kinds::APPLICATION, env(1), "kind")).unique("v"),
            other_rule,
        ],
    )
    .await?;
    for (kind, env, rule, id) in [
        (KIND, env(1), RULE, "a"),
        (KIND, env(2), RULE, "env"),
        (kinds::APPLICATION, env(1), RULE, "kind"),
        (KIND, env(1), "email", "rule"),
    ] {
        let unique = Unique::new(kind, env, rule, "v");
        let found = store.get_by(&unique, NOW).await?;
        assert_eq!(found.map(|doc| doc.key), Some(Key::new(kind, env, id)));
    }
    Ok(())
}

/// Writing a document again does not collide with itself.
pub async fn the_holder_keeps_its_value(store: &dyn Store) -> Outcome {
    put(store, [user("a").unique("v").unique("v")]).await?;
    put(
        store,
        [user("a").unique("v"), user("a").unique("w").unique("v")],
    )
    .await?;
    assert_eq!(holder(store, "v", NOW).await?.as_deref(), Some("a"));
    assert_eq!(holder(store, "w", NOW).await?.as_deref(), Some("a"));
    Ok(())
}

/// Three ways to lose a value.
pub async fn a_value_is_freed_by_delete_change_and_expiry(store: &dyn Store) -> Outcome {
    put(store, [user("deleted").unique("1")]).await?;
    store
        .commit(Batch::new().delete(key("deleted")), NOW)
        .await?;
    put(store, [user("heir").unique("1")]).await?;

    put(store, [user("changed").unique("2")]).await?;
    put(store, [user("changed").unique("3")]).await?;
    put(store, [user("heir").unique("1").unique("2")]).await?;

    put(
        store,
        [user("expired").unique("4").index("i").expires(at(5))],
    )
    .await?;
    let claim = || Batch::new().put(user("late").unique("4"));
    assert_eq!(
        conflict(store, claim(), at(4)).await?,
        Conflict::Unique(named("4"))
    );
    store.commit(claim(), at(5)).await?;

    for (value, id) in [
        ("1", "heir"),
        ("2", "heir"),
        ("3", "changed"),
        ("4", "late"),
    ] {
        assert_eq!(holder(store, value, at(5)).await?.as_deref(), Some(id));
    }
    Ok(())
}

/// Give first, take then; the other order collides.
pub async fn a_value_moves_within_a_batch_in_order(store: &dyn Store) -> Outcome {
    put(store, [user("a").unique("v"), user("b").unique("w")]).await?;
    let take_first = Batch::new().put(user("b").unique("v")).put(user("a"));
    assert_eq!(
        conflict(store, take_first, NOW).await?,
        Conflict::Unique(named("v"))
    );
    let swap = Batch::new()
        .put(user("a"))
        .put(user("b").unique("v"))
        .put(user("a").unique("w"));
    store.commit(swap, NOW).await?;
    assert_eq!(holder(store, "v", NOW).await?.as_deref(), Some("b"));
    assert_eq!(holder(store, "w", NOW).await?.as_deref(), Some("a"));

    let inherit = Batch::new()
        .delete(key("a"))
        .put(user("c").unique("w"))
        .delete(key("c"))
        .put(user("d").unique("w"));
    store.commit(inherit, NOW).await?;
    assert_eq!(holder(store, "w", NOW).await?.as_deref(), Some("d"));
    Ok(())
}

/// What an expired document still had on file is not taken from its heir.
pub async fn a_new_holder_survives_the_sweep_of_the_old_one(store: &dyn Store) -> Outcome {
    put(store, [user("old").unique("v").index("i").expires(at(1))]).await?;
    store
        .commit(Batch::new().put(user("new").unique("v")), at(2))
        .await?;
    store.sweep(at(3), 100).await?;
    assert_eq!(holder(store, "v", at(3)).await?.as_deref(), Some("new"));
    let rival = Batch::new().put(user("old").unique("v"));
    assert_eq!(
        conflict(store, rival, at(3)).await?,
        Conflict::Unique(named("v"))
    );
    Ok(())
}

/// Case and every other byte count; folding is the entity's business.
pub async fn a_document_is_found_by_each_of_its_values(store: &dyn Store) -> Outcome {
    let values = [
        "Ana", "ana", "\u{e4}", "a\u{308}", "a b", "", "a\0", "'; --",
    ];
    let doc = values
        .iter()
        .fold(user("a"), |doc, value| doc.unique(value));
    put(store, [doc]).await?;
    for value in values {
        assert_eq!(
            holder(store, value, NOW).await?.as_deref(),
            Some("a"),
            "{value:?}"
        );
    }
    for value in ["ANA", "a", "ana ", "a\0\0", "%"] {
        assert_eq!(holder(store, value, NOW).await?, None, "{value:?}");
    }
    Ok(())
}
