//! Group commit: queued requests, each in a savepoint of one transaction.
//!
//! Invariants: a request that fails affects no other; when SQLite rolls back the whole transaction by itself, the request
//! that met the error gets it, and the others can run again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::{Error, ErrorKind, WorkError};
use super::transaction::Transaction;
use crate::supervisor::panic_message;

/// Why nothing of a request's work may remain.
pub enum Rejected {
    /// The work has an error of its own.
    Work,
    /// A statement of the work failed to sync, as one can that writes more pages than the cache holds.
    SyncFailed(Error),
}

/// A queued request.
pub trait Job: Send {
    /// Runs the request's work and keeps its result.
    fn run(&mut self, tx: &Transaction) -> Result<(), Rejected>;

    /// Sends the kept result or, if the batch failed, `failure`.
    fn respond(self: Box<Self>, failure: Option<Error>);
}

pub struct Request<T, E, F> {
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Request<T, E, F> {
    /// `reply` receives the result of `work`.
    pub fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Request {
            work,
            result: None,
            reply,
        }
    }
}

impl<T, E, F> Job for Request<T, E, F>
where
    T: Send,
    E: WorkError + Send,
    F: Fn(&Transaction) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &Transaction) -> Result<(), Rejected> {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx))).unwrap_or_else(|panic| {
            let text = format!("a write panicked: {}", panic_message(&*panic));
            Err(Error::fault(text).into())
        });
        let outcome = match &result {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.database() {
                Some(error) if error.kind == ErrorKind::SyncFailed => Rejected::SyncFailed(error.clone()),
                _ => Rejected::Work,
            }),
        };
        self.result = Some(result);
        outcome
    }

    fn respond(self: Box<Self>, failure: Option<Error>) {
        let result = match failure {
            Some(error) => Err(error.into()),
            None => self
                .result
                .unwrap_or_else(|| Err(Error::fault("a write was answered before it ran").into())),
        };
        // The client may have gone away; the write stands all the same.
        drop(self.reply.send(result));
    }
}

pub fn respond_all(batch: &mut Vec<Box<dyn Job>>, failure: Option<&Error>) {
    for job in batch.drain(..) {
        job.respond(failure.cloned());
    }
}

/// The outcome of a batch.
pub enum Attempt {
    /// Committed, with the topics that the work announced.
    Committed(Vec<i64>),
    /// Everything was rolled back at the job with this index: for this error, or for its own if there is none here.
    RolledBackAt(usize, Option<Error>),
    /// The transaction could not be begun or committed.
    Failed(Error),
}

/// Runs and commits the whole batch. Responds to nobody.
pub fn attempt(conn: &Connection, batch: &mut [Box<dyn Job>]) -> Attempt {
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE") {
        return Attempt::Failed(error);
    }
    let mut topics = Vec::new();
    for (index, job) in batch.iter_mut().enumerate() {
        match run_in_savepoint(conn, &mut **job) {
            Ok(mut announced) => topics.append(&mut announced),
            Err(error) => {
                let rolled_back_all = conn.is_autocommit() || execute(conn, "ROLLBACK").is_ok();
                return match error {
                    Some(error) if error.kind == ErrorKind::SyncFailed => Attempt::Failed(error),
                    error if rolled_back_all => Attempt::RolledBackAt(index, error),
                    error => Attempt::Failed(error.unwrap_or_else(rolled_back)),
                };
            }
        }
    }
    match execute(conn, "COMMIT") {
        Ok(()) => Attempt::Committed(topics),
        Err(error) => Attempt::Failed(error),
    }
}

/// Runs one job so that all of it remains or nothing, and returns the topics that it announced. `Err` if the transaction
/// around it is gone or unsound; without an error if the job has its own.
fn run_in_savepoint(conn: &Connection, job: &mut dyn Job) -> Result<Vec<i64>, Option<Error>> {
    execute(conn, "SAVEPOINT request")?;
    let tx = Transaction::new(conn);
    let ran = job.run(&tx);
    if let Err(Rejected::SyncFailed(error)) = ran {
        return Err(Some(error));
    }
    if conn.is_autocommit() {
        return Err(ran.is_ok().then(rolled_back));
    }
    if ran.is_err() {
        execute(conn, "ROLLBACK TO request")?;
    }
    execute(conn, "RELEASE request")?;
    Ok(if ran.is_ok() { tx.into_topics() } else { Vec::new() })
}

/// SQLite ended the transaction by itself, as it does on a full disk, an I/O error or lack of memory.
fn rolled_back() -> Error {
    Error::fault("SQLite rolled the transaction back")
}

fn execute(conn: &Connection, sql: &str) -> Result<(), Error> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}
