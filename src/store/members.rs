//! Members: the contacts of a group, in order.

use rusqlite::{Connection, OptionalExtension as _};

use super::accounts::Account;
use super::error::Error;
use super::keyset::{self, List, Order};
use super::tx::{Change, Tx};
use super::{contacts, lookup};
use crate::error;
use crate::types::contact::NamedContact;
use crate::types::group::too_many_contacts;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::Page;

/// A page of a group's members, in the group's order.
pub fn list(conn: &Connection, account: Account, group: Id, page: &Page) -> Result<Json, Error> {
    let group = lookup::find_in_path(conn, account, Kind::Group, group)?;
    let members = List {
        of: Kind::Contact,
        key: "m.position",
        order: Order::Ascending,
        ranges: &["members m CROSS JOIN contacts c ON c.pk = m.contact_pk
                   WHERE m.group_pk = ?4 AND c.account = ?1"
            .to_owned()],
        within: Some(group.into()),
        expression: None,
    };
    keyset::page(conn, account, &members, page, |id| {
        let contact = lookup::find(conn, account, Kind::Contact, id)?;
        contact.map_or(Ok(None), |contact| position(conn, group, contact))
    })
}

/// Adds a contact at the end of a group, which may have up to `max_members` members. A member keeps its position.
pub fn add(tx: &Tx, group: Id, contact: Id, max_members: usize) -> Result<(), Error> {
    let group = lookup::find_in_path(tx, tx.account, Kind::Group, group)?;
    let contact = lookup::find_in_path(tx, tx.account, Kind::Contact, contact)?;
    if position(tx, group, contact)?.is_some() {
        return Ok(());
    }
    if count(tx, group)? >= max_members {
        return Err(too_many_contacts(max_members).into());
    }
    tx.prepare_cached(
        "INSERT INTO members (group_pk, position, contact_pk)
         VALUES (?1, (SELECT 1 + coalesce(max(position), -1) FROM members WHERE group_pk = ?1), ?2)",
    )?
    .execute((group, contact))?;
    tx.record(Change::MemberAdded { group, contact });
    Ok(())
}

/// Removes a contact from a group.
pub fn remove(tx: &Tx, group: Id, contact: Id) -> Result<(), Error> {
    let group = lookup::find_in_path(tx, tx.account, Kind::Group, group)?;
    let pk = lookup::find_in_path(tx, tx.account, Kind::Contact, contact)?;
    let removed = tx
        .prepare_cached("DELETE FROM members WHERE contact_pk = ?1 AND group_pk = ?2")?
        .execute((pk, group))?;
    if removed == 0 {
        return Err(error::Error::not_found("member", contact.as_str()).into());
    }
    tx.record(Change::MemberRemoved { group, contact: pk });
    Ok(())
}

/// Replaces a group's members with these, in this order. A contact listed twice counts at its first position.
pub(super) fn replace(tx: &Tx, group: i64, contacts: &[NamedContact], max_members: usize) -> Result<(), Error> {
    tx.prepare_cached("DELETE FROM members WHERE group_pk = ?1")?
        .execute([group])?;
    insert(tx, group, contacts, max_members)
}

/// Inserts the members of a group that has none.
pub(super) fn insert(tx: &Tx, group: i64, contacts: &[NamedContact], max_members: usize) -> Result<(), Error> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO members (group_pk, position, contact_pk) VALUES (?1, ?2, ?3)
         ON CONFLICT (contact_pk, group_pk) DO NOTHING",
    )?;
    let mut count = 0;
    for named in contacts {
        let contact = contacts::find_or_create(tx, named)?;
        count += insert.execute((group, count, contact))?;
        if count > max_members {
            return Err(too_many_contacts(max_members).into());
        }
    }
    Ok(())
}

/// The position of a contact in a group, if it is a member.
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
