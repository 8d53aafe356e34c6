//! What the contract says that each request is answered, and what it makes of the model.

use serde_json::{Map, Value};

use super::objects::{Kind, Model};
use super::rules::{self, Faults};

/// The most members of a group, so few that sequences come up against it.
pub const MOST_MEMBERS: usize = 4;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: &'static str,
    /// The segments after `/v1`.
    pub path: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub body: Map<String, Value>,
    /// Whether the body goes as a form, if it can.
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

/// What must be answered.
#[derive(Debug)]
pub enum Expected {
    Done(u16, String),
    /// An error with one of these faults.
    Refused(Faults),
}

/// What the server answered, from which the model learns the ids and the times that the server chose.
pub struct Given {
    /// The request, for what is told of a failure.
    pub request: String,
    pub status: u16,
    pub text: String,
    pub body: Value,
    /// When the request was sent and when its answer was there.
    pub sent: i64,
    pub answered: i64,
}

impl Given {
    /// A request without a fault must be done.
    pub fn must_be(&self, status: u16) {
        assert_eq!(
            self.status, status,
            "{}: there is no fault in it, but: {}",
            self.request, self.text
        );
    }

    pub fn time(&self, value: &Value) -> i64 {
        let time = value.as_i64().unwrap_or(-1);
        assert!(
            self.sent <= time && time <= self.answered,
            "{}: {value} is not now: {}",
            self.request,
            self.text
        );
        time
    }

    /// A new id of `kind`.
    pub fn id(&self, value: &Value, kind: Kind, model: &Model) -> String {
        assert!(rules::is_id(value), "{}: {value} is no id: {}", self.request, self.text);
        let id = value.as_str().unwrap();
        let gone = |(_, gone): &(Kind, String)| gone.eq_ignore_ascii_case(id);
        assert!(
            model.find(kind, id).is_none() && !model.gone.iter().any(gone),
            "{id} is not new"
        );
        id.to_owned()
    }
}

/// A list's object: its id, itself, and whether the filters let it in.
struct Row {
    id: String,
    object: String,
    shown: bool,
}

pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

pub fn ignoring_case(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

impl Model {
    pub fn answer(&mut self, call: &Call, given: &Given) -> Expected {
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let kind = Kind::ALL.into_iter().find(|kind| kind.path() == path[0]).unwrap();
        let mut faults = Faults::default();
        let done = match (call.method, &path[1..]) {
            ("GET", []) => self.list(kind, call, &mut faults),
            ("POST", []) => self.create(kind, &call.body, given, &mut faults),
            ("GET", [id, "contacts"]) => self.list_members(id, call, &mut faults),
            ("PUT", [group, "contacts", contact]) => self.add_member(group, contact, &mut faults),
            ("DELETE", [group, "contacts", contact]) => self.remove_member(group, contact, &mut faults),
            (method, [id]) => {
                let found = self.find(kind, id);
                if found.is_none() {
                    faults.not_found();
                }
                match method {
                    "GET" => found.map(|id| (200, self.object(kind, &id))),
                    "DELETE" => found.map(|id| {
                        self.delete(kind, &id);
                        (204, String::new())
                    }),
                    _ => self.update(kind, found.as_deref(), &call.body, given, &mut faults),
                }
            }
            _ => panic!("{call:?} is not in the contract"),
        };
        match (done, faults.0.is_empty()) {
            (Some((status, text)), true) => Expected::Done(status, text),
            (None, false) => Expected::Refused(faults),
            _ => panic!("{call:?} has either a fault or an answer"),
        }
    }

    fn list(&self, kind: Kind, call: &Call, faults: &mut Faults) -> Option<(u16, String)> {
        let names: &[&str] = match kind {
            Kind::Contact => &["username", "query"],
            Kind::Group => &["archived", "contact_id", "query"],
            Kind::Conversation => &["archived", "muted", "pinned", "group_id", "contact_id"],
            Kind::Message => &["conversation_id", "query"],
        };
        for (name, value) in &call.query {
            match *name {
                "limit" | "starting_after" | "ending_before" => {}
                name if !names.contains(&name) => faults.unknown(name),
                "archived" | "muted" | "pinned" if value != "true" && value != "false" => faults.invalid(*name),
                "query" if !rules::is_query(value) => faults.invalid("query"),
                "username" if !rules::is_username(&Value::from(value.as_str())) => faults.invalid("username"),
                "contact_id" if self.find(Kind::Contact, value).is_none() => faults.invalid(*name),
                "group_id" if self.find(Kind::Group, value).is_none() => faults.invalid(*name),
                "conversation_id" if self.find(Kind::Conversation, value).is_none() => faults.invalid(*name),
                _ => {}
            }
        }
        let lets_in = |id: &str| call.query.iter().all(|(name, value)| self.fits(kind, id, name, value));
        let ids = self.ids(kind).into_iter().rev();
        let rows: Vec<Row> = ids
            .map(|id| Row {
                object: self.object(kind, &id),
                shown: lets_in(&id),
                id,
            })
            .collect();
        page(&rows, call, faults)
    }

    /// Whether a filter of a list lets an object in.
    fn fits(&self, kind: Kind, id: &str, filter: &str, value: &str) -> bool {
        let is = |flag: bool| flag.to_string() == value;
        match (kind, filter) {
            (Kind::Contact, "username") => ignoring_case(&self.contact(id).username, value),
            (Kind::Contact, "query") => {
                let contact = self.contact(id);
                let (name, phone) = (&contact.display_name, &contact.phone_number);
                rules::matches(value, &[Some(&contact.username), name.as_deref(), phone.as_deref()])
            }
            (Kind::Group, "archived") => is(self.group(id).archived_at.is_some()),
            (Kind::Group, "contact_id") => self.group(id).members.iter().any(|it| ignoring_case(it, value)),
            (Kind::Group, "query") => {
                let group = self.group(id);
                rules::matches(value, &[Some(&group.name), group.description.as_deref()])
            }
            (Kind::Conversation, "archived") => is(self.conversation(id).archived_at.is_some()),
            (Kind::Conversation, "muted") => is(self.conversation(id).is_muted),
            (Kind::Conversation, "pinned") => is(self.conversation(id).is_pinned),
            (Kind::Conversation, "group_id") => {
                let group = &self.conversation(id).group_id;
                group.as_ref().is_some_and(|group| ignoring_case(group, value))
            }
            (Kind::Conversation, "contact_id") => {
                let contact = &self.conversation(id).contact_id;
                contact.as_ref().is_some_and(|contact| ignoring_case(contact, value))
            }
            (Kind::Message, "conversation_id") => ignoring_case(&self.message(id).conversation_id, value),
            (Kind::Message, "query") => rules::matches(value, &[Some(&self.message(id).message)]),
            _ => true,
        }
    }

    fn list_members(&self, group: &str, call: &Call, faults: &mut Faults) -> Option<(u16, String)> {
        for (name, _) in &call.query {
            if !["limit", "starting_after", "ending_before"].contains(name) {
                faults.unknown(*name);
            }
        }
        let Some(group) = self.find(Kind::Group, group) else {
            faults.not_found();
            page(&[], call, faults);
            return None;
        };
        let members = self.group(&group).members.iter();
        let rows: Vec<Row> = members
            .map(|id| Row {
                id: id.clone(),
                object: self.object(Kind::Contact, id),
                shown: true,
            })
            .collect();
        page(&rows, call, faults)
    }

    fn add_member(&mut self, group: &str, contact: &str, faults: &mut Faults) -> Option<(u16, String)> {
        let found = self.find(Kind::Group, group).zip(self.find(Kind::Contact, contact));
        let Some((group, contact)) = found else {
            faults.not_found();
            return None;
        };
        let members = &mut self.group_mut(&group).members;
        if !members.contains(&contact) {
            if members.len() == MOST_MEMBERS {
                faults.invalid("contacts");
                return None;
            }
            members.push(contact);
        }
        Some((204, String::new()))
    }

    fn remove_member(&mut self, group: &str, contact: &str, faults: &mut Faults) -> Option<(u16, String)> {
        let found = self.find(Kind::Group, group).zip(self.find(Kind::Contact, contact));
        let Some((group, contact)) = found.filter(|(group, contact)| self.group(group).members.contains(contact))
        else {
            faults.not_found();
            return None;
        };
        self.group_mut(&group).members.retain(|member| *member != contact);
        Some((204, String::new()))
    }
}

/// The page of a list that a request asks for; `rows` are all of the list's resource, in its order.
fn page(rows: &[Row], call: &Call, faults: &mut Faults) -> Option<(u16, String)> {
    let value = |wanted: &str| {
        call.query
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let limit = value("limit").map_or(Some(10), |limit| limit.parse::<usize>().ok());
    if !limit.is_some_and(|limit| (1..=100).contains(&limit)) {
        faults.invalid("limit");
    }
    let mut place = |name| {
        let id = value(name)?;
        let found = rows.iter().position(|row| ignoring_case(&row.id, id));
        if found.is_none() {
            faults.invalid(name);
        }
        found
    };
    let (after, before) = (place("starting_after"), place("ending_before"));
    if value("starting_after").is_some() && value("ending_before").is_some() {
        faults.invalid("ending_before");
    }
    if !faults.0.is_empty() {
        return None;
    }
    let limit = limit.unwrap();
    let part = match (after, before) {
        (Some(after), _) => &rows[after + 1..],
        (None, Some(before)) => &rows[..before],
        (None, None) => rows,
    };
    let shown: Vec<&str> = part
        .iter()
        .filter(|row| row.shown)
        .map(|row| row.object.as_str())
        .collect();
    let has_more = shown.len() > limit;
    let page = match before {
        Some(_) => &shown[shown.len().saturating_sub(limit)..],
        None => &shown[..limit.min(shown.len())],
    };
    Some((
        200,
        format!("{{\"has_more\":{has_more},\"data\":[{}]}}", page.join(",")),
    ))
}
