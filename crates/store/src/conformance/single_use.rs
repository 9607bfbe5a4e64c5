//! Many at once: one winner, whatever the interleaving.

use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::{Absent, Present, Version};
use countersign_domain::store::{Batch, Fault};
use futures_util::future::try_join_all;

use super::{NOW, Outcome, With, at, holder, key, put, user, wins};

const RIVALS: usize = 64;

async fn winners(store: &dyn Store, batch: impl Fn(usize) -> Batch) -> Result<usize, Fault> {
    let rivals = (0..RIVALS).map(|number| wins(store, batch(number), NOW));
    let won = try_join_all(rivals).await?;
    Ok(won.into_iter().filter(|won| *won).count())
}

/// An authorization code presented 64 times at the same moment gives tokens once.
pub async fn a_consumed_key_cannot_be_consumed_twice(store: &dyn Store) -> Outcome {
    put(store, [user("code"), user("other")]).await?;
    let consume = |rival: usize| {
        Batch::new()
            .require(Present(key("code")))
            .delete(key("code"))
            .put(user(&format!("token-{rival}")))
    };
    assert_eq!(winners(store, consume).await?, 1);
    assert_eq!(store.get(&key("code"), NOW).await?, None);

    let mark = |_| {
        Batch::new()
            .require(Version(key("other"), 1))
            .put(user("other").body("used"))
    };
    assert_eq!(winners(store, mark).await?, 1);
    let other = store.get(&key("other"), NOW).await?;
    assert_eq!(other.map(|doc| doc.version), Some(2));
    Ok(())
}

/// `Absent` lets one through.
pub async fn a_key_is_created_once(store: &dyn Store) -> Outcome {
    let create = |rival: usize| {
        Batch::new()
            .require(Absent(key("a")))
            .put(user("a").body(&rival.to_string()))
    };
    assert_eq!(winners(store, create).await?, 1);
    let doc = store.get(&key("a"), NOW).await?;
    assert_eq!(doc.map(|doc| doc.version), Some(1));
    Ok(())
}

/// Read, add one, write: conflicts are told, so that nobody's increment is lost.
pub async fn a_counter_loses_no_increment(store: &dyn Store) -> Outcome {
    async fn increment(store: &dyn Store) -> Outcome {
        loop {
            let doc = store.get(&key("counter"), NOW).await?;
            let count: u32 = doc.as_ref().map_or(0, |doc| doc.body.parse().unwrap_or(0));
            let held = doc.map_or(Absent(key("counter")), |doc| Version(doc.key, doc.version));
            let next = user("counter").body(&(count + 1).to_string());
            if wins(store, Batch::new().require(held).put(next), NOW).await? {
                return Ok(());
            }
        }
    }
    try_join_all((0..16).map(|_| increment(store))).await?;
    let doc = store.get(&key("counter"), NOW).await?;
    assert_eq!(doc.map(|doc| doc.body).as_deref(), Some("16"));
    Ok(())
}

/// Two people who register the same name at once.
pub async fn a_unique_value_is_claimed_once(store: &dyn Store) -> Outcome {
    let claim = |rival: usize| Batch::new().put(user(&format!("u{rival}")).unique("name"));
    assert_eq!(winners(store, claim).await?, 1);
    let id = holder(store, "name", NOW).await?.unwrap_or_default();
    assert!(store.get(&key(&id), NOW).await?.is_some());
    Ok(())
}

/// Expired is as good as absent, for one.
pub async fn an_expired_key_is_taken_over_once(store: &dyn Store) -> Outcome {
    let old = user("a").unique("name").expires(at(-1));
    store.commit(Batch::new().put(old), at(-2)).await?;
    let create = |_| {
        Batch::new()
            .require(Absent(key("a")))
            .put(user("a").unique("name"))
    };
    assert_eq!(winners(store, create).await?, 1);
    assert_eq!(holder(store, "name", NOW).await?.as_deref(), Some("a"));
    Ok(())
}

/// Of two batches that each require the other's document to be absent, one fails.
pub async fn absence_holds_until_the_commit(store: &dyn Store) -> Outcome {
    for round in 0..24 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        let unless =
            |other: &str, own: &str| Batch::new().require(Absent(key(other))).put(user(own));
        let both = [
            wins(store, unless(&b, &a), NOW),
            wins(store, unless(&a, &b), NOW),
        ];
        let won = try_join_all(both).await?;
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}");
    }
    Ok(())
}

/// A document that another one rests on cannot go at the same moment.
pub async fn presence_holds_until_the_commit(store: &dyn Store) -> Outcome {
    for round in 0..24 {
        let (parent, child) = (format!("p{round}"), format!("c{round}"));
        put(store, [user(&parent)]).await?;
        let both = [
            wins(
                store,
                Batch::new()
                    .require(Present(key(&parent)))
                    .put(user(&child)),
                NOW,
            ),
            wins(
                store,
                Batch::new()
                    .require(Absent(key(&child)))
                    .delete(key(&parent)),
                NOW,
            ),
        ];
        let won = try_join_all(both).await?;
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "round {round}");
    }
    Ok(())
}
