//! Read-only properties in updates: accepted if equal to the stored value, so that an object can be read and sent back.

use super::fields::{Field, Fields, Value};
use super::json::{self, Json};
use crate::error::Error;

/// The read-only properties in a request.
#[derive(Clone, Debug, Default)]
pub struct ReadOnly(Vec<(&'static str, Field)>);

impl ReadOnly {
    /// Takes those of `names` that were given, whatever their values.
    pub fn take(fields: &mut Fields, names: &[&'static str]) -> Self {
        ReadOnly(
            names
                .iter()
                .filter_map(|name| fields.take(name).map(|field| (*name, field)))
                .collect(),
        )
    }

    /// Compares with the stored object, which `stored` reads if there is anything to compare.
    ///
    /// # Errors
    /// `parameter_invalid` for the first value that differs; the errors of `stored`.
    pub fn check<E: From<Error>>(&self, stored: impl FnOnce() -> Result<Json, E>) -> Result<(), E> {
        if self.0.is_empty() {
            return Ok(());
        }
        let Json(stored) = stored()?;
        let mut stored = json::object("The stored object", stored.as_bytes())?;
        for (name, sent) in &self.0 {
            let stored = stored.take(name).map_or(Value::Null, |field| field.value);
            if !same(&sent.value, &stored) {
                let what = "is read-only; omit it or send its current value";
                return Err(Error::invalid(sent.path.clone(), what).into());
            }
        }
        Ok(())
    }
}

/// Whether a value, sent as JSON or as text, equals the stored one. Read-only texts are ids, so letter case is ignored. An
/// object equals the stored object with the same id, whatever its other properties.
fn same(sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::Text(sent) | Value::Untyped(sent), Value::Text(stored)) => sent.eq_ignore_ascii_case(stored),
        (Value::Untyped(sent), Value::Integer(stored)) => *sent == stored.to_string(),
        (Value::Untyped(sent), Value::Null) => sent.is_empty(),
        (Value::Object(sent), Value::Object(stored)) => match (id(sent), id(stored)) {
            (Some(sent), Some(stored)) => same(sent, stored),
            _ => false,
        },
        (Value::Text(_) | Value::Untyped(_), Value::Object(stored)) => {
            id(stored).is_some_and(|stored| same(sent, stored))
        }
        (sent, stored) => sent == stored,
    }
}

fn id(properties: &[(String, Value)]) -> Option<&Value> {
    let found = properties.iter().find(|(name, _)| name == "id");
    found.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stored_values_can_be_sent_back() {
        let stored = r#"{"id":"l7cGNIBKZiNJ6wqF","at":5,"none":null,"contact":{"id":"WAz8eIbvDR60rouK","n":1}}"#;
        let check = |sent: Fields| {
            let mut sent = sent;
            ReadOnly::take(&mut sent, &["id", "at", "none", "contact"])
                .check(|| Ok::<_, Error>(Json(stored.to_owned())))
        };
        let json = |text: &str| json::object("it", text.as_bytes()).unwrap();
        let form = |name: &str, text: &str| Fields::new("", vec![(name.to_owned(), Value::Untyped(text.to_owned()))]);
        for same in [
            json("{}"),
            json(stored),
            json(r#"{"id":"L7CGNIBKZINJ6WQF","contact":"waz8eIbvDR60rouK"}"#),
            json(r#"{"contact":{"id":"WAz8eIbvDR60rouK","n":2}}"#),
            form("id", "l7cGNIBKZiNJ6wqF"),
            form("at", "5"),
            form("none", ""),
            form("contact", "WAz8eIbvDR60rouK"),
        ] {
            check(same.clone()).unwrap_or_else(|error| panic!("{same:?}: {error}"));
        }
        for other in [
            json(r#"{"id":"l7cGNIBKZiNJ6wqG"}"#),
            json(r#"{"id":null}"#),
            json(r#"{"at":"5"}"#),
            json(r#"{"at":6}"#),
            json(r#"{"none":""}"#),
            json(r#"{"none":0}"#),
            json(r#"{"contact":null}"#),
            json(r#"{"contact":{"n":1}}"#),
            json(r#"{"contact":["WAz8eIbvDR60rouK"]}"#),
            form("at", ""),
            form("none", "null"),
        ] {
            assert!(check(other.clone()).is_err(), "{other:?}");
        }
    }
}
