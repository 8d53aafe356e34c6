//! Conversations: each is created and deleted with its group or contact, and can be deleted and created on its own.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::accounts::Account;
use super::error::Error;
use super::import::{Existing, Import, Imported};
use super::keyset::{self, List, Order};
use super::lookup;
use super::purge::new_key;
use super::tx::{Change, Tx};
use crate::error::{self, Code};
use crate::types::conversation::{ConversationChanges, ConversationOwner, StoredConversation};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::time::Timestamp;

/// Which of an account's conversations are listed; `None` does not filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub archived: Option<bool>,
    pub muted: Option<bool>,
    pub pinned: Option<bool>,
    pub group: Option<Id>,
    pub contact: Option<Id>,
}

impl Filter {
    /// Each range of `conversations_flags` that the filter admits; all of `conversations_all` if it has no flags.
    fn flags(&self) -> Vec<String> {
        if (self.archived, self.muted, self.pinned) == (None, None, None) {
            return vec!["conversations o WHERE o.account = ?1".to_owned()];
        }
        let mut ranges = Vec::new();
        for archived in allowed(self.archived) {
            for muted in allowed(self.muted) {
                for pinned in allowed(self.pinned) {
                    ranges.push(format!(
                        "conversations o WHERE o.account = ?1 AND (o.archived_at IS NOT NULL) = {archived} AND o.is_muted = {muted}
                         AND o.is_pinned = {pinned}"
                    ));
                }
            }
        }
        ranges
    }
}

/// The SQL values of a flag that a filter admits.
fn allowed(filter: Option<bool>) -> Vec<u8> {
    filter.map_or_else(|| vec![0, 1], |wanted| vec![wanted.into()])
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let group = lookup::find_filter(conn, account, Kind::Group, filter.group, "group_id")?;
    let contact = lookup::find_filter(conn, account, Kind::Contact, filter.contact, "contact_id")?;
    let flags = filter.flags();
    // An owner has one conversation at most; no conversation has two owners.
    let of_owner = |condition| flags.iter().map(|flags| format!("{flags} AND {condition}")).collect();
    let ranges = match (group, contact) {
        (None, None) => flags,
        (Some(_), None) => of_owner("o.group_pk = ?4"),
        (None, Some(_)) => of_owner("o.contact_pk = ?4"),
        (Some(_), Some(_)) => of_owner("o.group_pk = ?4 AND o.contact_pk IS NOT NULL"),
    };
    let conversations = List {
        of: Kind::Conversation,
        key: "o.pk",
        order: Order::NewestFirst,
        ranges: &ranges,
        within: group.or(contact).map(Into::into),
        expression: None,
    };
    keyset::page(conn, account, &conversations, page, |id| {
        lookup::find(conn, account, Kind::Conversation, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    lookup::retrieve(conn, account, Kind::Conversation, id)
}

/// Creates the conversation of a group or a contact without one. Returns its id and the conversation.
pub fn create(tx: &Tx, owner: ConversationOwner) -> Result<(Id, Json), Error> {
    let key = find_owner(tx, owner)?;
    if let Some((_, id)) = find_of(tx, key)? {
        let (param, kind) = match owner {
            ConversationOwner::Group(_) => ("group_id", Kind::Group),
            ConversationOwner::Contact(_) => ("contact_id", Kind::Contact),
        };
        let message = format!("This {} already has a conversation: `{id}`.", kind.name());
        return Err(error::Error::new(Code::Conflict, message).at(param).into());
    }
    let id = Id::random();
    insert(tx, id, key, tx.now)?;
    Ok((id, retrieve(tx, tx.account, id)?))
}

/// Updates a conversation. Returns the whole conversation.
pub fn update(tx: &Tx, id: Id, changes: &ConversationChanges) -> Result<Json, Error> {
    let pk = lookup::find_in_path(tx, tx.account, Kind::Conversation, id)?;
    changes.read_only.check(|| retrieve(tx, tx.account, id))?;
    if let Some(message) = changes.pinned_message_id {
        pin(tx, pk, message)?;
    }
    if let Some(is_pinned) = changes.is_pinned {
        tx.prepare_cached("UPDATE conversations SET is_pinned = ?2 WHERE pk = ?1")?
            .execute((pk, is_pinned))?;
    }
    if let Some(is_muted) = changes.is_muted {
        tx.prepare_cached("UPDATE conversations SET is_muted = ?2 WHERE pk = ?1")?
            .execute((pk, is_muted))?;
    }
    if let Some(last_opened_at) = changes.last_opened_at {
        tx.prepare_cached("UPDATE conversations SET last_opened_at = ?2 WHERE pk = ?1")?
            .execute((pk, last_opened_at.map(Timestamp::seconds)))?;
    }
    if let Some(archived_at) = changes.archived_at {
        tx.prepare_cached("UPDATE conversations SET archived_at = ?2 WHERE pk = ?1")?
            .execute((pk, archived_at.map(Timestamp::seconds)))?;
    }
    tx.record(Change::Updated(Kind::Conversation, pk));
    retrieve(tx, tx.account, id)
}

/// Deletes a conversation with its messages. Its group or contact remains, without a conversation.
pub fn delete(tx: &Tx, id: Id) -> Result<(), Error> {
    lookup::delete(tx, Kind::Conversation, id)
}

/// Pins a message of the conversation `pk`, or unpins.
fn pin(tx: &Tx, pk: i64, message: Option<Id>) -> Result<(), Error> {
    let message = message.map(|message| find_pinned(tx, pk, message)).transpose()?;
    tx.prepare_cached("UPDATE conversations SET pinned_message_id = ?2 WHERE pk = ?1")?
        .execute((pk, message))?;
    Ok(())
}

/// The stored id of a message to pin, which must be of the conversation `pk`.
fn find_pinned(conn: &Connection, pk: i64, message: Id) -> Result<String, Error> {
    conn.prepare_cached("SELECT id FROM messages WHERE id = ?1 AND conversation_pk = ?2")?
        .query_row((message.as_str(), pk), |row| row.get(0))
        .optional()?
        .ok_or_else(|| {
            let what =
                format!("must be the id of a message of this conversation; there is none with the id `{message}`");
            error::Error::invalid("pinned_message_id", what).into()
        })
}

/// The group or contact that a conversation belongs to, by its internal key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Group(i64),
    Contact(i64),
}

fn find_owner(tx: &Tx, owner: ConversationOwner) -> Result<Owner, Error> {
    let find = |kind, id, param| lookup::find_in_param(tx, tx.account, kind, id, param);
    match owner {
        ConversationOwner::Group(id) => find(Kind::Group, id, "group_id").map(Owner::Group),
        ConversationOwner::Contact(id) => find(Kind::Contact, id, "contact_id").map(Owner::Contact),
    }
}

/// The conversation of an owner: its key and id.
fn find_of(conn: &Connection, owner: Owner) -> Result<Option<(i64, String)>, Error> {
    let (sql, pk) = match owner {
        Owner::Group(pk) => ("SELECT pk, id FROM conversations WHERE group_pk = ?1", pk),
        Owner::Contact(pk) => ("SELECT pk, id FROM conversations WHERE contact_pk = ?1", pk),
    };
    let found = conn
        .prepare_cached(sql)?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}

/// Inserts the conversation `id` of `owner`. Returns its key.
pub(super) fn insert(tx: &Tx, id: Id, owner: Owner, created_at: Timestamp) -> Result<i64, Error> {
    let (group, contact) = match owner {
        Owner::Group(pk) => (Some(pk), None),
        Owner::Contact(pk) => (None, Some(pk)),
    };
    tx.prepare_cached(concat!(
        "INSERT INTO conversations (pk, id, account, group_pk, contact_pk, created_at) VALUES (",
        new_key!("conversations"),
        ", ?1, ?2, ?3, ?4, ?5)"
    ))?
    .execute((id.as_str(), tx.account.0, group, contact, created_at.seconds()))?;
    let pk = tx.last_insert_rowid();
    tx.record(Change::Created(Kind::Conversation, pk));
    Ok(pk)
}

/// Gives `owner` the conversation that its own line names: this one, none (null), or, if the line has no such property, a
/// new one. A conversation that `owner` already has under the same id remains.
pub(super) fn import_of(
    import: &mut Import,
    id: Option<Option<Id>>,
    owner: Owner,
    created_at: Timestamp,
) -> Result<(), Error> {
    let tx = import.tx;
    let id = id.unwrap_or_else(|| Some(Id::random()));
    if let Some((pk, had)) = find_of(tx, owner)? {
        if id.is_some_and(|id| id.same(&had)) {
            return Ok(());
        }
        remove(tx, pk)?;
        import.implied_conversations.remove(&pk);
    }
    let Some(id) = id else {
        return Ok(());
    };
    let taken: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?1)")?
        .query_row([id.as_str()], |row| row.get(0))?;
    if taken {
        return Err(of_another(id).at("conversation_id").into());
    }
    let pk = insert(tx, id, owner, created_at)?;
    import.implied_conversations.insert(pk);
    Ok(())
}

fn remove(tx: &Tx, pk: i64) -> Result<(), Error> {
    tx.prepare_cached("DELETE FROM conversations WHERE pk = ?1")?
        .execute([pk])?;
    tx.record(Change::Deleted(Kind::Conversation, pk));
    Ok(())
}

/// The error of an imported conversation whose id is taken.
fn of_another(id: Id) -> error::Error {
    let message = format!("the conversation `{id}` already exists and belongs to another object");
    error::Error::new(Code::Conflict, message)
}

/// Imports a conversation with the id and the times that it had elsewhere. If this import created it with its group or
/// contact, the line describes that one, which moves to the line's position in the order.
pub fn import(import: &mut Import, stored: &StoredConversation) -> Result<Imported, Error> {
    let tx = import.tx;
    let owner = find_owner(tx, stored.owner)?;
    let id = stored.id.unwrap_or_else(Id::random);
    let had = find_of(tx, owner)?;
    let is_had = had.as_ref().is_some_and(|(_, had)| id.same(had));
    if !is_had && import.find_existing(Kind::Conversation, id)?.is_some() {
        return Err(of_another(id).at("id").into());
    }
    let kept = match had {
        Some((pk, _)) if import.implied_conversations.remove(&pk) => {
            remove(tx, pk)?;
            None
        }
        Some((_, had)) if !is_had => {
            let message = format!("its group or contact already has another conversation: `{had}`");
            return Err(error::Error::new(Code::Conflict, message).at("id").into());
        }
        // Refused if `existing` says so.
        Some(_) => import.find_existing(Kind::Conversation, id)?,
        None => None,
    };
    let created_at = stored.created_at.unwrap_or(tx.now);
    let (pk, imported) = match kept {
        Some(_) if import.existing == Existing::Skip => return Ok(Imported::Skipped),
        Some(pk) => (pk, Imported::Replaced),
        None => (insert(tx, id, owner, created_at)?, Imported::Added),
    };
    tx.prepare_cached(
        "UPDATE conversations SET pinned_message_id = NULL, is_pinned = ?2, is_muted = ?3, last_active_at = ?4,
            last_opened_at = ?5, archived_at = ?6, created_at = ?7
         WHERE pk = ?1",
    )?
    .execute(params![
        pk,
        stored.is_pinned,
        stored.is_muted,
        stored.last_active_at.map(Timestamp::seconds),
        stored.last_opened_at.map(Timestamp::seconds),
        stored.archived_at.map(Timestamp::seconds),
        created_at.seconds(),
    ])?;
    tx.record(Change::Updated(Kind::Conversation, pk));
    if let Some(message) = stored.pinned_message_id {
        import.pins.push((import.line, pk, message));
    }
    Ok(imported)
}

/// Pins the messages that imported conversations name, after the last line: a message's line follows its conversation's.
///
/// # Errors
/// `import.line` is then the line at fault.
pub fn import_pins(import: &mut Import) -> Result<(), Error> {
    for (line, pk, message) in std::mem::take(&mut import.pins) {
        import.line = line;
        pin(import.tx, pk, Some(message))?;
    }
    Ok(())
}
