//! What a plan will ask, asked in advance and locked, in one round trip.

mod touched;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;

use countersign_domain::store::{Batch, Entries, Fault, Key, Unique};
use countersign_domain::time::Time;
use deadpool_postgres::Object;
use tokio_postgres::Row;

use super::rows;
use super::session::{Sent, Transaction, Trouble, pipeline, prepare};
use crate::plan::{self, Facts};
use crate::range::Interval;
use touched::{Lock, Touched};

/// The rows that a batch touches. Their locks are held until the end of the transaction.
#[derive(Default)]
pub(super) struct Locked {
    rows: BTreeMap<Key, plan::Row>,
    holders: BTreeMap<Unique, (String, plan::Row)>,
    filed: Vec<(Entries, Vec<String>)>,
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

    fn filed(
        &mut self,
        entries: &Entries,
        _enough: usize,
        _now: Time,
    ) -> Result<Vec<String>, Infallible> {
        let mut found = self.filed.iter().filter(|(of, _)| of == entries);
        Ok(found.next().map(|(_, ids)| ids.clone()).unwrap_or_default())
    }
}

/// What a statement of the round trip answers with.
enum Asked {
    Nothing,
    Rows,
    Holders,
    Filed,
}

impl Locked {
    /// Begins the transaction and locks. Rows are locked in the order of their keys, so that two
    /// batches wait for each other and do not deadlock.
    pub(super) async fn take(
        connection: &Object,
        batch: &Batch,
        now: Time,
    ) -> Result<Self, Trouble> {
        let touched = Touched::by(batch);
        let mut asked = vec![Asked::Nothing];
        let mut statements = vec![Transaction::begin(connection)];
        // A statement sees what was committed before it began. Whoever says what is filed somewhere
        // may have waited for somebody who wrote more of what the batch names; the same again sees
        // that too.
        let times = if touched.filed.is_empty() { 1 } else { 2 };
        for _ in 0..times {
            for (lock, keys) in &touched.runs {
                statements.push(lock_rows(connection, *lock, keys).await?);
                asked.push(Asked::Rows);
            }
        }
        if !touched.uniques.is_empty() {
            statements.push(lock_holders(connection, &touched).await?);
            asked.push(Asked::Holders);
        }
        if !touched.filed.is_empty() {
            statements.push(find_filed(connection, &touched, now).await?);
            asked.push(Asked::Filed);
        }
        let answers = pipeline(statements).await?;
        let filed = touched.filed.into_iter().cloned();
        let mut locked = Self {
            filed: filed.map(|entries| (entries, Vec::new())).collect(),
            ..Self::default()
        };
        for (asked, answer) in asked.into_iter().zip(&answers) {
            for row in answer {
                locked.read(&asked, row)?;
            }
        }
        Ok(locked)
    }

    fn read(&mut self, asked: &Asked, row: &Row) -> Result<(), Fault> {
        match asked {
            Asked::Nothing => {}
            Asked::Rows => {
                let key = rows::key(row, 0)?;
                let found = rows::plan_row(row, 3, &key)?;
                self.rows.insert(key, found);
            }
            Asked::Holders => {
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
                    self.holders.insert(unique, (key.id, found));
                }
            }
            Asked::Filed => {
                let number: i64 = rows::column(row, 0)?;
                let id = rows::text(row, 1)?;
                let of = usize::try_from(number).ok();
                if let Some((_, ids)) = of.and_then(|number| self.filed.get_mut(number)) {
                    ids.push(id);
                }
            }
        }
        Ok(())
    }
}

async fn lock_rows<'c>(
    connection: &'c Object,
    lock: Lock,
    keys: &[&Key],
) -> Result<Sent<'c>, Trouble> {
    let text = match lock {
        Lock::Alone => {
            "SELECT d.env, d.kind, d.id, d.version, d.expires_at, d.filed
             FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[]) AS k (env, kind, id)
             JOIN docs d ON d.env = k.env AND d.kind = k.kind AND d.id = k.id
             ORDER BY d.env, d.kind, d.id FOR UPDATE OF d"
        }
        Lock::Shared => {
            "SELECT d.env, d.kind, d.id, d.version, d.expires_at, d.filed
             FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[]) AS k (env, kind, id)
             JOIN docs d ON d.env = k.env AND d.kind = k.kind AND d.id = k.id
             ORDER BY d.env, d.kind, d.id FOR SHARE OF d"
        }
    };
    let statement = prepare(connection, text).await?;
    let envs: Vec<_> = keys.iter().map(|key| rows::env(key.env)).collect();
    let kinds: Vec<_> = keys.iter().map(|key| rows::kind(key.kind)).collect();
    let ids: Vec<_> = keys.iter().map(|key| key.id.clone().into_bytes()).collect();
    Ok(Box::pin(async move {
        connection.query(&statement, &[&envs, &kinds, &ids]).await
    }))
}

async fn lock_holders<'c>(
    connection: &'c Object,
    touched: &Touched<'_>,
) -> Result<Sent<'c>, Trouble> {
    let statement = prepare(
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
    let (mut envs, mut kinds) = (Vec::new(), Vec::new());
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for unique in &touched.uniques {
        envs.push(rows::env(unique.env));
        kinds.push(rows::kind(unique.kind));
        names.push(unique.name.clone());
        values.push(unique.value.clone().into_bytes());
    }
    Ok(Box::pin(async move {
        connection
            .query(&statement, &[&envs, &kinds, &names, &values])
            .await
    }))
}

/// What is filed where the batch says something about it, asked behind the locks: whoever filed
/// something under a document that is locked now has committed.
async fn find_filed<'c>(
    connection: &'c Object,
    touched: &Touched<'_>,
    now: Time,
) -> Result<Sent<'c>, Trouble> {
    /// Behind every text in UTF-8.
    const OPEN: [u8; 1] = [0xff];
    let statement = prepare(
        connection,
        "SELECT k.number, f.id
         FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::TEXT[], $5::BYTEA[], $6::BYTEA[])
              AS k (number, env, kind, name, low, high)
         CROSS JOIN LATERAL (
             SELECT DISTINCT e.id
             FROM entries e JOIN docs d ON d.env = e.env AND d.kind = e.kind AND d.id = e.id
             WHERE e.env = k.env AND e.kind = k.kind AND e.name = k.name
               AND e.value >= k.low AND e.value < k.high
               AND (d.expires_at IS NULL OR d.expires_at > $7) LIMIT $8) AS f",
    )
    .await?;
    let (mut numbers, mut envs, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut names, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
    for (number, entries) in (0_i64..).zip(&touched.filed) {
        let Interval { start, end } = Interval::of(&entries.query(1));
        numbers.push(number);
        envs.push(rows::env(entries.env));
        kinds.push(rows::kind(entries.kind));
        names.push(entries.index);
        lows.push(start.0.into_bytes());
        highs.push(end.map_or(OPEN.to_vec(), |(value, _)| value.into_bytes()));
    }
    let enough = i64::try_from(touched.enough()).unwrap_or(i64::MAX);
    let now = now.millis();
    Ok(Box::pin(async move {
        let parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[
            &numbers, &envs, &kinds, &names, &lows, &highs, &now, &enough,
        ];
        connection.query(&statement, parameters).await
    }))
}
