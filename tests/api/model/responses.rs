//! The response that the contract requires for a request, and its effect on the model.

use serde_json::{Map, Value};

use super::state::{Kind, Model};
use super::validation::{self, Errors};

/// The limit on a group's members, low enough for sequences to reach it.
pub const MAX_MEMBERS: usize = 4;

/// A request, before it is encoded.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: &'static str,
    /// The segments after `/v1`.
    pub path: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub body: Map<String, Value>,
    /// Whether to send the body as a form, if a form can express it.
    pub form: bool,
}

impl Call {
    pub fn new(method: &'static str, path: &[&str]) -> Self {
        Call {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: Map::new(),
            form: false,
        }
    }
}

/// The response that the model requires.
#[derive(Debug)]
pub enum Expected {
    /// The status and the body.
    Success(u16, String),
    /// Any one of these errors.
    Error(Errors),
}

/// The server's response, from which the model learns the ids and times that the server chose.
pub struct Observed {
    /// Describes the request in failure messages.
    pub request: String,
    pub status: u16,
    pub text: String,
    pub body: Value,
    /// The times just before the request was sent and just after the response arrived, in UNIX seconds.
    pub sent_at: i64,
    pub received_at: i64,
}

impl Observed {
    /// Asserts the status of a request in which the model finds no error.
    pub fn assert_status(&self, status: u16) {
        assert_eq!(
            self.status, status,
            "{}: rejected although it is valid: {}",
            self.request, self.text
        );
    }

    /// A timestamp that the server must have taken while it handled the request.
    pub fn current_time(&self, value: &Value) -> i64 {
        let time = value.as_i64().unwrap_or(-1);
        assert!(
            self.sent_at <= time && time <= self.received_at,
            "{}: {value} is not the current time: {}",
            self.request,
            self.text
        );
        time
    }

    /// The id of a new object: well-formed and never used before.
    pub fn new_id(&self, value: &Value, kind: Kind, model: &Model) -> String {
        assert!(
            validation::is_id(value),
            "{}: {value} is not an id: {}",
            self.request,
            self.text
        );
        let id = value.as_str().unwrap();
        let is_this = |(_, deleted): &(Kind, String)| deleted.eq_ignore_ascii_case(id);
        assert!(
            model.find(kind, id).is_none() && !model.deleted.iter().any(is_this),
            "{id} is not new"
        );
        id.to_owned()
    }
}

/// An object of a list's resource, and whether the filters match it.
struct Row {
    id: String,
    object: String,
    matches: bool,
}

pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

impl Model {
    /// The response that a request must get. Applies the effect of a successful one to the model.
    pub fn respond(&mut self, call: &Call, observed: &Observed) -> Expected {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let kind = Kind::ALL.into_iter().find(|kind| kind.path() == path[0]).unwrap();
        let mut errors = Errors::default();
        let success = match (call.method, &path[1..]) {
            ("GET", []) => self.list(kind, call, &mut errors),
            ("POST", []) => self.create(kind, &call.body, observed, &mut errors),
            ("GET", [id, "contacts"]) => self.list_members(id, call, &mut errors),
            ("PUT", [group, "contacts", contact]) => self.add_member(group, contact, &mut errors),
            ("DELETE", [group, "contacts", contact]) => self.remove_member(group, contact, &mut errors),
            (method, [id]) => {
                let found = self.find(kind, id);
                if found.is_none() {
                    errors.not_found();
                }
                match method {
                    "GET" => found.map(|id| (200, self.object(kind, &id))),
                    "DELETE" => found.map(|id| {
                        self.delete(kind, &id);
                        (204, String::new())
                    }),
                    _ => self.update(kind, found.as_deref(), &call.body, observed, &mut errors),
                }
            }
            _ => panic!("{call:?} is not in the contract"),
        };
        match (success, errors.0.is_empty()) {
            (Some((status, text)), true) => Expected::Success(status, text),
            (None, false) => Expected::Error(errors),
            _ => panic!("{call:?} must have either errors or a response"),
        }
    }

    fn list(&self, kind: Kind, call: &Call, errors: &mut Errors) -> Option<(u16, String)> {
        let names: &[&str] = match kind {
            Kind::Contact => &["username", "query"],
            Kind::Group => &["archived", "contact_id", "query"],
            Kind::Conversation => &["archived", "muted", "pinned", "group_id", "contact_id"],
            Kind::Message => &["conversation_id", "query"],
        };
        for (name, value) in &call.query {
            match *name {
                "limit" | "starting_after" | "ending_before" => {}
                name if !names.contains(&name) => errors.unknown(name),
                "archived" | "muted" | "pinned" if flag(value).is_none() => errors.invalid(*name),
                "query" if !validation::is_query(value) => errors.invalid("query"),
                "username" if !validation::is_username(&Value::from(value.as_str())) => errors.invalid("username"),
                "contact_id" if self.find(Kind::Contact, value).is_none() => errors.invalid(*name),
                "group_id" if self.find(Kind::Group, value).is_none() => errors.invalid(*name),
                "conversation_id" if self.find(Kind::Conversation, value).is_none() => errors.invalid(*name),
                _ => {}
            }
        }
        let matches = |id: &str| {
            let mut filters = call.query.iter();
            filters.all(|(name, value)| self.matches(kind, id, name, value))
        };
        let ids = self.ids(kind).into_iter().rev();
        let rows: Vec<Row> = ids
            .map(|id| Row {
                object: self.object(kind, &id),
                matches: matches(&id),
                id,
            })
            .collect();
        page(&rows, call, errors)
    }

    /// Whether a list's filter matches an object. Parameters that are no filters match everything.
    fn matches(&self, kind: Kind, id: &str, filter: &str, value: &str) -> bool {
        let equals = |actual: bool| flag(value) == Some(actual);
        match (kind, filter) {
            (Kind::Contact, "username") => self.contact(id).username.eq_ignore_ascii_case(value),
            (Kind::Contact, "query") => {
                let contact = self.contact(id);
                let (name, phone) = (&contact.display_name, &contact.phone_number);
                validation::matches(value, &[Some(&contact.username), name.as_deref(), phone.as_deref()])
            }
            (Kind::Group, "archived") => equals(self.group(id).archived_at.is_some()),
            (Kind::Group, "contact_id") => self.group(id).members.iter().any(|it| it.eq_ignore_ascii_case(value)),
            (Kind::Group, "query") => {
                let group = self.group(id);
                validation::matches(value, &[Some(&group.name), group.description.as_deref()])
            }
            (Kind::Conversation, "archived") => equals(self.conversation(id).archived_at.is_some()),
            (Kind::Conversation, "muted") => equals(self.conversation(id).is_muted),
            (Kind::Conversation, "pinned") => equals(self.conversation(id).is_pinned),
            (Kind::Conversation, "group_id") => {
                let group = &self.conversation(id).group_id;
                group.as_ref().is_some_and(|group| group.eq_ignore_ascii_case(value))
            }
            (Kind::Conversation, "contact_id") => {
                let contact = &self.conversation(id).contact_id;
                contact
                    .as_ref()
                    .is_some_and(|contact| contact.eq_ignore_ascii_case(value))
            }
            (Kind::Message, "conversation_id") => self.message(id).conversation_id.eq_ignore_ascii_case(value),
            (Kind::Message, "query") => validation::matches(value, &[Some(&self.message(id).message)]),
            _ => true,
        }
    }

    fn list_members(&self, group: &str, call: &Call, errors: &mut Errors) -> Option<(u16, String)> {
        for (name, _) in &call.query {
            if !["limit", "starting_after", "ending_before"].contains(name) {
                errors.unknown(*name);
            }
        }
        let Some(group) = self.find(Kind::Group, group) else {
            errors.not_found();
            page(&[], call, errors);
            return None;
        };
        let members = self.group(&group).members.iter();
        let rows: Vec<Row> = members
            .map(|id| Row {
                id: id.clone(),
                object: self.object(Kind::Contact, id),
                matches: true,
            })
            .collect();
        page(&rows, call, errors)
    }

    fn add_member(&mut self, group: &str, contact: &str, errors: &mut Errors) -> Option<(u16, String)> {
        let found = self.find(Kind::Group, group).zip(self.find(Kind::Contact, contact));
        let Some((group, contact)) = found else {
            errors.not_found();
            return None;
        };
        let members = &mut self.group_mut(&group).members;
        if !members.contains(&contact) {
            if members.len() == MAX_MEMBERS {
                errors.invalid("contacts");
                return None;
            }
            members.push(contact);
        }
        Some((204, String::new()))
    }

    fn remove_member(&mut self, group: &str, contact: &str, errors: &mut Errors) -> Option<(u16, String)> {
        let found = self.find(Kind::Group, group).zip(self.find(Kind::Contact, contact));
        let Some((group, contact)) = found.filter(|(group, contact)| self.group(group).members.contains(contact))
        else {
            errors.not_found();
            return None;
        };
        self.group_mut(&group).members.retain(|member| *member != contact);
        Some((204, String::new()))
    }
}

/// The page that a request selects. `rows` are all objects of the list's resource, in the list's order.
fn page(rows: &[Row], call: &Call, errors: &mut Errors) -> Option<(u16, String)> {
    let value = |wanted: &str| {
        call.query
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let limit = value("limit").map_or(Some(10), |limit| limit.parse::<usize>().ok());
    if !limit.is_some_and(|limit| (1..=100).contains(&limit)) {
        errors.invalid("limit");
    }
    let mut place = |name| {
        let id = value(name)?;
        let found = rows.iter().position(|row| row.id.eq_ignore_ascii_case(id));
        if found.is_none() {
            errors.invalid(name);
        }
        found
    };
    let (after, before) = (place("starting_after"), place("ending_before"));
    if value("starting_after").is_some() && value("ending_before").is_some() {
        errors.invalid("ending_before");
    }
    if !errors.0.is_empty() {
        return None;
    }
    let limit = limit.unwrap();
    let part = match (after, before) {
        (Some(after), _) => &rows[after + 1..],
        (None, Some(before)) => &rows[..before],
        (None, None) => rows,
    };
    let matching: Vec<&str> = part
        .iter()
        .filter(|row| row.matches)
        .map(|row| row.object.as_str())
        .collect();
    let has_more = matching.len() > limit;
    let page = match before {
        Some(_) => &matching[matching.len().saturating_sub(limit)..],
        None => &matching[..limit.min(matching.len())],
    };
    Some((
        200,
        format!("{{\"has_more\":{has_more},\"data\":[{}]}}", page.join(",")),
    ))
}

/// The value of a boolean in a query.
fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
