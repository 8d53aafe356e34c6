//! Groups.

use rusqlite::{Connection, params};

use super::accounts::Account;
use super::conversations::{self, Owner};
use super::error::Error;
use super::import::{Existing, Import, Imported};
use super::keyset::{self, List, Order};
use super::purge::new_key;
use super::search::{self, Scope};
use super::tx::{Change, Tx};
use super::{lookup, members};
use crate::types::group::{GroupChanges, NewGroup, StoredGroup};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::search_terms::SearchTerms;
use crate::types::text::{Description, Url};
use crate::types::time::Timestamp;

/// Which of an account's groups are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `Some(true)`: only archived groups; `Some(false)`: only the others.
    pub archived: Option<bool>,
    /// Only groups with this member.
    pub contact: Option<Id>,
    pub terms: Option<SearchTerms>,
}

impl Filter {
    /// The ranges of `groups_active` and `groups_archived` that the filter admits.
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
    let contact = lookup::find_filter(conn, account, Kind::Contact, filter.contact, "contact_id")?;
    let archived = match filter.archived {
        None => "",
        Some(true) => " AND o.archived_at IS NOT NULL",
        Some(false) => " AND o.archived_at IS NULL",
    };
    let (key, ranges) = match (&filter.terms, contact) {
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
    let terms = filter.terms.as_ref();
    let groups = List {
        of: Kind::Group,
        key,
        order: Order::NewestFirst,
        ranges: &ranges,
        within: contact.map(Into::into),
        expression: terms.map(|terms| search::expression(Scope::Account(account), "name description", terms)),
    };
    keyset::page(conn, account, &groups, page, |id| {
        lookup::find(conn, account, Kind::Group, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    lookup::retrieve(conn, account, Kind::Group, id)
}

/// Creates a group with its conversation and up to `max_members` members. Returns its id and the group.
pub fn create(tx: &Tx, new: &NewGroup, max_members: usize) -> Result<(Id, Json), Error> {
    let id = Id::random();
    let pk = insert(tx, id, new, tx.now, None)?;
    conversations::insert(tx, Id::random(), Owner::Group(pk), tx.now)?;
    members::insert(tx, pk, &new.contacts, max_members)?;
    Ok((id, retrieve(tx, tx.account, id)?))
}

/// Updates a group, which may have up to `max_members` members. Returns the whole group.
pub fn update(tx: &Tx, id: Id, changes: &GroupChanges, max_members: usize) -> Result<Json, Error> {
    let pk = lookup::find_in_path(tx, tx.account, Kind::Group, id)?;
    changes.read_only.check(|| retrieve(tx, tx.account, id))?;
    update_properties(tx, pk, changes)?;
    if let Some(contacts) = &changes.contacts {
        members::replace(tx, pk, contacts, max_members)?;
    }
    tx.record(Change::Updated(Kind::Group, pk));
    retrieve(tx, tx.account, id)
}

/// Deletes a group with its conversation and messages. Its contacts remain.
pub fn delete(tx: &Tx, id: Id) -> Result<(), Error> {
    lookup::delete(tx, Kind::Group, id)
}

fn insert(
    tx: &Tx,
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
        tx.account.0,
        new.name.as_str(),
        new.description.as_ref().map(Description::as_str),
        new.avatar_url.as_ref().map(Url::as_str),
        created_at.seconds(),
        archived_at.map(Timestamp::seconds),
    ])?;
    let pk = tx.last_insert_rowid();
    tx.record(Change::Created(Kind::Group, pk));
    Ok(pk)
}

/// Writes the given properties. Each has its own statement, so that a change touches only the indexes that it must.
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

/// Imports a group with the id, the conversation and the times that it had elsewhere.
pub fn import(import: &mut Import, stored: &StoredGroup) -> Result<Imported, Error> {
    let tx = import.tx;
    let id = stored.id.unwrap_or_else(Id::random);
    let created_at = stored.created_at.unwrap_or(tx.now);
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
            tx.record(Change::Updated(Kind::Group, pk));
            (pk, Imported::Replaced)
        }
        None => (
            insert(tx, id, &stored.new, created_at, stored.archived_at)?,
            Imported::Added,
        ),
    };
    conversations::import_of(import, stored.conversation_id, Owner::Group(pk), created_at)?;
    members::replace(tx, pk, &stored.new.contacts, usize::MAX)?;
    Ok(imported)
}
