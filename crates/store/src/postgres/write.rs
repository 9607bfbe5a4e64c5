//! The net effect of a batch as a fixed number of statements, whatever its size.

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Event, Key, Seq};
use countersign_domain::time::Time;
use deadpool_postgres::Object;
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

use super::rows;
use super::session::{Sent, Transaction, Trouble, pipeline, prepare};
use crate::plan::{Entry, NewDoc, Plan};

type Column = Box<dyn ToSql + Sync + Send>;

/// A statement and its columns of values.
type Step = (&'static str, Vec<Column>);

/// Writes the plan and commits, in one round trip. The transaction has begun already.
pub(super) async fn finish(connection: &Object, plan: Plan) -> Result<Option<Seq>, Trouble> {
    let announces = !plan.changes.is_empty();
    let steps = steps(plan);
    let mut statements = Vec::with_capacity(steps.len() + 1);
    for (text, columns) in &steps {
        statements.push(send(connection, text, columns).await?);
    }
    statements.push(Transaction::commit(connection));
    let mut answers = pipeline(statements).await?;
    if !announces {
        return Ok(None);
    }
    // The position is what the step before the last one and COMMIT answered.
    let answer = answers
        .len()
        .checked_sub(3)
        .map(|at| answers.swap_remove(at));
    let row = answer.and_then(|rows| rows.into_iter().next());
    Ok(match row {
        Some(row) => Some(Seq(rows::unsigned(rows::column(&row, 0)?))),
        None => None,
    })
}

async fn send<'c>(
    connection: &'c Object,
    text: &str,
    columns: &'c [Column],
) -> Result<Sent<'c>, Error> {
    let statement = prepare(connection, text).await?;
    Ok(Box::pin(async move {
        let parameters: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|column| column.as_ref() as _).collect();
        connection.query(&statement, &parameters).await
    }))
}

fn steps(plan: Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    if !plan.wipes.is_empty() {
        for text in [
            "DELETE FROM docs WHERE env = ANY ($1::BYTEA[])",
            "DELETE FROM entries WHERE env = ANY ($1::BYTEA[])",
            "DELETE FROM uniques WHERE env = ANY ($1::BYTEA[])",
        ] {
            steps.push((text, vec![envs(plan.wipes.iter().copied())]));
        }
    }
    delete_docs(&mut steps, &plan.deletes);
    change(
        &mut steps,
        "DELETE FROM entries e
         USING unnest($1::BYTEA[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[], $5::BYTEA[])
               AS k (env, kind, name, value, id)
         WHERE e.env = k.env AND e.kind = k.kind AND e.name = k.name AND e.value = k.value
           AND e.id = k.id",
        plan.entries_removed,
    );
    change(
        &mut steps,
        "DELETE FROM uniques u
         USING unnest($1::BYTEA[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[], $5::BYTEA[])
               AS k (env, kind, name, value, id)
         WHERE u.env = k.env AND u.kind = k.kind AND u.name = k.name AND u.value = k.value
           AND u.id = k.id",
        plan.uniques_removed,
    );
    // A key that must stay free is occupied until the end: a rival that inserts it has to wait for
    // this transaction, and finds out.
    if !plan.held_open.is_empty() {
        let text = "INSERT INTO docs (env, kind, id, version, schema, expires_at, filed, body)
             SELECT k.env, k.kind, k.id, 0, 0, 0, NULL, ''
             FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[]) AS k (env, kind, id)";
        steps.push((text, key_columns(plan.held_open.iter())));
    }
    write(
        &mut steps,
        "INSERT INTO docs (env, kind, id, version, schema, expires_at, filed, body)
         SELECT * FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[], $4::BIGINT[],
                              $5::BIGINT[], $6::BIGINT[], $7::TEXT[], $8::TEXT[])",
        plan.inserts,
    );
    write(
        &mut steps,
        "UPDATE docs d SET version = k.version, schema = k.schema, expires_at = k.expires_at,
                filed = k.filed, body = k.body
         FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[], $4::BIGINT[],
                     $5::BIGINT[], $6::BIGINT[], $7::TEXT[], $8::TEXT[])
              AS k (env, kind, id, version, schema, expires_at, filed, body)
         WHERE d.env = k.env AND d.kind = k.kind AND d.id = k.id",
        plan.updates,
    );
    change(
        &mut steps,
        "INSERT INTO entries (env, kind, name, value, id)
         SELECT * FROM unnest($1::BYTEA[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[], $5::BYTEA[])",
        plan.entries_added,
    );
    change(
        &mut steps,
        "INSERT INTO uniques (env, kind, name, value, id)
         SELECT * FROM unnest($1::BYTEA[], $2::BIGINT[], $3::TEXT[], $4::BYTEA[], $5::BYTEA[])",
        plan.uniques_added,
    );
    delete_docs(&mut steps, &plan.held_open);
    if !plan.events.is_empty() {
        steps.push((INSERT_EVENTS, event_columns(plan.events)));
    }
    if !plan.changes.is_empty() {
        // Last, because the row is one for all: its lock is what orders positions like commits.
        let text = "UPDATE counter SET seq = seq + 1 WHERE one = 1 RETURNING seq";
        steps.push((text, Vec::new()));
        let text = "INSERT INTO changes (env, seq)
             SELECT k.env, c.seq FROM unnest($1::BYTEA[]) AS k (env), counter c WHERE c.one = 1
             ON CONFLICT (env) DO UPDATE SET seq = excluded.seq";
        let mut changed = plan.changes;
        changed.sort_unstable();
        changed.dedup();
        steps.push((text, vec![envs(changed.into_iter())]));
    }
    steps
}

/// One that is there already stays as it is.
pub(super) const INSERT_EVENTS: &str = "INSERT INTO events (env, id, at, body)
     SELECT * FROM unnest($1::BYTEA[], $2::BYTEA[], $3::BIGINT[], $4::TEXT[])
     ON CONFLICT (env, id) DO NOTHING";

fn event_columns(events: Vec<Event>) -> Vec<Column> {
    let at: Vec<i64> = events.iter().map(|event| event.at.millis()).collect();
    let mut columns: Vec<Column> = vec![envs(events.iter().map(|event| event.env))];
    let (mut ids, mut bodies) = (Vec::new(), Vec::new());
    for event in events {
        ids.push(event.id.into_bytes());
        bodies.push(event.body);
    }
    columns.push(Box::new(ids));
    columns.push(Box::new(at));
    columns.push(Box::new(bodies));
    columns
}

fn envs(envs: impl Iterator<Item = EnvId>) -> Column {
    Box::new(envs.map(rows::env).collect::<Vec<_>>())
}

fn key_columns<'k>(keys: impl Iterator<Item = &'k Key>) -> Vec<Column> {
    let keys: Vec<&Key> = keys.collect();
    let kinds: Vec<i64> = keys.iter().map(|key| rows::kind(key.kind)).collect();
    let ids: Vec<Vec<u8>> = keys.iter().map(|key| key.id.clone().into_bytes()).collect();
    vec![
        envs(keys.iter().map(|key| key.env)),
        Box::new(kinds),
        Box::new(ids),
    ]
}

fn delete_docs(steps: &mut Vec<Step>, keys: &[Key]) {
    if !keys.is_empty() {
        let text = "DELETE FROM docs d
             USING unnest($1::BYTEA[], $2::BIGINT[], $3::BYTEA[]) AS k (env, kind, id)
             WHERE d.env = k.env AND d.kind = k.kind AND d.id = k.id";
        steps.push((text, key_columns(keys.iter())));
    }
}

fn change(steps: &mut Vec<Step>, text: &'static str, entries: Vec<Entry>) {
    if entries.is_empty() {
        return;
    }
    let kinds: Vec<i64> = entries.iter().map(|entry| rows::kind(entry.kind)).collect();
    let mut columns: Vec<Column> =
        vec![envs(entries.iter().map(|entry| entry.env)), Box::new(kinds)];
    let (mut names, mut values, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        names.push(entry.name);
        values.push(entry.value.into_bytes());
        ids.push(entry.id.into_bytes());
    }
    columns.push(Box::new(names));
    columns.push(Box::new(values));
    columns.push(Box::new(ids));
    steps.push((text, columns));
}

fn write(steps: &mut Vec<Step>, text: &'static str, docs: Vec<NewDoc>) {
    if docs.is_empty() {
        return;
    }
    let mut columns = key_columns(docs.iter().map(|new| &new.doc.key));
    let (mut versions, mut schemas, mut expiries) = (Vec::new(), Vec::new(), Vec::new());
    let (mut filed, mut bodies) = (Vec::new(), Vec::new());
    for new in docs {
        versions.push(rows::signed(new.doc.version));
        schemas.push(i64::from(new.doc.schema));
        expiries.push(new.doc.expires_at.map(Time::millis));
        filed.push(new.filed);
        bodies.push(new.doc.body);
    }
    columns.push(Box::new(versions));
    columns.push(Box::new(schemas));
    columns.push(Box::new(expiries));
    columns.push(Box::new(filed));
    columns.push(Box::new(bodies));
    steps.push((text, columns));
}
