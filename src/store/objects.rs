//! What all kinds of objects have: a public id, looked up within the account that owns the object. Another account's
//! object is as good as none.

use rusqlite::{Connection, OptionalExtension as _};

use super::Tx;
use super::accounts::Account;
use crate::error::Error;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::time::Timestamp;

/// The internal key of the account's object with this id.
pub fn find(conn: &Connection, account: Account, kind: Kind, id: Id) -> Result<Option<i64>, Error> {
    let sql = match kind {
        Kind::Contact => "SELECT pk FROM contacts WHERE id = ?1 AND account = ?2",
        Kind::Group => "SELECT pk FROM groups WHERE id = ?1 AND account = ?2",
        Kind::Conversation => "SELECT pk FROM conversations WHERE id = ?1 AND account = ?2",
        Kind::Message => {
            "SELECT o.pk FROM messages o CROSS JOIN conversations v ON v.pk = o.conversation_pk
             WHERE o.id = ?1 AND o.account = ?2"
        }
    };
    let found = conn
        .prepare_cached(sql)?
        .query_row((id.as_str(), account.0), |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The same, for an id in a path: none is `not_found`.
pub fn find_in_path(conn: &Connection, account: Account, kind: Kind, id: Id) -> Result<i64, Error> {
    find(conn, account, kind, id)?.ok_or_else(|| kind.not_found(id.as_str()))
}

/// The same, for an id in the parameter `param`: none is `parameter_invalid`.
pub fn find_in_param(
    conn: &Connection,
    account: Account,
    kind: Kind,
    id: Id,
    param: impl Into<String>,
) -> Result<i64, Error> {
    find(conn, account, kind, id)?.ok_or_else(|| kind.unknown(param, id))
}

/// The same, for an id in a query that may be left out.
pub fn find_filter(
    conn: &Connection,
    account: Account,
    kind: Kind,
    id: Option<Id>,
    param: &str,
) -> Result<Option<i64>, Error> {
    id.map(|id| find_in_param(conn, account, kind, id, param)).transpose()
}

/// The account's object with this id, by its resource's `sql`, whose parameters are the id and the account.
pub(super) fn retrieve(conn: &Connection, account: Account, kind: Kind, id: Id, sql: &str) -> Result<Json, Error> {
    conn.prepare_cached(sql)?
        .query_row((id.as_str(), account.0), |row| row.get(0).map(Json))
        .optional()?
        .ok_or_else(|| kind.not_found(id.as_str()))
}

/// Deletes the account's object with this id; the schema sees to what goes with it.
pub(super) fn delete(tx: &Tx, account: Account, kind: Kind, id: Id) -> Result<(), Error> {
    let pk = find_in_path(tx, account, kind, id)?;
    tx.prepare_cached(&format!("DELETE FROM {} WHERE pk = ?1", kind.table()))?
        .execute([pk])?;
    Ok(())
}

/// Notes a message, at `at`, on a conversation or on the contact that sent it.
pub(super) fn set_active(tx: &Tx, kind: Kind, pk: i64, at: Timestamp) -> Result<(), Error> {
    let sql = format!("UPDATE {} SET last_active_at = ?2 WHERE pk = ?1", kind.table());
    tx.prepare_cached(&sql)?.execute((pk, at.seconds()))?;
    Ok(())
}

/// The same for an imported message, of which the own line of the conversation or contact may tell already.
pub(super) fn raise_active(tx: &Tx, kind: Kind, pk: i64, at: Timestamp) -> Result<(), Error> {
    let sql = format!(
        "UPDATE {} SET last_active_at = ?2 WHERE pk = ?1 AND coalesce(last_active_at, -1) < ?2",
        kind.table()
    );
    tx.prepare_cached(&sql)?.execute((pk, at.seconds()))?;
    Ok(())
}
