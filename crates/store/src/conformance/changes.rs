//! The log of configuration changes.

use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::Present;
use countersign_domain::store::{Batch, Fault, Seq};
use futures_util::future::try_join_all;

use super::{NOW, Outcome, conflict, env, key, user};

async fn change(store: &dyn Store, envs: &[u128]) -> Result<Seq, Fault> {
    let batch = envs
        .iter()
        .fold(Batch::new().put(user("a")), |batch, number| {
            batch.changed(env(*number))
        });
    let committed = store.commit(batch, NOW).await?;
    committed
        .seq
        .ok_or_else(|| Fault::Storage("a change has no position".to_owned()))
}

/// They grow, and asking from one position gives what came after it.
pub async fn positions_are_ordered_like_commits(store: &dyn Store) -> Outcome {
    assert_eq!(store.changes(Seq(0), None).await?.latest, Seq(0));
    let first = change(store, &[1]).await?;
    let silent = store.commit(Batch::new().put(user("b")), NOW).await?;
    assert_eq!(silent.seq, None);
    let second = change(store, &[2]).await?;
    let third = change(store, &[3]).await?;
    assert!(Seq(0) < first && first < second && second < third);

    let all = store.changes(Seq(0), None).await?;
    let expected = [(env(1), first), (env(2), second), (env(3), third)];
    assert_eq!(all.environments, expected);
    assert_eq!(all.latest, third);

    let later = store.changes(first, None).await?;
    assert_eq!(later.environments, [(env(2), second), (env(3), third)]);
    let none = store.changes(third, None).await?;
    assert!(none.environments.is_empty());
    assert_eq!(none.latest, third);
    Ok(())
}

/// And can be asked for alone.
pub async fn an_environment_appears_once_with_its_newest_position(store: &dyn Store) -> Outcome {
    let first = change(store, &[1, 2]).await?;
    let second = change(store, &[1, 3]).await?;
    let all = store.changes(Seq(0), None).await?;
    let expected = [(env(2), first), (env(1), second), (env(3), second)];
    assert_eq!(all.environments, expected);

    let own = store.changes(Seq(0), Some(env(1))).await?;
    assert_eq!(own.environments, [(env(1), second)]);
    assert_eq!(own.latest, second);
    let nothing_new = store.changes(second, Some(env(1))).await?;
    assert!(nothing_new.environments.is_empty());
    assert_eq!(nothing_new.latest, second);
    let never = store.changes(Seq(0), Some(env(9))).await?;
    assert!(never.environments.is_empty());
    let platform = store.changes(Seq(0), Some(EnvId::PLATFORM)).await?;
    assert!(platform.environments.is_empty());
    Ok(())
}

/// A batch that was not written has changed nothing.
pub async fn a_conflict_announces_nothing(store: &dyn Store) -> Outcome {
    let before = change(store, &[1]).await?;
    let batch = Batch::new()
        .require(Present(key("missing")))
        .put(user("b"))
        .changed(env(1));
    conflict(store, batch, NOW).await?;
    assert!(store.changes(before, None).await?.environments.is_empty());
    Ok(())
}

/// No two commits share one, and a reader that follows misses none.
pub async fn concurrent_changes_have_positions_of_their_own(store: &dyn Store) -> Outcome {
    let one = |number: u128| async move {
        let batch = Batch::new().changed(env(number));
        Ok::<_, Fault>(store.commit(batch, NOW).await?.seq)
    };
    let mut seen = try_join_all((1..=32).map(one)).await?;
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 32);
    let all = store.changes(Seq(0), None).await?;
    assert_eq!(all.environments.len(), 32);
    assert_eq!(Some(&Some(all.latest)), seen.last());
    Ok(())
}

/// Other nodes must learn of it, so the row outlives the documents.
pub async fn the_deletion_of_an_environment_is_announced(store: &dyn Store) -> Outcome {
    let before = change(store, &[1]).await?;
    let batch = Batch::new().delete_environment(env(1)).changed(env(1));
    let seq = store.commit(batch, NOW).await?.seq;
    let changes = store.changes(before, Some(env(1))).await?;
    assert_eq!(changes.environments.first().map(|(_, seq)| *seq), seq);
    Ok(())
}
