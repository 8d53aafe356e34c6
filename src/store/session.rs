//! One connection to the file for a command, beside a server that may be running on it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Tx, file, paths};
use crate::error::{Error, Failure};

/// What to do where the file does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

pub struct Session(Connection);

impl Session {
    /// # Errors
    /// A sentence that says why this file cannot be used; the file is as it was.
    pub fn open(path: &Path, missing: Missing) -> Result<Self, Failure> {
        let path = paths::resolve(path)?;
        if missing == Missing::Refuse && file::is_missing(&path)? {
            return Err(file::missing(&path));
        }
        file::open_shared(&path).map(Session)
    }

    /// Runs `work` on one snapshot of the file.
    pub fn read<T, E: From<Error>>(&mut self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let snapshot = self.0.transaction().map_err(Error::from)?;
        work(&snapshot)
    }

    /// Runs `work` in one transaction, committed and on the disk when this answers; an error leaves nothing of it.
    pub fn write<T, E: From<Error>>(&mut self, work: impl FnOnce(&Tx) -> Result<T, E>) -> Result<T, E> {
        let transaction = self
            .0
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Error::from)?;
        let done = work(&Tx(&transaction))?;
        transaction.commit().map_err(Error::from)?;
        // A server that is idle does not look at the log. Where it cannot be moved now, it will be later.
        if let Err(error) = self.0.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!("the log could not be moved into the file: {error}");
        }
        Ok(done)
    }
}
