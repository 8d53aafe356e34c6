//! Conversations: made with the group or the contact that each belongs to, and gone with it.

use rusqlite::OptionalExtension as _;

use super::Tx;
use super::accounts::Account;
use crate::error::{Code, Error};
use crate::types::id::Id;
use crate::types::time::Timestamp;

/// The one end that a conversation has, by its internal key.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Group(i64),
    Contact(i64),
}

/// Makes the conversation `id` of `end`.
pub fn insert(tx: &Tx, account: Account, id: Id, end: End, created_at: Timestamp) -> Result<(), Error> {
    let (group, contact) = match end {
        End::Group(pk) => (Some(pk), None),
        End::Contact(pk) => (None, Some(pk)),
    };
    tx.prepare_cached(
        "INSERT INTO conversations (id, account, group_pk, contact_pk, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((id.as_str(), account.0, group, contact, created_at.seconds()))?;
    Ok(())
}

/// Gives `end` the conversation that an imported line tells: this one, none (null), or, where it tells nothing, a new
/// one. A conversation that `end` had under the same id stays.
pub fn import(tx: &Tx, account: Account, id: Option<Option<Id>>, end: End, created_at: Timestamp) -> Result<(), Error> {
    let (column, pk) = match end {
        End::Group(pk) => ("group_pk", pk),
        End::Contact(pk) => ("contact_pk", pk),
    };
    let id = id.unwrap_or_else(|| Some(Id::random()));
    tx.prepare_cached(&format!(
        "DELETE FROM conversations WHERE {column} = ?1 AND id IS NOT ?2"
    ))?
    .execute((pk, id.as_ref().map(Id::as_str)))?;
    let Some(id) = id else {
        return Ok(());
    };
    let owner: Option<Option<i64>> = tx
        .prepare_cached(&format!("SELECT {column} FROM conversations WHERE id = ?1"))?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    match owner {
        None => insert(tx, account, id, end, created_at),
        Some(owner) if owner == Some(pk) => Ok(()),
        Some(_) => {
            let message = format!("the conversation `{id}` exists already and belongs to another object");
            Err(Error::new(Code::Conflict, message).at("conversation_id"))
        }
    }
}
