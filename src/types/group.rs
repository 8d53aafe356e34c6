//! Groups as requests describe them.

use std::collections::HashSet;

use serde_json::json;

use super::contact::{self, NamedContact};
use super::fields::{Fields, FromField};
use super::id::Id;
use super::kind::Kind;
use super::property::{self, Output, Property};
use super::read_only::ReadOnly;
use super::text::{Description, Name, Url};
use super::time::Timestamp;
use crate::error::Error;

pub const DESCRIPTION: &str = "Contacts that share a conversation.";

/// A group's properties, in the order of responses.
pub fn properties() -> Vec<Property> {
    vec![
        Property::new::<Id>("id", "Unique identifier for the group.").example("l7cGNIBKZiNJ6wqF"),
        Property::new::<Name>("name", "The name for the group.")
            .required()
            .updatable()
            .example("Plaza Hotel"),
        Property::new::<Option<Description>>("description", "The description for the group.")
            .optional()
            .updatable()
            .example("World-renowned."),
        Property::new::<Option<Url>>(
            "avatar_url",
            "The URL of the group's avatar image, up to 2,048 bytes.",
        )
        .optional()
        .updatable()
        .example("https://assets.protocol.chat/avatars/plazahotel.jpg"),
        Property::new::<Option<Id>>(
            "conversation_id",
            "Unique identifier for the conversation that belongs to the group; null once it is deleted.",
        )
        .example("ZYjVAbCE9g5XRlra"),
        Property::new::<Vec<NamedContact>>(
            "contacts",
            "The members of the group, in order. A request names each contact by its id, by an object with its `id`, or \
             by an object with a `username`, which creates the contact if it does not exist. At most 1,000 unless the \
             server is configured otherwise.",
        )
        .shown_as(Output::Objects(Kind::Contact))
        .in_forms(NamedContact::members_in_forms())
        .optional()
        .updatable()
        .example(json!([property::example(&contact::properties())])),
        Property::new::<Timestamp>("created_at", "Timestamp of when the group was created.").example(692_233_200),
        Property::new::<Option<Timestamp>>(
            "archived_at",
            "Timestamp of when the group was archived; null if it is not.",
        )
        .updatable(),
    ]
}

/// A group to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    pub name: Name,
    pub description: Option<Description>,
    pub avatar_url: Option<Url>,
    pub contacts: Vec<NamedContact>,
}

impl NewGroup {
    /// Reads a new group of at most `most` members.
    pub fn take(fields: &mut Fields, most: usize) -> Result<Self, Error> {
        Ok(NewGroup {
            name: fields.required("name")?,
            description: fields.nullable("description")?,
            avatar_url: fields.nullable("avatar_url")?,
            contacts: take_contacts(fields, most)?.unwrap_or_default(),
        })
    }
}

/// A group from an export. A missing id, conversation or time is created by the import.
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

/// Changes to a group: `None` leaves a property unchanged, `Some(None)` sets it to null.
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
    /// Reads changes that leave at most `most` members.
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

/// Reads `contacts`, each name at its first position only.
///
/// A contact may be named twice, by id and by username, so up to `2 * most` names pass. The write, which knows the contacts,
/// enforces the exact bound.
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

/// The error for a group with more than `most` members.
pub fn too_many_contacts(most: usize) -> Error {
    Error::invalid("contacts", format!("must have at most {most} contacts"))
}
