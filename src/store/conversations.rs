//! Conversations: made with the group or the contact that each belongs to, gone with it, and made again at will.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tx;
use super::accounts::Account;
use super::clearing::new_key;
use super::import::{self, Existing, Import, Imported};
use super::list::{self, List, Order};
use super::objects;
use crate::error::{Code, Error};
use crate::types::conversation::{ConversationChanges, Partner, StoredConversation};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::time::Timestamp;

/// The SQL of a conversation object, of a row `o`.
macro_rules! conversation_object {
    () => {
        "json_object(
            'id', o.id,
            'contact_id', (SELECT id FROM contacts WHERE pk = o.contact_pk),
            'group_id', (SELECT id FROM groups WHERE pk = o.group_pk),
            'pinned_message_id', o.pinned_message_id,
            'is_pinned', json(iif(o.is_pinned, 'true', 'false')),
            'is_muted', json(iif(o.is_muted, 'true', 'false')),
            'last_active_at', o.last_active_at,
            'last_opened_at', o.last_opened_at,
            'created_at', o.created_at,
            'archived_at', o.archived_at)"
    };
}
const RETRIEVE: &str = concat!(
    "SELECT ",
    conversation_object!(),
    " FROM conversations o WHERE o.id = ?1 AND o.account = ?2"
);

/// Which of an account's conversations are listed; `None` leaves one out or lets both in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    pub archived: Option<bool>,
    pub muted: Option<bool>,
    pub pinned: Option<bool>,
    pub group: Option<Id>,
    pub contact: Option<Id>,
}

impl Filter {
    /// Each range of `conversations_flags` that the filter lets in; where that is all, of the one
    /// of `conversations_all`.
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

/// The values of a flag, as SQL has them, that a filter lets in.
fn allowed(filter: Option<bool>) -> Vec<u8> {
    filter.map_or_else(|| vec![0, 1], |wanted| vec![wanted.into()])
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let group = objects::find_filter(conn, account, Kind::Group, filter.group, "group_id")?;
    let contact = objects::find_filter(conn, account, Kind::Contact, filter.contact, "contact_id")?;
    let flags = filter.flags();
    // Of one end there is one conversation at most; of two there is none.
    let of_end = |condition| flags.iter().map(|flags| format!("{flags} AND {condition}")).collect();
    let ranges = match (group, contact) {
        (None, None) => flags,
        (Some(_), None) => of_end("o.group_pk = ?4"),
        (None, Some(_)) => of_end("o.contact_pk = ?4"),
        (Some(_), Some(_)) => of_end("o.group_pk = ?4 AND o.contact_pk IS NOT NULL"),
    };
    let conversations = List {
        of: Kind::Conversation,
        object: conversation_object!(),
        key: "o.pk",
        order: Order::NewestFirst,
        ranges: &ranges,
        within: group.or(contact).map(Into::into),
        expression: None,
    };
    list::page(conn, account, &conversations, page, |id| {
        objects::find(conn, account, Kind::Conversation, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    objects::retrieve(conn, account, Kind::Conversation, id, RETRIEVE)
}

/// Makes the conversation of a group or a contact that has none; answers with its id and itself.
pub fn create(tx: &Tx, account: Account, partner: Partner) -> Result<(Id, Json), Error> {
    let end = find_end(tx, account, partner)?;
    if let Some((_, id)) = find_of(tx, end)? {
        let (param, kind) = match partner {
            Partner::Group(_) => ("group_id", Kind::Group),
            Partner::Contact(_) => ("contact_id", Kind::Contact),
        };
        let message = format!("This {} has a conversation already: `{id}`.", kind.name());
        return Err(Error::new(Code::Conflict, message).at(param));
    }
    let id = Id::random();
    insert(tx, account, id, end, Timestamp::now())?;
    Ok((id, retrieve(tx, account, id)?))
}

/// Changes a conversation; answers with the whole of it.
pub fn update(tx: &Tx, account: Account, id: Id, changes: &ConversationChanges) -> Result<Json, Error> {
    let pk = objects::find_in_path(tx, account, Kind::Conversation, id)?;
    changes.read_only.check(|| retrieve(tx, account, id))?;
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
    retrieve(tx, account, id)
}

/// Deletes a conversation with its messages; its group or contact stays, without one.
pub fn delete(tx: &Tx, account: Account, id: Id) -> Result<(), Error> {
    objects::delete(tx, account, Kind::Conversation, id)
}

/// Pins a message of the conversation `pk`, or none.
fn pin(tx: &Tx, pk: i64, message: Option<Id>) -> Result<(), Error> {
    let message = message.map(|message| find_pinned(tx, pk, message)).transpose()?;
    tx.prepare_cached("UPDATE conversations SET pinned_message_id = ?2 WHERE pk = ?1")?
        .execute((pk, message))?;
    Ok(())
}

/// The stored id of a message that is to be pinned, which must be one of the conversation `pk`.
fn find_pinned(conn: &Connection, pk: i64, message: Id) -> Result<String, Error> {
    conn.prepare_cached("SELECT id FROM messages WHERE id = ?1 AND conversation_pk = ?2")?
        .query_row((message.as_str(), pk), |row| row.get(0))
        .optional()?
        .ok_or_else(|| {
            let what =
                format!("must be the id of a message of this conversation; there is none with the id `{message}`");
            Error::invalid("pinned_message_id", what)
        })
}

/// The one end that a conversation has, by its internal key.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Group(i64),
    Contact(i64),
}

fn find_end(conn: &Connection, account: Account, partner: Partner) -> Result<End, Error> {
    match partner {
        Partner::Group(id) => objects::find_in_param(conn, account, Kind::Group, id, "group_id").map(End::Group),
        Partner::Contact(id) => {
            objects::find_in_param(conn, account, Kind::Contact, id, "contact_id").map(End::Contact)
        }
    }
}

/// The conversation that an end has: its key and id.
fn find_of(conn: &Connection, end: End) -> Result<Option<(i64, String)>, Error> {
    let (sql, pk) = match end {
        End::Group(pk) => ("SELECT pk, id FROM conversations WHERE group_pk = ?1", pk),
        End::Contact(pk) => ("SELECT pk, id FROM conversations WHERE contact_pk = ?1", pk),
    };
    let found = conn
        .prepare_cached(sql)?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found)
}

/// Makes the conversation `id` of `end`; answers with its key.
pub(super) fn insert(tx: &Tx, account: Account, id: Id, end: End, created_at: Timestamp) -> Result<i64, Error> {
    let (group, contact) = match end {
        End::Group(pk) => (Some(pk), None),
        End::Contact(pk) => (None, Some(pk)),
    };
    tx.prepare_cached(concat!(
        "INSERT INTO conversations (pk, id, account, group_pk, contact_pk, created_at) VALUES (",
        new_key!("conversations"),
        ", ?1, ?2, ?3, ?4, ?5)"
    ))?
    .execute((id.as_str(), account.0, group, contact, created_at.seconds()))?;
    Ok(tx.last_insert_rowid())
}

/// Hands every conversation of the account to `each`, the oldest first.
pub fn export<E: From<Error>>(
    conn: &Connection,
    account: Account,
    each: impl FnMut(Json) -> Result<(), E>,
) -> Result<(), E> {
    let sql = concat!(
        "SELECT ",
        conversation_object!(),
        " FROM conversations o WHERE o.account = ?1 ORDER BY o.pk"
    );
    import::each_row(conn, sql, account, each)
}

/// Gives `end` the conversation that its own line tells of: this one, none (null), or, where it tells nothing, a new
/// one. A conversation that `end` had under the same id stays.
pub(super) fn import_of(
    import: &mut Import,
    id: Option<Option<Id>>,
    end: End,
    created_at: Timestamp,
) -> Result<(), Error> {
    let tx = import.tx;
    let id = id.unwrap_or_else(|| Some(Id::random()));
    if let Some((pk, had)) = find_of(tx, end)? {
        if id.is_some_and(|id| id.same(&had)) {
            return Ok(());
        }
        remove(tx, pk)?;
        import.made_with_end.remove(&pk);
    }
    let Some(id) = id else {
        return Ok(());
    };
    let taken: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM conversations WHERE id = ?1)")?
        .query_row([id.as_str()], |row| row.get(0))?;
    if taken {
        return Err(of_another(id).at("conversation_id"));
    }
    let pk = insert(tx, import.account, id, end, created_at)?;
    import.made_with_end.insert(pk);
    Ok(())
}

fn remove(tx: &Tx, pk: i64) -> Result<(), Error> {
    tx.prepare_cached("DELETE FROM conversations WHERE pk = ?1")?
        .execute([pk])?;
    Ok(())
}

/// The error of an imported conversation whose id is taken.
fn of_another(id: Id) -> Error {
    let message = format!("the conversation `{id}` exists already and belongs to another object");
    Error::new(Code::Conflict, message)
}

/// Takes in a conversation with the id and the times that it had elsewhere. One that this import made with its group
/// or contact is what the line tells of, and takes its place in the order of the lines.
pub fn import(import: &mut Import, stored: &StoredConversation) -> Result<Imported, Error> {
    let (tx, account) = (import.tx, import.account);
    let end = find_end(tx, account, stored.partner)?;
    let id = stored.id.unwrap_or_else(Id::random);
    let had = find_of(tx, end)?;
    let is_had = had.as_ref().is_some_and(|(_, had)| id.same(had));
    if !is_had && import.find_existing(Kind::Conversation, id)?.is_some() {
        return Err(of_another(id).at("id"));
    }
    let kept = match had {
        Some((pk, _)) if import.made_with_end.remove(&pk) => {
            remove(tx, pk)?;
            None
        }
        Some((_, had)) if !is_had => {
            let message = format!("its group or contact has another conversation already: `{had}`");
            return Err(Error::new(Code::Conflict, message).at("id"));
        }
        // Refused where that is asked for.
        Some(_) => import.find_existing(Kind::Conversation, id)?,
        None => None,
    };
    let created_at = stored.created_at.unwrap_or_else(Timestamp::now);
    let (pk, imported) = match kept {
        Some(_) if import.existing == Existing::Skip => return Ok(Imported::Skipped),
        Some(pk) => (pk, Imported::Replaced),
        None => (insert(tx, account, id, end, created_at)?, Imported::Added),
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
    if let Some(message) = stored.pinned_message_id {
        import.pins.push((import.line, pk, message));
    }
    Ok(imported)
}

/// Pins the messages that imported conversations told of, after the last line: a message's line comes after its
/// conversation's.
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
