//! From a step to the request that it makes of what there is.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::answers::Call;
use super::objects::{Kind, Model};
use super::steps::{Arg, Body, Item, Pick, Ref, Step};

/// The id of nothing.
const UNKNOWN: &str = "AAAAAAAAAAAAAAAA";

/// Makes requests of `model`'s account; `other` is another's.
pub struct Requests<'a> {
    pub model: &'a Model,
    pub other: &'a Model,
}

impl Requests<'_> {
    pub fn call(&self, step: &Step) -> Call {
        let living = |kind, reference| self.id(kind, reference, &[]);
        match step {
            Step::List(kind, query) => self.list(Call::new("GET", &[kind.path()]), query, &[]),
            Step::Create(kind, body) => {
                let call = Call::new("POST", &[kind.path()]);
                let fitting = |name: &str, before: &Map<String, Value>| self.fitting_new(*kind, name, before);
                self.with_body(call, None, body, fitting)
            }
            Step::Retrieve(kind, of) => Call::new("GET", &[kind.path(), &living(*kind, of)]),
            Step::Delete(kind, of) => Call::new("DELETE", &[kind.path(), &living(*kind, of)]),
            Step::Update {
                kind,
                of,
                method,
                whole,
                body,
            } => {
                let id = living(*kind, of);
                let mut call = Call::new(method, &[kind.path(), &id]);
                let found = self.model.find(*kind, &id);
                let stored: Option<Value> = found
                    .as_ref()
                    .map(|id| serde_json::from_str(&self.model.object(*kind, id)).unwrap());
                if let (true, Some(Value::Object(stored))) = (*whole, &stored) {
                    call.body.clone_from(stored);
                }
                let of_it = || match (kind, &found) {
                    (Kind::Conversation, Some(id)) => self.model.messages_of(id),
                    _ => Vec::new(),
                };
                self.with_body(call, stored.as_ref(), body, |_, _| of_it())
            }
            Step::ListMembers(group, query) => {
                let group = living(Kind::Group, group);
                let call = Call::new("GET", &["groups", &group, "contacts"]);
                self.list(call, query, &self.members(&group))
            }
            Step::AddMember(group, contact) => {
                let (group, contact) = (living(Kind::Group, group), living(Kind::Contact, contact));
                Call::new("PUT", &["groups", &group, "contacts", &contact])
            }
            Step::RemoveMember(group, contact) => {
                let group = living(Kind::Group, group);
                let contact = self.id(Kind::Contact, contact, &self.members(&group));
                Call::new("DELETE", &["groups", &group, "contacts", &contact])
            }
            Step::Restart => panic!("a restart is no request"),
        }
    }

    fn members(&self, group: &str) -> Vec<String> {
        let group = self.model.find(Kind::Group, group);
        group.map_or_else(Vec::new, |group| self.model.group(&group).members.clone())
    }

    /// What fits a property of a new object, after those that come `before`.
    fn fitting_new(&self, kind: Kind, name: &str, before: &Map<String, Value>) -> Vec<String> {
        match (kind, name) {
            (Kind::Message, "contact_id") => {
                let conversation = before.get("conversation_id").and_then(Value::as_str);
                let found = conversation.and_then(|id| self.model.find(Kind::Conversation, id));
                found.map_or_else(Vec::new, |id| self.model.senders(&id))
            }
            (Kind::Conversation, "contact_id") => {
                let alone = self.model.contacts.iter().filter(|it| it.conversation_id.is_none());
                alone.map(|contact| contact.id.clone()).collect()
            }
            (Kind::Conversation, "group_id") => {
                let alone = self.model.groups.iter().filter(|it| it.conversation_id.is_none());
                alone.map(|group| group.id.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The id that a reference stands for.
    fn id(&self, kind: Kind, reference: &Ref, fitting: &[String]) -> String {
        let deleted = |model: &Model| -> Vec<String> {
            let gone = model.gone.iter().filter(|(gone, _)| *gone == kind);
            gone.map(|(_, id)| id.clone()).collect()
        };
        let candidates = match reference.pick {
            Pick::Fitting if !fitting.is_empty() => fitting.to_vec(),
            Pick::Fitting | Pick::Living => self.model.ids(kind),
            Pick::Deleted => deleted(self.model),
            Pick::OtherKind => {
                let others = Kind::ALL.into_iter().filter(|other| *other != kind);
                others.flat_map(|other| self.model.ids(other)).collect()
            }
            Pick::OtherAccount => self.other.ids(kind),
            Pick::Unknown => Vec::new(),
            Pick::Malformed => vec!["short".to_owned(), "l7cGNIBKZiNJ6wq-".to_owned(), "é".repeat(8)],
        };
        let id = match candidates.len() {
            0 => UNKNOWN.to_owned(),
            count => candidates[usize::from(reference.at) % count].clone(),
        };
        let swap = |c: char| match c.is_ascii_uppercase() {
            true => c.to_ascii_lowercase(),
            false => c.to_ascii_uppercase(),
        };
        match reference.swapped {
            true => id.chars().map(swap).collect(),
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
        fitting: impl Fn(&str, &Map<String, Value>) -> Vec<String>,
    ) -> Call {
        for (name, arg) in &body.properties {
            let has = stored.map_or(&Value::Null, |stored| &stored[*name]);
            let value = self.value(arg, has, &fitting(name, &call.body));
            call.body.insert((*name).to_owned(), value);
        }
        call.form = body.form;
        call
    }

    /// `stored` is the value that the property has.
    fn value(&self, arg: &Arg, stored: &Value, fitting: &[String]) -> Value {
        match arg {
            Arg::Is(value) => value.clone(),
            Arg::Long(text, times) => text.repeat(*times).into(),
            Arg::Id(kind, reference) => self.id(*kind, reference, fitting).into(),
            Arg::Contacts(items) => items.iter().map(|item| self.item(item)).collect(),
            Arg::Stored => stored.clone(),
            Arg::Other => match stored {
                Value::String(_) => UNKNOWN.into(),
                Value::Number(number) => (number.as_i64().unwrap() + 1).into(),
                Value::Object(_) => json!({"id": UNKNOWN}),
                _ => 1.into(),
            },
        }
    }

    fn item(&self, item: &Item) -> Value {
        match item {
            Item::Id(reference) => self.id(Kind::Contact, reference, &[]).into(),
            Item::Object(reference) => {
                let id = self.id(Kind::Contact, reference, &[]);
                json!({"id": id, "username": "not looked at", "age": 7})
            }
            Item::Named(properties) => {
                let named = properties
                    .iter()
                    .map(|(name, arg)| ((*name).to_owned(), self.value(arg, &Value::Null, &[])));
                Value::Object(named.collect())
            }
            Item::Is(value) => value.clone(),
        }
    }
}

/// The path and the query of a request as they are sent.
pub fn target(call: &Call) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut target = "/v1".to_owned();
    for segment in &call.path {
        write!(target, "/{}", escaped(segment)).unwrap();
    }
    for (place, (name, value)) in call.query.iter().enumerate() {
        let sign = if place == 0 { '?' } else { '&' };
        write!(target, "{sign}{name}={}", escaped(value)).unwrap();
    }
    target
}

/// The body as a form, if a form can say it.
pub fn form(body: &Map<String, Value>) -> Option<String> {
    let mut pairs = Vec::new();
    for (name, value) in body {
        push(&mut pairs, name, value)?;
    }
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    Some(pairs.join("&"))
}

fn push(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) -> Option<()> {
    match value {
        // An empty value is the empty array there.
        Value::Null if matches!(name, "contacts" | "reactions") => return None,
        Value::Null => pairs.push((name.to_owned(), String::new())),
        // Empty, it would be null.
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => pairs.push((name.to_owned(), value.to_string())),
        Value::Array(items) if items.is_empty() => pairs.push((name.to_owned(), String::new())),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                // Below an item there are its properties: no form has arrays in arrays.
                if item.is_array() {
                    return None;
                }
                push(pairs, &format!("{name}[{place}]"), item)?;
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
