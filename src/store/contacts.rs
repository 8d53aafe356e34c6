//! Contacts: the one JSON representation, and finding or making those that a group names.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tx;
use super::accounts::{self, Account};
use super::conversations::{self, End};
use super::import::{self, Existing, Imported};
use crate::error::{Code, Error};
use crate::types::contact::{ContactRef, NamedContact, NewContact, StoredContact};
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::text::{DisplayName, PhoneNumber, Url};
use crate::types::time::Timestamp;

/// The SQL of a contact object, of a row `c`; also inside a group's.
macro_rules! contact_object {
    () => {
        "json_object(
            'id', c.id,
            'username', c.username,
            'phone_number', c.phone_number,
            'avatar_url', c.avatar_url,
            'display_name', c.display_name,
            'conversation_id', c.conversation_id,
            'last_active_at', c.last_active_at,
            'created_at', c.created_at)"
    };
}
pub(super) use contact_object;

/// The key of the contact that a request names, made on the spot where it is named by a user name that is free.
pub(super) fn find_or_create(tx: &Tx, account: Account, named: &NamedContact) -> Result<i64, Error> {
    match &named.contact {
        ContactRef::Id(id) => accounts::find_own(tx, account, "contacts", *id)?.ok_or_else(|| {
            Error::invalid(
                named.path.clone(),
                format!("must be the id of a contact; there is none with the id `{id}`"),
            )
        }),
        ContactRef::Username(new) => match find_by_username(tx, account, new.username.as_str())? {
            Some(pk) => Ok(pk),
            None => create(tx, account, new),
        },
    }
}

fn find_by_username(tx: &Tx, account: Account, username: &str) -> Result<Option<i64>, Error> {
    let found = tx
        .prepare_cached("SELECT pk FROM contacts WHERE account = ?1 AND username = ?2")?
        .query_row((account.0, username), |row| row.get(0))
        .optional()?;
    Ok(found)
}

fn create(tx: &Tx, account: Account, new: &NewContact) -> Result<i64, Error> {
    let created_at = Timestamp::now();
    let pk = insert(tx, account, Id::random(), new, None, created_at)?;
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
    tx.prepare_cached(
        "INSERT INTO contacts (id, account, username, phone_number, avatar_url, display_name, last_active_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
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
pub fn import(tx: &Tx, account: Account, stored: &StoredContact, existing: Existing) -> Result<Imported, Error> {
    let id = stored.id.unwrap_or_else(Id::random);
    let created_at = stored.created_at.unwrap_or_else(Timestamp::now);
    let found = import::find_existing(tx, "contacts", "contact", account, id, existing)?;
    if found.is_some() && existing == Existing::Skip {
        return Ok(Imported::Skipped);
    }
    let username = stored.new.username.as_str();
    if find_by_username(tx, account, username)?.is_some_and(|taken| Some(taken) != found) {
        let message = format!("the user name `{username}` is taken by another contact");
        return Err(Error::new(Code::Conflict, message).at("username"));
    }
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
    conversations::import(tx, account, stored.conversation_id, End::Contact(pk), created_at)?;
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
