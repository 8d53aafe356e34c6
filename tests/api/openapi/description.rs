//! The API's description (OpenAPI 3.1), against which the client checks every response. `requests.rs` tests what it says
//! about requests.

use std::collections::HashMap;
use std::sync::OnceLock;

use groups_server::api::{openapi, routes};
use groups_server::http::Settings;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::harness::{Response, text};

/// Headers that any response may have and the description leaves out.
const UNDESCRIBED_HEADERS: [&str; 5] = [
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

/// A method on a path, with the requests and responses described for it.
pub struct Operation {
    pub method: String,
    /// For example `/v1/groups/{id}`.
    pub path: String,
    pub query: Vec<Parameter>,
    /// The request body, if the operation has one.
    pub body: Option<Body>,
    responses: HashMap<u16, DescribedResponse>,
}

pub struct Parameter {
    pub name: String,
    pub schema: Value,
    pub validator: Validator,
}

pub struct Body {
    pub schema: Value,
    pub validator: Validator,
    /// Validates an object with the property names that a form may have.
    form: Validator,
}

struct DescribedResponse {
    /// The headers' names, and whether each is required.
    headers: Vec<(String, bool)>,
    body: Option<(Value, Validator)>,
}

/// A request that was sent, as far as the description covers it.
pub struct SentRequest<'a> {
    pub method: &'a str,
    /// The path below the base path, with the query.
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
                .map(move |(method, description)| (path, method, description))
        });
        let operations = methods
            .map(|(path, method, description)| Operation::read(&document, path, method, description))
            .collect();
        Description { document, operations }
    }

    /// The schema itself, or the part of the document that it refers to.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        resolve(&self.document, schema)
    }

    /// The operation of a request. A request without one must get an error.
    fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let is_path = |operation: &&Operation| {
            let (described, sent) = (operation.path.split('/'), path.split('/'));
            described.clone().count() == sent.clone().count()
                && described
                    .zip(sent)
                    .all(|(described, sent)| described == sent || described.starts_with('{') && !sent.is_empty())
        };
        let mut found = self.operations.iter().filter(is_path);
        found.find(|operation| operation.method == method)
    }

    /// Asserts that the description contains the response to the request and, if the request succeeded, the request.
    #[track_caller]
    pub fn assert_describes(&self, sent: &SentRequest, response: &Response) {
        let (path, query) = sent.target.split_once('?').unwrap_or((sent.target, ""));
        let context = format!("{} {}: {} {}", sent.method, sent.target, response.status, response.text);
        if response.status >= 400 && sent.method != "HEAD" {
            self.assert_error(response, &context);
        }
        let Some(operation) = self.operation(sent.method, path) else {
            return;
        };
        let Some(described) = operation.responses.get(&response.status) else {
            panic!("the status is not described: {context}");
        };
        described.assert_describes(self, response, &context);
        if (200..300).contains(&response.status) {
            operation.assert_describes_query(query, &context);
            operation.assert_describes_body(sent, &context);
        }
    }

    /// Asserts that an error response matches the shared schema and links to its code's entry in the reference.
    #[track_caller]
    fn assert_error(&self, response: &Response, context: &str) {
        let (error, schema) = (response.json(), json!({"$ref": "#/components/schemas/Error"}));
        self.assert_properties(&schema, &error, context);
        let fragment = format!("/docs#errors-{}", text(&error["code"]));
        assert!(text(&error["documentation_url"]).ends_with(&fragment), "{context}");
    }

    /// Asserts that objects have exactly the properties of their schema, in its order.
    #[track_caller]
    fn assert_properties(&self, schema: &Value, value: &Value, context: &str) {
        let schema = self.resolve(schema);
        for key in ["allOf", "anyOf"] {
            if let Some(part) = schema[key].get(0).filter(|_| !value.is_null()) {
                self.assert_properties(part, value, context);
            }
        }
        if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
            for value in values {
                self.assert_properties(items, value, context);
            }
        }
        if let (Some(properties), Value::Object(values)) = (schema["properties"].as_object(), value) {
            assert!(
                properties.keys().eq(values.keys()),
                "the properties or their order differ: {context}"
            );
            for (name, value) in values {
                self.assert_properties(&properties[name], value, context);
            }
        }
    }
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, description: &Value) -> Self {
        let responses = description["responses"].as_object().unwrap().iter();
        let responses = responses
            .map(|(status, description)| (status.parse().unwrap(), DescribedResponse::read(document, description)));
        let parameters = description["parameters"].as_array().into_iter().flatten();
        let query = parameters
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                schema: parameter["schema"].clone(),
                validator: validator(document, &parameter["schema"]),
            });
        let content = description["requestBody"].get("content");
        Operation {
            method: method.to_uppercase(),
            path: path.to_owned(),
            query: query.collect(),
            body: content.map(|content| Body::read(document, content)),
            responses: responses.collect(),
        }
    }

    #[track_caller]
    fn assert_describes_query(&self, query: &str, context: &str) {
        for (name, value) in pairs(query) {
            let known = self.query.iter().find(|parameter| parameter.name == name);
            let known = known.unwrap_or_else(|| panic!("`{name}` is accepted but not described: {context}"));
            let value = typed(&known.schema, &value);
            known
                .validator
                .validate(&value)
                .unwrap_or_else(|error| panic!("`{name}` is accepted but violates its schema: {error}: {context}"));
        }
    }

    #[track_caller]
    fn assert_describes_body(&self, sent: &SentRequest, context: &str) {
        let body = String::from_utf8_lossy(sent.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sent.body));
        if sent
            .content_type
            .is_some_and(|media_type| media_type.contains("urlencoded"))
        {
            for (name, _) in pairs(&body) {
                let known = self
                    .body
                    .as_ref()
                    .is_some_and(|body| body.form.is_valid(&json!({&name: null})));
                assert!(known, "`{name}` in a form is accepted but not described: {context}");
            }
        } else if !body.is_empty() {
            let value: Value = serde_json::from_str(&body).unwrap();
            let valid = match &self.body {
                Some(body) => body.validator.validate(&value).map_err(|error| error.to_string()),
                None => (value == json!({}))
                    .then_some(())
                    .ok_or("the operation has no body".to_owned()),
            };
            valid.unwrap_or_else(|error| {
                panic!("a body is accepted but violates its schema: {error}: {context}: {body:.300}")
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

impl DescribedResponse {
    fn read(document: &Value, description: &Value) -> Self {
        let description = resolve(document, description);
        let headers = description["headers"].as_object().into_iter().flatten();
        let headers = headers.map(|(name, header)| {
            let header = resolve(document, header);
            (name.to_lowercase(), header["required"] == true)
        });
        let content = description
            .get("content")
            .map(|content| &content["application/json"]["schema"]);
        DescribedResponse {
            headers: headers.collect(),
            body: content.map(|schema| (schema.clone(), validator(document, schema))),
        }
    }

    #[track_caller]
    fn assert_describes(&self, description: &Description, response: &Response, context: &str) {
        for (name, required) in &self.headers {
            assert!(
                !required || response.header(name).is_some(),
                "the header {name} is missing: {context}"
            );
        }
        for name in response.headers.keys().map(ureq::http::HeaderName::as_str) {
            let known = UNDESCRIBED_HEADERS.contains(&name) || self.headers.iter().any(|(other, _)| other == name);
            assert!(known, "the header {name} is not described: {context}");
        }
        let Some((schema, validator)) = &self.body else {
            assert_eq!(response.text, "", "{context}");
            return;
        };
        assert_eq!(response.header("content-type"), Some("application/json"), "{context}");
        let value = response.json();
        if let Err(error) = validator.validate(&value) {
            panic!("{error} at {}: {context}", error.instance_path());
        }
        description.assert_properties(schema, &value, context);
    }
}

/// A validator for a schema that may refer to other parts of the document.
fn validator(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&whole).unwrap()
}

fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let Some(reference) = part.get("$ref") else {
        return part;
    };
    let reference = text(reference);
    let pointer = reference.strip_prefix('#').unwrap();
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{pointer} does not exist"))
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

/// A query's value as the type that its schema names.
pub fn typed(schema: &Value, text: &str) -> Value {
    let typed = match schema["type"].as_str() {
        Some("integer") => serde_json::from_str(text).ok(),
        Some("boolean") => match text.to_lowercase().as_str() {
            "true" | "1" => Some(json!(true)),
            "false" | "0" => Some(json!(false)),
            _ => None,
        },
        _ => None,
    };
    typed.unwrap_or_else(|| json!(text))
}

/// The names of an object schema's properties.
pub fn names(schema: &Value) -> Vec<&str> {
    let properties = schema["properties"].as_object().map(Map::keys);
    properties.into_iter().flatten().map(String::as_str).collect()
}
