//! The parameters of a request or the properties of an object, in any encoding: each is taken by name and parsed as its
//! type; what is left at the end is unknown or a duplicate. JSON values have types and are not coerced; the values of forms
//! and queries are text, parsed as the requested type.

use std::collections::HashSet;

use serde_json::json;

use super::json_schema::{self, Schema};
use super::redact::{quoted, shortened};
use crate::error::{Code, Error};

/// A value as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is not a 64-bit integer.
    Float(f64),
    Text(String),
    List(Vec<Value>),
    /// Properties in the order sent, duplicates included.
    Object(Vec<(String, Value)>),
    /// Text of a form or a query, without a type. If empty, it is null or the empty list.
    Untyped(String),
}

/// A value with its path, which errors name.
#[derive(Clone, Debug)]
pub struct Field {
    /// Such as `contacts[2].id`.
    pub path: String,
    pub value: Value,
}

impl Field {
    pub fn is_null(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Untyped(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The items of an array. The path of each is built when it is reached, because there may be many.
    pub fn items(self) -> Result<impl Iterator<Item = Field>, Error> {
        let path = self.path;
        let values = match self.value {
            Value::List(values) => values,
            Value::Untyped(text) if text.is_empty() => Vec::new(),
            Value::Untyped(_) => {
                let what =
                    format!("must be an array; in a form, {path}[]=… for each item, or {path}= for the empty array");
                return Err(Error::invalid(path, what));
            }
            other => return Err(wrong_type(&path, "an array", &other)),
        };
        let place = move |(index, value)| Field {
            path: format!("{path}[{index}]"),
            value,
        };
        Ok(values.into_iter().enumerate().map(place))
    }

    /// The properties of an object.
    pub fn fields(self) -> Result<Fields, Error> {
        match self.value {
            Value::Object(entries) => Ok(Fields::new(self.path, entries)),
            other => Err(wrong_type(&self.path, "an object", &other)),
        }
    }
}

/// A type that a field can be parsed as.
pub trait FromField: Sized {
    /// # Errors
    /// `parameter_invalid` at the field's path, with what would be valid.
    fn from_field(field: Field) -> Result<Self, Error>;

    /// The JSON that it is parsed from.
    fn schema() -> Schema;
}

impl FromField for String {
    fn from_field(field: Field) -> Result<Self, Error> {
        match field.value {
            Value::Text(text) => Ok(text),
            Value::Untyped(text) if !text.is_empty() => Ok(text),
            other => Err(wrong_type(&field.path, "a string", &other)),
        }
    }

    fn schema() -> Schema {
        json!({"type": "string"})
    }
}

impl FromField for i64 {
    fn from_field(field: Field) -> Result<Self, Error> {
        match &field.value {
            Value::Integer(number) => Ok(*number),
            Value::Untyped(text) => digits(text).ok_or_else(|| wrong_type(&field.path, "an integer", &field.value)),
            other => Err(wrong_type(&field.path, "an integer", other)),
        }
    }

    fn schema() -> Schema {
        json!({"type": "integer", "format": "int64"})
    }
}

impl FromField for bool {
    fn from_field(field: Field) -> Result<Self, Error> {
        match &field.value {
            Value::Bool(flag) => Ok(*flag),
            Value::Untyped(text) => {
                untyped_bool(text).ok_or_else(|| wrong_type(&field.path, "true or false", &field.value))
            }
            other => Err(wrong_type(&field.path, "true or false", other)),
        }
    }

    fn schema() -> Schema {
        json!({"type": "boolean"})
    }
}

/// Null is `None`.
impl<T: FromField> FromField for Option<T> {
    fn from_field(field: Field) -> Result<Self, Error> {
        if field.is_null() {
            return Ok(None);
        }
        T::from_field(field).map(Some)
    }

    fn schema() -> Schema {
        json_schema::nullable(T::schema())
    }
}

/// An array.
impl<T: FromField> FromField for Vec<T> {
    fn from_field(field: Field) -> Result<Self, Error> {
        field.items()?.map(T::from_field).collect()
    }

    fn schema() -> Schema {
        json!({"type": "array", "items": T::schema()})
    }
}

/// A plain decimal integer: `i64::from_str` also accepts a plus sign.
fn digits(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let plain = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `true` or `false` in any letter case, as Python writes them, or `1` or `0`, as PHP and checkboxes do.
fn untyped_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn wrong_type(path: &str, wanted: &str, got: &Value) -> Error {
    let got = match got {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => format!("the string {}", quoted(text)),
        Value::List(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Untyped(text) if text.is_empty() => "empty".to_owned(),
        Value::Untyped(text) => quoted(text),
    };
    Error::invalid(path, format!("must be {wanted}, not {got}"))
}

/// Named values, to be taken one by one.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// The path of the object that they belong to; empty for the parameters of a request.
    path: String,
    entries: Vec<(String, Value)>,
    taken: Vec<&'static str>,
}

impl Fields {
    pub fn new(path: impl Into<String>, entries: Vec<(String, Value)>) -> Self {
        Fields {
            path: path.into(),
            entries,
            taken: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The path of the value called `name`.
    pub fn path_of(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// Takes the first value called `name`; null counts as a value.
    pub fn take(&mut self, name: &'static str) -> Option<Field> {
        let at = self.entries.iter().position(|(entry, _)| entry == name)?;
        self.taken.push(name);
        let (_, value) = self.entries.remove(at);
        Some(Field {
            path: self.path_of(name),
            value,
        })
    }

    /// Takes and parses the value called `name`, if it was given. If `T` is an `Option`, null is `Some(None)`.
    pub fn optional<T: FromField>(&mut self, name: &'static str) -> Result<Option<T>, Error> {
        self.take(name).map(T::from_field).transpose()
    }

    /// Takes and parses the value called `name`, which may be null or absent.
    pub fn nullable<T: FromField>(&mut self, name: &'static str) -> Result<Option<T>, Error> {
        self.optional::<Option<T>>(name).map(Option::flatten)
    }

    /// Takes and parses the value called `name`.
    ///
    /// # Errors
    /// `parameter_missing` if it was not given.
    pub fn required<T: FromField>(&mut self, name: &'static str) -> Result<T, Error> {
        self.optional(name)?
            .ok_or_else(|| Error::new(Code::ParameterMissing, format!("`{name}` is required.")).at(self.path_of(name)))
    }

    /// All that is left, by name, in the order sent.
    ///
    /// # Errors
    /// `parameter_unknown` if a name was given twice.
    pub fn into_entries(self) -> Result<impl Iterator<Item = (String, Field)>, Error> {
        let mut seen = HashSet::new();
        if let Some((name, _)) = self.entries.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            return Err(self.given_twice(name));
        }
        let path = self.path;
        let place = move |(name, value): (String, Value)| {
            let path = format!("{path}.{}", shortened(&name));
            (name, Field { path, value })
        };
        Ok(self.entries.into_iter().map(place))
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// `parameter_unknown`, naming the first value that is left.
    pub fn finish(self) -> Result<(), Error> {
        let Some((name, _)) = self.entries.first() else {
            return Ok(());
        };
        if self.taken.contains(&name.as_str()) {
            return Err(self.given_twice(name));
        }
        let path = self.path_of(&shortened(name));
        Err(Error::new(Code::ParameterUnknown, format!("There is no parameter `{path}` here.")).at(path))
    }

    /// Ends the taking if other properties are to be ignored.
    ///
    /// # Errors
    /// `parameter_unknown` if a name was given twice.
    pub fn ignore_rest(self) -> Result<(), Error> {
        let mut seen: HashSet<&str> = self.taken.iter().copied().collect();
        match self.entries.iter().find(|(name, _)| !seen.insert(name)) {
            Some((name, _)) => Err(self.given_twice(name)),
            None => Ok(()),
        }
    }

    fn given_twice(&self, name: &str) -> Error {
        let path = self.path_of(&shortened(name));
        Error::new(
            Code::ParameterUnknown,
            format!("`{path}` is given more than once; give it once."),
        )
        .at(path)
    }
}
