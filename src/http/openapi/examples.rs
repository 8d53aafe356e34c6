//! What is shown of answers: objects of the documents' own sample, made from the examples of their properties.

use serde_json::{Value, json};

use super::super::Settings;
use super::super::head::RequestId;
use super::super::operation::{Success, properties};
use super::super::reply;
use crate::error::{Code, Error};
use crate::types::kind::Kind;
use crate::types::property;

/// What the answer to a request that was done holds; null: nothing.
pub fn success(success: Success) -> Value {
    match success {
        Success::List(kind) => json!({"has_more": false, "data": [object(kind)]}),
        Success::Object(kind) | Success::Created(kind) => object(kind),
        Success::Nothing => Value::Null,
    }
}

/// The id of the object that is shown of a kind.
pub fn id(kind: Kind) -> String {
    object(kind)["id"].as_str().unwrap_or_default().to_owned()
}

fn object(kind: Kind) -> Value {
    property::example(&properties(kind))
}

/// An error as a request may meet it.
pub fn error(settings: &Settings, code: Code) -> Value {
    let error = match code {
        Code::ParameterMissing => Error::new(code, "`name` is required.").at("name"),
        Code::ParameterInvalid => Error::invalid("limit", "must be 1 to 100, not 0"),
        Code::ParameterUnknown => Error::new(code, "There is no parameter `nmae` here.").at("nmae"),
        code => Error::new(code, code.meaning()),
    };
    let body = reply::error_body(settings, &error, &RequestId::sample());
    serde_json::from_str(&body).unwrap_or_default()
}
