//! `last_active_at` of conversations and contacts: the time of the latest message.

use super::error::Error;
use super::resource::Resource;
use super::tx::Tx;
use crate::types::kind::Kind;
use crate::types::time::Timestamp;

/// Sets `last_active_at` of a conversation, or of the contact that sent a message.
pub(super) fn set(tx: &Tx, kind: Kind, pk: i64, at: Timestamp) -> Result<(), Error> {
    let sql = format!(
        "UPDATE {} SET last_active_at = ?2 WHERE pk = ?1",
        Resource::of(kind).table
    );
    tx.prepare_cached(&sql)?.execute((pk, at.seconds()))?;
    Ok(())
}

/// As `set` for an imported message: the line of the conversation or contact may have set a later time.
pub(super) fn raise(tx: &Tx, kind: Kind, pk: i64, at: Timestamp) -> Result<(), Error> {
    let sql = format!(
        "UPDATE {} SET last_active_at = ?2 WHERE pk = ?1 AND coalesce(last_active_at, -1) < ?2",
        Resource::of(kind).table
    );
    tx.prepare_cached(&sql)?.execute((pk, at.seconds()))?;
    Ok(())
}
