//! JSON Schemas, of which the API's description is made.

use serde_json::json;

/// A JSON Schema of the dialect 2020-12, which is OpenAPI 3.1's.
pub type Schema = serde_json::Value;

/// The schema of an object that has these properties, of which some must be there.
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

/// The schema of what `schema` describes, or null.
pub fn nullable(mut schema: Schema) -> Schema {
    match schema.get_mut("type") {
        Some(kind) => {
            *kind = json!([kind.take(), "null"]);
            schema
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}
