//! Purges, in small steps, the rows that deleted conversations, groups and contacts left behind, which no query shows any
//! more; and expired responses of idempotency keys. What is left to purge is in the file, so a stop or a crash only delays
//! it.

use rusqlite::{Connection, OptionalExtension as _};

use super::idempotency;
use crate::db::{Error, Transaction};

/// Rows of one step: bounds how long a write waits for it.
const STEP: usize = 50;

/// The SQL of a key that no row of a table has, nor one that waits to be purged: its rows would belong to the new object.
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

/// Whether there is anything to purge.
pub fn is_due(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM deleted_conversations) OR EXISTS (SELECT 1 FROM deleted_groups)
                   OR EXISTS (SELECT 1 FROM deleted_contacts)";
    let deleted: bool = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(deleted || idempotency::any_expired(conn)?)
}

/// Purges a few rows.
pub fn step(tx: &Transaction) -> Result<(), Error> {
    idempotency::purge_expired(tx, STEP)?;
    if let Some(conversation) = oldest(tx, "SELECT pk FROM deleted_conversations LIMIT 1")? {
        if delete_messages(tx, conversation)? < STEP {
            tx.prepare_cached("DELETE FROM deleted_conversations WHERE pk = ?1")?
                .execute([conversation])?;
        }
    } else if delete_members(tx)? < STEP
        && let Some(contact) = oldest(tx, "SELECT pk FROM deleted_contacts LIMIT 1")?
        && delete_memberships(tx, contact)? < STEP
        && forget_sender(tx, contact)? < STEP
    {
        tx.prepare_cached("DELETE FROM deleted_contacts WHERE pk = ?1")?
            .execute([contact])?;
    }
    Ok(())
}

/// Deletes the members of deleted groups, often few each. Returns how many rows it touched.
fn delete_members(tx: &Transaction) -> Result<usize, Error> {
    let mut purged = 0;
    while purged < STEP
        && let Some(group) = oldest(tx, "SELECT pk FROM deleted_groups LIMIT 1")?
    {
        let left = STEP - purged;
        let sql = "DELETE FROM members WHERE group_pk = ?1 AND position IN
            (SELECT position FROM members WHERE group_pk = ?1 LIMIT ?2)";
        let deleted = tx.prepare_cached(sql)?.execute((group, left))?;
        if deleted < left {
            tx.prepare_cached("DELETE FROM deleted_groups WHERE pk = ?1")?
                .execute([group])?;
        }
        purged += deleted.max(1);
    }
    Ok(purged)
}

fn oldest(tx: &Transaction, sql: &str) -> Result<Option<i64>, Error> {
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

/// Newest first: lists of the account's newest messages have to skip them.
fn delete_messages(tx: &Transaction, conversation: i64) -> Result<usize, Error> {
    let sql = "DELETE FROM messages WHERE pk IN
        (SELECT pk FROM messages WHERE conversation_pk = ?1 ORDER BY pk DESC LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute((conversation, STEP))?)
}

fn delete_memberships(tx: &Transaction, contact: i64) -> Result<usize, Error> {
    let sql = "DELETE FROM members WHERE (group_pk, position) IN
        (SELECT group_pk, position FROM members WHERE contact_pk = ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute((contact, STEP))?)
}

fn forget_sender(tx: &Transaction, contact: i64) -> Result<usize, Error> {
    let sql = "UPDATE messages SET contact_pk = NULL WHERE pk IN
        (SELECT pk FROM messages WHERE contact_pk = ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute((contact, STEP))?)
}
