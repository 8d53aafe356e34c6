//! A group's input shapes: what a client can say when it makes or changes one.

use std::collections::HashSet;

use super::contact::NamedContact;
use super::fields::{Fields, FromField};
use super::id::Id;
use super::read_only::ReadOnly;
use super::text::{Description, Name, Url};
use super::time::Timestamp;
use crate::error::Error;

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    pub name: Name,
    pub description: Option<Description>,
    pub avatar_url: Option<Url>,
    pub contacts: Vec<NamedContact>,
}

impl NewGroup {
    /// Takes a new group's properties; `most` bounds its members.
    pub fn take(fields: &mut Fields, most: usize) -> Result<Self, Error> {
        Ok(NewGroup {
            name: fields.required("name")?,
            description: fields.nullable("description")?,
            avatar_url: fields.nullable("avatar_url")?,
            contacts: take_contacts(fields, most)?.unwrap_or_default(),
        })
    }
}

/// A group as an export has it. What its line leaves out is made anew.
#[derive(Clone, Debug)]
pub struct StoredGroup {
    pub id: Option<Id>,
    pub new: NewGroup,
    pub conversation_id: Option<Option<Id>>,
    pub created_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
}

impl StoredGroup {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(StoredGroup {
            id: fields.optional("id")?,
            new: NewGroup::take(fields, usize::MAX)?,
            conversation_id: fields.optional("conversation_id")?,
            created_at: fields.optional("created_at")?,
            archived_at: fields.nullable("archived_at")?,
        })
    }
}

/// Changes to a group: `None` leaves a property as it is, `Some(None)` unsets it.
#[derive(Clone, Debug, Default)]
pub struct GroupChanges {
    pub name: Option<Name>,
    pub description: Option<Option<Description>>,
    pub avatar_url: Option<Option<Url>>,
    pub contacts: Option<Vec<NamedContact>>,
    pub archived_at: Option<Option<Timestamp>>,
    pub read_only: ReadOnly,
}

impl GroupChanges {
    /// Takes the changes; `most` bounds the members.
    pub fn take(fields: &mut Fields, most: usize) -> Result<Self, Error> {
        Ok(GroupChanges {
            name: fields.optional("name")?,
            description: fields.optional("description")?,
            avatar_url: fields.optional("avatar_url")?,
            contacts: take_contacts(fields, most)?,
            archived_at: fields.optional("archived_at")?,
            read_only: ReadOnly::take(fields, &["id", "conversation_id", "created_at"]),
        })
    }
}

/// Takes `contacts`, each name of a contact once, at its first place.
///
/// A contact has two names, its id and its user name, so that `most` members can be named by twice as many; the exact
/// bound is kept where both are known to be the same contact, in the write.
fn take_contacts(fields: &mut Fields, most: usize) -> Result<Option<Vec<NamedContact>>, Error> {
    let Some(field) = fields.take("contacts") else {
        return Ok(None);
    };
    let mut seen = HashSet::new();
    let mut contacts = Vec::new();
    for item in field.items()? {
        let contact = NamedContact::from_field(item)?;
        if !seen.insert(contact.key()) {
            continue;
        }
        if contacts.len() == most.saturating_mul(2) {
            return Err(too_many_contacts(most));
        }
        contacts.push(contact);
    }
    Ok(Some(contacts))
}

/// The error of a membership over its bound.
pub fn too_many_contacts(most: usize) -> Error {
    Error::invalid("contacts", format!("must have at most {most} contacts"))
}
