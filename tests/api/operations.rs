//! What the description says of requests, tried on every operation: what it has is accepted, what it has not is refused,
//! and each value is taken just where its schema takes it.

use serde_json::{Map, Value, json};

use crate::description::{Body, Description, Operation, names, typed};
use crate::harness::{Answer, TestServer, encode, text};

/// A server with an object of each kind.
struct Sample {
    server: TestServer,
    group: Value,
    contact: Value,
    message: Value,
}

impl Sample {
    fn new() -> Self {
        let server = TestServer::start();
        let group = server.made(
            "/v1/groups",
            &json!({"name": "x", "contacts": [{"username": "Hector"}]}),
        );
        let message = json!({"conversation_id": group["conversation_id"], "message": "x"});
        Sample {
            message: server.made("/v1/messages", &message),
            contact: group["contacts"][0].clone(),
            group,
            server,
        }
    }

    /// The id of the object of a resource.
    fn id_of(&self, resource: &str) -> &Value {
        match resource {
            "groups" => &self.group["id"],
            "contacts" => &self.contact["id"],
            "conversations" => &self.group["conversation_id"],
            "messages" => &self.message["id"],
            other => panic!("{other} is no resource"),
        }
    }

    /// The path, of the sample's objects.
    fn path(&self, operation: &Operation) -> String {
        let resource = operation.path.split('/').nth(2).unwrap();
        let path = operation.path.replace("{contact_id}", &text(&self.contact["id"]));
        path.replace("{id}", &text(self.id_of(resource)))
    }

    /// An id that a parameter of this name can have; none: it stands for no id.
    fn id(&self, operation: &Operation, name: &str) -> Option<Value> {
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

    fn send(&self, operation: &Operation, body: &Map<String, Value>) -> Answer {
        let request = self.server.request(&operation.method, &self.path(operation));
        request.json(&Value::Object(body.clone())).send()
    }

    /// What a body must have, with values that no other object has.
    fn needed(&self, operation: &Operation, schema: &Value, n: usize) -> Map<String, Value> {
        let required = schema["required"].as_array().into_iter().flatten();
        let mut needed: Map<String, Value> = required
            .map(|name| name.as_str().unwrap())
            .map(|name| {
                (
                    name.to_owned(),
                    self.id(operation, name).unwrap_or_else(|| json!(format!("n{n}"))),
                )
            })
            .collect();
        if operation.path == "/v1/conversations" {
            let contact = self.server.contact(&format!("c{n}"));
            self.server.delete(&format!(
                "/v1/conversations/{}",
                contact["conversation_id"].as_str().unwrap()
            ));
            needed.insert("contact_id".to_owned(), contact["id"].clone());
        }
        needed
    }
}

/// Values of every type, and texts and numbers at the ends of all bounds that the description has and one beyond.
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

/// Whether the request was taken, by the answer to it: what is taken is done, or else refused by a rule on its state.
#[track_caller]
fn is_taken(answer: &Answer, param: &str) -> bool {
    match answer.status {
        200 | 201 => true,
        400 => {
            let error = answer.json();
            let named = error["param"].as_str().unwrap();
            let (whole, _) = named.split_once(['[', '.']).unwrap_or((named, ""));
            assert!(whole == param || error["code"] == "parameter_missing", "{error}");
            false
        }
        other => panic!("{param}: {other} {}", answer.text),
    }
}

#[test]
fn a_query_is_taken_just_as_its_parameters_are_described() {
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
        let ask = |name: &str, value: &str| sample.server.get(&format!("{path}?{name}={}", encode(value)));
        for known in &list.query {
            let id = sample.id(list, &known.name);
            let values = probes.iter().filter_map(Value::as_str).map(str::to_owned);
            let numbers = probes.iter().filter_map(Value::as_i64).map(|number| number.to_string());
            for value in values.filter(|text| text.len() < 2_000).chain(numbers) {
                let valid = known.validator.is_valid(&typed(&known.schema, &value));
                let answer = ask(&known.name, &value);
                // No schema tells what a word is.
                let no_word = known.name == "query" && !value.chars().any(char::is_alphanumeric);
                assert_eq!(
                    is_taken(&answer, &known.name),
                    valid && !no_word,
                    "{path}?{}={value}",
                    known.name
                );
            }
            if let Some(id) = id {
                assert_eq!(
                    ask(&known.name, id.as_str().unwrap()).status,
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
            assert_eq!(ask(other, "1").expect_error(400, "parameter_unknown"), **other);
        }
        assert_eq!(ask("nothing", "1").expect_error(400, "parameter_unknown"), "nothing");
    }
}

/// The operations with a body, and that.
fn bodies() -> impl Iterator<Item = (&'static Operation, &'static Body)> {
    let operations = Description::get().operations.iter();
    operations.filter_map(|operation| Some((operation, operation.body.as_ref()?)))
}

#[test]
fn a_property_is_taken_just_with_the_values_of_its_schema() {
    let probes = probes(&Description::get().document);
    std::thread::scope(|scope| {
        for (operation, body) in bodies() {
            let probes = &probes;
            scope.spawn(move || try_properties(operation, body, probes));
        }
    });
}

fn try_properties(operation: &Operation, body: &Body, probes: &[Value]) {
    let sample = Sample::new();
    let mut n = 0;
    for name in names(&body.schema) {
        let examples = body.schema["properties"][name]["examples"]
            .as_array()
            .into_iter()
            .flatten();
        for value in probes.iter().chain(examples).chain(sample.id(operation, name).iter()) {
            n += 1;
            let mut given = sample.needed(operation, &body.schema, n);
            if name == "group_id" {
                given.remove("contact_id");
            }
            given.insert(name.to_owned(), value.clone());
            let answer = sample.send(operation, &given);
            let valid = body.validator.is_valid(&Value::Object(given));
            let what = format!(
                "{} {} {name}: {value:.300}: {}",
                operation.method, operation.path, answer.text
            );
            if is_about_state(&answer) {
                assert!(valid || answer.text.contains("is read-only"), "{what}");
            } else {
                assert_eq!(is_taken(&answer, name), valid, "{what}");
            }
        }
    }
}

#[test]
fn a_body_has_the_properties_that_are_described_and_no_other() {
    let sample = Sample::new();
    let every: Vec<&str> = bodies()
        .flat_map(|(_, body)| names(&body.schema))
        .chain(["nothing"])
        .collect();
    let mut n = 0;
    for (operation, body) in bodies() {
        let what = format!("{} {}", operation.method, operation.path);
        let known = names(&body.schema);
        for other in every.iter().filter(|other| !known.contains(*other)) {
            n += 1;
            let mut given = sample.needed(operation, &body.schema, n);
            given.insert((*other).to_owned(), json!("x"));
            let refused = sample.send(operation, &given);
            assert_eq!(refused.expect_error(400, "parameter_unknown"), **other, "{what}");
        }
        for name in body.schema["required"].as_array().into_iter().flatten() {
            n += 1;
            let mut given = sample.needed(operation, &body.schema, n);
            given.remove(name.as_str().unwrap());
            let refused = sample.send(operation, &given);
            assert_eq!(&refused.expect_error(400, "parameter_missing"), name, "{what}");
        }
    }
}

/// Whether a value of the right shape was refused for what the file holds: no schema tells it.
fn is_about_state(answer: &Answer) -> bool {
    let messages = ["must be the id of", "is read-only", "must be a member of"];
    answer.status == 409 || answer.status == 400 && messages.iter().any(|part| answer.text.contains(part))
}
