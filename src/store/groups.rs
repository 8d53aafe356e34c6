//! Groups and their members.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tx;
use super::accounts::{self, Account};
use super::contacts::{self, contact_object};
use super::conversations::{self, End};
use super::import::{self, Existing, Imported};
use super::list::{self, List};
use crate::error::Error;
use crate::types::contact::NamedContact;
use crate::types::group::{GroupChanges, NewGroup, StoredGroup, Unchanged, too_many_contacts};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::page::Page;
use crate::types::text::{Description, Url};
use crate::types::time::Timestamp;

/// The SQL of a group object, of a row `o`. CROSS JOIN has SQLite walk `members` as its key has them: in their order.
macro_rules! group_object {
    () => {
        concat!(
            "json_object(
        'id', o.id,
        'name', o.name,
        'description', o.description,
        'avatar_url', o.avatar_url,
        'conversation_id', o.conversation_id,
        'contacts', (SELECT json_group_array(",
            contact_object!(),
            ") FROM members m CROSS JOIN contacts c ON c.pk = m.contact_pk WHERE m.group_pk = o.pk),
        'created_at', o.created_at,
        'archived_at', o.archived_at)"
        )
    };
}
const OBJECT: &str = group_object!();
const RETRIEVE: &str = concat!(
    "SELECT ",
    group_object!(),
    " FROM groups o WHERE o.id = ?1 AND o.account = ?2"
);

/// A page of the account's groups: all, only the archived (`Some(true)`), or only the others.
pub fn list(conn: &Connection, account: Account, page: &Page, archived: Option<bool>) -> Result<Json, Error> {
    let filter = match archived {
        None => "",
        Some(true) => "AND o.archived_at IS NOT NULL",
        Some(false) => "AND o.archived_at IS NULL",
    };
    let groups = List {
        table: "groups",
        object: OBJECT,
        filter,
    };
    list::page(conn, account, &groups, page)
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    conn.prepare_cached(RETRIEVE)?
        .query_row((id.as_str(), account.0), |row| row.get(0).map(Json))
        .optional()?
        .ok_or_else(|| not_found(id))
}

/// Makes a group with its conversation and its members, of which there may be `most`; answers with its id and itself.
pub fn create(tx: &Tx, account: Account, new: &NewGroup, most: usize) -> Result<(Id, Json), Error> {
    let id = Id::random();
    let created_at = Timestamp::now();
    let pk = insert(tx, account, id, new, created_at, None)?;
    conversations::insert(tx, account, Id::random(), End::Group(pk), created_at)?;
    set_members(tx, account, pk, &new.contacts, most)?;
    Ok((id, retrieve(tx, account, id)?))
}

/// Changes a group, whose members may be `most`; answers with the whole of it.
pub fn update(tx: &Tx, account: Account, id: Id, changes: &GroupChanges, most: usize) -> Result<Json, Error> {
    let pk = accounts::find_own(tx, account, "groups", id)?.ok_or_else(|| not_found(id))?;
    check_unchanged(tx, pk, &changes.unchanged)?;
    update_properties(tx, pk, changes)?;
    if let Some(contacts) = &changes.contacts {
        clear_members(tx, pk)?;
        set_members(tx, account, pk, contacts, most)?;
    }
    retrieve(tx, account, id)
}

/// Deletes a group with its conversation; its contacts stay.
pub fn delete(tx: &Tx, account: Account, id: Id) -> Result<(), Error> {
    let deleted = tx
        .prepare_cached("DELETE FROM groups WHERE id = ?1 AND account = ?2")?
        .execute((id.as_str(), account.0))?;
    match deleted {
        0 => Err(not_found(id)),
        _ => Ok(()),
    }
}

fn not_found(id: Id) -> Error {
    Error::not_found("group", id.as_str())
}

fn insert(
    tx: &Tx,
    account: Account,
    id: Id,
    new: &NewGroup,
    created_at: Timestamp,
    archived_at: Option<Timestamp>,
) -> Result<i64, Error> {
    tx.prepare_cached(
        "INSERT INTO groups (id, account, name, description, avatar_url, created_at, archived_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        id.as_str(),
        account.0,
        new.name.as_str(),
        new.description.as_ref().map(Description::as_str),
        new.avatar_url.as_ref().map(Url::as_str),
        created_at.seconds(),
        archived_at.map(Timestamp::seconds),
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Read-only properties may be sent back as they were read, and not otherwise.
fn check_unchanged(tx: &Tx, pk: i64, sent: &Unchanged) -> Result<(), Error> {
    if *sent == Unchanged::default() {
        return Ok(());
    }
    let (id, conversation_id, created_at): (String, Option<String>, i64) = tx
        .prepare_cached("SELECT id, conversation_id, created_at FROM groups WHERE pk = ?1")?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let same_conversation = |sent: Option<Id>| match (sent, &conversation_id) {
        (Some(sent), Some(stored)) => sent.same(stored),
        (sent, stored) => sent.is_none() && stored.is_none(),
    };
    let changed = [
        ("id", sent.id.is_some_and(|sent| !sent.same(&id))),
        (
            "conversation_id",
            sent.conversation_id.is_some_and(|sent| !same_conversation(sent)),
        ),
        (
            "created_at",
            sent.created_at.is_some_and(|sent| sent.seconds() != created_at),
        ),
    ];
    match changed.iter().find(|(_, changed)| *changed) {
        Some((property, _)) => Err(Error::invalid(
            *property,
            "is read-only: leave it out, or send the value it has",
        )),
        None => Ok(()),
    }
}

/// Writes the properties that are given. Each has its statement, so that a change touches only the indexes it must.
fn update_properties(tx: &Tx, pk: i64, changes: &GroupChanges) -> Result<(), Error> {
    if let Some(name) = &changes.name {
        tx.prepare_cached("UPDATE groups SET name = ?2 WHERE pk = ?1")?
            .execute((pk, name.as_str()))?;
    }
    if let Some(description) = &changes.description {
        tx.prepare_cached("UPDATE groups SET description = ?2 WHERE pk = ?1")?
            .execute((pk, description.as_ref().map(Description::as_str)))?;
    }
    if let Some(avatar_url) = &changes.avatar_url {
        tx.prepare_cached("UPDATE groups SET avatar_url = ?2 WHERE pk = ?1")?
            .execute((pk, avatar_url.as_ref().map(Url::as_str)))?;
    }
    if let Some(archived_at) = changes.archived_at {
        tx.prepare_cached("UPDATE groups SET archived_at = ?2 WHERE pk = ?1")?
            .execute((pk, archived_at.map(Timestamp::seconds)))?;
    }
    Ok(())
}

fn clear_members(tx: &Tx, pk: i64) -> Result<(), Error> {
    tx.prepare_cached("DELETE FROM members WHERE group_pk = ?1")?
        .execute([pk])?;
    Ok(())
}

/// Gives a group without members these, in this order, each once, at its first place.
fn set_members(tx: &Tx, account: Account, pk: i64, contacts: &[NamedContact], most: usize) -> Result<(), Error> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO members (group_pk, position, contact_pk) VALUES (?1, ?2, ?3)
         ON CONFLICT (contact_pk, group_pk) DO NOTHING",
    )?;
    let mut count = 0;
    for named in contacts {
        let contact = contacts::find_or_create(tx, account, named)?;
        count += insert.execute((pk, count, contact))?;
        if count > most {
            return Err(too_many_contacts(most));
        }
    }
    Ok(())
}

/// Hands every group of the account to `each`, the oldest first.
pub fn export<E: From<Error>>(
    conn: &Connection,
    account: Account,
    each: impl FnMut(Json) -> Result<(), E>,
) -> Result<(), E> {
    let sql = concat!(
        "SELECT ",
        group_object!(),
        " FROM groups o WHERE o.account = ?1 ORDER BY o.pk"
    );
    import::each_row(conn, sql, account, each)
}

/// Takes in a group with the id, the conversation and the times that it had elsewhere.
pub fn import(tx: &Tx, account: Account, stored: &StoredGroup, existing: Existing) -> Result<Imported, Error> {
    let id = stored.id.unwrap_or_else(Id::random);
    let created_at = stored.created_at.unwrap_or_else(Timestamp::now);
    let (pk, imported) = match import::find_existing(tx, "groups", "group", account, id, existing)? {
        Some(_) if existing == Existing::Skip => return Ok(Imported::Skipped),
        Some(pk) => {
            update_properties(
                tx,
                pk,
                &GroupChanges {
                    name: Some(stored.new.name.clone()),
                    description: Some(stored.new.description.clone()),
                    avatar_url: Some(stored.new.avatar_url.clone()),
                    archived_at: Some(stored.archived_at),
                    ..GroupChanges::default()
                },
            )?;
            tx.prepare_cached("UPDATE groups SET created_at = ?2 WHERE pk = ?1")?
                .execute((pk, created_at.seconds()))?;
            clear_members(tx, pk)?;
            (pk, Imported::Replaced)
        }
        None => (
            insert(tx, account, id, &stored.new, created_at, stored.archived_at)?,
            Imported::Added,
        ),
    };
    conversations::import(tx, account, stored.conversation_id, End::Group(pk), created_at)?;
    set_members(tx, account, pk, &stored.new.contacts, usize::MAX)?;
    Ok(imported)
}
