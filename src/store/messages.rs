//! Messages. One is there as long as its conversation is: every query joins `conversations v`.

use rusqlite::{Connection, params};

use super::Tx;
use super::accounts::Account;
use super::contacts::{self, contact_object};
use super::import::{self, Existing, Import, Imported};
use super::list::{self, List, Order};
use super::members;
use super::objects;
use super::search::{self, Scope};
use crate::error::Error;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::message::{MessageChanges, NewMessage, StoredMessage};
use crate::types::page::Page;
use crate::types::time::Timestamp;
use crate::types::words::Words;

/// The SQL of a message object, of a row `o` and its conversation's `v`.
macro_rules! message_object {
    () => {
        concat!(
            "json_object(
        'id', o.id,
        'conversation_id', v.id,
        'contact', (SELECT json(",
            contact_object!(),
            ") FROM contacts c WHERE c.pk = o.contact_pk),
        'message', o.message,
        'reactions', json(o.reactions),
        'read_at', o.read_at,
        'created_at', o.created_at,
        'updated_at', o.updated_at)"
        )
    };
}

/// The SQL of messages whose conversation is there.
macro_rules! messages {
    () => {
        "messages o CROSS JOIN conversations v ON v.pk = o.conversation_pk"
    };
}
const RETRIEVE: &str = concat!(
    "SELECT ",
    message_object!(),
    " FROM ",
    messages!(),
    " WHERE o.id = ?1 AND o.account = ?2"
);

/// Which of an account's messages are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub conversation: Option<Id>,
    pub words: Option<Words>,
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let conversation = objects::find_filter(
        conn,
        account,
        Kind::Conversation,
        filter.conversation,
        "conversation_id",
    )?;
    let (key, ranges) = match (&filter.words, conversation) {
        (None, None) => ("o.pk", vec![concat!(messages!(), " WHERE o.account = ?1").to_owned()]),
        (None, Some(_)) => {
            // The plus keeps SQLite from `messages_all`, which covers a look for any: it would walk the whole account.
            let range = concat!(messages!(), " WHERE o.conversation_pk = ?4 AND +o.account = ?1");
            ("o.pk", vec![range.to_owned()])
        }
        (Some(_), _) => {
            let rest = concat!("CROSS JOIN ", messages!(), " AND o.pk = f.rowid WHERE o.account = ?1");
            ("f.rowid", search::ranges(conn, Kind::Message, rest)?)
        }
    };
    let scope = conversation.map_or(Scope::Account(account), Scope::Conversation);
    let words = filter.words.as_ref();
    let messages = List {
        of: Kind::Message,
        object: message_object!(),
        key,
        order: Order::NewestFirst,
        ranges: &ranges,
        within: conversation.map(Into::into),
        expression: words.map(|words| search::expression(scope, "message", words)),
    };
    list::page(conn, account, &messages, page, |id| {
        objects::find(conn, account, Kind::Message, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    objects::retrieve(conn, account, Kind::Message, id, RETRIEVE)
}

/// Sends a message to a conversation; answers with its id and itself.
pub fn create(tx: &Tx, account: Account, new: &NewMessage) -> Result<(Id, Json), Error> {
    let conversation = objects::find_in_param(tx, account, Kind::Conversation, new.conversation_id, "conversation_id")?;
    let sender = new
        .contact_id
        .map(|contact| find_sender(tx, account, conversation, contact))
        .transpose()?;
    let id = Id::random();
    let created_at = Timestamp::now();
    tx.prepare_cached(
        "INSERT INTO messages (id, account, conversation_pk, contact_pk, message, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        id.as_str(),
        account.0,
        conversation,
        sender,
        new.message.as_str(),
        created_at.seconds(),
    ))?;
    objects::set_active(tx, Kind::Conversation, conversation, created_at)?;
    if let Some(sender) = sender {
        objects::set_active(tx, Kind::Contact, sender, created_at)?;
    }
    Ok((id, retrieve(tx, account, id)?))
}

/// The key of a contact that may send to a conversation: its contact, or a member of its group.
fn find_sender(conn: &Connection, account: Account, conversation: i64, contact: Id) -> Result<i64, Error> {
    let pk = objects::find_in_param(conn, account, Kind::Contact, contact, "contact_id")?;
    let (group, partner): (Option<i64>, Option<i64>) = conn
        .prepare_cached("SELECT group_pk, contact_pk FROM conversations WHERE pk = ?1")?
        .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let takes_part = match group {
        Some(group) => members::position(conn, group, pk)?.is_some(),
        None => partner == Some(pk),
    };
    match takes_part {
        true => Ok(pk),
        false => Err(Error::invalid(
            "contact_id",
            format!("must be a member of the conversation's group, or its contact; `{contact}` is not"),
        )),
    }
}

/// Changes a message; answers with the whole of it.
pub fn update(tx: &Tx, account: Account, id: Id, changes: &MessageChanges) -> Result<Json, Error> {
    let pk = objects::find_in_path(tx, account, Kind::Message, id)?;
    changes.read_only.check(|| retrieve(tx, account, id))?;
    if let Some(message) = &changes.message {
        // The text that it has, sent back with the whole object, is no change.
        tx.prepare_cached("UPDATE messages SET message = ?2, updated_at = ?3 WHERE pk = ?1 AND message <> ?2")?
            .execute((pk, message.as_str(), Timestamp::now().seconds()))?;
    }
    if let Some(reactions) = &changes.reactions {
        tx.prepare_cached("UPDATE messages SET reactions = ?2 WHERE pk = ?1")?
            .execute((pk, reactions.to_json()))?;
    }
    if let Some(read_at) = changes.read_at {
        tx.prepare_cached("UPDATE messages SET read_at = ?2 WHERE pk = ?1")?
            .execute((pk, read_at.map(Timestamp::seconds)))?;
    }
    retrieve(tx, account, id)
}

pub fn delete(tx: &Tx, account: Account, id: Id) -> Result<(), Error> {
    objects::delete(tx, account, Kind::Message, id)
}

/// Hands every message of the account to `each`, the oldest first.
pub fn export<E: From<Error>>(
    conn: &Connection,
    account: Account,
    each: impl FnMut(Json) -> Result<(), E>,
) -> Result<(), E> {
    let sql = concat!(
        "SELECT ",
        message_object!(),
        " FROM ",
        messages!(),
        " WHERE o.account = ?1 ORDER BY o.pk"
    );
    import::each_row(conn, sql, account, each)
}

/// Takes in a message with the id and the times that it had elsewhere. Its sender need not be a member any more.
pub fn import(import: &mut Import, stored: &StoredMessage) -> Result<Imported, Error> {
    let (tx, account) = (import.tx, import.account);
    let id = stored.id.unwrap_or_else(Id::random);
    // One that waits to be cleared away is not there, but for its id.
    tx.prepare_cached("DELETE FROM messages WHERE id = ?1 AND conversation_pk NOT IN (SELECT pk FROM conversations)")?
        .execute([id.as_str()])?;
    let found = import.find_existing(Kind::Message, id)?;
    if found.is_some() && import.existing == Existing::Skip {
        return Ok(Imported::Skipped);
    }
    let conversation = objects::find_in_param(
        tx,
        account,
        Kind::Conversation,
        stored.conversation_id,
        "conversation_id",
    )?;
    let sender = stored
        .contact
        .as_ref()
        .map(|contact| contacts::find_or_create(tx, account, contact))
        .transpose()?;
    let created_at = stored.created_at.unwrap_or_else(Timestamp::now);
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
        account.0,
        conversation,
        sender,
        stored.message.as_str(),
        stored.reactions.to_json(),
        stored.read_at.map(Timestamp::seconds),
        created_at.seconds(),
        stored.updated_at.map(Timestamp::seconds),
    ])?;
    objects::raise_active(tx, Kind::Conversation, conversation, created_at)?;
    if let Some(sender) = sender {
        objects::raise_active(tx, Kind::Contact, sender, created_at)?;
    }
    // From now on a line cannot tell of its conversation as of a new one.
    import.made_with_end.remove(&conversation);
    Ok(match found {
        Some(_) => Imported::Replaced,
        None => Imported::Added,
    })
}
