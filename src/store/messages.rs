//! Messages. A message exists as long as its conversation does: every query joins `conversations v`.

use rusqlite::{Connection, params};

use super::accounts::Account;
use super::error::Error;
use super::import::{Existing, Import, Imported};
use super::keyset::{self, List, Order};
use super::resource::messages;
use super::search::{self, Scope};
use super::tx::{Change, Tx};
use super::{activity, contacts, lookup, members};
use crate::error;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::message::{MessageChanges, NewMessage, StoredMessage};
use crate::types::page::Page;
use crate::types::search_terms::SearchTerms;
use crate::types::time::Timestamp;

/// Which of an account's messages are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub conversation: Option<Id>,
    pub terms: Option<SearchTerms>,
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let conversation = lookup::find_filter(
        conn,
        account,
        Kind::Conversation,
        filter.conversation,
        "conversation_id",
    )?;
    let (key, ranges) = match (&filter.terms, conversation) {
        (None, None) => ("o.pk", vec![concat!(messages!(), " WHERE o.account = ?1").to_owned()]),
        (None, Some(_)) => {
            // The plus keeps SQLite from `messages_all`, which covers an EXISTS: it would walk the whole account.
            let range = concat!(messages!(), " WHERE o.conversation_pk = ?4 AND +o.account = ?1");
            ("o.pk", vec![range.to_owned()])
        }
        (Some(_), _) => {
            let rest = concat!("CROSS JOIN ", messages!(), " AND o.pk = f.rowid WHERE o.account = ?1");
            ("f.rowid", search::ranges(conn, Kind::Message, rest)?)
        }
    };
    let scope = conversation.map_or(Scope::Account(account), Scope::Conversation);
    let terms = filter.terms.as_ref();
    let messages = List {
        of: Kind::Message,
        key,
        order: Order::NewestFirst,
        ranges: &ranges,
        within: conversation.map(Into::into),
        expression: terms.map(|terms| search::expression(scope, "message", terms)),
    };
    keyset::page(conn, account, &messages, page, |id| {
        lookup::find(conn, account, Kind::Message, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    lookup::retrieve(conn, account, Kind::Message, id)
}

/// Sends a message to a conversation. Returns its id and the message.
pub fn create(tx: &Tx, new: &NewMessage) -> Result<(Id, Json), Error> {
    let conversation = lookup::find_in_param(
        tx,
        tx.account,
        Kind::Conversation,
        new.conversation_id,
        "conversation_id",
    )?;
    let sender = new
        .contact_id
        .map(|contact| find_sender(tx, conversation, contact))
        .transpose()?;
    let id = Id::random();
    tx.prepare_cached(
        "INSERT INTO messages (id, account, conversation_pk, contact_pk, message, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        id.as_str(),
        tx.account.0,
        conversation,
        sender,
        new.message.as_str(),
        tx.now.seconds(),
    ))?;
    tx.record(Change::Created(Kind::Message, tx.last_insert_rowid()));
    activity::set(tx, Kind::Conversation, conversation, tx.now)?;
    if let Some(sender) = sender {
        activity::set(tx, Kind::Contact, sender, tx.now)?;
    }
    Ok((id, retrieve(tx, tx.account, id)?))
}

/// The key of a contact that may send to a conversation: its contact, or a member of its group.
fn find_sender(tx: &Tx, conversation: i64, contact: Id) -> Result<i64, Error> {
    let pk = lookup::find_in_param(tx, tx.account, Kind::Contact, contact, "contact_id")?;
    let (group, partner): (Option<i64>, Option<i64>) = tx
        .prepare_cached("SELECT group_pk, contact_pk FROM conversations WHERE pk = ?1")?
        .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let may_send = match group {
        Some(group) => members::position(tx, group, pk)?.is_some(),
        None => partner == Some(pk),
    };
    if may_send {
        return Ok(pk);
    }
    let what = format!("must be a member of the conversation's group, or its contact; `{contact}` is not");
    Err(error::Error::invalid("contact_id", what).into())
}

/// Updates a message. Returns the whole message.
pub fn update(tx: &Tx, id: Id, changes: &MessageChanges) -> Result<Json, Error> {
    let pk = lookup::find_in_path(tx, tx.account, Kind::Message, id)?;
    changes.read_only.check(|| retrieve(tx, tx.account, id))?;
    if let Some(message) = &changes.message {
        // The present text, sent back with the whole object, is no change.
        tx.prepare_cached("UPDATE messages SET message = ?2, updated_at = ?3 WHERE pk = ?1 AND message <> ?2")?
            .execute((pk, message.as_str(), tx.now.seconds()))?;
    }
    if let Some(reactions) = &changes.reactions {
        tx.prepare_cached("UPDATE messages SET reactions = ?2 WHERE pk = ?1")?
            .execute((pk, reactions.to_json()))?;
    }
    if let Some(read_at) = changes.read_at {
        tx.prepare_cached("UPDATE messages SET read_at = ?2 WHERE pk = ?1")?
            .execute((pk, read_at.map(Timestamp::seconds)))?;
    }
    tx.record(Change::Updated(Kind::Message, pk));
    retrieve(tx, tx.account, id)
}

pub fn delete(tx: &Tx, id: Id) -> Result<(), Error> {
    lookup::delete(tx, Kind::Message, id)
}

/// Imports a message with the id and the times that it had elsewhere. Its sender need not be a member any more.
pub fn import(import: &mut Import, stored: &StoredMessage) -> Result<Imported, Error> {
    let tx = import.tx;
    let id = stored.id.unwrap_or_else(Id::random);
    // A message that waits to be purged does not exist, but still has its id.
    tx.prepare_cached("DELETE FROM messages WHERE id = ?1 AND conversation_pk NOT IN (SELECT pk FROM conversations)")?
        .execute([id.as_str()])?;
    let found = import.find_existing(Kind::Message, id)?;
    if found.is_some() && import.existing == Existing::Skip {
        return Ok(Imported::Skipped);
    }
    let conversation = lookup::find_in_param(
        tx,
        tx.account,
        Kind::Conversation,
        stored.conversation_id,
        "conversation_id",
    )?;
    let sender = stored
        .contact
        .as_ref()
        .map(|contact| contacts::find_or_create(tx, contact))
        .transpose()?;
    let created_at = stored.created_at.unwrap_or(tx.now);
    tx.prepare_cached(
        "INSERT INTO messages
            (pk, id, account, conversation_pk, contact_pk, message, reactions, read_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (pk) DO UPDATE SET conversation_pk = ?4, contact_pk = ?5, message = ?6, reactions = ?7,
            read_at = ?8, created_at = ?9, updated_at = ?10",
    )?
    .execute(params![
        found,
        id.as_str(),
        tx.account.0,
        conversation,
        sender,
        stored.message.as_str(),
        stored.reactions.to_json(),
        stored.read_at.map(Timestamp::seconds),
        created_at.seconds(),
        stored.updated_at.map(Timestamp::seconds),
    ])?;
    tx.record(match found {
        Some(pk) => Change::Updated(Kind::Message, pk),
        None => Change::Created(Kind::Message, tx.last_insert_rowid()),
    });
    activity::raise(tx, Kind::Conversation, conversation, created_at)?;
    if let Some(sender) = sender {
        activity::raise(tx, Kind::Contact, sender, created_at)?;
    }
    // From now on the conversation has messages, and its own line cannot recreate it.
    import.implied_conversations.remove(&conversation);
    Ok(match found {
        Some(_) => Imported::Replaced,
        None => Imported::Added,
    })
}
