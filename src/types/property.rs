//! The properties of resources and the parameters of lists, as the API's reference describes them: one table a resource,
//! beside the types that read them from a request.

use std::borrow::Cow;

use serde_json::json;

use super::fields::FromField;
use super::json_schema::Schema;
use super::kind::Kind;

/// Whether the request that creates an object sets a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    Required,
    Optional,
    Never,
}

/// How responses show a property.
#[derive(Clone, Debug)]
pub enum Output {
    /// As a value of this schema.
    Value(Schema),
    /// As an object of this kind, or null.
    NullableObject(Kind),
    /// As an array of objects of this kind.
    Objects(Kind),
}

/// A property that a form spells with several names.
#[derive(Clone, Debug)]
pub struct Form {
    /// The value of the bare name, which excludes the names with brackets.
    pub whole: Schema,
    /// Names with brackets, each with the schema of its value.
    pub parts: Vec<(&'static str, Schema)>,
    /// A regular expression that matches every name with brackets.
    pub pattern: &'static str,
}

/// A property of an object, or a parameter of a list.
#[derive(Clone, Debug)]
pub struct Property {
    pub name: &'static str,
    pub output: Output,
    /// The value in requests.
    pub input: Schema,
    /// The names in forms; `None`: its own name, with the value as text.
    pub form: Option<Form>,
    pub description: Cow<'static, str>,
    /// A value for examples.
    pub example: serde_json::Value,
    pub create: Given,
    /// Whether an update can change it. If not, an update may only send back the stored value.
    pub is_updatable: bool,
}

impl Property {
    /// A property that no request sets.
    pub fn new<T: FromField>(name: &'static str, description: &'static str) -> Self {
        Property {
            name,
            output: Output::Value(T::schema()),
            input: T::schema(),
            form: None,
            description: description.into(),
            example: json!(null),
            create: Given::Never,
            is_updatable: false,
        }
    }

    /// Required to create an object.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.create = Given::Required;
        self
    }

    /// Optional when creating an object.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.create = Given::Optional;
        self
    }

    #[must_use]
    pub fn updatable(mut self) -> Self {
        self.is_updatable = true;
        self
    }

    #[must_use]
    pub fn example(mut self, example: impl Into<serde_json::Value>) -> Self {
        self.example = example.into();
        self
    }

    #[must_use]
    pub fn in_forms(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// Shown differently in responses than in requests.
    #[must_use]
    pub fn shown_as(mut self, output: Output) -> Self {
        self.output = output;
        self
    }
}

/// An object that has the example of each property.
pub fn example(properties: &[Property]) -> serde_json::Value {
    let each = properties.iter();
    each.map(|property| (property.name.to_owned(), property.example.clone()))
        .collect()
}
