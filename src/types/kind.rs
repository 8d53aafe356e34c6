//! The kinds of objects, and what they are called.

use super::id::Id;
use crate::error::Error;

/// A kind of object that accounts own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Contact,
    Group,
    Conversation,
    Message,
}

impl Kind {
    /// What one is called.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Contact => "contact",
            Kind::Group => "group",
            Kind::Conversation => "conversation",
            Kind::Message => "message",
        }
    }

    /// What the API's description calls one.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Contact => "Contact",
            Kind::Group => "Group",
            Kind::Conversation => "Conversation",
            Kind::Message => "Message",
        }
    }

    /// The table of them, and what many are called.
    pub fn table(self) -> &'static str {
        match self {
            Kind::Contact => "contacts",
            Kind::Group => "groups",
            Kind::Conversation => "conversations",
            Kind::Message => "messages",
        }
    }

    /// The error of an id in a path that names nothing.
    pub fn not_found(self, id: &str) -> Error {
        Error::not_found(self.name(), id)
    }

    /// The error of an id in the parameter `param` that names nothing.
    pub fn unknown(self, param: impl Into<String>, id: Id) -> Error {
        let what = format!(
            "must be the id of one of the {}; there is none with the id `{id}`",
            self.table()
        );
        Error::invalid(param, what)
    }
}
