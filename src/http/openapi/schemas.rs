//! The schemas of bodies: objects as answers have them, lists, errors, and what requests may say of an object, as JSON
//! and as a form.

use serde_json::{Map, Value, json};
use warp::http::Method;

use super::super::operation::{BodyProperty, Operation, Success, properties};
use super::super::reply::status;
use super::super::{Route, routes};
use super::KINDS;
use crate::error::Code;
use crate::types::kind::Kind;
use crate::types::property::{self, Property};
use crate::types::schema::{self, Schema};

/// All of them, by the names by which the description refers to them.
pub fn all() -> Value {
    let mut schemas = Map::new();
    for kind in KINDS {
        schemas.insert(kind.title().to_owned(), object(kind));
        schemas.insert(format!("{}List", kind.title()), list(kind));
    }
    for route in routes().into_iter().flatten() {
        for (name, schema) in body_schemas(&route).into_iter().flatten() {
            schemas.insert(name, schema);
        }
    }
    schemas.insert("Error".to_owned(), error_schema());
    Value::Object(schemas)
}

/// An object as answers have it: every property is always there.
fn object(kind: Kind) -> Schema {
    let properties = properties(kind);
    let names: Vec<&str> = properties.iter().map(|property| property.name).collect();
    schema::object(
        properties
            .iter()
            .map(|property| (property.name, told(property, &property.schema))),
        &names,
    )
}

fn list(kind: Kind) -> Schema {
    let objects = json!({"type": "array", "items": property::reference(kind), "maxItems": 100});
    let more =
        json!({"type": "boolean", "description": "Whether more objects lie further in the direction asked for."});
    schema::object([("has_more", more), ("data", objects)], &["has_more", "data"])
}

fn error_schema() -> Schema {
    let text = |description: &str| json!({"type": "string", "description": description});
    let codes: Vec<&str> = Code::ALL.into_iter().map(|code| status(code).1).collect();
    let kind = json!({
        "type": "string", "enum": ["invalid_request", "api_error"],
        "description": "Whose fault it is: the request's, or the server's.",
    });
    let param = json!({
        "type": ["string", "null"],
        "description": "The parameter at fault, such as `contacts[2].id`.",
    });
    let properties = [
        ("type", kind),
        (
            "code",
            json!({"type": "string", "enum": codes, "description": "What is wrong, for programs."}),
        ),
        (
            "message",
            text("What was wrong with which value, and what would be right."),
        ),
        ("param", param),
        ("documentation_url", text("Where the code is explained.")),
        ("request_id", text("The request's id, which the server's log has too.")),
    ];
    let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    schema::object(properties.clone(), &names)
}

fn described(property: &Property, schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    schema["description"] = json!(property.description);
    schema
}

/// A property's schema with what is to be said of it and its example.
fn told(property: &Property, schema: &Schema) -> Schema {
    let mut schema = described(property, schema);
    if !property.example.is_null() {
        schema["examples"] = json!([property.example]);
    }
    schema
}

/// The body of a route's requests, in both encodings.
pub fn body(route: &Route) -> Value {
    let [json, form] = body_schemas(route).map(|schema| schema.map(|(name, _)| name));
    let example = route.operation.body_example();
    let content = |name: Option<String>| {
        let reference = format!("#/components/schemas/{}", name.unwrap_or_default());
        json!({"schema": {"$ref": reference}, "examples": {"sample": {"value": example}}})
    };
    json!({
        "required": route.method == Method::POST,
        "content": {"application/json": content(json), "application/x-www-form-urlencoded": content(form)},
    })
}

/// The schemas of a route's body, as JSON and as a form, and their names.
fn body_schemas(route: &Route) -> [Option<(String, Schema)>; 2] {
    let Some(given) = &route.operation.body else {
        return [None, None];
    };
    let name = match route.operation.success {
        Success::Created(kind) => format!("New{}", kind.title()),
        Success::Object(kind) | Success::List(kind) => format!("{}Changes", kind.title()),
        Success::Nothing => return [None, None],
    };
    let form = format!("{name}Form");
    [
        Some((name, json_body(given, &route.operation))),
        Some((form, form_body(given, &route.operation))),
    ]
}

fn json_body(given: &[BodyProperty], operation: &Operation) -> Schema {
    let properties = given.iter().map(|given| {
        let property = of_request(&given.property, operation);
        (property.name, told(&property, &property.input))
    });
    closed(schema::object(properties, &required(given)), operation)
}

fn form_body(given: &[BodyProperty], operation: &Operation) -> Schema {
    let (mut names, mut patterns, mut exclusions) = (Vec::new(), Map::new(), Map::new());
    for given in given {
        let property = of_request(&given.property, operation);
        let Some(form) = &property.form else {
            names.push((property.name, told(&property, &in_form(&property.input))));
            continue;
        };
        names.push((property.name, described(&property, &form.whole)));
        names.extend(form.parts.clone());
        patterns.insert(form.pattern.to_owned(), json!({}));
        let parts = format!(r"^{}\[", property.name);
        exclusions.insert(
            property.name.to_owned(),
            json!({"propertyNames": {"not": {"pattern": parts}}}),
        );
    }
    let mut schema = schema::object(names, &required(given));
    if !patterns.is_empty() {
        schema["patternProperties"] = Value::Object(patterns);
        schema["dependentSchemas"] = Value::Object(exclusions);
    }
    closed(schema, operation)
}

/// A property as requests of this operation have it: a change may send back what it cannot change.
fn of_request(property: &Property, operation: &Operation) -> Property {
    let mut property = property.clone();
    if matches!(operation.success, Success::Object(_)) && !property.is_updatable {
        property.description += " Read-only: leave it out, or send the value that it has.";
    }
    property
}

/// A value as a form has it: text of its type, where empty text stands for null.
fn in_form(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    match schema["type"].as_array().and_then(|types| types.first().cloned()) {
        Some(kind) => {
            schema["type"] = kind;
            json!({"anyOf": [schema, {"type": "string", "maxLength": 0}]})
        }
        None => schema,
    }
}

fn required(given: &[BodyProperty]) -> Vec<&'static str> {
    let required = given.iter().filter(|given| given.required);
    required.map(|given| given.property.name).collect()
}

/// A schema that has no other properties, and fulfils the operation's condition.
fn closed(mut schema: Schema, operation: &Operation) -> Schema {
    schema["additionalProperties"] = json!(false);
    if let Some(condition) = &operation.condition {
        schema["allOf"] = json!([condition]);
    }
    schema
}
