//! Example responses, made from the examples of the properties.

use serde_json::{Value, json};

use super::error_meanings::meaning;
use crate::error::{Code, Error};
use crate::http::operation::Success;
use crate::http::{RequestId, Settings, response};
use crate::types::kind::Kind;
use crate::types::property;
use crate::types::resource::Resource;

/// The body of a successful response; null if it has none.
pub fn success(success: Success) -> Value {
    match success {
        Success::List(kind) => json!({"has_more": false, "data": [object(kind)]}),
        Success::Object(kind) | Success::Created(kind) => object(kind),
        Success::NoContent => Value::Null,
    }
}

/// The id of the example of a kind.
pub fn id(kind: Kind) -> String {
    object(kind)["id"].as_str().unwrap_or_default().to_owned()
}

fn object(kind: Kind) -> Value {
    property::example(&Resource::of(kind).properties())
}

/// The body of an error.
pub fn error(settings: &Settings, code: Code) -> Value {
    let error = match code {
        Code::ParameterMissing => Error::new(code, "`name` is required.").at("name"),
        Code::ParameterInvalid => Error::invalid("limit", "must be 1 to 100, not 0"),
        Code::ParameterUnknown => Error::new(code, "There is no parameter `nmae` here.").at("nmae"),
        code => Error::new(code, meaning(code)),
    };
    let body = response::error_body(settings, &error, &RequestId::sample());
    serde_json::from_str(&body).unwrap_or_default()
}
