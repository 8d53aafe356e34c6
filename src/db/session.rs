//! One connection to the file for a command, beside a server that may be running on it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::Error;
use super::schema::Schema;
use super::transaction::Transaction;
use super::{open, paths};

/// What to do if the file does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Refuse,
}

pub struct Session(Connection);

impl Session {
    /// # Errors
    /// A sentence that says why this file cannot be used; the file is unchanged.
    pub fn open(path: &Path, schema: &'static Schema, missing: Missing) -> Result<Self, Error> {
        let path = paths::resolve(path)?;
        if missing == Missing::Refuse && open::is_missing(&path)? {
            return Err(open::missing(&path));
        }
        open::open_shared(&path, schema).map(Session)
    }

    /// Runs `work` on one snapshot of the file.
    pub fn read<T, E: From<Error>>(&mut self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        let snapshot = self.0.transaction().map_err(Error::from)?;
        work(&snapshot)
    }

    /// Runs `work` in one transaction. When this returns, the transaction is committed and synced, or, on an error, nothing
    /// of it remains.
    pub fn write<T, E: From<Error>>(&mut self, work: impl FnOnce(&Transaction) -> Result<T, E>) -> Result<T, E> {
        let transaction = self
            .0
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Error::from)?;
        let done = work(&Transaction::new(&transaction))?;
        transaction.commit().map_err(Error::from)?;
        // An idle server does not checkpoint what another process wrote. What cannot be copied now is copied later.
        if let Err(error) = self.0.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!("the WAL could not be checkpointed: {error}");
        }
        Ok(done)
    }
}
