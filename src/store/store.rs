//! The product's database, as a server and as a command hold it.

use std::ops::Deref;
use std::path::Path;

use super::error::Error;
use super::schema::SCHEMA;
use super::tokens::{self, Caller};
use super::tx::Tx;
use super::{idempotency, purge, search};
use crate::db::{self, AfterCommit, Database, MaintenanceTask, Missing, Options, Reading};
use crate::types::time::Timestamp;

/// The background work of the writer.
static TASKS: [MaintenanceTask; 2] = [
    MaintenanceTask {
        name: "full-text indexing",
        is_due: search::is_due,
        is_urgent: search::is_urgent,
        step: search::step,
    },
    MaintenanceTask {
        name: "purging deleted rows",
        is_due: purge::is_due,
        is_urgent: |_| Ok(false),
        step: purge::step,
    },
];

/// An open file that a server serves, alone: a second server on it is refused.
pub struct Store(Database);

impl Store {
    /// Opens the file at `path`, or creates it, for `readers` threads that read.
    ///
    /// # Errors
    /// A sentence that says why this file cannot be served; the file is unchanged.
    pub fn open(path: &Path, readers: u32) -> Result<Self, db::Error> {
        Self::open_with_hook(path, readers, Box::new(|_| {}))
    }

    /// As `open`. `after_commit` is called after each commit with the keys of the accounts whose objects have changed.
    pub fn open_with_hook(path: &Path, readers: u32, after_commit: AfterCommit) -> Result<Self, db::Error> {
        let options = Options {
            schema: &SCHEMA,
            readers,
            tasks: &TASKS,
            after_commit,
        };
        Database::open(path, options, idempotency::resume).map(Store)
    }

    /// As `Database::begin_read`.
    ///
    /// # Errors
    /// `unavailable` if all connections are in use.
    pub fn begin_read(&self) -> Result<Reading, Error> {
        Ok(self.0.begin_read()?)
    }

    /// Writes as `Database::write` does, on behalf of a caller, whose token is checked again in the same transaction: it
    /// may have been revoked while the body arrived or the write waited.
    pub async fn write_as<T, F>(&self, caller: Caller, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Tx) -> Result<T, Error> + Send + 'static,
    {
        self.write(move |transaction| {
            tokens::authenticate_again(transaction, caller)?;
            work(&Tx::new(transaction, caller.account, Timestamp::now()))
        })
        .await
    }
}

impl Deref for Store {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.0
    }
}

/// One connection to the product's file for a command, beside a server that may be running on it.
pub struct Session(db::Session);

impl Session {
    /// # Errors
    /// A sentence that says why this file cannot be used; the file is unchanged.
    pub fn open(path: &Path, missing: Missing) -> Result<Self, db::Error> {
        db::Session::open(path, &SCHEMA, missing).map(Session)
    }
}

impl Deref for Session {
    type Target = db::Session;

    fn deref(&self) -> &db::Session {
        &self.0
    }
}

impl std::ops::DerefMut for Session {
    fn deref_mut(&mut self) -> &mut db::Session {
        &mut self.0
    }
}
