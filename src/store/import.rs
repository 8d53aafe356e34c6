//! What every kind of object shares when it is taken in from an export or handed out for one.

use rusqlite::{Connection, OptionalExtension as _};

use super::Tx;
use super::accounts::Account;
use crate::error::{Code, Error};
use crate::types::id::Id;
use crate::types::json::Json;

/// What to do with an object whose id is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// Leave the object that is there.
    Skip,
    /// Overwrite it, all properties; its place in the lists stays.
    Replace,
}

/// What became of an imported object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    Added,
    Skipped,
    Replaced,
}

/// The key of the object that has `id` already, unless that is to be refused or is another account's.
pub(super) fn find_existing(
    tx: &Tx,
    table: &str,
    kind: &str,
    account: Account,
    id: Id,
    existing: Existing,
) -> Result<Option<i64>, Error> {
    let found: Option<(i64, i64)> = tx
        .prepare_cached(&format!("SELECT pk, account FROM {table} WHERE id = ?1"))?
        .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let message = match found {
        Some((_, owner)) if owner != account.0 => format!("the {kind} `{id}` exists already in another account"),
        Some(_) if existing == Existing::Refuse => {
            format!("the {kind} `{id}` exists already; --existing skip or --existing replace goes on")
        }
        found => return Ok(found.map(|(pk, _)| pk)),
    };
    Err(Error::new(Code::Conflict, message).at("id"))
}

/// Hands the one column of each row to `each`; the account is the statement's one parameter.
pub(super) fn each_row<E: From<Error>>(
    conn: &Connection,
    sql: &str,
    account: Account,
    mut each: impl FnMut(Json) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = conn.prepare(sql).map_err(Error::from)?;
    let mut rows = statement.query([account.0]).map_err(Error::from)?;
    while let Some(row) = rows.next().map_err(Error::from)? {
        each(Json(row.get(0).map_err(Error::from)?))?;
    }
    Ok(())
}
