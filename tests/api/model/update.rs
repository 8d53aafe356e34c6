//! Updates: validates the body, then sets the properties that it gives.

use serde_json::{Map, Value};

use super::responses::{Observed, text};
use super::state::{Kind, Model, Reactions};
use super::validation::{self, Errors};

impl Model {
    /// `id` is `None` if the path names no object; the body may have errors all the same.
    pub fn update(
        &mut self,
        kind: Kind,
        id: Option<&str>,
        body: &Map<String, Value>,
        observed: &Observed,
        errors: &mut Errors,
    ) -> Option<(u16, String)> {
        let (properties, read_only) = properties(kind);
        errors.only("", body, &[properties, read_only].concat());
        match kind {
            Kind::Contact => {
                errors.must("", body, "username", validation::is_username);
                errors.must_or_null("", body, "phone_number", validation::is_phone_number);
                errors.must_or_null("", body, "avatar_url", validation::is_url);
                errors.must_or_null("", body, "display_name", validation::is_display_name);
                if id.is_some() && self.is_taken(body.get("username"), id) {
                    errors.conflict("username");
                }
            }
            Kind::Group => {
                errors.must("", body, "name", validation::is_name);
                errors.must_or_null("", body, "description", validation::is_description);
                errors.must_or_null("", body, "avatar_url", validation::is_url);
                errors.must_or_null("", body, "archived_at", validation::is_time);
                self.check_listed_contacts(body, errors);
            }
            Kind::Conversation => {
                errors.must("", body, "is_pinned", validation::is_flag);
                errors.must("", body, "is_muted", validation::is_flag);
                errors.must_or_null("", body, "last_opened_at", validation::is_time);
                errors.must_or_null("", body, "archived_at", validation::is_time);
                errors.must_or_null("", body, "pinned_message_id", validation::is_id);
                let pinned = body.get("pinned_message_id").and_then(Value::as_str);
                let belongs = |message: &str| {
                    let message = self.find(Kind::Message, message);
                    message.is_some_and(|message| Some(self.message(&message).conversation_id.as_str()) == id)
                };
                if id.is_some() && pinned.is_some_and(|pinned| !belongs(pinned)) {
                    errors.invalid("pinned_message_id");
                }
            }
            Kind::Message => {
                errors.must("", body, "message", validation::is_message);
                errors.must_or_null("", body, "read_at", validation::is_time);
                if let Some(sent) = body.get("reactions") {
                    reactions(sent, errors);
                }
            }
        }
        let id = id?;
        errors.must_equal(body, read_only, &self.object(kind, id));
        if !errors.0.is_empty() {
            return None;
        }
        observed.assert_status(200);
        for (name, value) in body {
            self.set(kind, id, name, value, observed);
        }
        if kind == Kind::Group {
            self.set_members(id, body, observed);
        }
        Some((200, self.object(kind, id)))
    }

    /// Sets a property. Ignores the read-only ones, which equal the stored value.
    fn set(&mut self, kind: Kind, id: &str, name: &str, value: &Value, observed: &Observed) {
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
                    message.updated_at = Some(observed.current_time(&observed.body["updated_at"]));
                }
            }
            (Kind::Message, "reactions") => {
                self.message_mut(id).reactions = reactions(value, &mut Errors::default());
            }
            (Kind::Message, "read_at") => self.message_mut(id).read_at = value.as_i64(),
            _ => {}
        }
    }
}

/// A kind's updatable properties, and its read-only ones.
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

/// Normalises reactions: each name and each of its reactors once, at the first position; names without reactors are
/// dropped.
fn reactions(sent: &Value, errors: &mut Errors) -> Reactions {
    let objects: Vec<(String, &Value)> = match sent {
        Value::Object(_) => vec![("reactions".to_owned(), sent)],
        Value::Array(items) => {
            let place = |(at, item)| (format!("reactions[{at}]"), item);
            items.iter().enumerate().map(place).collect()
        }
        _ => {
            errors.invalid("reactions");
            return Vec::new();
        }
    };
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (path, object) in objects {
        let Some(object) = object.as_object() else {
            errors.invalid(path);
            continue;
        };
        for (name, reactors) in object {
            let path = format!("{path}.{name}");
            if !validation::is_reaction(name) || !reactors.is_array() {
                errors.invalid(path);
                continue;
            }
            let at = all.iter().position(|(other, _)| other == name).unwrap_or(all.len());
            if at == all.len() {
                all.push((name.clone(), Vec::new()));
            }
            for (place, reactor) in reactors.as_array().unwrap().iter().enumerate() {
                if !validation::is_reactor(reactor) {
                    errors.invalid(format!("{path}[{place}]"));
                } else if !all[at].1.iter().any(|other| other == reactor) {
                    all[at].1.push(text(reactor).unwrap());
                }
            }
        }
    }
    all.retain(|(_, reactors)| !reactors.is_empty());
    all.into_iter().map(|reaction| [reaction].into()).collect()
}
