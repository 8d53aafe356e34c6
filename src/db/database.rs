//! An open database as a server holds it: readers, the writer, and what ends both.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::checkpoints::Checkpoints;
use super::corruption::Corruption;
use super::error::{Error, WorkError};
use super::lock::Lock;
use super::open::{self, Served};
use super::paths;
use super::quick_check::QuickCheck;
use super::readers::{Readers, Reading};
use super::schema::Schema;
use super::transaction::Transaction;
use super::writer::{AfterCommit, MaintenanceTask, Writer};

/// A file that one server serves: a second server on it is refused.
///
/// The fields are dropped in this order, so that the last connection to close is one that may remove the WAL, and the
/// file itself is closed after all connections.
pub struct Database {
    _check: Option<QuickCheck>,
    readers: Readers,
    writer: Writer,
    _file: Arc<File>,
    _lock: Lock,
    corruption: Corruption,
}

/// What a database is opened with.
pub struct Options {
    pub schema: &'static Schema,
    /// Threads that read at the same time.
    pub readers: u32,
    pub tasks: &'static [MaintenanceTask],
    pub after_commit: AfterCommit,
}

impl Database {
    /// Opens the file at `path`, or creates it. `prepare` runs once, before anything is read or written.
    ///
    /// # Errors
    /// A sentence that says why this file cannot be served; the file is unchanged.
    pub fn open(
        path: &Path,
        options: Options,
        prepare: impl FnOnce(&Connection) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let path = paths::resolve(path)?;
        let schema = options.schema;
        let corruption = Corruption::new(schema.program);
        let Served { check, conn, lock } = open::open_served(&path, schema, &corruption)?;
        let file = Arc::new(open::open_for_sync(&path)?);
        // Dropped before the file, also if something fails below.
        let (check, conn) = (check, conn);
        prepare(&conn).map_err(|error| open::cannot_open(&path, error))?;
        let checkpoints = Checkpoints::start(&path, schema, Arc::clone(&file))?;
        Ok(Database {
            readers: Readers::open(&path, options.readers, corruption.clone())?,
            writer: Writer::start(conn, checkpoints, options.tasks, options.after_commit)?,
            _check: check,
            _file: file,
            _lock: lock,
            corruption,
        })
    }

    /// Begins to read one snapshot of the file. Connections are few, so none is held while something is waited for.
    ///
    /// # Errors
    /// `TooManyReads`.
    pub fn begin_read(&self) -> Result<Reading, Error> {
        self.readers.begin()
    }

    /// Runs `work` on one snapshot of the file, on a connection that cannot write and on this thread: it must be short.
    pub fn read<T, E: WorkError>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        self.begin_read()?.run(work)
    }

    /// Runs `work` on the snapshot of `reading`. Work that may be `long`, such as a search, runs on a new snapshot and on a
    /// thread of its own, of which there are few, so that it holds nobody up.
    ///
    /// # Errors
    /// `work`'s own; `Interrupted` if it takes too long, `TooManyLongReads` if too many wait.
    pub async fn read_long_if<T, E, F>(&self, long: bool, reading: Reading, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        if !long {
            return reading.run(work);
        }
        drop(reading);
        self.readers.read_long(work).await
    }

    /// Runs `work` in a transaction on the writer's thread, and returns once it is committed and synced. On an error,
    /// nothing of `work` remains. `work` runs again if SQLite rolled back a whole batch because of another request, so it
    /// must have no effect outside its transaction. It runs to its end even if the caller stops waiting.
    ///
    /// # Errors
    /// `work`'s own; `TooManyWrites`, `Closed`, `Full`.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WorkError + Send + 'static,
        F: Fn(&Transaction) -> Result<T, E> + Send + 'static,
    {
        self.corruption.observe(self.writer.write(work).await)
    }

    /// Completes when nothing can be written any more, or corruption is met, with the reason. Pending forever if
    /// everything ends as it should.
    pub async fn failed(&self) -> Error {
        tokio::select! {
            error = self.writer.failed() => error,
            error = self.corruption.met() => error,
        }
    }

    /// What `failed` waits for, if it has happened.
    pub fn failure(&self) -> Option<Error> {
        self.writer.failure().or_else(|| self.corruption.reported())
    }

    /// Commits what is queued and checkpoints. Later writes are `Closed`; reads go on.
    ///
    /// # Errors
    /// As `failed`, if the writer could not complete.
    pub fn close(&self) -> Result<(), Error> {
        self.writer.close()
    }
}
