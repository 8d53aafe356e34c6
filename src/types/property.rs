//! The properties of the resources and the parameters of lists, as the API's description tells them: one table a
//! resource, beside the shapes that take them from a request.

use std::borrow::Cow;

use serde_json::json;

use super::fields::FromField;
use super::kind::Kind;
use super::schema::Schema;

/// When a request may give a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    Required,
    Optional,
    Never,
}

/// A property that forms have by several names.
#[derive(Clone, Debug)]
pub struct Form {
    /// What its own name can stand for, which goes with no other of its names.
    pub whole: Schema,
    /// Names with brackets, and what each stands for.
    pub parts: Vec<(&'static str, Schema)>,
    /// All names with brackets, as a regular expression.
    pub pattern: &'static str,
}

/// A property of an object, or a parameter of a list.
#[derive(Clone, Debug)]
pub struct Property {
    pub name: &'static str,
    /// As answers have it.
    pub schema: Schema,
    /// As requests have it.
    pub input: Schema,
    /// As forms have it; none: as text, by its own name.
    pub form: Option<Form>,
    pub description: Cow<'static, str>,
    /// A value of the documents' own sample.
    pub example: serde_json::Value,
    /// Whether the request that makes the object gives it.
    pub create: Given,
    /// Whether a request that changes the object may give another value. Where it may not, it may give the value that
    /// the property has.
    pub is_updatable: bool,
}

impl Property {
    /// A property that no request sets.
    pub fn new<T: FromField>(name: &'static str, description: &'static str) -> Self {
        Property {
            name,
            schema: T::schema(),
            input: T::schema(),
            form: None,
            description: description.into(),
            example: json!(null),
            create: Given::Never,
            is_updatable: false,
        }
    }

    /// The same, where the request that makes the object must give it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.create = Given::Required;
        self
    }

    /// The same, where the request that makes the object may give it.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.create = Given::Optional;
        self
    }

    /// The same, where it can be changed.
    #[must_use]
    pub fn updatable(mut self) -> Self {
        self.is_updatable = true;
        self
    }

    /// The same, with a value to show.
    #[must_use]
    pub fn example(mut self, example: impl Into<serde_json::Value>) -> Self {
        self.example = example.into();
        self
    }

    /// The same, where forms have it by other names.
    #[must_use]
    pub fn in_forms(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// The same, where answers have it by another schema than requests.
    #[must_use]
    pub fn answered_as(mut self, schema: Schema) -> Self {
        self.schema = schema;
        self
    }
}

/// The schema of the objects of a kind, which the description has once, under the kind's name.
pub fn reference(kind: Kind) -> Schema {
    json!({"$ref": format!("#/components/schemas/{}", kind.title())})
}

/// An object with the example of each property.
pub fn example(properties: &[Property]) -> serde_json::Value {
    let each = properties.iter();
    each.map(|property| (property.name.to_owned(), property.example.clone()))
        .collect()
}
