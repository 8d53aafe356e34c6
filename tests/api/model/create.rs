//! Creates: validates the body, then adds the object that the server reports.

use serde_json::{Map, Value};

use super::responses::{MAX_MEMBERS, Observed, text};
use super::state::{Contact, Group, Kind, Message, Model};
use super::validation::{self, Errors};

impl Model {
    pub fn create(
        &mut self,
        kind: Kind,
        body: &Map<String, Value>,
        observed: &Observed,
        errors: &mut Errors,
    ) -> Option<(u16, String)> {
        match kind {
            Kind::Contact => self.check_new_contact("", body, errors),
            Kind::Group => self.check_new_group(body, errors),
            Kind::Conversation => self.check_new_conversation(body, errors),
            Kind::Message => self.check_new_message(body, errors),
        }
        if kind == Kind::Contact && self.is_taken(body.get("username"), None) {
            errors.conflict("username");
        }
        if !errors.0.is_empty() {
            return None;
        }
        observed.assert_status(201);
        let id = observed.new_id(&observed.body["id"], kind, self);
        let created_at = observed.current_time(&observed.body["created_at"]);
        match kind {
            Kind::Contact => self.add_contact(body, &observed.body, observed),
            Kind::Group => self.add_group(&id, created_at, body, observed),
            Kind::Conversation => {
                let owner = |name: &str, kind| body.get(name).and_then(|owner| self.find(kind, owner.as_str()?));
                let (group, contact) = (owner("group_id", Kind::Group), owner("contact_id", Kind::Contact));
                self.add_conversation(id.clone(), group.as_deref(), contact.as_deref(), created_at);
            }
            Kind::Message => self.add_message(&id, created_at, body),
        }
        Some((201, self.object(kind, &id)))
    }

    /// Whether a contact other than `own` has the username.
    pub fn is_taken(&self, username: Option<&Value>, own: Option<&str>) -> bool {
        let holder = username.and_then(|username| self.find_by_username(username.as_str()?));
        holder.is_some() && holder.as_deref() != own
    }

    fn find_by_username(&self, username: &str) -> Option<String> {
        let has = |contact: &&Contact| contact.username.eq_ignore_ascii_case(username);
        self.contacts.iter().find(has).map(|contact| contact.id.clone())
    }

    fn check_new_contact(&self, path: &str, body: &Map<String, Value>, errors: &mut Errors) {
        errors.only(path, body, &["username", "phone_number", "avatar_url", "display_name"]);
        errors.required(path, body, "username");
        errors.must(path, body, "username", validation::is_username);
        errors.must_or_null(path, body, "phone_number", validation::is_phone_number);
        errors.must_or_null(path, body, "avatar_url", validation::is_url);
        errors.must_or_null(path, body, "display_name", validation::is_display_name);
    }

    /// `returned` is the contact in the response.
    fn add_contact(&mut self, body: &Map<String, Value>, returned: &Value, observed: &Observed) {
        let property = |name: &str| body.get(name).and_then(text);
        let id = observed.new_id(&returned["id"], Kind::Contact, self);
        let conversation = observed.new_id(&returned["conversation_id"], Kind::Conversation, self);
        let created_at = observed.current_time(&returned["created_at"]);
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

    fn check_new_group(&self, body: &Map<String, Value>, errors: &mut Errors) {
        errors.only("", body, &["name", "description", "avatar_url", "contacts"]);
        errors.required("", body, "name");
        errors.must("", body, "name", validation::is_name);
        errors.must_or_null("", body, "description", validation::is_description);
        errors.must_or_null("", body, "avatar_url", validation::is_url);
        self.check_listed_contacts(body, errors);
    }

    /// Validates the contacts that a request lists. An id or a username that occurs twice counts once.
    pub fn check_listed_contacts(&self, body: &Map<String, Value>, errors: &mut Errors) {
        let Some(contacts) = body.get("contacts") else {
            return;
        };
        let Some(items) = contacts.as_array() else {
            errors.invalid("contacts");
            return;
        };
        let mut distinct: Vec<String> = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let path = format!("contacts[{place}]");
            let name = match item {
                Value::String(id) => {
                    let found = self.find(Kind::Contact, id);
                    if found.is_none() {
                        errors.invalid(path);
                    }
                    found.unwrap_or_else(|| id.clone())
                }
                Value::Object(object) if object.get("id").is_some_and(|id| !id.is_null()) => {
                    let id = object["id"].as_str().unwrap_or("not a string");
                    let found = self.find(Kind::Contact, id);
                    if found.is_none() {
                        errors.invalid(format!("{path}.id"));
                    }
                    found.unwrap_or_else(|| id.to_owned())
                }
                Value::Object(object) => {
                    let mut object = object.clone();
                    object.remove("id");
                    self.check_new_contact(&format!("{path}."), &object, errors);
                    let username = object.get("username").and_then(text).unwrap_or_default();
                    let found = self.find_by_username(&username);
                    found.unwrap_or_else(|| username.to_ascii_lowercase())
                }
                _ => {
                    errors.invalid(path);
                    continue;
                }
            };
            if !distinct.contains(&name) {
                distinct.push(name);
            }
        }
        if distinct.len() > MAX_MEMBERS {
            errors.invalid("contacts");
        }
    }

    /// Makes the contacts that a request lists the group's members, creating those that do not exist.
    pub fn set_members(&mut self, group: &str, body: &Map<String, Value>, observed: &Observed) {
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
                let returned = &observed.body["contacts"][members.len()];
                self.add_contact(item.as_object().unwrap(), returned, observed);
                self.find_by_username(username).unwrap()
            });
            if !members.contains(&member) {
                members.push(member);
            }
        }
        self.group_mut(group).members = members;
    }

    fn add_group(&mut self, id: &str, created_at: i64, body: &Map<String, Value>, observed: &Observed) {
        let property = |name: &str| body.get(name).and_then(text);
        let conversation = observed.new_id(&observed.body["conversation_id"], Kind::Conversation, self);
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
        self.set_members(id, body, observed);
    }

    fn check_new_conversation(&self, body: &Map<String, Value>, errors: &mut Errors) {
        errors.only("", body, &["contact_id", "group_id"]);
        let mut owners = 0;
        for (name, kind) in [("contact_id", Kind::Contact), ("group_id", Kind::Group)] {
            let Some(owner) = body.get(name).filter(|owner| !owner.is_null()) else {
                continue;
            };
            owners += 1;
            let Some(owner) = owner.as_str().and_then(|owner| self.find(kind, owner)) else {
                errors.invalid(name);
                continue;
            };
            let has_one = match kind {
                Kind::Group => self.group(&owner).conversation_id.is_some(),
                _ => self.contact(&owner).conversation_id.is_some(),
            };
            if has_one {
                errors.conflict(name);
            }
        }
        match owners {
            0 => errors.missing("contact_id"),
            1 => {}
            _ => {
                // Two owners are rejected as such, whether or not one of them has a conversation.
                errors.0.retain(|(status, ..)| *status != 409);
                errors.invalid("group_id");
            }
        }
    }

    fn check_new_message(&self, body: &Map<String, Value>, errors: &mut Errors) {
        errors.only("", body, &["conversation_id", "message", "contact_id"]);
        errors.required("", body, "conversation_id");
        errors.required("", body, "message");
        errors.must("", body, "message", validation::is_message);
        let find = |kind, id: &Value| id.as_str().and_then(|id| self.find(kind, id));
        let conversation = body.get("conversation_id").map(|id| find(Kind::Conversation, id));
        if conversation == Some(None) {
            errors.invalid("conversation_id");
        }
        let Some(sender) = body.get("contact_id").filter(|id| !id.is_null()) else {
            return;
        };
        match (find(Kind::Contact, sender), conversation.flatten()) {
            (None, _) => errors.invalid("contact_id"),
            (Some(sender), Some(conversation)) if !self.senders(&conversation).contains(&sender) => {
                errors.invalid("contact_id");
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
