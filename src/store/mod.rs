//! The SQLite file: opened and checked, read through a pool, written by one thread. `Store` is what a server holds,
//! `Session` is one connection for a command. SQL stands in the files of the resources, as plain functions on a
//! `Connection` (reads) or a `Tx` (writes); nothing here knows HTTP.

pub mod accounts;
pub mod backup;
mod batch;
pub mod check;
mod checkpoints;
mod clearing;
pub mod contacts;
pub mod conversations;
mod damage;
mod file;
pub mod groups;
pub mod idempotency;
pub mod import;
mod list;
mod lock;
mod log;
pub mod members;
pub mod messages;
pub mod objects;
mod paths;
#[cfg(test)]
mod plans;
mod quick_check;
mod readers;
pub mod restore;
mod schema;
pub mod search;
mod session;
pub mod tokens;
mod wal;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};

pub use lock::Lock;
pub use readers::Reading;
pub use session::{Missing, Session};

use crate::error::{Code, Error, Failure};
use checkpoints::Checkpoints;
use damage::Damage;
use file::Served;
use quick_check::QuickCheck;
use readers::Readers;
use writer::{Chore, Writer};

/// What the writer does beside what is asked of it.
static CHORES: [Chore; 2] = [
    Chore {
        name: "the taking in of words to be found by",
        is_due: search::is_due,
        is_urgent: search::is_urgent,
        step: search::step,
    },
    Chore {
        name: "the clearing away of what was deleted",
        is_due: clearing::is_due,
        is_urgent: |_| Ok(false),
        step: clearing::step,
    },
];

/// A connection inside a write transaction: what writes take, so that none can run outside one.
pub struct Tx<'a>(&'a Connection);

impl std::ops::Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

/// An open file that a server serves, alone: a second server on it is refused.
///
/// Dropped in this order, so that the last connection to close is one that may remove the log, and the file itself is
/// closed after all connections.
pub struct Store {
    _check: Option<QuickCheck>,
    readers: Readers,
    writer: Writer,
    _file: Arc<File>,
    _lock: Lock,
    damage: Damage,
}

impl Store {
    /// Opens the file at `path`, or makes it, for `readers` threads that read.
    ///
    /// # Errors
    /// A sentence that says why this file cannot be served; the file is as it was.
    pub fn open(path: &Path, readers: u32) -> Result<Self, Failure> {
        let path = paths::resolve(path)?;
        let damage = Damage::default();
        let Served { check, conn, lock } = file::open_served(&path, &damage)?;
        let file = Arc::new(file::open_for_sync(&path)?);
        // Dropped before the file, also where something fails here.
        let (check, conn) = (check, conn);
        idempotency::resume(&conn).map_err(|error| {
            Failure::new(format!(
                "cannot take up the kept answers in {}: {error}",
                path.display()
            ))
        })?;
        let checkpoints = Checkpoints::start(&path, Arc::clone(&file))?;
        Ok(Store {
            readers: Readers::open(&path, readers, damage.clone())?,
            writer: Writer::start(conn, checkpoints, &CHORES)?,
            _check: check,
            _file: file,
            _lock: lock,
            damage,
        })
    }

    /// Begins to read one snapshot of the file. There are few at a time, so none is kept where something is waited for.
    ///
    /// # Errors
    /// `unavailable` where there are too many.
    pub fn begin_read(&self) -> Result<Reading, Error> {
        self.readers.begin()
    }

    /// Runs `work` on one snapshot of the file, on a connection that cannot write and on this thread: it must be short.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.begin_read()?.run(work)
    }

    /// Runs `work` on the snapshot of `reading`; one that may be `long`, such as a search, on another one and on a thread
    /// of its own, so that it stops nobody, of which there are few.
    ///
    /// # Errors
    /// `work`'s own; `unavailable` where it takes too long or too many wait.
    pub async fn read_aside_if<T, F>(&self, long: bool, reading: Reading, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        if !long {
            return reading.run(work);
        }
        drop(reading);
        self.readers.read_aside(work).await
    }

    /// Runs `work` in a transaction on the writer's thread and answers when that is committed and on the disk; where it
    /// answers with an error, nothing of `work` stays. `work` runs again where SQLite has rolled back a whole batch for
    /// another's fault. It runs to its end also when the caller stops waiting.
    ///
    /// # Errors
    /// `work`'s own; `unavailable` when the queue is full or the server stops; `storage_full`.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Error> + Send + 'static,
    {
        self.damage.note(self.writer.write(work).await)
    }

    /// Waits until nothing can be written any more, or the file is seen to be damaged, and tells why. Never answers where
    /// all ends as it should.
    pub async fn failed(&self) -> String {
        tokio::select! {
            why = self.writer.failed() => why,
            why = self.damage.met() => why,
        }
    }

    /// What `failed` waits for, where it has come.
    pub fn failure(&self) -> Option<String> {
        self.writer.failure().or_else(|| self.damage.told())
    }

    /// Finishes what is queued and moves the log into the file. Later writes are `unavailable`; reads go on.
    ///
    /// # Errors
    /// As `failed` tells it, where the writer could not go on to its end.
    pub fn close(&self) -> Result<(), Failure> {
        self.writer.close()
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                let message = "There is no space left on the server's disk; nothing was changed.";
                Error {
                    detail: Some(error.to_string()),
                    ..Error::new(Code::StorageFull, message)
                }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::unavailable(
                "The database is in use by another process; try again soon.",
                error.to_string(),
            ),
            Some(ErrorCode::OperationInterrupted) => Error::unavailable(
                "The read took too long and was given up; try again soon.",
                error.to_string(),
            ),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error {
                code: Code::Damaged,
                ..Error::internal(error.to_string())
            },
            _ if checkpoints::is_lost_sync(&error) => Error {
                code: Code::LostSync,
                ..Error::internal(error.to_string())
            },
            _ => Error::internal(error.to_string()),
        }
    }
}
