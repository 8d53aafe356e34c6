//! Values in JSON, and strings in URLs and forms.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// The string that a value must be.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// The ids of a list's objects.
pub fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().unwrap();
    data.iter().map(|object| text(&object["id"])).collect()
}

/// Percent-encodes a string for a query or a form.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Asserts that an object's JSON contains these properties in this order.
#[track_caller]
pub fn assert_in_order(text: &str, properties: &[&str]) {
    let found: Vec<usize> = properties
        .iter()
        .map(|name| {
            text.rfind(&format!("\"{name}\":"))
                .unwrap_or_else(|| panic!("no {name} in {text}"))
        })
        .collect();
    assert!(found.is_sorted(), "{text}");
}
