//! A shadow of one writer's objects, updated by each acknowledged request: what the database must hold after a kill.
//! Objects are kept as exported, except that contacts are replaced by their ids. Does no I/O.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_support::random::Random;

/// A writer's objects by id.
pub type Shadow = BTreeMap<String, Value>;

/// A write to a writer's own objects. Every object that it creates has a unique name.
#[derive(Clone, Debug)]
pub enum Request {
    CreateContact {
        username: String,
    },
    UpdateContact {
        contact: String,
        display_name: String,
    },
    DeleteContact {
        contact: String,
    },
    /// With these members, and a new contact whose username is the group's name.
    CreateGroup {
        name: String,
        contacts: Vec<String>,
    },
    UpdateGroup {
        group: String,
        description: String,
        contacts: Vec<String>,
    },
    DeleteGroup {
        group: String,
    },
    AddMember {
        group: String,
        contact: String,
    },
    RemoveMember {
        group: String,
        contact: String,
    },
    CreateConversation {
        group: String,
    },
    Pin {
        conversation: String,
        message: String,
    },
    DeleteConversation {
        conversation: String,
    },
    Send {
        conversation: String,
        contact: Value,
        text: String,
    },
    React {
        message: String,
        name: String,
    },
    DeleteMessage {
        message: String,
    },
}

impl Request {
    /// Method, path and body.
    pub fn http(&self) -> (&'static str, String, Option<Value>) {
        match self {
            Request::CreateContact { username } => ("POST", path("contacts", ""), Some(json!({"username": username}))),
            Request::UpdateContact { contact, display_name } => {
                let body = json!({"display_name": display_name});
                ("PUT", path("contacts", contact), Some(body))
            }
            Request::DeleteContact { contact } => ("DELETE", path("contacts", contact), None),
            Request::CreateGroup { name, contacts } => {
                let mut contacts: Vec<Value> = contacts.iter().map(|id| json!(id)).collect();
                contacts.push(json!({"username": name}));
                let body = json!({"name": name, "contacts": contacts});
                ("POST", path("groups", ""), Some(body))
            }
            Request::UpdateGroup {
                group,
                description,
                contacts,
            } => {
                let body = json!({"description": description, "contacts": contacts});
                ("PUT", path("groups", group), Some(body))
            }
            Request::DeleteGroup { group } => ("DELETE", path("groups", group), None),
            Request::AddMember { group, contact } => {
                ("PUT", path("groups", &format!("{group}/contacts/{contact}")), None)
            }
            Request::RemoveMember { group, contact } => {
                ("DELETE", path("groups", &format!("{group}/contacts/{contact}")), None)
            }
            Request::CreateConversation { group } => {
                ("POST", path("conversations", ""), Some(json!({"group_id": group})))
            }
            Request::Pin { conversation, message } => {
                let body = json!({"pinned_message_id": message, "is_pinned": true});
                ("PUT", path("conversations", conversation), Some(body))
            }
            Request::DeleteConversation { conversation } => ("DELETE", path("conversations", conversation), None),
            Request::Send {
                conversation,
                contact,
                text,
            } => {
                let body = json!({"conversation_id": conversation, "contact_id": contact, "message": text});
                ("POST", path("messages", ""), Some(body))
            }
            Request::React { message, name } => {
                let body = json!({"reactions": [{"heart": [name]}]});
                ("PUT", path("messages", message), Some(body))
            }
            Request::DeleteMessage { message } => ("DELETE", path("messages", message), None),
        }
    }

    /// The object that this request created, if it is among the writer's exported objects.
    pub fn find_created<'a>(&self, objects: &[&'a Value]) -> Option<&'a Value> {
        let (kind, property, value) = match self {
            Request::CreateContact { username } => ("contact", "username", username),
            Request::CreateGroup { name, .. } => ("group", "name", name),
            Request::CreateConversation { group } => ("conversation", "group_id", group),
            Request::Send { text, .. } => ("message", "message", text),
            _ => return None,
        };
        let created = |object: &&&Value| object["kind"] == kind && object[property] == **value;
        objects.iter().find(created).copied()
    }

    /// Applies this request to a shadow. `created` is the object that it created, as returned or exported.
    pub fn apply(&self, shadow: &mut Shadow, created: &Value) {
        match self {
            Request::CreateContact { username } => add_contact(shadow, created, username),
            Request::UpdateContact { contact, display_name } => set(shadow, contact, "display_name", display_name),
            Request::DeleteContact { contact } => delete_contact(shadow, contact),
            Request::CreateGroup { name, contacts } => add_group(shadow, created, name, contacts),
            Request::UpdateGroup {
                group,
                description,
                contacts,
            } => {
                set(shadow, group, "description", description);
                set(shadow, group, "contacts", contacts);
            }
            Request::DeleteGroup { group } => {
                let gone = shadow.remove(group).unwrap();
                delete_conversation(shadow, &gone["conversation_id"]);
            }
            Request::AddMember { group, contact } => members(shadow, group).push(json!(contact)),
            Request::RemoveMember { group, contact } => members(shadow, group).retain(|id| id != contact),
            Request::CreateConversation { group } => {
                set(shadow, group, "conversation_id", &created["id"]);
                let created = json!({"conversation_id": created["id"], "created_at": created["created_at"]});
                add_conversation(shadow, &created, &Value::Null, &json!(group));
            }
            Request::Pin { conversation, message } => {
                set(shadow, conversation, "pinned_message_id", message);
                set(shadow, conversation, "is_pinned", true);
            }
            Request::DeleteConversation { conversation } => delete_conversation(shadow, &json!(conversation)),
            Request::Send {
                conversation,
                contact,
                text,
            } => add_message(shadow, created, conversation, contact, text),
            Request::React { message, name } => set(shadow, message, "reactions", json!([{"heart": [name]}])),
            Request::DeleteMessage { message } => {
                shadow.remove(message);
                for object in shadow
                    .values_mut()
                    .filter(|object| object["pinned_message_id"] == **message)
                {
                    object["pinned_message_id"] = Value::Null;
                }
            }
        }
    }
}

fn path(resource: &str, rest: &str) -> String {
    format!("/v1/{resource}/{rest}").trim_end_matches('/').to_owned()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not an id: {value}"))
        .to_owned()
}

fn set(shadow: &mut Shadow, id: &str, property: &str, value: impl serde::Serialize) {
    shadow.get_mut(id).unwrap()[property] = json!(value);
}

fn members<'a>(shadow: &'a mut Shadow, group: &str) -> &'a mut Vec<Value> {
    shadow.get_mut(group).unwrap()["contacts"].as_array_mut().unwrap()
}

fn add_contact(shadow: &mut Shadow, created: &Value, username: &str) {
    let contact = json!({
        "kind": "contact", "id": created["id"], "username": username, "phone_number": null, "avatar_url": null,
        "display_name": null, "conversation_id": created["conversation_id"], "last_active_at": null,
        "created_at": created["created_at"],
    });
    shadow.insert(text(&created["id"]), contact);
    add_conversation(shadow, created, &created["id"], &Value::Null);
}

fn add_group(shadow: &mut Shadow, created: &Value, name: &str, contacts: &[String]) {
    let new = created["contacts"].as_array().and_then(|contacts| contacts.last());
    let new = new.unwrap_or_else(|| panic!("the group has no members: {created}"));
    add_contact(shadow, new, name);
    let mut members = contacts.to_vec();
    members.push(text(&new["id"]));
    let group = json!({
        "kind": "group", "id": created["id"], "name": name, "description": null, "avatar_url": null,
        "conversation_id": created["conversation_id"], "contacts": members,
        "created_at": created["created_at"], "archived_at": null,
    });
    shadow.insert(text(&created["id"]), group);
    add_conversation(shadow, created, &Value::Null, &created["id"]);
}

fn add_message(shadow: &mut Shadow, created: &Value, conversation: &str, contact: &Value, message: &str) {
    let at = &created["created_at"];
    let sent = json!({
        "kind": "message", "id": created["id"], "conversation_id": conversation, "contact": contact,
        "message": message, "reactions": [], "read_at": null, "created_at": at, "updated_at": null,
    });
    shadow.insert(text(&created["id"]), sent);
    set(shadow, conversation, "last_active_at", at);
    if let Some(contact) = contact.as_str() {
        set(shadow, contact, "last_active_at", at);
    }
}

/// Adds the conversation that was created together with `created`.
fn add_conversation(shadow: &mut Shadow, created: &Value, contact: &Value, group: &Value) {
    let conversation = json!({
        "kind": "conversation", "id": created["conversation_id"], "contact_id": contact, "group_id": group,
        "pinned_message_id": null, "is_pinned": false, "is_muted": false, "last_active_at": null,
        "last_opened_at": null, "created_at": created["created_at"], "archived_at": null,
    });
    shadow.insert(text(&created["conversation_id"]), conversation);
}

fn delete_contact(shadow: &mut Shadow, contact: &str) {
    let gone = shadow.remove(contact).unwrap();
    delete_conversation(shadow, &gone["conversation_id"]);
    for object in shadow.values_mut() {
        if object["kind"] == "group" {
            object["contacts"].as_array_mut().unwrap().retain(|id| id != contact);
        } else if object["kind"] == "message" && object["contact"] == contact {
            object["contact"] = Value::Null;
        }
    }
}

fn delete_conversation(shadow: &mut Shadow, id: &Value) {
    let Some(id) = id.as_str() else { return };
    shadow.retain(|key, object| key != id && (object["kind"] != "message" || object["conversation_id"] != id));
    for object in shadow.values_mut().filter(|object| object["conversation_id"] == id) {
        object["conversation_id"] = Value::Null;
    }
}

/// An exported or returned object of a kind, with its contacts replaced by their ids.
pub fn with_ids(kind: &str, object: &Value) -> Value {
    let mut object = object.clone();
    object["kind"] = json!(kind);
    if let Some(contacts) = object.get_mut("contacts") {
        *contacts = contacts
            .as_array()
            .unwrap()
            .iter()
            .map(|contact| contact["id"].clone())
            .collect();
    }
    if let Some(contact) = object.get_mut("contact") {
        *contact = contact["id"].clone();
    }
    object
}

/// Picks a writer's next request at random. A shadow stops growing after about a hundred of them.
pub fn choose(shadow: &Shadow, random: &mut Random, name: String) -> Request {
    let of_kind = |kind: &str| -> Vec<&Value> { shadow.values().filter(|object| object["kind"] == kind).collect() };
    let (contacts, groups, messages) = (of_kind("contact"), of_kind("group"), of_kind("message"));
    if contacts.len() < 2 {
        return Request::CreateContact { username: name };
    }
    let (one, contact) = (one_of(&contacts, random), text(&one_of(&contacts, random)["id"]));
    let some = |random: &mut Random| -> Vec<String> {
        let chosen = contacts.iter().filter(|_| random.below(2) == 0);
        chosen.map(|contact| text(&contact["id"])).rev().collect()
    };
    let (dice, few) = (random.below(16), contacts.len() < 9);
    match dice {
        0 if few => return Request::CreateContact { username: name },
        1 if few => {
            return Request::UpdateContact {
                contact,
                display_name: name,
            };
        }
        0 | 1 => return Request::DeleteContact { contact },
        2 if !messages.is_empty() => return about_message(one_of(&messages, random), random, name),
        3 => return send(one, &json!([one["id"]]), random, name),
        _ => {}
    }
    if groups.is_empty() || dice < 6 && groups.len() < 5 {
        let contacts = some(random);
        return Request::CreateGroup { name, contacts };
    }
    let found = one_of(&groups, random);
    let group = text(&found["id"]);
    let is_member = found["contacts"].as_array().unwrap().contains(&json!(contact));
    match dice {
        ..6 => Request::DeleteGroup { group },
        6 | 7 => Request::UpdateGroup {
            group,
            description: name,
            contacts: some(random),
        },
        8 | 9 if is_member => Request::RemoveMember { group, contact },
        8 | 9 => Request::AddMember { group, contact },
        _ if found["conversation_id"].is_null() => Request::CreateConversation { group },
        10 => Request::DeleteConversation {
            conversation: text(&found["conversation_id"]),
        },
        11 | 12 if !messages.is_empty() => about_message(one_of(&messages, random), random, name),
        _ => send(found, &found["contacts"], random, name),
    }
}

fn about_message(found: &Value, random: &mut Random, name: String) -> Request {
    let message = text(&found["id"]);
    match random.below(3) {
        0 => Request::DeleteMessage { message },
        1 => Request::React { message, name },
        _ => Request::Pin {
            conversation: text(&found["conversation_id"]),
            message,
        },
    }
}

/// A message to the conversation of a group or contact, from one of `senders` or from nobody. If there is no
/// conversation, creates a contact instead.
fn send(to: &Value, senders: &Value, random: &mut Random, name: String) -> Request {
    let senders: Vec<&Value> = senders.as_array().unwrap().iter().collect();
    let contact = match senders.is_empty() || random.below(4) == 0 {
        true => Value::Null,
        false => one_of(&senders, random).clone(),
    };
    match to["conversation_id"].as_str() {
        None => Request::CreateContact { username: name },
        Some(conversation) => Request::Send {
            conversation: conversation.to_owned(),
            contact,
            text: name,
        },
    }
}

fn one_of<'a>(objects: &[&'a Value], random: &mut Random) -> &'a Value {
    random.pick(objects).expect("there are objects")
}
