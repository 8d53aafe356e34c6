//! Compares responses with those printed in the published documents.

use serde_json::Value;

/// The objects that the documents show, in the format of `import`.
pub const SAMPLE: &str = include_str!("../../../scripts/demo.jsonl");

/// Asserts that `response` is the one printed for a document's request.
pub fn assert_as_printed(response: &Value, request: &Value) {
    let name = request["name"].as_str().unwrap();
    let generated = if name == "create" {
        &["id", "conversation_id", "created_at"][..]
    } else {
        &[]
    };
    compare(response, &request["answer"], generated, name);
}

/// Asserts that `response` equals what is printed, with two exceptions: a printed `"..."` stands for any further
/// properties, and `generated` properties need only have the printed type and shape.
fn compare(response: &Value, printed: &Value, generated: &[&str], place: &str) {
    match (response, printed) {
        (Value::Object(response), Value::Object(printed)) => {
            let elided = printed.contains_key("...");
            for (name, value) in printed.iter().filter(|(name, _)| *name != "...") {
                let got = response.get(name).unwrap_or_else(|| panic!("{place} has no {name}"));
                let place = format!("{place}.{name}");
                match (got, value) {
                    (Value::String(got), Value::String(value)) if generated.contains(&name.as_str()) => {
                        let shape = |text: &str| (text.len(), text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                        assert_eq!(shape(got), shape(value), "{place}");
                    }
                    (got, Value::Number(_)) if generated.contains(&name.as_str()) => {
                        assert!(got.is_i64(), "{place}");
                    }
                    (got, value) => compare(got, value, &[], &place),
                }
            }
            assert!(
                elided || response.len() == printed.len(),
                "{place} has properties that are not printed"
            );
        }
        (Value::Array(response), Value::Array(printed)) => {
            assert_eq!(response.len(), printed.len(), "{place}");
            for (index, (got, value)) in response.iter().zip(printed).enumerate() {
                compare(got, value, &[], &format!("{place}[{index}]"));
            }
        }
        (response, printed) => assert_eq!(response, printed, "{place}"),
    }
}

/// Asserts that the properties of a group, or of a list, come in the documented order. This takes the response's text,
/// as a parsed object is compared without regard to order.
pub fn assert_property_order(body: &str, printed: &Value) {
    let group = [
        "id",
        "name",
        "description",
        "avatar_url",
        "conversation_id",
        "contacts",
        "created_at",
        "archived_at",
    ];
    let list = ["has_more", "data"];
    let order: &[&str] = if printed.get("data").is_some() { &list } else { &group };
    let mut rest = body;
    for name in order {
        let at = rest
            .find(&format!("\"{name}\":"))
            .unwrap_or_else(|| panic!("{name} is missing or out of order in {body}"));
        rest = &rest[at + 1..];
    }
}
