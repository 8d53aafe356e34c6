//! The model of one account: its objects in plain vectors, oldest first.

use std::collections::BTreeMap;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Contact,
    Group,
    Conversation,
    Message,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Contact, Kind::Group, Kind::Conversation, Kind::Message];

    /// The resource's path segment.
    pub fn path(self) -> &'static str {
        match self {
            Kind::Contact => "contacts",
            Kind::Group => "groups",
            Kind::Conversation => "conversations",
            Kind::Message => "messages",
        }
    }
}

/// Serializes in the contract's property order.
#[derive(Clone, Debug, Serialize)]
pub struct Contact {
    pub id: String,
    pub username: String,
    pub phone_number: Option<String>,
    pub avatar_url: Option<String>,
    pub display_name: Option<String>,
    pub conversation_id: Option<String>,
    pub last_active_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub avatar_url: Option<String>,
    pub conversation_id: Option<String>,
    /// The members' contact ids, in order.
    pub members: Vec<String>,
    pub created_at: i64,
    pub archived_at: Option<i64>,
}

#[derive(Serialize)]
struct GroupJson<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a Option<String>,
    avatar_url: &'a Option<String>,
    conversation_id: &'a Option<String>,
    contacts: Vec<&'a Contact>,
    created_at: i64,
    archived_at: Option<i64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Conversation {
    pub id: String,
    pub contact_id: Option<String>,
    pub group_id: Option<String>,
    pub pinned_message_id: Option<String>,
    pub is_pinned: bool,
    pub is_muted: bool,
    pub last_active_at: Option<i64>,
    pub last_opened_at: Option<i64>,
    pub created_at: i64,
    pub archived_at: Option<i64>,
}

/// One-key objects: a reaction's name and its reactors.
pub type Reactions = Vec<BTreeMap<String, Vec<String>>>;

#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub conversation_id: String,
    /// The sender's id.
    pub contact: Option<String>,
    pub message: String,
    pub reactions: Reactions,
    pub read_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: Option<i64>,
}

#[derive(Serialize)]
struct MessageJson<'a> {
    id: &'a str,
    conversation_id: &'a str,
    contact: Option<&'a Contact>,
    message: &'a str,
    reactions: &'a Reactions,
    read_at: Option<i64>,
    created_at: i64,
    updated_at: Option<i64>,
}

#[derive(Default)]
pub struct Model {
    pub contacts: Vec<Contact>,
    pub groups: Vec<Group>,
    pub conversations: Vec<Conversation>,
    pub messages: Vec<Message>,
    /// The kind and id of every deleted object.
    pub deleted: Vec<(Kind, String)>,
}

impl Model {
    /// The ids of a kind's objects, oldest first.
    pub fn ids(&self, kind: Kind) -> Vec<String> {
        match kind {
            Kind::Contact => self.contacts.iter().map(|contact| contact.id.clone()).collect(),
            Kind::Group => self.groups.iter().map(|group| group.id.clone()).collect(),
            Kind::Conversation => self.conversations.iter().map(|it| it.id.clone()).collect(),
            Kind::Message => self.messages.iter().map(|message| message.id.clone()).collect(),
        }
    }

    /// The stored form of the id of an existing object. Letter case is ignored.
    pub fn find(&self, kind: Kind, id: &str) -> Option<String> {
        self.ids(kind)
            .into_iter()
            .find(|stored| stored.eq_ignore_ascii_case(id))
    }

    pub fn contact(&self, id: &str) -> &Contact {
        self.contacts.iter().find(|contact| contact.id == id).unwrap()
    }

    pub fn contact_mut(&mut self, id: &str) -> &mut Contact {
        self.contacts.iter_mut().find(|contact| contact.id == id).unwrap()
    }

    pub fn group(&self, id: &str) -> &Group {
        self.groups.iter().find(|group| group.id == id).unwrap()
    }

    pub fn group_mut(&mut self, id: &str) -> &mut Group {
        self.groups.iter_mut().find(|group| group.id == id).unwrap()
    }

    pub fn conversation(&self, id: &str) -> &Conversation {
        self.conversations.iter().find(|it| it.id == id).unwrap()
    }

    pub fn conversation_mut(&mut self, id: &str) -> &mut Conversation {
        self.conversations.iter_mut().find(|it| it.id == id).unwrap()
    }

    pub fn message(&self, id: &str) -> &Message {
        self.messages.iter().find(|message| message.id == id).unwrap()
    }

    pub fn message_mut(&mut self, id: &str) -> &mut Message {
        self.messages.iter_mut().find(|message| message.id == id).unwrap()
    }

    /// The contacts that may send messages to a conversation.
    pub fn senders(&self, conversation: &str) -> Vec<String> {
        let conversation = self.conversation(conversation);
        match (&conversation.group_id, &conversation.contact_id) {
            (Some(group), _) => self.group(group).members.clone(),
            (None, contact) => contact.iter().cloned().collect(),
        }
    }

    /// The ids of a conversation's messages.
    pub fn messages_of(&self, conversation: &str) -> Vec<String> {
        let belongs = |message: &&Message| message.conversation_id == conversation;
        let messages = self.messages.iter().filter(belongs);
        messages.map(|message| message.id.clone()).collect()
    }

    /// An object's JSON, as the server must return it.
    pub fn object(&self, kind: Kind, id: &str) -> String {
        match kind {
            Kind::Contact => serde_json::to_string(self.contact(id)),
            Kind::Conversation => serde_json::to_string(self.conversation(id)),
            Kind::Group => {
                let group = self.group(id);
                serde_json::to_string(&GroupJson {
                    id: &group.id,
                    name: &group.name,
                    description: &group.description,
                    avatar_url: &group.avatar_url,
                    conversation_id: &group.conversation_id,
                    contacts: group.members.iter().map(|id| self.contact(id)).collect(),
                    created_at: group.created_at,
                    archived_at: group.archived_at,
                })
            }
            Kind::Message => {
                let message = self.message(id);
                serde_json::to_string(&MessageJson {
                    id: &message.id,
                    conversation_id: &message.conversation_id,
                    contact: message.contact.as_ref().map(|id| self.contact(id)),
                    message: &message.message,
                    reactions: &message.reactions,
                    read_at: message.read_at,
                    created_at: message.created_at,
                    updated_at: message.updated_at,
                })
            }
        }
        .unwrap()
    }

    pub fn add_conversation(&mut self, id: String, group: Option<&str>, contact: Option<&str>, created_at: i64) {
        if let Some(group) = group {
            self.group_mut(group).conversation_id = Some(id.clone());
        }
        if let Some(contact) = contact {
            self.contact_mut(contact).conversation_id = Some(id.clone());
        }
        self.conversations.push(Conversation {
            id,
            contact_id: contact.map(str::to_owned),
            group_id: group.map(str::to_owned),
            pinned_message_id: None,
            is_pinned: false,
            is_muted: false,
            last_active_at: None,
            last_opened_at: None,
            created_at,
            archived_at: None,
        });
    }

    pub fn delete(&mut self, kind: Kind, id: &str) {
        match kind {
            Kind::Contact => self.delete_contact(id),
            Kind::Group => self.delete_group(id),
            Kind::Conversation => self.delete_conversation(id),
            Kind::Message => self.delete_message(id),
        }
        self.deleted.push((kind, id.to_owned()));
    }

    fn delete_contact(&mut self, id: &str) {
        if let Some(conversation) = self.contact(id).conversation_id.clone() {
            self.delete(Kind::Conversation, &conversation);
        }
        for group in &mut self.groups {
            group.members.retain(|member| member != id);
        }
        for message in &mut self.messages {
            if message.contact.as_deref() == Some(id) {
                message.contact = None;
            }
        }
        self.contacts.retain(|contact| contact.id != id);
    }

    fn delete_group(&mut self, id: &str) {
        if let Some(conversation) = self.group(id).conversation_id.clone() {
            self.delete(Kind::Conversation, &conversation);
        }
        self.groups.retain(|group| group.id != id);
    }

    fn delete_conversation(&mut self, id: &str) {
        for message in self.messages_of(id) {
            self.delete(Kind::Message, &message);
        }
        let conversation = self.conversation(id).clone();
        if let Some(group) = conversation.group_id {
            self.group_mut(&group).conversation_id = None;
        }
        if let Some(contact) = conversation.contact_id {
            self.contact_mut(&contact).conversation_id = None;
        }
        self.conversations.retain(|it| it.id != id);
    }

    fn delete_message(&mut self, id: &str) {
        for conversation in &mut self.conversations {
            if conversation.pinned_message_id.as_deref() == Some(id) {
                conversation.pinned_message_id = None;
            }
        }
        self.messages.retain(|message| message.id != id);
    }
}
