//! A writer's objects and what each of its requests does to them, so that after a kill it is known what must be there.
//! Objects are as exported, but name their contacts by ids. Sockets and files are not in here.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_support::random::Random;

/// Objects by their ids.
pub type World = BTreeMap<String, Value>;

/// A request of a writer, about objects of its own. What is made has a name that nothing else has.
#[derive(Clone, Debug)]
pub enum Request {
    MakeContact {
        username: String,
    },
    ChangeContact {
        contact: String,
        display_name: String,
    },
    DeleteContact {
        contact: String,
    },
    /// With these members, and one made on the spot whose username is the group's name.
    MakeGroup {
        name: String,
        contacts: Vec<String>,
    },
    ChangeGroup {
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
    MakeConversation {
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
            Request::MakeContact { username } => ("POST", path("contacts", ""), Some(json!({"username": username}))),
            Request::ChangeContact { contact, display_name } => {
                let body = json!({"display_name": display_name});
                ("PUT", path("contacts", contact), Some(body))
            }
            Request::DeleteContact { contact } => ("DELETE", path("contacts", contact), None),
            Request::MakeGroup { name, contacts } => {
                let mut contacts: Vec<Value> = contacts.iter().map(|id| json!(id)).collect();
                contacts.push(json!({"username": name}));
                let body = json!({"name": name, "contacts": contacts});
                ("POST", path("groups", ""), Some(body))
            }
            Request::ChangeGroup {
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
            Request::MakeConversation { group } => {
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

    /// What this request has made, if that is among its writer's objects (as exported).
    pub fn find_made<'a>(&self, objects: &[&'a Value]) -> Option<&'a Value> {
        let (kind, property, value) = match self {
            Request::MakeContact { username } => ("contact", "username", username),
            Request::MakeGroup { name, .. } => ("group", "name", name),
            Request::MakeConversation { group } => ("conversation", "group_id", group),
            Request::Send { text, .. } => ("message", "message", text),
            _ => return None,
        };
        let made = |object: &&&Value| object["kind"] == kind && object[property] == **value;
        objects.iter().find(made).copied()
    }

    /// Does to a world what this request does; `made` is the object that it made, as answered or exported.
    pub fn apply(&self, world: &mut World, made: &Value) {
        match self {
            Request::MakeContact { username } => add_contact(world, made, username),
            Request::ChangeContact { contact, display_name } => set(world, contact, "display_name", display_name),
            Request::DeleteContact { contact } => delete_contact(world, contact),
            Request::MakeGroup { name, contacts } => add_group(world, made, name, contacts),
            Request::ChangeGroup {
                group,
                description,
                contacts,
            } => {
                set(world, group, "description", description);
                set(world, group, "contacts", contacts);
            }
            Request::DeleteGroup { group } => {
                let gone = world.remove(group).unwrap();
                delete_conversation(world, &gone["conversation_id"]);
            }
            Request::AddMember { group, contact } => members(world, group).push(json!(contact)),
            Request::RemoveMember { group, contact } => members(world, group).retain(|id| id != contact),
            Request::MakeConversation { group } => {
                set(world, group, "conversation_id", &made["id"]);
                let made = json!({"conversation_id": made["id"], "created_at": made["created_at"]});
                add_conversation(world, &made, &Value::Null, &json!(group));
            }
            Request::Pin { conversation, message } => {
                set(world, conversation, "pinned_message_id", message);
                set(world, conversation, "is_pinned", true);
            }
            Request::DeleteConversation { conversation } => delete_conversation(world, &json!(conversation)),
            Request::Send {
                conversation,
                contact,
                text,
            } => add_message(world, made, conversation, contact, text),
            Request::React { message, name } => set(world, message, "reactions", json!([{"heart": [name]}])),
            Request::DeleteMessage { message } => {
                world.remove(message);
                for object in world
                    .values_mut()
                    .filter(|object| object["pinned_message_id"] == **message)
                {
                    object["pinned_message_id"] = Value::Null;
                }
            }
        }
    }
}

fn path(of: &str, rest: &str) -> String {
    format!("/v1/{of}/{rest}").trim_end_matches('/').to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no id: {value}")).to_owned()
}

fn set(world: &mut World, id: &str, property: &str, value: impl serde::Serialize) {
    world.get_mut(id).unwrap()[property] = json!(value);
}

fn members<'a>(world: &'a mut World, group: &str) -> &'a mut Vec<Value> {
    world.get_mut(group).unwrap()["contacts"].as_array_mut().unwrap()
}

fn add_contact(world: &mut World, made: &Value, username: &str) {
    let contact = json!({
        "kind": "contact", "id": made["id"], "username": username, "phone_number": null, "avatar_url": null,
        "display_name": null, "conversation_id": made["conversation_id"], "last_active_at": null,
        "created_at": made["created_at"],
    });
    world.insert(text(&made["id"]), contact);
    add_conversation(world, made, &made["id"], &Value::Null);
}

fn add_group(world: &mut World, made: &Value, name: &str, contacts: &[String]) {
    let new = made["contacts"].as_array().and_then(|contacts| contacts.last());
    let new = new.unwrap_or_else(|| panic!("no members: {made}"));
    add_contact(world, new, name);
    let mut members = contacts.to_vec();
    members.push(text(&new["id"]));
    let group = json!({
        "kind": "group", "id": made["id"], "name": name, "description": null, "avatar_url": null,
        "conversation_id": made["conversation_id"], "contacts": members,
        "created_at": made["created_at"], "archived_at": null,
    });
    world.insert(text(&made["id"]), group);
    add_conversation(world, made, &Value::Null, &made["id"]);
}

fn add_message(world: &mut World, made: &Value, conversation: &str, contact: &Value, message: &str) {
    let at = &made["created_at"];
    let sent = json!({
        "kind": "message", "id": made["id"], "conversation_id": conversation, "contact": contact,
        "message": message, "reactions": [], "read_at": null, "created_at": at, "updated_at": null,
    });
    world.insert(text(&made["id"]), sent);
    set(world, conversation, "last_active_at", at);
    if let Some(contact) = contact.as_str() {
        set(world, contact, "last_active_at", at);
    }
}

/// The conversation that came with `made`.
fn add_conversation(world: &mut World, made: &Value, contact: &Value, group: &Value) {
    let conversation = json!({
        "kind": "conversation", "id": made["conversation_id"], "contact_id": contact, "group_id": group,
        "pinned_message_id": null, "is_pinned": false, "is_muted": false, "last_active_at": null,
        "last_opened_at": null, "created_at": made["created_at"], "archived_at": null,
    });
    world.insert(text(&made["conversation_id"]), conversation);
}

fn delete_contact(world: &mut World, contact: &str) {
    let gone = world.remove(contact).unwrap();
    delete_conversation(world, &gone["conversation_id"]);
    for object in world.values_mut() {
        if object["kind"] == "group" {
            object["contacts"].as_array_mut().unwrap().retain(|id| id != contact);
        } else if object["kind"] == "message" && object["contact"] == contact {
            object["contact"] = Value::Null;
        }
    }
}

fn delete_conversation(world: &mut World, id: &Value) {
    let Some(id) = id.as_str() else { return };
    world.retain(|key, object| key != id && (object["kind"] != "message" || object["conversation_id"] != id));
    for object in world.values_mut().filter(|object| object["conversation_id"] == id) {
        object["conversation_id"] = Value::Null;
    }
}

/// An exported or answered object of a kind, its contacts named by their ids.
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

/// A request that a writer with this world may send next. A world stays about as large as it is after a hundred of them.
pub fn choose(world: &World, random: &mut Random, name: String) -> Request {
    let of = |kind: &str| -> Vec<&Value> { world.values().filter(|object| object["kind"] == kind).collect() };
    let (contacts, groups, messages) = (of("contact"), of("group"), of("message"));
    if contacts.len() < 2 {
        return Request::MakeContact { username: name };
    }
    let (one, contact) = (one_of(&contacts, random), text(&one_of(&contacts, random)["id"]));
    let some = |random: &mut Random| -> Vec<String> {
        let chosen = contacts.iter().filter(|_| random.below(2) == 0);
        chosen.map(|contact| text(&contact["id"])).rev().collect()
    };
    let (dice, few) = (random.below(16), contacts.len() < 9);
    match dice {
        0 if few => return Request::MakeContact { username: name },
        1 if few => {
            return Request::ChangeContact {
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
        return Request::MakeGroup { name, contacts };
    }
    let found = one_of(&groups, random);
    let group = text(&found["id"]);
    let is_member = found["contacts"].as_array().unwrap().contains(&json!(contact));
    match dice {
        ..6 => Request::DeleteGroup { group },
        6 | 7 => Request::ChangeGroup {
            group,
            description: name,
            contacts: some(random),
        },
        8 | 9 if is_member => Request::RemoveMember { group, contact },
        8 | 9 => Request::AddMember { group, contact },
        _ if found["conversation_id"].is_null() => Request::MakeConversation { group },
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

/// A message to the conversation of a group or contact, if there is one, from one of `senders` or from nobody.
fn send(to: &Value, senders: &Value, random: &mut Random, name: String) -> Request {
    let senders: Vec<&Value> = senders.as_array().unwrap().iter().collect();
    let contact = match senders.is_empty() || random.below(4) == 0 {
        true => Value::Null,
        false => one_of(&senders, random).clone(),
    };
    match to["conversation_id"].as_str() {
        None => Request::MakeContact { username: name },
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
