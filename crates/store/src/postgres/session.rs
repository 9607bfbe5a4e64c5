//! Connections, transactions that never leak, and what errors mean.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::time::Duration;

use countersign_domain::store::{Conflict, Fault};
use deadpool_postgres::{Object, Pool, PoolError};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Row, Statement};

/// Most tries of a transaction that the database or a rival rolled back.
const TRIES: u32 = 12;

/// Why a transaction came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Rolled back in favour of another one: the same again may succeed.
    Again,
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let again = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            // A rival inserted the same key or unique value after we looked. Looking again finds
            // it and says which conflict it is.
            SqlState::UNIQUE_VIOLATION,
        ];
        if error.code().is_some_and(|code| again.contains(code)) {
            Self::Again
        } else {
            Self::Fault(fault(&error))
        }
    }
}

/// Message and code, but not the detail, which may quote values.
pub(super) fn fault(error: &Error) -> Fault {
    Fault::Storage(match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    })
}

pub(super) async fn connection(pool: &Pool) -> Result<Object, Fault> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
            Fault::Overloaded("every database connection is busy")
        }
        PoolError::Backend(error) => fault(&error),
        other => Fault::Storage(other.to_string()),
    })
}

/// A prepared statement; prepared once per connection.
pub(super) async fn prepare(connection: &Object, text: &str) -> Result<Statement, Error> {
    connection.prepare_cached(text).await
}

/// Tries until it succeeds, fails for good, or has been in the way of others too often.
pub(super) async fn retry<T, F>(attempt: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Trouble>>,
{
    for round in 1..=TRIES {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Trouble::Fault(fault)) => return Err(fault),
            Err(Trouble::Again) => back_off(round).await,
        }
    }
    Err(Conflict::Serialization.into())
}

/// Waits a random while, longer each time, so that two rivals do not meet again at once.
#[expect(
    clippy::disallowed_methods,
    reason = "the one wait by the clock: the database asks rivals to keep apart, and nothing tells \
              when the other is done"
)]
async fn back_off(round: u32) {
    let most = 1_u64 << round.min(7);
    // Spread, not secrecy: the randomly keyed hasher of the standard library will do.
    let dice = RandomState::new().build_hasher().finish();
    tokio::time::sleep(Duration::from_millis(dice % most)).await;
}

/// A connection in a transaction. Unless it is seen to end, the connection is closed and not given
/// back: a caller that stops waiting must not leave half a transaction to the next.
pub(super) struct Transaction {
    connection: Option<Object>,
}

impl Transaction {
    /// Takes a connection; the transaction begins with [`Transaction::begin`].
    pub(super) async fn on(pool: &Pool) -> Result<Self, Fault> {
        Ok(Self {
            connection: Some(connection(pool).await?),
        })
    }

    pub(super) fn connection(&self) -> Result<&Object, Fault> {
        let gone = || Fault::Storage("the transaction has ended".to_owned());
        self.connection.as_ref().ok_or_else(gone)
    }

    /// Sends the start. The connection works off what it is sent in order, so the caller may send
    /// more without waiting for the answer.
    pub(super) fn begin(connection: &Object) -> Sent<'_> {
        command(connection, "BEGIN ISOLATION LEVEL READ COMMITTED")
    }

    /// Sends the end; to be followed by [`Transaction::ended`] once it has succeeded.
    pub(super) fn commit(connection: &Object) -> Sent<'_> {
        command(connection, "COMMIT")
    }

    /// The transaction has ended on the server: the connection may be used again.
    pub(super) fn ended(mut self) {
        drop(self.connection.take());
    }

    /// Gives up, and the connection back.
    pub(super) async fn roll_back(self) {
        let done = match &self.connection {
            Some(connection) => connection.batch_execute("ROLLBACK").await.is_ok(),
            None => false,
        };
        if done {
            self.ended();
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

/// A statement on its way; sent when first polled.
pub(super) type Sent<'c> = Pin<Box<dyn Future<Output = Answer> + Send + 'c>>;
type Answer = Result<Vec<Row>, Error>;

fn command<'c>(client: &'c Client, text: &'static str) -> Sent<'c> {
    Box::pin(async move {
        client.batch_execute(text).await?;
        Ok(Vec::new())
    })
}

/// Sends statements without waiting in between, then takes the answers: one round trip. The first
/// error is the one that counts; what follows it was refused for that reason.
pub(super) async fn pipeline(statements: Vec<Sent<'_>>) -> Result<Vec<Vec<Row>>, Error> {
    let mut waiting: Vec<(Sent<'_>, Option<Answer>)> = statements
        .into_iter()
        .map(|statement| (statement, None))
        .collect();
    // Polling in order is what sends in order; no combinator promises that for any number.
    std::future::poll_fn(|cx| {
        let mut all = std::task::Poll::Ready(());
        for (statement, answer) in &mut waiting {
            if answer.is_none() {
                match statement.as_mut().poll(cx) {
                    std::task::Poll::Ready(result) => *answer = Some(result),
                    std::task::Poll::Pending => all = std::task::Poll::Pending,
                }
            }
        }
        all
    })
    .await;
    let answers = waiting.into_iter().filter_map(|(_, answer)| answer);
    answers.collect()
}
