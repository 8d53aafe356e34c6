//! Contacts.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::accounts::Account;
use super::conversations::{self, Owner};
use super::error::Error;
use super::import::{Existing, Import, Imported};
use super::keyset::{self, List, Order};
use super::lookup;
use super::purge::new_key;
use super::search::{self, Scope};
use super::tx::{Change, Tx};
use crate::error::{self, Code};
use crate::types::contact::{ContactChanges, ContactRef, NamedContact, NewContact, StoredContact};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::search_terms::SearchTerms;
use crate::types::text::{DisplayName, PhoneNumber, Url, Username};
use crate::types::time::Timestamp;

/// Which of an account's contacts are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub username: Option<Username>,
    pub terms: Option<SearchTerms>,
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let condition = match &filter.username {
        None => "WHERE c.account = ?1",
        Some(_) => "WHERE c.account = ?1 AND c.username = ?4",
    };
    let (key, ranges) = match &filter.terms {
        None => ("c.pk", vec![format!("contacts c {condition}")]),
        Some(_) => {
            let rest = format!("CROSS JOIN contacts c ON c.pk = f.rowid {condition}");
            ("f.rowid", search::ranges(conn, Kind::Contact, &rest)?)
        }
    };
    let terms = filter.terms.as_ref();
    let contacts = List {
        of: Kind::Contact,
        key,
        order: Order::NewestFirst,
        ranges: &ranges,
        within: filter
            .username
            .as_ref()
            .map(|username| username.as_str().to_owned().into()),
        expression: terms
            .map(|terms| search::expression(Scope::Account(account), "username display_name phone_number", terms)),
    };
    keyset::page(conn, account, &contacts, page, |id| {
        lookup::find(conn, account, Kind::Contact, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    lookup::retrieve(conn, account, Kind::Contact, id)
}

/// Creates a contact with its conversation. Returns its id and the contact.
pub fn create(tx: &Tx, new: &NewContact) -> Result<(Id, Json), Error> {
    check_username_free(tx, &new.username, None)?;
    let id = Id::random();
    create_with_id(tx, id, new)?;
    Ok((id, retrieve(tx, tx.account, id)?))
}

/// Updates a contact. Returns the whole contact.
pub fn update(tx: &Tx, id: Id, changes: &ContactChanges) -> Result<Json, Error> {
    let pk = lookup::find_in_path(tx, tx.account, Kind::Contact, id)?;
    changes.read_only.check(|| retrieve(tx, tx.account, id))?;
    if let Some(username) = &changes.username {
        check_username_free(tx, username, Some(pk))?;
        tx.prepare_cached("UPDATE contacts SET username = ?2 WHERE pk = ?1")?
            .execute((pk, username.as_str()))?;
    }
    if let Some(phone_number) = &changes.phone_number {
        tx.prepare_cached("UPDATE contacts SET phone_number = ?2 WHERE pk = ?1")?
            .execute((pk, phone_number.as_ref().map(PhoneNumber::as_str)))?;
    }
    if let Some(avatar_url) = &changes.avatar_url {
        tx.prepare_cached("UPDATE contacts SET avatar_url = ?2 WHERE pk = ?1")?
            .execute((pk, avatar_url.as_ref().map(Url::as_str)))?;
    }
    if let Some(display_name) = &changes.display_name {
        tx.prepare_cached("UPDATE contacts SET display_name = ?2 WHERE pk = ?1")?
            .execute((pk, display_name.as_ref().map(DisplayName::as_str)))?;
    }
    tx.record(Change::Updated(Kind::Contact, pk));
    retrieve(tx, tx.account, id)
}

/// Deletes a contact with its conversation and removes it from every group. Messages that it sent to groups remain.
pub fn delete(tx: &Tx, id: Id) -> Result<(), Error> {
    lookup::delete(tx, Kind::Contact, id)
}

/// The key of the contact that a request names. One named by a free username is created.
pub(super) fn find_or_create(tx: &Tx, named: &NamedContact) -> Result<i64, Error> {
    match &named.contact {
        ContactRef::Id(id) => lookup::find_in_param(tx, tx.account, Kind::Contact, *id, named.path.as_str()),
        ContactRef::Username(new) => match find_by_username(tx, tx.account, &new.username)? {
            Some(pk) => Ok(pk),
            None => create_with_id(tx, Id::random(), new),
        },
    }
}

fn find_by_username(conn: &Connection, account: Account, username: &Username) -> Result<Option<i64>, Error> {
    let found = conn
        .prepare_cached("SELECT pk FROM contacts WHERE account = ?1 AND username = ?2")?
        .query_row((account.0, username.as_str()), |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Refuses a username that a contact other than `own` has.
fn check_username_free(tx: &Tx, username: &Username, own: Option<i64>) -> Result<(), Error> {
    match find_by_username(tx, tx.account, username)? {
        Some(taken) if Some(taken) != own => {
            let message = format!("The username `{}` is taken by another contact.", username.as_str());
            Err(error::Error::new(Code::Conflict, message).at("username").into())
        }
        _ => Ok(()),
    }
}

fn create_with_id(tx: &Tx, id: Id, new: &NewContact) -> Result<i64, Error> {
    let pk = insert(tx, id, new, None, tx.now)?;
    conversations::insert(tx, Id::random(), Owner::Contact(pk), tx.now)?;
    Ok(pk)
}

fn insert(
    tx: &Tx,
    id: Id,
    new: &NewContact,
    last_active_at: Option<Timestamp>,
    created_at: Timestamp,
) -> Result<i64, Error> {
    tx.prepare_cached(concat!(
        "INSERT INTO contacts
            (pk, id, account, username, phone_number, avatar_url, display_name, last_active_at, created_at)
         VALUES (",
        new_key!("contacts"),
        ", ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    ))?
    .execute(params![
        id.as_str(),
        tx.account.0,
        new.username.as_str(),
        new.phone_number.as_ref().map(PhoneNumber::as_str),
        new.avatar_url.as_ref().map(Url::as_str),
        new.display_name.as_ref().map(DisplayName::as_str),
        last_active_at.map(Timestamp::seconds),
        created_at.seconds(),
    ])?;
    let pk = tx.last_insert_rowid();
    tx.record(Change::Created(Kind::Contact, pk));
    Ok(pk)
}

/// Imports a contact with the id, the conversation and the times that it had elsewhere.
pub fn import(import: &mut Import, stored: &StoredContact) -> Result<Imported, Error> {
    let tx = import.tx;
    let id = stored.id.unwrap_or_else(Id::random);
    let created_at = stored.created_at.unwrap_or(tx.now);
    let found = import.find_existing(Kind::Contact, id)?;
    if found.is_some() && import.existing == Existing::Skip {
        return Ok(Imported::Skipped);
    }
    check_username_free(tx, &stored.new.username, found)?;
    let (pk, imported) = match found {
        Some(pk) => {
            replace(tx, pk, stored, created_at)?;
            (pk, Imported::Replaced)
        }
        None => (
            insert(tx, id, &stored.new, stored.last_active_at, created_at)?,
            Imported::Added,
        ),
    };
    conversations::import_of(import, stored.conversation_id, Owner::Contact(pk), created_at)?;
    Ok(imported)
}

fn replace(tx: &Tx, pk: i64, stored: &StoredContact, created_at: Timestamp) -> Result<(), Error> {
    tx.prepare_cached(
        "UPDATE contacts SET username = ?2, phone_number = ?3, avatar_url = ?4, display_name = ?5,
            last_active_at = ?6, created_at = ?7
         WHERE pk = ?1",
    )?
    .execute(params![
        pk,
        stored.new.username.as_str(),
        stored.new.phone_number.as_ref().map(PhoneNumber::as_str),
        stored.new.avatar_url.as_ref().map(Url::as_str),
        stored.new.display_name.as_ref().map(DisplayName::as_str),
        stored.last_active_at.map(Timestamp::seconds),
        created_at.seconds(),
    ])?;
    tx.record(Change::Updated(Kind::Contact, pk));
    Ok(())
}
