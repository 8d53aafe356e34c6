//! Conversations as requests describe them.

use serde_json::json;

use super::fields::Fields;
use super::id::Id;
use super::json_schema::Schema;
use super::property::Property;
use super::read_only::ReadOnly;
use super::time::Timestamp;
use crate::error::{Code, Error};

pub const DESCRIPTION: &str = "The messages exchanged with a group or with one contact.";

/// A conversation's properties, in the order of responses.
pub fn properties() -> Vec<Property> {
    vec![
        Property::new::<Id>("id", "Unique identifier for the conversation.").example("ZYjVAbCE9g5XRlra"),
        Property::new::<Option<Id>>(
            "contact_id",
            "Unique identifier for the contact of a one-to-one conversation; null if it belongs to a group.",
        )
        .optional(),
        Property::new::<Option<Id>>(
            "group_id",
            "Unique identifier for the group that the conversation belongs to; null if it is one-to-one.",
        )
        .optional()
        .example("l7cGNIBKZiNJ6wqF"),
        Property::new::<Option<Id>>(
            "pinned_message_id",
            "Unique identifier for the pinned message, which must belong to this conversation.",
        )
        .updatable(),
        Property::new::<bool>("is_pinned", "Whether the conversation is pinned.")
            .updatable()
            .example(true),
        Property::new::<bool>("is_muted", "Whether the conversation is muted.")
            .updatable()
            .example(false),
        Property::new::<Option<Timestamp>>("last_active_at", "Timestamp of the latest message.").example(692_233_200),
        Property::new::<Option<Timestamp>>("last_opened_at", "Timestamp of when the conversation was last opened.")
            .updatable()
            .example(1_700_000_000),
        Property::new::<Timestamp>("created_at", "Timestamp of when the conversation was created.")
            .example(692_233_200),
        Property::new::<Option<Timestamp>>(
            "archived_at",
            "Timestamp of when the conversation was archived; null if it is not.",
        )
        .updatable(),
    ]
}

/// What a conversation belongs to: a group or one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationOwner {
    Group(Id),
    Contact(Id),
}

impl ConversationOwner {
    /// The schema of an object or a form that names exactly one owner.
    pub fn schema() -> Schema {
        let just = |one: &str, other: &str| {
            json!({
                "required": [one],
                "properties": {one: {"type": "string", "minLength": 1}, other: {"enum": [null, ""]}},
            })
        };
        json!({"anyOf": [just("contact_id", "group_id"), just("group_id", "contact_id")]})
    }

    /// Reads exactly one of `contact_id` and `group_id`; null counts as missing.
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        let contact = fields.nullable("contact_id")?;
        let group = fields.nullable("group_id")?;
        match (contact, group) {
            (Some(contact), None) => Ok(ConversationOwner::Contact(contact)),
            (None, Some(group)) => Ok(ConversationOwner::Group(group)),
            (None, None) => {
                let message = "`contact_id` or `group_id` is required.";
                Err(Error::new(Code::ParameterMissing, message).at("contact_id"))
            }
            (Some(_), Some(_)) => Err(Error::invalid(
                "group_id",
                "cannot be combined with `contact_id`; give only one of them",
            )),
        }
    }
}

/// Changes to a conversation: `None` leaves a property unchanged, `Some(None)` sets it to null.
#[derive(Clone, Debug, Default)]
pub struct ConversationChanges {
    pub pinned_message_id: Option<Option<Id>>,
    pub is_pinned: Option<bool>,
    pub is_muted: Option<bool>,
    pub last_opened_at: Option<Option<Timestamp>>,
    pub archived_at: Option<Option<Timestamp>>,
    pub read_only: ReadOnly,
}

impl ConversationChanges {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(ConversationChanges {
            pinned_message_id: fields.optional("pinned_message_id")?,
            is_pinned: fields.optional("is_pinned")?,
            is_muted: fields.optional("is_muted")?,
            last_opened_at: fields.optional("last_opened_at")?,
            archived_at: fields.optional("archived_at")?,
            read_only: ReadOnly::take(
                fields,
                &["id", "contact_id", "group_id", "last_active_at", "created_at"],
            ),
        })
    }
}

/// A conversation from an export. A missing id or time is created by the import.
#[derive(Clone, Debug)]
pub struct StoredConversation {
    pub id: Option<Id>,
    pub owner: ConversationOwner,
    pub pinned_message_id: Option<Id>,
    pub is_pinned: bool,
    pub is_muted: bool,
    pub last_active_at: Option<Timestamp>,
    pub last_opened_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
}

impl StoredConversation {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(StoredConversation {
            id: fields.optional("id")?,
            owner: ConversationOwner::take(fields)?,
            pinned_message_id: fields.nullable("pinned_message_id")?,
            is_pinned: fields.optional("is_pinned")?.unwrap_or_default(),
            is_muted: fields.optional("is_muted")?.unwrap_or_default(),
            last_active_at: fields.nullable("last_active_at")?,
            last_opened_at: fields.nullable("last_opened_at")?,
            created_at: fields.optional("created_at")?,
            archived_at: fields.nullable("archived_at")?,
        })
    }
}
