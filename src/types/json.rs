//! JSON: text parsed to `Value`s, with duplicate names kept so that they can be reported; and text that is JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::fields::{Fields, Value};
use crate::error::{Code, Error};

/// The representation of an object or a list: JSON text, rendered by SQLite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(pub String);

/// Parses a JSON object (RFC 8259). Errors call the bytes `what`.
///
/// # Errors
/// `body_malformed`, with the position of the fault.
pub fn object(what: &str, bytes: &[u8]) -> Result<Fields, Error> {
    let malformed = |why: String| Error::new(Code::BodyMalformed, format!("{what} {why}."));
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(entries)) => Ok(Fields::new("", entries)),
        Ok(_) => Err(malformed(
            "must be a JSON object such as {\"name\": \"Plaza Hotel\"}".to_owned(),
        )),
        Err(error) => {
            // In a body of one line, its number is noise.
            let why = error.to_string().replace(" at line 1 column ", " at column ");
            Err(malformed(format!("is not JSON: {why}")))
        }
    }
}

/// 2^53: up to here, a `f64` represents every integer.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// JSON can express NUL, which no text of the API may contain and at which SQLite's text functions end.
const NUL: &str = "a string contains the character NUL";

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a number this large is only named in an error"
        )]
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Integer))
    }

    /// A number without a fraction is an integer, as in JSON Schema, in whatever notation: `1700000000.0` and `1.7e9`. Beyond
    /// 2^53, a `f64` may differ from the number that was sent.
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        #[expect(clippy::cast_possible_truncation, reason = "the number is whole and within 2^53")]
        Ok(match number.fract() == 0.0 && number.abs() <= MAX_EXACT {
            true => Value::Integer(number as i64),
            false => Value::Float(number),
        })
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Value, E> {
        if text.contains('\0') {
            return Err(E::custom(NUL));
        }
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Value, A::Error> {
        let mut object = Vec::new();
        while let Some((name, value)) = properties.next_entry::<String, Value>()? {
            if name.contains('\0') {
                return Err(A::Error::custom(NUL));
            }
            object.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        for (text, number) in [
            ("1700000000.0", 1_700_000_000),
            ("1.7e9", 1_700_000_000),
            ("-2E0", -2),
            ("-0", 0),
            ("9007199254740992.0", 1 << 53),
        ] {
            assert_eq!(value(text), Value::Integer(number), "{text}");
        }
        for text in [
            "0.5",
            "1700000000.25",
            "9007199254740994.0",
            "1e300",
            "9223372036854775808",
        ] {
            assert!(matches!(value(text), Value::Float(_)), "{text}");
        }
    }

    #[test]
    fn duplicate_names_are_kept_for_the_error() {
        let mut fields = object("The body", br#"{"name": "a", "name": "b"}"#).unwrap();
        assert_eq!(fields.required::<String>("name").unwrap(), "a");
        let error = fields.finish().unwrap_err();
        assert_eq!(
            (error.code, error.param.as_deref()),
            (Code::ParameterUnknown, Some("name"))
        );
    }

    #[test]
    fn anything_but_a_json_object_is_malformed() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "1",
            "[]",
            "{",
            "{}x",
            "{\"a\":\"\\u0000\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":1e999}",
            &deep,
        ] {
            assert_eq!(
                object("The body", text.as_bytes()).unwrap_err().code,
                Code::BodyMalformed,
                "{text:.20}"
            );
        }
        assert_eq!(
            object("The body", b"{\"a\":\"\xff\"}").unwrap_err().code,
            Code::BodyMalformed
        );
    }
}
