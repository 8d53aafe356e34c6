//! JSON Schemas: what the API's reference says about a value.

use serde_json::json;

/// A JSON Schema of the dialect 2020-12, which OpenAPI 3.1 uses.
pub type Schema = serde_json::Value;

/// The schema of an object with these properties, of which those named in `required` are mandatory.
pub fn object<'a>(properties: impl IntoIterator<Item = (&'a str, Schema)>, required: &[&str]) -> Schema {
    let properties: serde_json::Map<String, Schema> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    let mut object = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// `schema`, or null.
pub fn nullable(mut schema: Schema) -> Schema {
    match schema.get_mut("type") {
        Some(kind) => {
            *kind = json!([kind.take(), "null"]);
            schema
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}
