//! What every kind of object shares when it is taken in from an export or handed out for one.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _};

use super::Tx;
use super::accounts::Account;
use crate::error::{Code, Error};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;

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

/// An import under way, in one transaction.
pub struct Import<'a> {
    pub(super) tx: &'a Tx<'a>,
    pub(super) account: Account,
    pub(super) existing: Existing,
    /// The number of the line that is taken in.
    pub line: u64,
    /// Conversations that were made with their group or contact, of which a line may still come.
    pub(super) made_with_end: HashSet<i64>,
    /// Messages to be pinned when all are there: line, conversation, message.
    pub(super) pins: Vec<(u64, i64, Id)>,
}

impl<'a> Import<'a> {
    pub fn begin(tx: &'a Tx<'a>, account: Account, existing: Existing) -> Self {
        Import {
            tx,
            account,
            existing,
            line: 0,
            made_with_end: HashSet::new(),
            pins: Vec::new(),
        }
    }

    /// The key of the object that has `id` already, unless that is to be refused or is another account's.
    pub(super) fn find_existing(&self, kind: Kind, id: Id) -> Result<Option<i64>, Error> {
        let (table, name) = (kind.table(), kind.name());
        let found: Option<(i64, i64)> = self
            .tx
            .prepare_cached(&format!("SELECT pk, account FROM {table} WHERE id = ?1"))?
            .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let message = match found {
            Some((_, owner)) if owner != self.account.0 => {
                format!("the {name} `{id}` exists already in another account")
            }
            Some(_) if self.existing == Existing::Refuse => {
                format!("the {name} `{id}` exists already; --existing skip or --existing replace goes on")
            }
            found => return Ok(found.map(|(pk, _)| pk)),
        };
        Err(Error::new(Code::Conflict, message).at("id"))
    }
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
