//! A group's input shapes: what a client can say when it makes or changes one.

use std::collections::HashSet;

use serde_json::json;

use super::contact::{self, NamedContact};
use super::fields::{Fields, FromField};
use super::id::Id;
use super::kind::Kind;
use super::property::{self, Property, reference};
use super::read_only::ReadOnly;
use super::text::{Description, Name, Url};
use super::time::Timestamp;
use crate::error::Error;

/// A group's properties, in the order of answers.
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
            "The avatar image URL for the group, of up to 2,048 bytes.",
        )
        .optional()
        .updatable()
        .example("https://assets.protocol.chat/avatars/plazahotel.jpg"),
        Property::new::<Option<Id>>(
            "conversation_id",
            "Unique identifier for the conversation that belongs to the group; null once that is deleted.",
        )
        .example("ZYjVAbCE9g5XRlra"),
        Property::new::<Vec<NamedContact>>(
            "contacts",
            "The contacts that are members of the group, in order. A request names each by its id, by an object with \
             its `id`, or by an object with a `username`, which makes the contact if there is none. At most 1,000, unless \
             the server's operator said otherwise.",
        )
        .answered_as(json!({"type": "array", "items": reference(Kind::Contact)}))
        .in_forms(NamedContact::members_in_forms())
        .optional()
        .updatable()
        .example(json!([property::example(&contact::properties())])),
        Property::new::<Timestamp>("created_at", "Timestamp of when the group was created.").example(692_233_200),
        Property::new::<Option<Timestamp>>(
            "archived_at",
            "Timestamp of when the group was archived; null: it is not.",
        )
        .updatable(),
    ]
}

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
