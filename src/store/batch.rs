//! What is committed together: requests, each in a savepoint of one transaction.
//!
//! Invariants: a request that fails takes nobody with it; where SQLite rolls the whole transaction back by itself, the
//! request that met it is told, and the others can run again.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, ffi};
use tokio::sync::oneshot;

use super::{Tx, checkpoints};
use crate::error::{Code, Error};

/// A queued request.
pub trait Job: Send {
    /// Runs the request's work and keeps its result. `Err` when nothing of it may stay, and why.
    fn run(&mut self, tx: &Tx) -> Result<(), Code>;

    /// Sends the kept result or, if the batch failed, `failure`.
    fn answer(self: Box<Self>, failure: Option<Error>);
}

pub struct Request<T, F> {
    work: F,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Request<T, F> {
    /// `reply` gets the result of `work`.
    pub fn new(work: F, reply: oneshot::Sender<Result<T, Error>>) -> Self {
        Request {
            work,
            result: None,
            reply,
        }
    }
}

impl<T, F> Job for Request<T, F>
where
    T: Send,
    F: Fn(&Tx) -> Result<T, Error> + Send,
{
    fn run(&mut self, tx: &Tx) -> Result<(), Code> {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)))
            .unwrap_or_else(|panic| Err(Error::internal(format!("a write panicked: {}", panic_text(&*panic)))));
        let outcome = result.as_ref().map(|_| ()).map_err(|error| error.code);
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, failure: Option<Error>) {
        let result = match failure {
            Some(error) => Err(error),
            None => self
                .result
                .unwrap_or_else(|| Err(Error::internal("a write was answered before it ran"))),
        };
        // Nobody may be waiting any more: the client went away. The write stands all the same.
        drop(self.reply.send(result));
    }
}

pub fn answer_all(batch: &mut Vec<Box<dyn Job>>, failure: Option<Error>) {
    for job in batch.drain(..) {
        job.answer(failure.clone());
    }
}

/// What became of a batch.
pub enum Attempt {
    Committed,
    /// Everything was rolled back at the job with this index: for this error, or for its own where there is none here.
    Met(usize, Option<Error>),
    /// The transaction could not be begun or committed.
    Failed(rusqlite::Error),
}

/// Runs the whole batch and commits it; answers nobody.
pub fn attempt(conn: &Connection, batch: &mut [Box<dyn Job>]) -> Attempt {
    if let Err(error) = execute(conn, "BEGIN IMMEDIATE") {
        return Attempt::Failed(error);
    }
    for (index, job) in batch.iter_mut().enumerate() {
        if let Err(error) = run_in_savepoint(conn, &mut **job) {
            let rolled_back_all = conn.is_autocommit() || execute(conn, "ROLLBACK").is_ok();
            return match error {
                Some(error) if checkpoints::is_lost_sync(&error) => Attempt::Failed(error),
                error if rolled_back_all => Attempt::Met(index, error.map(Error::from)),
                error => Attempt::Failed(error.unwrap_or_else(rolled_back)),
            };
        }
    }
    match execute(conn, "COMMIT") {
        Ok(()) => Attempt::Committed,
        Err(error) => Attempt::Failed(error),
    }
}

/// Runs one job so that it stays whole or leaves nothing. `Err` when the transaction around it is gone or unsound,
/// without an error where the job has its own to tell.
fn run_in_savepoint(conn: &Connection, job: &mut dyn Job) -> Result<(), Option<rusqlite::Error>> {
    execute(conn, "SAVEPOINT request")?;
    let ran = job.run(&Tx(conn));
    if ran == Err(Code::LostSync) {
        return Err(Some(lost_sync()));
    }
    if conn.is_autocommit() {
        return Err(ran.is_ok().then(rolled_back));
    }
    if ran.is_err() {
        execute(conn, "ROLLBACK TO request")?;
    }
    execute(conn, "RELEASE request")?;
    Ok(())
}

/// SQLite ended the transaction by itself, as it does on a full disk, an I/O error or want of memory.
fn rolled_back() -> rusqlite::Error {
    let why = "SQLite rolled the transaction back".to_owned();
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ABORT_ROLLBACK), Some(why))
}

/// A statement in the middle of the transaction synced the log, as one does that writes more than the cache holds.
fn lost_sync() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None)
}

fn execute(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// What a panic has to say.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
