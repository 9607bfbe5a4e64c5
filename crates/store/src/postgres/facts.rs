//! What a plan will ask, asked in advance and locked, in one round trip.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use countersign_domain::store::{Batch, Fault, Key, Precondition, Unique, Write};
use deadpool_postgres::Object;

use super::rows;
use super::session::{Transaction, Trouble, pipeline, prepare};
use crate::plan::{self, Facts};

/// The rows that a batch touches. Their locks are held until the end of the transaction.
#[derive(Default)]
pub(super) struct Locked {
    rows: BTreeMap<Key, plan::Row>,
    holders: BTreeMap<Unique, (String, plan::Row)>,
}

impl Facts for Locked {
    type Error = Infallible;
    /// There is no lock on what is not there.
    const KEYS_CAN_BE_TAKEN: bool = true;

    fn row(&mut self, key: &Key) -> Result<Option<plan::Row>, Infallible> {
        Ok(self.rows.get(key).cloned())
    }

    fn holder(&mut self, unique: &Unique) -> Result<Option<(String, plan::Row)>, Infallible> {
        Ok(self.holders.get(unique).cloned())
    }
}

impl Locked {
    /// Begins the transaction and locks. Rows are locked in the order of their keys, so that two
    /// batches wait for each other and do not deadlock.
    pub(super) async fn take(connection: &Object, batch: &Batch) -> Result<Self, Trouble> {
        let (keys, uniques) = touched(batch);
        let lock_rows = prepare(
            connection,
            "SELECT d.env, d.kind, d.id, d.version, d.expires_at, d.filed
             FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[]) AS k (env, kind, id)
             JOIN docs d ON d.env = k.env AND d.kind = k.kind AND d.id = k.id
             ORDER BY d.env, d.kind, d.id FOR UPDATE OF d",
        )
        .await?;
        let lock_holders = prepare(
            connection,
            "SELECT d.env, d.kind, d.id, d.version, d.expires_at, d.filed, u.name, u.value
             FROM unnest($1::BYTEA[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[])
                  AS k (env, kind, name, value)
             JOIN uniques u ON u.env = k.env AND u.kind = k.kind AND u.name = k.name
                           AND u.value = k.value
             JOIN docs d ON d.env = u.env AND d.kind = u.kind AND d.id = u.id
             ORDER BY d.env, d.kind, d.id FOR UPDATE OF d",
        )
        .await?;

        let envs: Vec<_> = keys.iter().map(|key| rows::env(key.env)).collect();
        let kinds: Vec<_> = keys.iter().map(|key| rows::kind(key.kind)).collect();
        let ids: Vec<_> = keys.iter().map(|key| key.id.as_bytes()).collect();
        let unique_envs: Vec<_> = uniques.iter().map(|unique| rows::env(unique.env)).collect();
        let unique_kinds: Vec<_> = uniques
            .iter()
            .map(|unique| rows::kind(unique.kind))
            .collect();
        let names: Vec<_> = uniques.iter().map(|unique| unique.name.as_ref()).collect();
        let values: Vec<_> = uniques
            .iter()
            .map(|unique| unique.value.as_bytes())
            .collect();

        let mut statements = vec![Transaction::begin(connection)];
        statements.push(Box::pin(async {
            connection.query(&lock_rows, &[&envs, &kinds, &ids]).await
        }));
        if !uniques.is_empty() {
            statements.push(Box::pin(async {
                connection
                    .query(
                        &lock_holders,
                        &[&unique_envs, &unique_kinds, &names, &values],
                    )
                    .await
            }));
        }
        let answers = pipeline(statements).await?;
        Ok(Self::read(&answers)?)
    }

    fn read(answers: &[Vec<tokio_postgres::Row>]) -> Result<Self, Fault> {
        let mut locked = Self::default();
        for row in answers.get(1).into_iter().flatten() {
            let key = rows::key(row, 0)?;
            let found = rows::plan_row(row, 3, &key)?;
            locked.rows.insert(key, found);
        }
        for row in answers.get(2).into_iter().flatten() {
            let key = rows::key(row, 0)?;
            let found = rows::plan_row(row, 3, &key)?;
            let name: String = rows::column(row, 6)?;
            let pair = (Cow::Owned(name), rows::text(row, 7)?);
            // We may have waited for someone who took the value off the document meanwhile.
            if found.filed.uniques.contains(&pair) {
                let unique = Unique {
                    kind: key.kind,
                    env: key.env,
                    name: pair.0,
                    value: pair.1,
                };
                locked.holders.insert(unique, (key.id, found));
            }
        }
        Ok(locked)
    }
}

fn touched(batch: &Batch) -> (BTreeSet<&Key>, BTreeSet<Unique>) {
    let mut keys = BTreeSet::new();
    let mut uniques = BTreeSet::new();
    for precondition in &batch.preconditions {
        match precondition {
            Precondition::Absent(key)
            | Precondition::Version(key, _)
            | Precondition::Present(key) => keys.insert(key),
        };
    }
    for write in &batch.writes {
        match write {
            Write::Put(doc) => {
                keys.insert(&doc.key);
                for (name, value) in &doc.uniques {
                    let (kind, env) = (doc.key.kind, doc.key.env);
                    uniques.insert(Unique::new(kind, env, name, value.clone()));
                }
            }
            Write::Delete(key) => {
                keys.insert(key);
            }
            Write::DeleteEnvironment(_) => {}
        }
    }
    (keys, uniques)
}
