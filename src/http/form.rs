//! Parses forms and queries (`application/x-www-form-urlencoded`) into the same `Value`s as JSON. `contacts[]=ID` is an array
//! item; `contacts[][username]=Hector` or `contacts[0][username]=Hector` is an item's property.

use percent_encoding::percent_decode_str;

use crate::error::{Code, Error};
use crate::types::fields::{Fields, Value};
use crate::types::redact::shortened;

/// The maximum number of distinct names at one level. Bounds the linear search for each name.
const MAX_NAMES: usize = 64;

/// The maximum number of brackets in a name. No parameter needs more than two.
const MAX_STEPS: usize = 8;

/// Parses a form, in which brackets nest.
pub fn parse(text: &str) -> Result<Fields, Error> {
    let mut entries = Vec::new();
    for pair in pairs(text) {
        let (key, value) = pair?;
        let (name, steps) = steps(&key);
        if steps.len() > MAX_STEPS {
            return Err(Error::invalid(
                shortened(&key),
                format!("has more than {MAX_STEPS} brackets"),
            ));
        }
        insert(&mut entries, name, &steps, value, &key)?;
    }
    Ok(Fields::new("", entries))
}

/// Parses a query, in which brackets have no meaning.
pub fn parse_query(text: &str) -> Result<Fields, Error> {
    let mut entries = Vec::new();
    for pair in pairs(text) {
        let (key, value) = pair?;
        push(&mut entries, &key, Value::Untyped(value))?;
    }
    Ok(Fields::new("", entries))
}

/// Splits at `&` and at the first `=`, and decodes both sides. Rejects invalid UTF-8 and NUL.
fn pairs(text: &str) -> impl Iterator<Item = Result<(String, String), Error>> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        Ok((decode(key)?, decode(value)?))
    })
}

fn decode(text: &str) -> Result<String, Error> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| malformed("are not valid UTF-8"))?;
    match decoded.contains('\0') {
        true => Err(malformed("contain the character NUL")),
        false => Ok(decoded.into_owned()),
    }
}

fn malformed(what: &str) -> Error {
    Error::new(Code::BodyMalformed, format!("The parameters {what}."))
}

/// Splits `a[b][]` into the name `a` and the steps `b` and ``. Unbalanced brackets are part of the name.
fn steps(key: &str) -> (&str, Vec<&str>) {
    let Some((name, rest)) = key.split_once('[') else {
        return (key, Vec::new());
    };
    match rest.strip_suffix(']') {
        Some(inner) if !name.is_empty() && inner.split("][").all(|step| !step.contains(['[', ']'])) => {
            (name, inner.split("][").collect())
        }
        _ => (key, Vec::new()),
    }
}

/// Inserts a value at its path. A duplicate name, or one with two shapes, is kept twice; `Fields` then rejects it.
fn insert(
    entries: &mut Vec<(String, Value)>,
    name: &str,
    steps: &[&str],
    value: String,
    key: &str,
) -> Result<(), Error> {
    let Some((step, deeper)) = steps.split_first() else {
        return push(entries, name, Value::Untyped(value));
    };
    let is_item = step.is_empty() || step.bytes().all(|byte| byte.is_ascii_digit());
    let fits = |value: &Value| match value {
        Value::List(_) => is_item,
        Value::Object(_) => !is_item,
        _ => false,
    };
    let at = match entries.iter().position(|(entry, value)| entry == name && fits(value)) {
        Some(at) => at,
        None => {
            push(
                entries,
                name,
                if is_item {
                    Value::List(Vec::new())
                } else {
                    Value::Object(Vec::new())
                },
            )?;
            entries.len() - 1
        }
    };
    match &mut entries[at].1 {
        Value::List(items) => insert_item(items, step, deeper, value, key),
        Value::Object(properties) => insert(properties, step, deeper, value, key),
        _ => Ok(()),
    }
}

fn push(entries: &mut Vec<(String, Value)>, name: &str, value: Value) -> Result<(), Error> {
    if entries.len() == MAX_NAMES {
        return Err(Error::new(
            Code::BodyMalformed,
            format!("There are more than {MAX_NAMES} parameters."),
        ));
    }
    entries.push((name.to_owned(), value));
    Ok(())
}

/// Inserts a value into a list at `index`, or at the end if that is empty. A property without an index belongs to the last
/// item, unless that item already has it: then it starts the next one.
fn insert_item(items: &mut Vec<Value>, index: &str, steps: &[&str], value: String, key: &str) -> Result<(), Error> {
    let at = match (index, steps.first(), items.last()) {
        ("", Some(property), Some(Value::Object(last))) if !last.iter().any(|(name, _)| name == property) => {
            items.len() - 1
        }
        ("", ..) => items.len(),
        (index, ..) => index.parse().unwrap_or(usize::MAX),
    };
    if at > items.len() {
        let message = format!(
            "leaves a gap: array items count from 0 and the next one is {}",
            items.len()
        );
        return Err(Error::invalid(shortened(key), message));
    }
    let Some((property, deeper)) = steps.split_first() else {
        if at < items.len() {
            return Err(given_twice(key));
        }
        items.push(Value::Untyped(value));
        return Ok(());
    };
    if property.is_empty() {
        return Err(Error::invalid(
            shortened(key),
            "is an array inside an array, which no parameter accepts",
        ));
    }
    if at == items.len() {
        items.push(Value::Object(Vec::new()));
    }
    match &mut items[at] {
        Value::Object(properties) => insert(properties, property, deeper, value, key),
        _ => Err(given_twice(key)),
    }
}

fn given_twice(key: &str) -> Error {
    let key = shortened(key);
    Error::new(
        Code::ParameterUnknown,
        format!("`{key}` is given more than once; give it once."),
    )
    .at(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str, name: &'static str) -> Value {
        parse(text).unwrap().take(name).unwrap().value
    }

    fn object(properties: &[(&str, &str)]) -> Value {
        let untyped = |(name, value): &(&str, &str)| ((*name).to_owned(), Value::Untyped((*value).to_owned()));
        Value::Object(properties.iter().map(untyped).collect())
    }

    #[test]
    fn a_repeated_property_starts_the_next_item() {
        let text = "c[][username]=a&c[][phone_number]=1&c[][username]=b&c%5B%5D%5Busername%5D=c+d";
        let items = vec![
            object(&[("username", "a"), ("phone_number", "1")]),
            object(&[("username", "b")]),
            object(&[("username", "c d")]),
        ];
        assert_eq!(taken(text, "c"), Value::List(items));
    }

    #[test]
    fn indexes_count_from_zero_without_gaps() {
        let items = vec![
            object(&[("id", "x"), ("username", "y")]),
            Value::Untyped("z".to_owned()),
        ];
        assert_eq!(taken("c[0][id]=x&c[0][username]=y&c[1]=z", "c"), Value::List(items));
        for wrong in [
            "c[1]=x",
            "c[0]=x&c[2]=y",
            "c[99999999999999999999]=x",
            "c[0]=x&c[0]=y",
            "c[0]=x&c[0][id]=y",
        ] {
            assert!(parse(wrong).unwrap_err().param.is_some(), "{wrong}");
        }
    }

    #[test]
    fn unbalanced_brackets_are_part_of_the_name() {
        for name in ["c[", "c]", "[]", "c[][", "c[a]b", "c[[a]]"] {
            let error = parse(&format!("{name}=x")).unwrap().finish().unwrap_err();
            assert_eq!(error.param.as_deref(), Some(name));
        }
    }

    #[test]
    fn undecodable_text_is_malformed() {
        for text in ["a=%ff", "%c3=x", "a=%00"] {
            assert_eq!(parse(text).unwrap_err().code, Code::BodyMalformed, "{text}");
        }
    }
}
