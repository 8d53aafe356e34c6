//! Objects that are changed: what can be, by what, and what must stay.

use serde_json::{Map, Value};

use super::answers::{Given, text};
use super::objects::{Kind, Model, Reactions};
use super::rules::{self, Faults};

impl Model {
    /// `id` is none where the path names nothing: the body may still have faults.
    pub fn update(
        &mut self,
        kind: Kind,
        id: Option<&str>,
        body: &Map<String, Value>,
        given: &Given,
        faults: &mut Faults,
    ) -> Option<(u16, String)> {
        let (properties, read_only) = properties(kind);
        faults.only("", body, &[properties, read_only].concat());
        match kind {
            Kind::Contact => {
                faults.must("", body, "username", rules::is_username);
                faults.must_or_null("", body, "phone_number", rules::is_phone_number);
                faults.must_or_null("", body, "avatar_url", rules::is_url);
                faults.must_or_null("", body, "display_name", rules::is_display_name);
                if id.is_some() && self.is_taken(body.get("username"), id) {
                    faults.conflict("username");
                }
            }
            Kind::Group => {
                faults.must("", body, "name", rules::is_name);
                faults.must_or_null("", body, "description", rules::is_description);
                faults.must_or_null("", body, "avatar_url", rules::is_url);
                faults.must_or_null("", body, "archived_at", rules::is_time);
                self.check_named_contacts(body, faults);
            }
            Kind::Conversation => {
                faults.must("", body, "is_pinned", rules::is_flag);
                faults.must("", body, "is_muted", rules::is_flag);
                faults.must_or_null("", body, "last_opened_at", rules::is_time);
                faults.must_or_null("", body, "archived_at", rules::is_time);
                faults.must_or_null("", body, "pinned_message_id", rules::is_id);
                let pinned = body.get("pinned_message_id").and_then(Value::as_str);
                let of_it = |message: &str| {
                    let message = self.find(Kind::Message, message);
                    message.is_some_and(|message| Some(self.message(&message).conversation_id.as_str()) == id)
                };
                if id.is_some() && pinned.is_some_and(|pinned| !of_it(pinned)) {
                    faults.invalid("pinned_message_id");
                }
            }
            Kind::Message => {
                faults.must("", body, "message", rules::is_message);
                faults.must_or_null("", body, "read_at", rules::is_time);
                if let Some(sent) = body.get("reactions") {
                    reactions(sent, faults);
                }
            }
        }
        let id = id?;
        faults.must_equal(body, read_only, &self.object(kind, id));
        if !faults.0.is_empty() {
            return None;
        }
        given.must_be(200);
        for (name, value) in body {
            self.set(kind, id, name, value, given);
        }
        if kind == Kind::Group {
            self.set_members(id, body, given);
        }
        Some((200, self.object(kind, id)))
    }

    /// Gives a property another value.
    fn set(&mut self, kind: Kind, id: &str, name: &str, value: &Value, given: &Given) {
        match (kind, name) {
            (Kind::Contact, "username") => self.contact_mut(id).username = text(value).unwrap(),
            (Kind::Contact, "phone_number") => self.contact_mut(id).phone_number = text(value),
            (Kind::Contact, "avatar_url") => self.contact_mut(id).avatar_url = text(value),
            (Kind::Contact, "display_name") => self.contact_mut(id).display_name = text(value),
            (Kind::Group, "name") => self.group_mut(id).name = text(value).unwrap(),
            (Kind::Group, "description") => self.group_mut(id).description = text(value),
            (Kind::Group, "avatar_url") => self.group_mut(id).avatar_url = text(value),
            (Kind::Group, "archived_at") => self.group_mut(id).archived_at = value.as_i64(),
            (Kind::Conversation, "pinned_message_id") => {
                let message = value.as_str().and_then(|message| self.find(Kind::Message, message));
                self.conversation_mut(id).pinned_message_id = message;
            }
            (Kind::Conversation, "is_pinned") => self.conversation_mut(id).is_pinned = *value == true,
            (Kind::Conversation, "is_muted") => self.conversation_mut(id).is_muted = *value == true,
            (Kind::Conversation, "last_opened_at") => self.conversation_mut(id).last_opened_at = value.as_i64(),
            (Kind::Conversation, "archived_at") => self.conversation_mut(id).archived_at = value.as_i64(),
            (Kind::Message, "message") => {
                let message = self.message_mut(id);
                if message.message != *value {
                    message.message = text(value).unwrap();
                    message.updated_at = Some(given.time(&given.body["updated_at"]));
                }
            }
            (Kind::Message, "reactions") => {
                self.message_mut(id).reactions = reactions(value, &mut Faults::default());
            }
            (Kind::Message, "read_at") => self.message_mut(id).read_at = value.as_i64(),
            _ => {}
        }
    }
}

/// The properties of a kind that can be updated, and those that are read-only.
pub fn properties(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Contact => (
            &["username", "phone_number", "avatar_url", "display_name"],
            &["id", "conversation_id", "last_active_at", "created_at"],
        ),
        Kind::Group => (
            &["name", "description", "avatar_url", "contacts", "archived_at"],
            &["id", "conversation_id", "created_at"],
        ),
        Kind::Conversation => (
            &[
                "pinned_message_id",
                "is_pinned",
                "is_muted",
                "last_opened_at",
                "archived_at",
            ],
            &["id", "contact_id", "group_id", "last_active_at", "created_at"],
        ),
        Kind::Message => (
            &["message", "reactions", "read_at"],
            &["id", "conversation_id", "contact", "created_at", "updated_at"],
        ),
    }
}

/// Reads reactions: each name once, each who reacts so once, at their first places, and none of nobody.
fn reactions(sent: &Value, faults: &mut Faults) -> Reactions {
    let objects: Vec<(String, &Value)> = match sent {
        Value::Object(_) => vec![("reactions".to_owned(), sent)],
        Value::Array(items) => {
            let place = |(at, item)| (format!("reactions[{at}]"), item);
            items.iter().enumerate().map(place).collect()
        }
        _ => {
            faults.invalid("reactions");
            return Vec::new();
        }
    };
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (path, object) in objects {
        let Some(object) = object.as_object() else {
            faults.invalid(path);
            continue;
        };
        for (name, reactors) in object {
            let path = format!("{path}.{name}");
            if !rules::is_reaction(name) || !reactors.is_array() {
                faults.invalid(path);
                continue;
            }
            let at = all.iter().position(|(other, _)| other == name).unwrap_or(all.len());
            if at == all.len() {
                all.push((name.clone(), Vec::new()));
            }
            for (place, reactor) in reactors.as_array().unwrap().iter().enumerate() {
                if !rules::is_reactor(reactor) {
                    faults.invalid(format!("{path}[{place}]"));
                } else if !all[at].1.iter().any(|other| other == reactor) {
                    all[at].1.push(text(reactor).unwrap());
                }
            }
        }
    }
    all.retain(|(_, reactors)| !reactors.is_empty());
    all.into_iter().map(|reaction| [reaction].into()).collect()
}
