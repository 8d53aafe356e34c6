//! Compares answers with those that the documents print. Who asks for them is not here.

use serde_json::Value;

/// The documents' own objects, as `import` takes them.
pub const SAMPLE: &str = include_str!("../../scripts/demo.jsonl");

/// Asserts that the `answer` to one of a document's requests is as printed there.
pub fn compare_answer(answer: &Value, request: &Value) {
    let name = request["name"].as_str().unwrap();
    let made = if name == "create" {
        &["id", "conversation_id", "created_at"][..]
    } else {
        &[]
    };
    compare(answer, &request["answer"], made, name);
}

/// Asserts that `answer` has what is printed: the same, but for elided properties and those that are `made` anew,
/// which have the printed type and shape.
fn compare(answer: &Value, printed: &Value, made: &[&str], place: &str) {
    match (answer, printed) {
        (Value::Object(answer), Value::Object(printed)) => {
            let elided = printed.contains_key("...");
            for (name, value) in printed.iter().filter(|(name, _)| *name != "...") {
                let got = answer.get(name).unwrap_or_else(|| panic!("{place} has no {name}"));
                let place = format!("{place}.{name}");
                match (got, value) {
                    (Value::String(got), Value::String(value)) if made.contains(&name.as_str()) => {
                        let shape = |text: &str| (text.len(), text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                        assert_eq!(shape(got), shape(value), "{place}");
                    }
                    (got, Value::Number(_)) if made.contains(&name.as_str()) => assert!(got.is_i64(), "{place}"),
                    (got, value) => compare(got, value, &[], &place),
                }
            }
            assert!(
                elided || answer.len() == printed.len(),
                "{place} has more than is printed"
            );
        }
        (Value::Array(answer), Value::Array(printed)) => {
            assert_eq!(answer.len(), printed.len(), "{place}");
            for (index, (got, value)) in answer.iter().zip(printed).enumerate() {
                compare(got, value, &[], &format!("{place}[{index}]"));
            }
        }
        (answer, printed) => assert_eq!(answer, printed, "{place}"),
    }
}

/// The properties come in the order of the model: the answer's own text tells.
pub fn assert_order(body: &str, printed: &Value) {
    let model = [
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
    let order: &[&str] = if printed.get("data").is_some() { &list } else { &model };
    let mut rest = body;
    for name in order {
        let at = rest
            .find(&format!("\"{name}\":"))
            .unwrap_or_else(|| panic!("{name} is not in its place in {body}"));
        rest = &rest[at + 1..];
    }
}
