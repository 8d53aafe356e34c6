//! Contacts: the one JSON representation; made, found, changed and deleted.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tx;
use super::accounts::Account;
use super::clearing::new_key;
use super::conversations::{self, End};
use super::import::{self, Existing, Import, Imported};
use super::list::{self, List, Order};
use super::objects;
use super::search::{self, Scope};
use crate::error::{Code, Error};
use crate::types::contact::{ContactChanges, ContactRef, NamedContact, NewContact, StoredContact};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::text::{DisplayName, PhoneNumber, Url, Username};
use crate::types::time::Timestamp;
use crate::types::words::Words;

/// The SQL of a contact object, of a row `c`; also inside a group's and a message's. It is defined in schema.sql.
macro_rules! contact_object {
    () => {
        "c.object"
    };
}
pub(super) use contact_object;

const RETRIEVE: &str = concat!(
    "SELECT ",
    contact_object!(),
    " FROM contacts c WHERE c.id = ?1 AND c.account = ?2"
);

/// Which of an account's contacts are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub username: Option<Username>,
    pub words: Option<Words>,
}

pub fn list(conn: &Connection, account: Account, page: &Page, filter: &Filter) -> Result<Json, Error> {
    let condition = match &filter.username {
        None => "WHERE c.account = ?1",
        Some(_) => "WHERE c.account = ?1 AND c.username = ?4",
    };
    let (key, ranges) = match &filter.words {
        None => ("c.pk", vec![format!("contacts c {condition}")]),
        Some(_) => {
            let rest = format!("CROSS JOIN contacts c ON c.pk = f.rowid {condition}");
            ("f.rowid", search::ranges(conn, Kind::Contact, &rest)?)
        }
    };
    let words = filter.words.as_ref();
    let contacts = List {
        of: Kind::Contact,
        object: contact_object!(),
        key,
        order: Order::NewestFirst,
        ranges: &ranges,
        within: filter
            .username
            .as_ref()
            .map(|username| username.as_str().to_owned().into()),
        expression: words
            .map(|words| search::expression(Scope::Account(account), "username display_name phone_number", words)),
    };
    list::page(conn, account, &contacts, page, |id| {
        objects::find(conn, account, Kind::Contact, id)
    })
}

pub fn retrieve(conn: &Connection, account: Account, id: Id) -> Result<Json, Error> {
    objects::retrieve(conn, account, Kind::Contact, id, RETRIEVE)
}

/// Makes a contact with its conversation; answers with its id and itself.
pub fn create(tx: &Tx, account: Account, new: &NewContact) -> Result<(Id, Json), Error> {
    check_username_free(tx, account, &new.username, None)?;
    let id = Id::random();
    create_with_id(tx, account, id, new)?;
    Ok((id, retrieve(tx, account, id)?))
}

/// Changes a contact; answers with the whole of it.
pub fn update(tx: &Tx, account: Account, id: Id, changes: &ContactChanges) -> Result<Json, Error> {
    let pk = objects::find_in_path(tx, account, Kind::Contact, id)?;
    changes.read_only.check(|| retrieve(tx, account, id))?;
    if let Some(username) = &changes.username {
        check_username_free(tx, account, username, Some(pk))?;
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
    retrieve(tx, account, id)
}

/// Deletes a contact with its conversation and takes it out of every group; what it sent to groups stays.
pub fn delete(tx: &Tx, account: Account, id: Id) -> Result<(), Error> {
    objects::delete(tx, account, Kind::Contact, id)
}

/// The key of the contact that a request names, made on the spot where it is named by a user name that is free.
pub(super) fn find_or_create(tx: &Tx, account: Account, named: &NamedContact) -> Result<i64, Error> {
    match &named.contact {
        ContactRef::Id(id) => objects::find_in_param(tx, account, Kind::Contact, *id, named.path.as_str()),
        ContactRef::Username(new) => match find_by_username(tx, account, &new.username)? {
            Some(pk) => Ok(pk),
            None => create_with_id(tx, account, Id::random(), new),
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

/// Refuses a user name that another contact than `own` has.
fn check_username_free(
    conn: &Connection,
    account: Account,
    username: &Username,
    own: Option<i64>,
) -> Result<(), Error> {
    match find_by_username(conn, account, username)? {
        Some(taken) if Some(taken) != own => {
            let message = format!("The user name `{}` is taken by another contact.", username.as_str());
            Err(Error::new(Code::Conflict, message).at("username"))
        }
        _ => Ok(()),
    }
}

fn create_with_id(tx: &Tx, account: Account, id: Id, new: &NewContact) -> Result<i64, Error> {
    let created_at = Timestamp::now();
    let pk = insert(tx, account, id, new, None, created_at)?;
    conversations::insert(tx, account, Id::random(), End::Contact(pk), created_at)?;
    Ok(pk)
}

fn insert(
    tx: &Tx,
    account: Account,
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
        account.0,
        new.username.as_str(),
        new.phone_number.as_ref().map(PhoneNumber::as_str),
        new.avatar_url.as_ref().map(Url::as_str),
        new.display_name.as_ref().map(DisplayName::as_str),
        last_active_at.map(Timestamp::seconds),
        created_at.seconds(),
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Hands every contact of the account to `each`, the oldest first.
pub fn export<E: From<Error>>(
    conn: &Connection,
    account: Account,
    each: impl FnMut(Json) -> Result<(), E>,
) -> Result<(), E> {
    let sql = concat!(
        "SELECT ",
        contact_object!(),
        " FROM contacts c WHERE c.account = ?1 ORDER BY c.pk"
    );
    import::each_row(conn, sql, account, each)
}

/// Takes in a contact with the id, the conversation and the times that it had elsewhere.
pub fn import(import: &mut Import, stored: &StoredContact) -> Result<Imported, Error> {
    let (tx, account) = (import.tx, import.account);
    let id = stored.id.unwrap_or_else(Id::random);
    let created_at = stored.created_at.unwrap_or_else(Timestamp::now);
    let found = import.find_existing(Kind::Contact, id)?;
    if found.is_some() && import.existing == Existing::Skip {
        return Ok(Imported::Skipped);
    }
    check_username_free(tx, account, &stored.new.username, found)?;
    let (pk, imported) = match found {
        Some(pk) => {
            replace(tx, pk, stored, created_at)?;
            (pk, Imported::Replaced)
        }
        None => (
            insert(tx, account, id, &stored.new, stored.last_active_at, created_at)?,
            Imported::Added,
        ),
    };
    conversations::import_of(import, stored.conversation_id, End::Contact(pk), created_at)?;
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
    Ok(())
}
