//! The API's description (OpenAPI 3.1), to which every answer that these tests get is held. What it says of requests is
//! tried in `operations.rs`.

use std::collections::HashMap;
use std::sync::OnceLock;

use groups_server::api::{openapi, routes};
use groups_server::http::Settings;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::harness::Answer;

/// The headers of any answer, of which the description says nothing.
const PLAIN_HEADERS: [&str; 5] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
];

pub struct Description {
    pub document: Value,
    pub operations: Vec<Operation>,
}

/// A method on a path, and what its requests and answers are told to be.
pub struct Operation {
    pub method: String,
    /// Such as `/v1/groups/{id}`.
    pub path: String,
    pub query: Vec<Parameter>,
    /// The JSON body, if there is one.
    pub body: Option<Body>,
    answers: HashMap<u16, Described>,
}

pub struct Parameter {
    pub name: String,
    pub schema: Value,
    pub validator: Validator,
}

pub struct Body {
    pub schema: Value,
    pub validator: Validator,
    /// Of an object with the names that a form has.
    form: Validator,
}

struct Described {
    /// Its headers, and whether each must be there.
    headers: Vec<(String, bool)>,
    body: Option<(Value, Validator)>,
}

/// What was asked, as far as the description says something of it.
pub struct Asked<'a> {
    pub method: &'a str,
    /// Below the base path, with the query.
    pub target: &'a str,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
}

impl Description {
    pub fn get() -> &'static Self {
        static DESCRIPTION: OnceLock<Description> = OnceLock::new();
        DESCRIPTION.get_or_init(|| Self::read(openapi::document(&routes(), &Settings::default())))
    }

    fn read(document: Value) -> Self {
        let paths = document["paths"].as_object().unwrap();
        let methods = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods
                .filter(|(method, _)| *method != "servers")
                .map(move |(method, told)| (path, method, told))
        });
        let operations = methods
            .map(|(path, method, told)| Operation::read(&document, path, method, told))
            .collect();
        Description { document, operations }
    }

    /// The schema of the whole that `schema` is, which may refer to a part of the document.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        resolve(&self.document, schema)
    }

    /// The operation of a request; none: it is for none, and its answer an error.
    fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let is_path = |operation: &&Operation| {
            let (told, sent) = (operation.path.split('/'), path.split('/'));
            told.clone().count() == sent.clone().count()
                && told
                    .zip(sent)
                    .all(|(told, sent)| told == sent || told.starts_with('{') && !sent.is_empty())
        };
        let mut found = self.operations.iter().filter(is_path);
        found.find(|operation| operation.method == method)
    }

    /// Asserts that an answer is one that the description has for the request, and, where the request was done, that
    /// the description has the request.
    #[track_caller]
    pub fn hold(&self, asked: &Asked, answer: &Answer) {
        let (path, query) = asked.target.split_once('?').unwrap_or((asked.target, ""));
        let what = format!("{} {}: {} {}", asked.method, asked.target, answer.status, answer.text);
        if answer.status >= 400 && asked.method != "HEAD" {
            self.hold_error(answer, &what);
        }
        let Some(operation) = self.operation(asked.method, path) else {
            return;
        };
        let Some(described) = operation.answers.get(&answer.status) else {
            panic!("a status that is not described: {what}");
        };
        described.hold(self, answer, &what);
        if (200..300).contains(&answer.status) {
            operation.hold_query(query, &what);
            operation.hold_body(asked, &what);
        }
    }

    /// Asserts that an error is one, whatever was asked, and leads to where the reference tells of it.
    #[track_caller]
    fn hold_error(&self, answer: &Answer, what: &str) {
        let (error, schema) = (answer.json(), json!({"$ref": "#/components/schemas/Error"}));
        self.hold_order(&schema, &error, what);
        let place = format!("/docs#errors-{}", text(&error["code"]));
        assert!(text(&error["documentation_url"]).ends_with(&place), "{what}");
    }

    /// Asserts that objects have just the properties of their schema, in its order.
    #[track_caller]
    fn hold_order(&self, schema: &Value, value: &Value, what: &str) {
        let schema = self.resolve(schema);
        for key in ["allOf", "anyOf"] {
            if let Some(part) = schema[key].get(0).filter(|_| !value.is_null()) {
                self.hold_order(part, value, what);
            }
        }
        if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
            values.iter().for_each(|value| self.hold_order(items, value, what));
        }
        if let (Some(properties), Value::Object(values)) = (schema["properties"].as_object(), value) {
            assert!(
                properties.keys().eq(values.keys()),
                "another order or other properties: {what}"
            );
            for (name, value) in values {
                self.hold_order(&properties[name], value, what);
            }
        }
    }
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, told: &Value) -> Self {
        let answers = told["responses"].as_object().unwrap().iter();
        let answers = answers.map(|(status, told)| (status.parse().unwrap(), Described::read(document, told)));
        let parameters = told["parameters"].as_array().into_iter().flatten();
        let query = parameters
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| Parameter {
                name: text(&parameter["name"]).to_owned(),
                schema: parameter["schema"].clone(),
                validator: validator(document, &parameter["schema"]),
            });
        let content = told["requestBody"].get("content");
        Operation {
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: query.collect(),
            body: content.map(|content| Body::read(document, content)),
            answers: answers.collect(),
        }
    }

    #[track_caller]
    fn hold_query(&self, query: &str, what: &str) {
        for (name, value) in pairs(query) {
            let known = self.query.iter().find(|parameter| parameter.name == name);
            let known = known.unwrap_or_else(|| panic!("`{name}` is accepted and not described: {what}"));
            let value = typed(&known.schema, &value);
            known
                .validator
                .validate(&value)
                .unwrap_or_else(|error| panic!("`{name}` is accepted and breaks its schema: {error}: {what}"));
        }
    }

    #[track_caller]
    fn hold_body(&self, asked: &Asked, what: &str) {
        let sent = String::from_utf8_lossy(asked.body);
        if asked.content_type.is_some_and(|kind| kind.contains("urlencoded")) {
            for (name, _) in pairs(&sent) {
                let known = self
                    .body
                    .as_ref()
                    .is_some_and(|body| body.form.is_valid(&json!({&name: null})));
                assert!(known, "`{name}` of a form is accepted and not described: {what}");
            }
        } else if !sent.is_empty() {
            let value: Value = serde_json::from_str(&sent).unwrap();
            let valid = match &self.body {
                Some(body) => body.validator.validate(&value).map_err(|error| error.to_string()),
                None => (value == json!({})).then_some(()).ok_or("there is no body".to_owned()),
            };
            valid.unwrap_or_else(|error| {
                panic!("a body is accepted and breaks its schema: {error}: {what}: {sent:.300}")
            });
        }
    }
}

impl Body {
    fn read(document: &Value, content: &Value) -> Self {
        let [json, form] = ["application/json", "application/x-www-form-urlencoded"]
            .map(|kind| resolve(document, &content[kind]["schema"]).clone());
        let names: Map<String, Value> = names(&form)
            .into_iter()
            .map(|name| (name.to_owned(), json!(true)))
            .collect();
        let form = json!({
            "properties": names,
            "patternProperties": form.get("patternProperties").unwrap_or(&json!({})),
            "additionalProperties": false,
        });
        Body {
            validator: validator(document, &json),
            form: validator(document, &form),
            schema: json,
        }
    }
}

impl Described {
    fn read(document: &Value, told: &Value) -> Self {
        let told = resolve(document, told);
        let headers = told["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, header)| {
            let header = resolve(document, header);
            (name.to_lowercase(), header["required"] == true)
        });
        let content = told
            .get("content")
            .map(|content| &content["application/json"]["schema"]);
        Described {
            headers: headers.collect(),
            body: content.map(|schema| (schema.clone(), validator(document, schema))),
        }
    }

    #[track_caller]
    fn hold(&self, description: &Description, answer: &Answer, what: &str) {
        for (name, required) in &self.headers {
            assert!(!required || answer.header(name).is_some(), "no header {name}: {what}");
        }
        for name in answer.headers.keys().map(ureq::http::HeaderName::as_str) {
            let known = PLAIN_HEADERS.contains(&name) || self.headers.iter().any(|(other, _)| other == name);
            assert!(known, "the header {name} is not described: {what}");
        }
        let Some((schema, validator)) = &self.body else {
            assert_eq!(answer.text, "", "{what}");
            return;
        };
        assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
        let value = answer.json();
        if let Err(error) = validator.validate(&value) {
            panic!("{error} at {}: {what}", error.instance_path());
        }
        description.hold_order(schema, &value, what);
    }
}

/// A validator of a part of the document, to whose other parts it may refer.
fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&whole).unwrap()
}

fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let Some(reference) = part.get("$ref") else {
        return part;
    };
    let pointer = text(reference).strip_prefix('#').unwrap();
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{pointer} leads nowhere"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// The decoded pairs of a query or a form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// A text of a query as the type that its schema names.
pub fn typed(schema: &Value, text: &str) -> Value {
    let read = match schema["type"].as_str() {
        Some("integer" | "boolean") => serde_json::from_str(text).ok(),
        _ => None,
    };
    read.unwrap_or_else(|| json!(text))
}

/// The names of all properties of an object's schema.
pub fn names(schema: &Value) -> Vec<&str> {
    let properties = schema["properties"].as_object().map(Map::keys);
    properties.into_iter().flatten().map(String::as_str).collect()
}
