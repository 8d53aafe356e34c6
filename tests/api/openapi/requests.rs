//! What the description says about requests, tested on every operation: described parameters are accepted, others are
//! rejected, and a value is accepted exactly if its schema accepts it.

use serde_json::{Map, Value, json};

use super::description::{Body, Description, Operation, names, typed};
use crate::harness::{Response, TestServer, encode, text};

/// A server with one object of each resource.
struct Sample {
    server: TestServer,
    group: Value,
    contact: Value,
    message: Value,
}

impl Sample {
    fn new() -> Self {
        let server = TestServer::start();
        let group = server.create(
            "/v1/groups",
            &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
        );
        let message = json!({"conversation_id": group["conversation_id"], "message": "x"});
        Sample {
            message: server.create("/v1/messages", &message),
            contact: group["contacts"][0].clone(),
            group,
            server,
        }
    }

    /// The id of the sample's object of a resource.
    fn id_of(&self, resource: &str) -> &Value {
        match resource {
            "groups" => &self.group["id"],
            "contacts" => &self.contact["id"],
            "conversations" => &self.group["conversation_id"],
            "messages" => &self.message["id"],
            other => panic!("{other} is not a resource"),
        }
    }

    /// An operation's path with the ids of the sample's objects.
    fn path(&self, operation: &Operation) -> String {
        let resource = operation.path.split('/').nth(2).unwrap();
        let path = operation.path.replace("{contact_id}", &text(&self.contact["id"]));
        path.replace("{id}", &text(self.id_of(resource)))
    }

    /// A valid id for a parameter; `None` if the parameter is not an id.
    fn valid_id(&self, operation: &Operation, name: &str) -> Option<Value> {
        let id = match name {
            "starting_after" | "ending_before" => self.id_of(operation.path.rsplit('/').next().unwrap()),
            "group_id" => self.id_of("groups"),
            "contact_id" => self.id_of("contacts"),
            "conversation_id" => self.id_of("conversations"),
            "pinned_message_id" => self.id_of("messages"),
            _ => return None,
        };
        Some(id.clone())
    }

    fn send(&self, operation: &Operation, body: &Map<String, Value>) -> Response {
        let request = self.server.request(&operation.method, &self.path(operation));
        request.json(&Value::Object(body.clone())).send()
    }

    /// The required properties, with values that are unique to `n`.
    fn required(&self, operation: &Operation, schema: &Value, n: usize) -> Map<String, Value> {
        let required = schema["required"].as_array().into_iter().flatten();
        let mut properties: Map<String, Value> = required
            .map(|name| name.as_str().unwrap())
            .map(|name| {
                (
                    name.to_owned(),
                    self.valid_id(operation, name).unwrap_or_else(|| json!(format!("n{n}"))),
                )
            })
            .collect();
        if operation.path == "/v1/conversations" {
            let contact = self.server.create_contact(&format!("c{n}"));
            self.server.delete(&format!(
                "/v1/conversations/{}",
                contact["conversation_id"].as_str().unwrap()
            ));
            properties.insert("contact_id".to_owned(), contact["id"].clone());
        }
        properties
    }
}

/// Values of every type, and strings and numbers at each bound in the description and one to either side.
fn probes(document: &Value) -> Vec<Value> {
    let mut bounds = std::collections::BTreeSet::new();
    collect_bounds(document, &mut bounds);
    let mut probes = vec![
        json!(null),
        json!(true),
        json!(1.5),
        json!([]),
        json!({}),
        json!([null]),
        json!([{"a": ["b"]}]),
        json!({"a": ["b"]}),
        json!({"a": "b"}),
    ];
    let texts = [
        "",
        " ",
        "a b",
        "\u{a0}",
        "\u{feff}",
        "a\u{7}",
        "\u{85}",
        "a\nb",
        "é",
        "10",
        "true",
        "l7cGNIBKZiNJ6wq",
        "ftp://a/",
    ];
    probes.extend(texts.map(|text| json!(text)));
    let urls = [
        "http://a",
        "HTTPS://é:1/?q#f",
        "http://",
        "http://@/",
        "http://u@h/",
        "http://[::1]/",
        "http://a b/",
        "http://a/%",
    ];
    probes.extend(urls.map(|url| json!(url)));
    for bound in bounds {
        for number in [bound - 1, bound, bound + 1] {
            probes.push(json!(number));
            if let Ok(length @ 0..=20_000) = usize::try_from(number) {
                probes.push(json!("é".repeat(length)));
                if length > 2_000 {
                    probes.push(json!(format!("http://{}", "a".repeat(length - 7))));
                }
            }
        }
    }
    probes
}

fn collect_bounds(schema: &Value, bounds: &mut std::collections::BTreeSet<i64>) {
    match schema {
        Value::Array(parts) => parts.iter().for_each(|part| collect_bounds(part, bounds)),
        Value::Object(parts) => {
            for (name, part) in parts {
                match (name.as_str(), part.as_i64()) {
                    ("minLength" | "maxLength" | "minimum" | "maximum", Some(bound)) => drop(bounds.insert(bound)),
                    _ => collect_bounds(part, bounds),
                }
            }
        }
        _ => {}
    }
}

/// Whether a request was accepted. Panics unless it succeeded or was rejected for `param`.
#[track_caller]
fn is_accepted(response: &Response, param: &str) -> bool {
    match response.status {
        200 | 201 => true,
        400 => {
            let error = response.json();
            let named = error["param"].as_str().unwrap();
            let (whole, _) = named.split_once(['[', '.']).unwrap_or((named, ""));
            assert!(whole == param || error["code"] == "parameter_missing", "{error}");
            false
        }
        other => panic!("{param}: {other} {}", response.text),
    }
}

#[test]
fn a_query_parameter_is_accepted_exactly_if_its_schema_accepts_it() {
    let description = Description::get();
    let sample = Sample::new();
    let probes = probes(&description.document);
    let lists = description
        .operations
        .iter()
        .filter(|operation| operation.method == "GET");
    let lists: Vec<&Operation> = lists.filter(|operation| operation.path.starts_with("/v1")).collect();
    let every: Vec<&str> = lists
        .iter()
        .flat_map(|list| &list.query)
        .map(|known| known.name.as_str())
        .collect();
    for list in lists {
        let path = sample.path(list);
        let query = |name: &str, value: &str| sample.server.get(&format!("{path}?{name}={}", encode(value)));
        for known in &list.query {
            let id = sample.valid_id(list, &known.name);
            let values = probes.iter().filter_map(Value::as_str).map(str::to_owned);
            let numbers = probes.iter().filter_map(Value::as_i64).map(|number| number.to_string());
            for value in values.filter(|text| text.len() < 2_000).chain(numbers) {
                let valid = known.validator.is_valid(&typed(&known.schema, &value));
                let response = query(&known.name, &value);
                // No schema can express what a search term is.
                let no_term = known.name == "query" && !value.chars().any(char::is_alphanumeric);
                assert_eq!(
                    is_accepted(&response, &known.name),
                    valid && !no_term,
                    "{path}?{}={value}",
                    known.name
                );
            }
            if let Some(id) = id {
                assert_eq!(
                    query(&known.name, id.as_str().unwrap()).status,
                    200,
                    "{path}?{}=",
                    known.name
                );
            }
        }
        for other in every
            .iter()
            .filter(|other| list.query.iter().all(|known| known.name != **other))
        {
            assert_eq!(query(other, "1").expect_error(400, "parameter_unknown"), **other);
        }
        assert_eq!(query("nothing", "1").expect_error(400, "parameter_unknown"), "nothing");
    }
}

/// The operations with a body, and the body.
fn bodies() -> impl Iterator<Item = (&'static Operation, &'static Body)> {
    let operations = Description::get().operations.iter();
    operations.filter_map(|operation| Some((operation, operation.body.as_ref()?)))
}

#[test]
fn a_property_is_accepted_exactly_if_its_schema_accepts_it() {
    let probes = probes(&Description::get().document);
    std::thread::scope(|scope| {
        for (operation, body) in bodies() {
            let probes = &probes;
            scope.spawn(move || probe_properties(operation, body, probes));
        }
    });
}

fn probe_properties(operation: &Operation, body: &Body, probes: &[Value]) {
    let sample = Sample::new();
    let mut n = 0;
    for name in names(&body.schema) {
        let examples = body.schema["properties"][name]["examples"]
            .as_array()
            .into_iter()
            .flatten();
        for value in probes
            .iter()
            .chain(examples)
            .chain(sample.valid_id(operation, name).iter())
        {
            n += 1;
            let mut given = sample.required(operation, &body.schema, n);
            if name == "group_id" {
                given.remove("contact_id");
            }
            given.insert(name.to_owned(), value.clone());
            let response = sample.send(operation, &given);
            let valid = body.validator.is_valid(&Value::Object(given));
            let context = format!(
                "{} {} {name}: {value:.300}: {}",
                operation.method, operation.path, response.text
            );
            if is_about_state(&response) {
                assert!(valid || response.text.contains("is read-only"), "{context}");
            } else {
                assert_eq!(is_accepted(&response, name), valid, "{context}");
            }
        }
    }
}

#[test]
fn a_body_accepts_the_described_properties_and_no_others() {
    let sample = Sample::new();
    let every: Vec<&str> = bodies()
        .flat_map(|(_, body)| names(&body.schema))
        .chain(["nothing"])
        .collect();
    let mut n = 0;
    for (operation, body) in bodies() {
        let context = format!("{} {}", operation.method, operation.path);
        let known = names(&body.schema);
        for other in every.iter().filter(|other| !known.contains(*other)) {
            n += 1;
            let mut given = sample.required(operation, &body.schema, n);
            given.insert((*other).to_owned(), json!("x"));
            let refused = sample.send(operation, &given);
            assert_eq!(refused.expect_error(400, "parameter_unknown"), **other, "{context}");
        }
        for name in body.schema["required"].as_array().into_iter().flatten() {
            n += 1;
            let mut given = sample.required(operation, &body.schema, n);
            given.remove(name.as_str().unwrap());
            let refused = sample.send(operation, &given);
            assert_eq!(&refused.expect_error(400, "parameter_missing"), name, "{context}");
        }
    }
}

/// Whether a well-formed value was rejected because of the state of the database, which no schema can express.
fn is_about_state(response: &Response) -> bool {
    let messages = ["must be the id of", "is read-only", "must be a member of"];
    response.status == 409 || response.status == 400 && messages.iter().any(|part| response.text.contains(part))
}
