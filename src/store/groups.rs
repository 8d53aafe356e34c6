//! Groups.

use rusqlite::{Connection, params};

use super::Tx;
use super::accounts::Account;
use super::clearing::new_key;
use super::contacts::contact_object;
use super::conversations::{self, End};
use super::import::{self, Existing, Import, Imported};
use super::list::{self, List, Order};
use super::members::{self, members_array};
use super::objects;
use super::search::{self, Scope};
use crate::error::Error;
use crate::types::group::{GroupChanges, NewGroup, StoredGroup};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::text::{Description, Url};
use crate::types::time::Timestamp;
use crate::types::words::Words;

/// The SQL of a group object, of a row `o`: two objects with the array of its members between their braces. Inside one
/// object, the array's text would be parsed.
macro_rules! group_object {
    () => {
        concat!(
            "rtrim(json_object(
        'id', o.id,
        'name', o.name,
        'description', o.description,
        'avatar_url', o.avatar_url,
        'conversation_id', o.conversation_id), '}') || ',\"contacts\":' || ",
            members_array!(),
            " || ',' || ltrim(json_object(
        'created_at', o.created_at,
        'archived_at', o.archived_at), '{')"
        )
    };
}
const RETRIEVE: &str = concat!(
    "SELECT ",
    group_object!(),
    " FROM groups o WHERE o.id = ?1 AND o.account = ?2"
);

/// Which of an account's groups are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `Some(true)`: only archived ones; `Some(false)`: only the others.
    pub archived: Option<bool>,
    /// Only groups that this contact is a member of.
    pub contact: Option<Id>,
    pub words: Option<Words>,
}

impl Filter {
    /// The ranges of `groups_active` and `groups_archived` that the filter lets in.
    fn archived_ranges(&self) -> Vec<String> {
        let range = |condition| format!("groups o WHERE o.account = ?1 AND o.archived_at {condition}");
        let (active, archived) = (range("IS NULL"), range("IS NOT NULL"));
        match self.archived {
            None => vec![active, archived],
            Some(true) => vec![archived],
            Some(false) => vec![active],
        }
    }
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let contact = objects::find_filter(conn, account, Kind::Contact, filter.contact, "contact_id")?;
    let archived = match filter.archived {
        None => "",
        Some(true) => " AND o.archived_at IS NOT NULL",
        Some(false) => " AND o.archived_at IS NULL",
    };
    let (key, ranges) = match (&filter.words, contact) {
        (None, None) => ("o.pk", filter.archived_ranges()),
        (None, Some(_)) => {
            let range = "members f CROSS JOIN groups o ON o.pk = f.group_pk WHERE f.contact_pk = ?4 AND o.account = ?1";
            ("f.group_pk", vec![format!("{range}{archived}")])
        }
        (Some(_), contact) => {
            let member = match contact {
                None => "",
                Some(_) => " CROSS JOIN members m ON m.contact_pk = ?4 AND m.group_pk = o.pk",
            };
            let rest = format!("CROSS JOIN groups o ON o.pk = f.rowid{member} WHERE o.account = ?1{archived}");
            ("f.rowid", search::ranges(conn, Kind::Group, &rest)?)
        }
    };
    let words = filter.words.as_ref();
    let groups = List {
        of: Kind::Group,
        object: group_object!(),
        key,
        order: Order::NewestFirst,
        ranges: &ranges,
        within: contact.map(Into::into),
        expression: words.map(|words| search::expression(Scope::Account(account), "name description", words)),
    };
    list::page(conn, account, &groups, page, |id| {
        objects::find(conn, account, Kind::Group, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    objects::retrieve(conn, account, Kind::Group, id, RETRIEVE)
}

/// Makes a group with its conversation and its members, of which there may be `most`; answers with its id and itself.
pub fn create(tx: &Tx, account: Account, new: &NewGroup, most: usize) -> Result<(Id, Json), Error> {
    let id = Id::random();
    let created_at = Timestamp::now();
    let pk = insert(tx, account, id, new, created_at, None)?;
    conversations::insert(tx, account, Id::random(), End::Group(pk), created_at)?;
    members::insert(tx, account, pk, &new.contacts, most)?;
    Ok((id, retrieve(tx, account, id)?))
}

/// Changes a group, whose members may be `most`; answers with the whole of it.
pub fn update(tx: &Tx, account: Account, id: Id, changes: &GroupChanges, most: usize) -> Result<Json, Error> {
    let pk = objects::find_in_path(tx, account, Kind::Group, id)?;
    changes.read_only.check(|| retrieve(tx, account, id))?;
    update_properties(tx, pk, changes)?;
    if let Some(contacts) = &changes.contacts {
        members::replace(tx, account, pk, contacts, most)?;
    }
    retrieve(tx, account, id)
}

/// Deletes a group with its conversation and messages; its contacts stay.
pub fn delete(tx: &Tx, account: Account, id: Id) -> Result<(), Error> {
    objects::delete(tx, account, Kind::Group, id)
}

fn insert(
    tx: &Tx,
    account: Account,
    id: Id,
    new: &NewGroup,
    created_at: Timestamp,
    archived_at: Option<Timestamp>,
) -> Result<i64, Error> {
    tx.prepare_cached(concat!(
        "INSERT INTO groups (pk, id, account, name, description, avatar_url, created_at, archived_at) VALUES (",
        new_key!("groups"),
        ", ?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    ))?
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
pub fn import(import: &mut Import, stored: &StoredGroup) -> Result<Imported, Error> {
    let (tx, account) = (import.tx, import.account);
    let id = stored.id.unwrap_or_else(Id::random);
    let created_at = stored.created_at.unwrap_or_else(Timestamp::now);
    let (pk, imported) = match import.find_existing(Kind::Group, id)? {
        Some(_) if import.existing == Existing::Skip => return Ok(Imported::Skipped),
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
            (pk, Imported::Replaced)
        }
        None => (
            insert(tx, account, id, &stored.new, created_at, stored.archived_at)?,
            Imported::Added,
        ),
    };
    conversations::import_of(import, stored.conversation_id, End::Group(pk), created_at)?;
    members::replace(tx, account, pk, &stored.new.contacts, usize::MAX)?;
    Ok(imported)
}
