//! Accounts: every object belongs to one.

use rusqlite::{Connection, OptionalExtension as _};

use super::error::Error;
use crate::db::Transaction;
use crate::types::time::Timestamp;

/// An account's internal key: the first condition of every query on its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Account(pub(crate) i64);

/// The account that is used if none is named.
pub const DEFAULT: &str = "default";

/// The account called `name`, ASCII case ignored.
pub fn find(conn: &Connection, name: &str) -> Result<Option<Account>, Error> {
    let found = conn
        .prepare_cached("SELECT pk FROM accounts WHERE name = ?1")?
        .query_row([name], |row| row.get(0).map(Account))
        .optional()?;
    Ok(found)
}

/// The account called `name`, created if there is none.
pub fn find_or_create(tx: &Transaction, name: &str) -> Result<Account, Error> {
    if let Some(account) = find(tx, name)? {
        return Ok(account);
    }
    tx.prepare_cached("INSERT INTO accounts (name, created_at) VALUES (?1, ?2)")?
        .execute((name, Timestamp::now().seconds()))?;
    Ok(Account(tx.last_insert_rowid()))
}
