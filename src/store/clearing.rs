//! Clearing away, in small steps, what deleted conversations, groups and contacts left behind: rows that no query shows any
//! more; and answers that were kept long enough. What is left to do is in the file, so that it goes on where a stop or
//! a crash ended it.

use rusqlite::{Connection, OptionalExtension as _};

use super::{Tx, idempotency};
use crate::error::Error;

/// Rows of one step at most: it bounds how long a write waits for a step.
const STEP: usize = 50;

/// The SQL of a key that no row of a table has, and none of those that wait to be cleared away: their rows would
/// belong to the new one.
macro_rules! new_key {
    ($table:literal) => {
        concat!(
            "(1 + max(coalesce((SELECT max(pk) FROM ",
            $table,
            "), 0), coalesce((SELECT max(pk) FROM deleted_",
            $table,
            "), 0)))"
        )
    };
}
pub(super) use new_key;

/// Whether there is anything to clear away.
pub fn is_due(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM deleted_conversations) OR EXISTS (SELECT 1 FROM deleted_groups)
                   OR EXISTS (SELECT 1 FROM deleted_contacts)";
    let deleted: bool = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(deleted || idempotency::any_expired(conn)?)
}

/// Clears away a few rows.
pub fn step(tx: &Tx) -> Result<(), Error> {
    idempotency::forget_expired(tx, STEP)?;
    if let Some(conversation) = oldest(tx, "SELECT pk FROM deleted_conversations LIMIT 1")? {
        if delete_messages(tx, conversation)? < STEP {
            tx.prepare_cached("DELETE FROM deleted_conversations WHERE pk = ?1")?
                .execute([conversation])?;
        }
    } else if clear_groups(tx)? < STEP
        && let Some(contact) = oldest(tx, "SELECT pk FROM deleted_contacts LIMIT 1")?
        && delete_memberships(tx, contact)? < STEP
        && forget_sender(tx, contact)? < STEP
    {
        tx.prepare_cached("DELETE FROM deleted_contacts WHERE pk = ?1")?
            .execute([contact])?;
    }
    Ok(())
}

/// Deletes the members of deleted groups, of which many have few; tells how many there were.
fn clear_groups(tx: &Tx) -> Result<usize, Error> {
    let mut cleared = 0;
    while cleared < STEP
        && let Some(group) = oldest(tx, "SELECT pk FROM deleted_groups LIMIT 1")?
    {
        let left = STEP - cleared;
        let sql = "DELETE FROM members WHERE group_pk = ?1 AND position IN
            (SELECT position FROM members WHERE group_pk = ?1 LIMIT ?2)";
        let deleted = tx.prepare_cached(sql)?.execute((group, left))?;
        if deleted < left {
            tx.prepare_cached("DELETE FROM deleted_groups WHERE pk = ?1")?
                .execute([group])?;
        }
        cleared += deleted.max(1);
    }
    Ok(cleared)
}

fn oldest(tx: &Tx, sql: &str) -> Result<Option<i64>, Error> {
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

/// The newest first: they stand in the way of the account's newest messages.
fn delete_messages(tx: &Tx, conversation: i64) -> Result<usize, Error> {
    let sql = "DELETE FROM messages WHERE pk IN
        (SELECT pk FROM messages WHERE conversation_pk = ?1 ORDER BY pk DESC LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute((conversation, STEP))?)
}

fn delete_memberships(tx: &Tx, contact: i64) -> Result<usize, Error> {
    let sql = "DELETE FROM members WHERE (group_pk, position) IN
        (SELECT group_pk, position FROM members WHERE contact_pk = ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute((contact, STEP))?)
}

fn forget_sender(tx: &Tx, contact: i64) -> Result<usize, Error> {
    let sql = "UPDATE messages SET contact_pk = NULL WHERE pk IN
        (SELECT pk FROM messages WHERE contact_pk = ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute((contact, STEP))?)
}
