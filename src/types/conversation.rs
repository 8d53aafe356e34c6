//! A conversation's input shapes: what a client can say when it makes or changes one.

use super::fields::Fields;
use super::id::Id;
use super::read_only::ReadOnly;
use super::time::Timestamp;
use crate::error::{Code, Error};

/// What a conversation is with: a group's members or one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partner {
    Group(Id),
    Contact(Id),
}

impl Partner {
    /// Takes `contact_id` or `group_id`, exactly one; null is as good as none.
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        let contact = fields.nullable("contact_id")?;
        let group = fields.nullable("group_id")?;
        match (contact, group) {
            (Some(contact), None) => Ok(Partner::Contact(contact)),
            (None, Some(group)) => Ok(Partner::Group(group)),
            (None, None) => {
                let message = "`contact_id` or `group_id` is required.";
                Err(Error::new(Code::ParameterMissing, message).at("contact_id"))
            }
            (Some(_), Some(_)) => Err(Error::invalid(
                "group_id",
                "cannot go with `contact_id`: give one of the two",
            )),
        }
    }
}

/// Changes to a conversation: `None` leaves a property as it is, `Some(None)` unsets it.
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

/// A conversation as an export has it. What its line leaves out is made anew.
#[derive(Clone, Debug)]
pub struct StoredConversation {
    pub id: Option<Id>,
    pub partner: Partner,
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
            partner: Partner::take(fields)?,
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
