//! Turns a step into a request, given the objects that exist when it runs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::responses::Call;
use super::state::{Kind, Model};
use super::steps::{Arg, Body, Item, Reference, Step, Target};
use crate::harness::{ABSENT_ID, encode};

/// Builds requests of `model`'s account; `other` is the model of another account.
pub struct Requests<'a> {
    pub model: &'a Model,
    pub other: &'a Model,
}

impl Requests<'_> {
    pub fn call(&self, step: &Step) -> Call {
        let existing = |kind, reference| self.id(kind, reference, &[]);
        match step {
            Step::List(kind, query) => self.list(Call::new("GET", &[kind.path()]), query, &[]),
            Step::Create(kind, body) => {
                let call = Call::new("POST", &[kind.path()]);
                let suitable = |name: &str, before: &Map<String, Value>| self.suitable_for_new(*kind, name, before);
                self.with_body(call, None, body, suitable)
            }
            Step::Retrieve(kind, of) => Call::new("GET", &[kind.path(), &existing(*kind, of)]),
            Step::Delete(kind, of) => Call::new("DELETE", &[kind.path(), &existing(*kind, of)]),
            Step::Update {
                kind,
                of,
                method,
                whole,
                body,
            } => {
                let id = existing(*kind, of);
                let mut call = Call::new(method, &[kind.path(), &id]);
                let found = self.model.find(*kind, &id);
                let stored: Option<Value> = found
                    .as_ref()
                    .map(|id| serde_json::from_str(&self.model.object(*kind, id)).unwrap());
                if let (true, Some(Value::Object(stored))) = (*whole, &stored) {
                    call.body.clone_from(stored);
                }
                let own_messages = || match (kind, &found) {
                    (Kind::Conversation, Some(id)) => self.model.messages_of(id),
                    _ => Vec::new(),
                };
                self.with_body(call, stored.as_ref(), body, |_, _| own_messages())
            }
            Step::ListMembers(group, query) => {
                let group = existing(Kind::Group, group);
                let call = Call::new("GET", &["groups", &group, "contacts"]);
                self.list(call, query, &self.members(&group))
            }
            Step::AddMember(group, contact) => {
                let (group, contact) = (existing(Kind::Group, group), existing(Kind::Contact, contact));
                Call::new("PUT", &["groups", &group, "contacts", &contact])
            }
            Step::RemoveMember(group, contact) => {
                let group = existing(Kind::Group, group);
                let contact = self.id(Kind::Contact, contact, &self.members(&group));
                Call::new("DELETE", &["groups", &group, "contacts", &contact])
            }
            Step::Restart => panic!("a restart is not a request"),
        }
    }

    fn members(&self, group: &str) -> Vec<String> {
        let group = self.model.find(Kind::Group, group);
        group.map_or_else(Vec::new, |group| self.model.group(&group).members.clone())
    }

    /// The ids that are suitable for a property of a new object, given the properties `before` it.
    fn suitable_for_new(&self, kind: Kind, name: &str, before: &Map<String, Value>) -> Vec<String> {
        match (kind, name) {
            (Kind::Message, "contact_id") => {
                let conversation = before.get("conversation_id").and_then(Value::as_str);
                let found = conversation.and_then(|id| self.model.find(Kind::Conversation, id));
                found.map_or_else(Vec::new, |id| self.model.senders(&id))
            }
            (Kind::Conversation, "contact_id") => {
                let without = self.model.contacts.iter().filter(|it| it.conversation_id.is_none());
                without.map(|contact| contact.id.clone()).collect()
            }
            (Kind::Conversation, "group_id") => {
                let without = self.model.groups.iter().filter(|it| it.conversation_id.is_none());
                without.map(|group| group.id.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The id that a reference resolves to.
    fn id(&self, kind: Kind, reference: &Reference, suitable: &[String]) -> String {
        let deleted = |model: &Model| -> Vec<String> {
            let deleted = model.deleted.iter().filter(|(deleted, _)| *deleted == kind);
            deleted.map(|(_, id)| id.clone()).collect()
        };
        let candidates = match reference.target {
            Target::Suitable if !suitable.is_empty() => suitable.to_vec(),
            Target::Suitable | Target::Existing => self.model.ids(kind),
            Target::Deleted => deleted(self.model),
            Target::OtherKind => {
                let others = Kind::ALL.into_iter().filter(|other| *other != kind);
                others.flat_map(|other| self.model.ids(other)).collect()
            }
            Target::OtherAccount => self.other.ids(kind),
            Target::Unknown => Vec::new(),
            Target::Malformed => vec!["short".to_owned(), "l7cGNIBKZiNJ6wq-".to_owned(), "é".repeat(8)],
        };
        let id = match candidates.len() {
            0 => ABSENT_ID.to_owned(),
            count => candidates[usize::from(reference.index) % count].clone(),
        };
        let swap_case = |c: char| match c.is_ascii_uppercase() {
            true => c.to_ascii_lowercase(),
            false => c.to_ascii_uppercase(),
        };
        match reference.swap_case {
            true => id.chars().map(swap_case).collect(),
            false => id,
        }
    }

    fn list(&self, mut call: Call, query: &[(&'static str, Arg)], members: &[String]) -> Call {
        for (name, arg) in query {
            let value = match arg {
                Arg::Id(kind, reference) => self.id(*kind, reference, members),
                arg => match self.value(arg, &Value::Null, &[]) {
                    Value::String(text) => text,
                    _ => String::new(),
                },
            };
            call.query.push((name, value));
        }
        call
    }

    fn with_body(
        &self,
        mut call: Call,
        stored: Option<&Value>,
        body: &Body,
        suitable: impl Fn(&str, &Map<String, Value>) -> Vec<String>,
    ) -> Call {
        for (name, arg) in &body.properties {
            let present = stored.map_or(&Value::Null, |stored| &stored[*name]);
            let value = self.value(arg, present, &suitable(name, &call.body));
            call.body.insert((*name).to_owned(), value);
        }
        call.form = body.form;
        call
    }

    /// The value of an argument. `stored` is the property's present value.
    fn value(&self, arg: &Arg, stored: &Value, suitable: &[String]) -> Value {
        match arg {
            Arg::Literal(value) => value.clone(),
            Arg::Repeated(text, times) => text.repeat(*times).into(),
            Arg::Id(kind, reference) => self.id(*kind, reference, suitable).into(),
            Arg::Contacts(items) => items.iter().map(|item| self.item(item)).collect(),
            Arg::Stored => stored.clone(),
            Arg::Other => match stored {
                Value::String(_) => ABSENT_ID.into(),
                Value::Number(number) => (number.as_i64().unwrap() + 1).into(),
                Value::Object(_) => json!({"id": ABSENT_ID}),
                _ => 1.into(),
            },
        }
    }

    fn item(&self, item: &Item) -> Value {
        match item {
            Item::Id(reference) => self.id(Kind::Contact, reference, &[]).into(),
            Item::Object(reference) => {
                let id = self.id(Kind::Contact, reference, &[]);
                json!({"id": id, "username": "is ignored", "age": 7})
            }
            Item::Named(properties) => {
                let named = properties
                    .iter()
                    .map(|(name, arg)| ((*name).to_owned(), self.value(arg, &Value::Null, &[])));
                Value::Object(named.collect())
            }
            Item::Literal(value) => value.clone(),
        }
    }
}

/// The request target: the encoded path and query.
pub fn target(call: &Call) -> String {
    let mut target = "/v1".to_owned();
    for segment in &call.path {
        write!(target, "/{}", encode(segment)).unwrap();
    }
    for (index, (name, value)) in call.query.iter().enumerate() {
        let separator = if index == 0 { '?' } else { '&' };
        write!(target, "{separator}{name}={}", encode(value)).unwrap();
    }
    target
}

/// The body as a form; `None` if a form cannot express it.
pub fn form(body: &Map<String, Value>) -> Option<String> {
    let mut pairs = Vec::new();
    for (name, value) in body {
        push(&mut pairs, name, value)?;
    }
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    Some(pairs.join("&"))
}

/// Appends the pairs of one property; `None` if a form cannot express its value.
fn push(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) -> Option<()> {
    match value {
        // In a form, an empty value of these is the empty array.
        Value::Null if matches!(name, "contacts" | "reactions") => return None,
        Value::Null => pairs.push((name.to_owned(), String::new())),
        // In a form, an empty string is null.
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        // In a form, `1` is true.
        Value::Number(_) if name.starts_with("is_") => return None,
        Value::Bool(_) | Value::Number(_) => pairs.push((name.to_owned(), value.to_string())),
        Value::Array(items) if items.is_empty() => pairs.push((name.to_owned(), String::new())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // A form cannot express an array directly inside an array.
                if item.is_array() {
                    return None;
                }
                push(pairs, &format!("{name}[{index}]"), item)?;
            }
        }
        Value::Object(properties) if properties.is_empty() => return None,
        Value::Object(properties) => {
            for (property, value) in properties {
                push(pairs, &format!("{name}[{property}]"), value)?;
            }
        }
    }
    Some(())
}
