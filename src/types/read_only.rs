//! Read-only properties that a client sends back with an object it had read: each must equal the stored value.

use super::fields::{Field, Fields, Value};
use super::json::{self, Json};
use crate::error::Error;

/// The read-only properties that a request gives.
#[derive(Clone, Debug, Default)]
pub struct ReadOnly(Vec<(&'static str, Field)>);

impl ReadOnly {
    /// Takes those of `names` that are given, whatever they are.
    pub fn take(fields: &mut Fields, names: &[&'static str]) -> Self {
        ReadOnly(
            names
                .iter()
                .filter_map(|name| fields.take(name).map(|field| (*name, field)))
                .collect(),
        )
    }

    /// Refuses a value that is not the stored one. `stored` is asked for the object only where there is something to
    /// compare.
    pub fn check<E: From<Error>>(&self, stored: impl FnOnce() -> Result<Json, E>) -> Result<(), E> {
        if self.0.is_empty() {
            return Ok(());
        }
        let Json(stored) = stored()?;
        let mut stored = json::object("The stored object", stored.as_bytes())?;
        for (name, sent) in &self.0 {
            let stored = stored.take(name).map_or(Value::Null, |field| field.value);
            if !same(&sent.value, &stored) {
                let what = "is read-only: leave it out, or send the value it has";
                return Err(Error::invalid(sent.path.clone(), what).into());
            }
        }
        Ok(())
    }
}

/// Whether a value, sent as JSON or as text, is the stored one. Texts that cannot be written are ids, the same in any
/// letter case; an object is the one with its id, whatever else has become of it.
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
    fn only_what_is_stored_can_be_sent_back() {
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
