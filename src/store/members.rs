//! Members: which contacts are in a group, in what order.

use rusqlite::{Connection, OptionalExtension as _};

use super::Tx;
use super::accounts::Account;
use super::contacts::{self, contact_object};
use super::list::{self, List, Order};
use super::objects;
use crate::error::Error;
use crate::types::contact::NamedContact;
use crate::types::group::too_many_contacts;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;

/// The SQL of the members of a group `o`, as the text of an array. CROSS JOIN has SQLite walk `members` as its key has them: in
/// their order.
macro_rules! members_array {
    () => {
        concat!(
            "(SELECT '[' || coalesce(group_concat(",
            contact_object!(),
            "), '') || ']' FROM members m CROSS JOIN contacts c ON c.pk = m.contact_pk WHERE m.group_pk = o.pk)"
        )
    };
}
pub(super) use members_array;

/// A page of a group's members, in the group's order.
pub fn list(conn: &Connection, account: Account, group: Id, page: &Page) -> Result<Json, Error> {
    let group = objects::find_in_path(conn, account, Kind::Group, group)?;
    let members = List {
        of: Kind::Contact,
        object: contact_object!(),
        key: "m.position",
        order: Order::Counted,
        ranges: &["members m CROSS JOIN contacts c ON c.pk = m.contact_pk
                   WHERE m.group_pk = ?4 AND c.account = ?1"
            .to_owned()],
        within: Some(group.into()),
        expression: None,
    };
    list::page(conn, account, &members, page, |id| {
        let contact = objects::find(conn, account, Kind::Contact, id)?;
        contact.map_or(Ok(None), |contact| position(conn, group, contact))
    })
}

/// Adds a contact at the end of a group, which may have `most`; one who is a member already stays where it is.
pub fn add(tx: &Tx, account: Account, group: Id, contact: Id, most: usize) -> Result<(), Error> {
    let group = objects::find_in_path(tx, account, Kind::Group, group)?;
    let contact = objects::find_in_path(tx, account, Kind::Contact, contact)?;
    if position(tx, group, contact)?.is_some() {
        return Ok(());
    }
    if count(tx, group)? >= most {
        return Err(too_many_contacts(most));
    }
    tx.prepare_cached(
        "INSERT INTO members (group_pk, position, contact_pk)
         VALUES (?1, (SELECT 1 + coalesce(max(position), -1) FROM members WHERE group_pk = ?1), ?2)",
    )?
    .execute((group, contact))?;
    Ok(())
}

/// Takes a contact out of a group.
pub fn remove(tx: &Tx, account: Account, group: Id, contact: Id) -> Result<(), Error> {
    let group = objects::find_in_path(tx, account, Kind::Group, group)?;
    let pk = objects::find_in_path(tx, account, Kind::Contact, contact)?;
    let removed = tx
        .prepare_cached("DELETE FROM members WHERE contact_pk = ?1 AND group_pk = ?2")?
        .execute((pk, group))?;
    match removed {
        0 => Err(Error::not_found("member", contact.as_str())),
        _ => Ok(()),
    }
}

/// Makes these a group's members, in this order, each once, at its first place.
pub(super) fn replace(
    tx: &Tx,
    account: Account,
    group: i64,
    contacts: &[NamedContact],
    most: usize,
) -> Result<(), Error> {
    tx.prepare_cached("DELETE FROM members WHERE group_pk = ?1")?
        .execute([group])?;
    insert(tx, account, group, contacts, most)
}

/// Makes these the members of a group that has none.
pub(super) fn insert(
    tx: &Tx,
    account: Account,
    group: i64,
    contacts: &[NamedContact],
    most: usize,
) -> Result<(), Error> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO members (group_pk, position, contact_pk) VALUES (?1, ?2, ?3)
         ON CONFLICT (contact_pk, group_pk) DO NOTHING",
    )?;
    let mut count = 0;
    for named in contacts {
        let contact = contacts::find_or_create(tx, account, named)?;
        count += insert.execute((group, count, contact))?;
        if count > most {
            return Err(too_many_contacts(most));
        }
    }
    Ok(())
}

/// The place of a contact in a group, if it is a member.
pub(super) fn position(conn: &Connection, group: i64, contact: i64) -> Result<Option<i64>, Error> {
    let found = conn
        .prepare_cached("SELECT position FROM members WHERE contact_pk = ?1 AND group_pk = ?2")?
        .query_row((contact, group), |row| row.get(0))
        .optional()?;
    Ok(found)
}

fn count(conn: &Connection, group: i64) -> Result<usize, Error> {
    let sql = "SELECT count(*) FROM members m CROSS JOIN contacts c ON c.pk = m.contact_pk WHERE m.group_pk = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([group], |row| row.get(0))?)
}
