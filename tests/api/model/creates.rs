//! Objects that are made: what must be given, and what becomes of it.

use serde_json::{Map, Value};

use super::answers::{Given, MOST_MEMBERS, ignoring_case, text};
use super::objects::{Contact, Group, Kind, Message, Model};
use super::rules::{self, Faults};

impl Model {
    pub fn create(
        &mut self,
        kind: Kind,
        body: &Map<String, Value>,
        given: &Given,
        faults: &mut Faults,
    ) -> Option<(u16, String)> {
        match kind {
            Kind::Contact => self.check_new_contact("", body, faults),
            Kind::Group => self.check_new_group(body, faults),
            Kind::Conversation => self.check_new_conversation(body, faults),
            Kind::Message => self.check_new_message(body, faults),
        }
        if kind == Kind::Contact && self.is_taken(body.get("username"), None) {
            faults.conflict("username");
        }
        if !faults.0.is_empty() {
            return None;
        }
        given.must_be(201);
        let id = given.id(&given.body["id"], kind, self);
        let created_at = given.time(&given.body["created_at"]);
        match kind {
            Kind::Contact => self.add_contact(body, &given.body, given),
            Kind::Group => self.add_group(&id, created_at, body, given),
            Kind::Conversation => {
                let end = |name: &str, kind| body.get(name).and_then(|end| self.find(kind, end.as_str()?));
                let (group, contact) = (end("group_id", Kind::Group), end("contact_id", Kind::Contact));
                self.add_conversation(id.clone(), group.as_deref(), contact.as_deref(), created_at);
            }
            Kind::Message => self.add_message(&id, created_at, body),
        }
        Some((201, self.object(kind, &id)))
    }

    /// Whether a user name is another contact's than `own`.
    pub fn is_taken(&self, username: Option<&Value>, own: Option<&str>) -> bool {
        let holder = username.and_then(|username| self.find_by_username(username.as_str()?));
        holder.is_some() && holder.as_deref() != own
    }

    fn find_by_username(&self, username: &str) -> Option<String> {
        let has = |contact: &&Contact| ignoring_case(&contact.username, username);
        self.contacts.iter().find(has).map(|contact| contact.id.clone())
    }

    fn check_new_contact(&self, path: &str, body: &Map<String, Value>, faults: &mut Faults) {
        faults.only(path, body, &["username", "phone_number", "avatar_url", "display_name"]);
        faults.required(path, body, "username");
        faults.must(path, body, "username", rules::is_username);
        faults.must_or_null(path, body, "phone_number", rules::is_phone_number);
        faults.must_or_null(path, body, "avatar_url", rules::is_url);
        faults.must_or_null(path, body, "display_name", rules::is_display_name);
    }

    /// `answered` is the contact in the answer.
    fn add_contact(&mut self, body: &Map<String, Value>, answered: &Value, given: &Given) {
        let property = |name: &str| body.get(name).and_then(text);
        let id = given.id(&answered["id"], Kind::Contact, self);
        let conversation = given.id(&answered["conversation_id"], Kind::Conversation, self);
        let created_at = given.time(&answered["created_at"]);
        self.contacts.push(Contact {
            id: id.clone(),
            username: property("username").unwrap(),
            phone_number: property("phone_number"),
            avatar_url: property("avatar_url"),
            display_name: property("display_name"),
            conversation_id: None,
            last_active_at: None,
            created_at,
        });
        self.add_conversation(conversation, None, Some(&id), created_at);
    }

    fn check_new_group(&self, body: &Map<String, Value>, faults: &mut Faults) {
        faults.only("", body, &["name", "description", "avatar_url", "contacts"]);
        faults.required("", body, "name");
        faults.must("", body, "name", rules::is_name);
        faults.must_or_null("", body, "description", rules::is_description);
        faults.must_or_null("", body, "avatar_url", rules::is_url);
        self.check_named_contacts(body, faults);
    }

    pub fn check_named_contacts(&self, body: &Map<String, Value>, faults: &mut Faults) {
        let Some(contacts) = body.get("contacts") else {
            return;
        };
        let Some(items) = contacts.as_array() else {
            faults.invalid("contacts");
            return;
        };
        let mut different: Vec<String> = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let path = format!("contacts[{place}]");
            let name = match item {
                Value::String(id) => {
                    let found = self.find(Kind::Contact, id);
                    if found.is_none() {
                        faults.invalid(path);
                    }
                    found.unwrap_or_else(|| id.clone())
                }
                Value::Object(object) if object.get("id").is_some_and(|id| !id.is_null()) => {
                    let id = object["id"].as_str().unwrap_or("not even a text");
                    let found = self.find(Kind::Contact, id);
                    if found.is_none() {
                        faults.invalid(format!("{path}.id"));
                    }
                    found.unwrap_or_else(|| id.to_owned())
                }
                Value::Object(object) => {
                    let mut object = object.clone();
                    object.remove("id");
                    self.check_new_contact(&format!("{path}."), &object, faults);
                    let username = object.get("username").and_then(text).unwrap_or_default();
                    let found = self.find_by_username(&username);
                    found.unwrap_or_else(|| username.to_ascii_lowercase())
                }
                _ => {
                    faults.invalid(path);
                    continue;
                }
            };
            if !different.contains(&name) {
                different.push(name);
            }
        }
        if different.len() > MOST_MEMBERS {
            faults.invalid("contacts");
        }
    }

    /// Makes those that a request names a group's members, and contacts before, where there is none.
    pub fn set_members(&mut self, group: &str, body: &Map<String, Value>, given: &Given) {
        let Some(items) = body.get("contacts") else {
            return;
        };
        let mut members: Vec<String> = Vec::new();
        for item in items.as_array().unwrap() {
            let id = item.as_str().or_else(|| item["id"].as_str());
            let username = item["username"].as_str().unwrap_or_default();
            let found = match id {
                Some(id) => self.find(Kind::Contact, id),
                None => self.find_by_username(username),
            };
            let member = found.unwrap_or_else(|| {
                let answered = &given.body["contacts"][members.len()];
                self.add_contact(item.as_object().unwrap(), answered, given);
                self.find_by_username(username).unwrap()
            });
            if !members.contains(&member) {
                members.push(member);
            }
        }
        self.group_mut(group).members = members;
    }

    fn add_group(&mut self, id: &str, created_at: i64, body: &Map<String, Value>, given: &Given) {
        let property = |name: &str| body.get(name).and_then(text);
        let conversation = given.id(&given.body["conversation_id"], Kind::Conversation, self);
        self.groups.push(Group {
            id: id.to_owned(),
            name: property("name").unwrap(),
            description: property("description"),
            avatar_url: property("avatar_url"),
            conversation_id: None,
            members: Vec::new(),
            created_at,
            archived_at: None,
        });
        self.add_conversation(conversation, Some(id), None, created_at);
        self.set_members(id, body, given);
    }

    fn check_new_conversation(&self, body: &Map<String, Value>, faults: &mut Faults) {
        faults.only("", body, &["contact_id", "group_id"]);
        let mut ends = 0;
        for (name, kind) in [("contact_id", Kind::Contact), ("group_id", Kind::Group)] {
            let Some(end) = body.get(name).filter(|end| !end.is_null()) else {
                continue;
            };
            ends += 1;
            let Some(end) = end.as_str().and_then(|end| self.find(kind, end)) else {
                faults.invalid(name);
                continue;
            };
            let has_one = match kind {
                Kind::Group => self.group(&end).conversation_id.is_some(),
                _ => self.contact(&end).conversation_id.is_some(),
            };
            if has_one {
                faults.conflict(name);
            }
        }
        match ends {
            0 => faults.missing("contact_id"),
            1 => {}
            _ => {
                // Two are refused whether one of them has a conversation or not.
                faults.0.retain(|(status, ..)| *status != 409);
                faults.invalid("group_id");
            }
        }
    }

    fn check_new_message(&self, body: &Map<String, Value>, faults: &mut Faults) {
        faults.only("", body, &["conversation_id", "message", "contact_id"]);
        faults.required("", body, "conversation_id");
        faults.required("", body, "message");
        faults.must("", body, "message", rules::is_message);
        let find = |kind, id: &Value| id.as_str().and_then(|id| self.find(kind, id));
        let conversation = body.get("conversation_id").map(|id| find(Kind::Conversation, id));
        if conversation == Some(None) {
            faults.invalid("conversation_id");
        }
        let Some(sender) = body.get("contact_id").filter(|id| !id.is_null()) else {
            return;
        };
        match (find(Kind::Contact, sender), conversation.flatten()) {
            (None, _) => faults.invalid("contact_id"),
            (Some(sender), Some(conversation)) if !self.senders(&conversation).contains(&sender) => {
                faults.invalid("contact_id");
            }
            _ => {}
        }
    }

    fn add_message(&mut self, id: &str, created_at: i64, body: &Map<String, Value>) {
        let property = |name: &str| body.get(name).and_then(Value::as_str);
        let conversation = property("conversation_id").and_then(|id| self.find(Kind::Conversation, id));
        let conversation_id = conversation.unwrap();
        let contact = property("contact_id").and_then(|id| self.find(Kind::Contact, id));
        self.conversation_mut(&conversation_id).last_active_at = Some(created_at);
        if let Some(contact) = &contact {
            self.contact_mut(contact).last_active_at = Some(created_at);
        }
        self.messages.push(Message {
            id: id.to_owned(),
            conversation_id,
            contact,
            message: property("message").unwrap().to_owned(),
            reactions: Vec::new(),
            read_at: None,
            created_at,
            updated_at: None,
        });
    }
}
