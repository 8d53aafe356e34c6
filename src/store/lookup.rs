//! Objects by their public id, within the account that owns them. Another account's object does not exist.

use rusqlite::{Connection, OptionalExtension as _};

use super::accounts::Account;
use super::error::Error;
use super::resource::Resource;
use super::tx::{Change, Tx};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;

/// The internal key of the account's object with this id.
pub fn find(conn: &Connection, account: Account, kind: Kind, id: Id) -> Result<Option<i64>, Error> {
    let found = conn
        .prepare_cached(Resource::of(kind).find)?
        .query_row((id.as_str(), account.0), |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// As `find`, for an id in a path: `not_found` if there is no such object.
pub fn find_in_path(conn: &Connection, account: Account, kind: Kind, id: Id) -> Result<i64, Error> {
    find(conn, account, kind, id)?.ok_or_else(|| kind.not_found(id.as_str()).into())
}

/// As `find`, for an id in the parameter `param`: `parameter_invalid` if there is no such object.
pub fn find_in_param(
    conn: &Connection,
    account: Account,
    kind: Kind,
    id: Id,
    param: impl Into<String>,
) -> Result<i64, Error> {
    find(conn, account, kind, id)?.ok_or_else(|| kind.unknown(param, id).into())
}

/// As `find_in_param`, for an optional filter.
pub fn find_filter(
    conn: &Connection,
    account: Account,
    kind: Kind,
    id: Option<Id>,
    param: &str,
) -> Result<Option<i64>, Error> {
    id.map(|id| find_in_param(conn, account, kind, id, param)).transpose()
}

/// The account's object with this id.
pub fn retrieve(conn: &Connection, account: Account, kind: Kind, id: Id) -> Result<Json, Error> {
    conn.prepare_cached(Resource::of(kind).retrieve)?
        .query_row((id.as_str(), account.0), |row| row.get(0).map(Json))
        .optional()?
        .ok_or_else(|| kind.not_found(id.as_str()).into())
}

/// Deletes the account's object with this id. Triggers of the schema delete what belongs to it.
pub(super) fn delete(tx: &Tx, kind: Kind, id: Id) -> Result<(), Error> {
    let pk = find_in_path(tx, tx.account, kind, id)?;
    tx.prepare_cached(Resource::of(kind).delete)?.execute([pk])?;
    tx.record(Change::Deleted(kind, pk));
    Ok(())
}
