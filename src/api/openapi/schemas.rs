//! The schemas of bodies: objects, lists and errors in responses; new objects and changes in requests, as JSON and as a form.

use serde_json::{Map, Value, json};
use warp::http::Method;

use crate::error::Code;
use crate::http::Route;
use crate::http::operation::{BodyProperty, Operation, Success};
use crate::http::response::status;
use crate::types::json_schema::{self, Schema};
use crate::types::kind::Kind;
use crate::types::property::{Output, Property};
use crate::types::resource::Resource;

/// The components for all schemas, by name.
pub fn all(routes: &[Vec<Route>]) -> Value {
    let mut schemas = Map::new();
    for resource in Resource::all() {
        let title = resource.kind.title();
        schemas.insert(title.to_owned(), object(&resource));
        schemas.insert(format!("{title}List"), list(resource.kind));
    }
    for route in routes.iter().flatten() {
        for (name, schema) in body_schemas(route).into_iter().flatten() {
            schemas.insert(name, schema);
        }
    }
    schemas.insert("Error".to_owned(), error_schema());
    Value::Object(schemas)
}

/// A reference to the schema of a kind's objects.
pub fn reference(kind: Kind) -> Schema {
    json!({"$ref": format!("#/components/schemas/{}", kind.title())})
}

/// The schema of a property in responses.
pub fn output(property: &Property) -> Schema {
    match &property.output {
        Output::Value(schema) => schema.clone(),
        Output::NullableObject(kind) => json_schema::nullable(reference(*kind)),
        Output::Objects(kind) => json!({"type": "array", "items": reference(*kind)}),
    }
}

/// An object in responses, where every property is always present.
fn object(resource: &Resource) -> Schema {
    let properties = resource.properties();
    let names: Vec<&str> = properties.iter().map(|property| property.name).collect();
    json_schema::object(
        properties
            .iter()
            .map(|property| (property.name, documented(property, &output(property)))),
        &names,
    )
}

fn list(kind: Kind) -> Schema {
    let objects = json!({"type": "array", "items": reference(kind), "maxItems": 100});
    let more =
        json!({"type": "boolean", "description": "Whether there are more objects in the direction of the page."});
    json_schema::object([("has_more", more), ("data", objects)], &["has_more", "data"])
}

fn error_schema() -> Schema {
    let text = |description: &str| json!({"type": "string", "description": description});
    let codes: Vec<&str> = Code::ALL.into_iter().map(|code| status(code).1).collect();
    let kind = json!({
        "type": "string", "enum": ["invalid_request", "api_error"],
        "description": "Whether the request or the server is at fault.",
    });
    let param = json!({
        "type": ["string", "null"],
        "description": "The parameter at fault, such as `contacts[2].id`, or null.",
    });
    let properties = [
        ("type", kind),
        (
            "code",
            json!({"type": "string", "enum": codes, "description": "What is wrong, for programs."}),
        ),
        ("message", text("Which value was wrong, why, and what would be valid.")),
        ("param", param),
        ("documentation_url", text("The URL of the code's description.")),
        (
            "request_id",
            text("The request's id, which is also in the server's log."),
        ),
    ];
    let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    json_schema::object(properties.clone(), &names)
}

fn described(property: &Property, schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    schema["description"] = json!(property.description);
    schema
}

/// A property's schema with its description and its example.
fn documented(property: &Property, schema: &Schema) -> Schema {
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

/// The names and schemas of a route's body, as JSON and as a form.
fn body_schemas(route: &Route) -> [Option<(String, Schema)>; 2] {
    let Some(given) = &route.operation.body else {
        return [None, None];
    };
    let name = match route.operation.success {
        Success::Created(kind) => format!("New{}", kind.title()),
        Success::Object(kind) | Success::List(kind) => format!("{}Changes", kind.title()),
        Success::NoContent => return [None, None],
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
        (property.name, documented(&property, &property.input))
    });
    closed(json_schema::object(properties, &required(given)), operation)
}

fn form_body(given: &[BodyProperty], operation: &Operation) -> Schema {
    let (mut names, mut patterns, mut exclusions) = (Vec::new(), Map::new(), Map::new());
    for given in given {
        let property = of_request(&given.property, operation);
        let Some(form) = &property.form else {
            names.push((property.name, documented(&property, &in_form(&property.input))));
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
    let mut schema = json_schema::object(names, &required(given));
    if !patterns.is_empty() {
        schema["patternProperties"] = Value::Object(patterns);
        schema["dependentSchemas"] = Value::Object(exclusions);
    }
    closed(schema, operation)
}

/// A property in requests of this operation. Updates accept read-only properties unchanged.
fn of_request(property: &Property, operation: &Operation) -> Property {
    let mut property = property.clone();
    if matches!(operation.success, Success::Object(_)) && !property.is_updatable {
        property.description += " Read-only: omit it or send its current value.";
    }
    property
}

/// A value in a form: text of its type, or empty for null.
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

/// Excludes other properties and adds the operation's rule between properties.
fn closed(mut schema: Schema, operation: &Operation) -> Schema {
    schema["additionalProperties"] = json!(false);
    if let Some(condition) = &operation.condition {
        schema["allOf"] = json!([condition]);
    }
    schema
}
