//! What the API's reference says about a route. Every route has an operation, and the tests check every response against
//! it.

use serde_json::{Map, Value};

use crate::error::Code;
use crate::types::fields::FromField;
use crate::types::json_schema::Schema;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::property::{Given, Property};
use crate::types::resource::Resource;

/// The response to a request that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// `200` with a page of objects.
    List(Kind),
    /// `200` with an object.
    Object(Kind),
    /// `201` with the new object.
    Created(Kind),
    /// `204`.
    NoContent,
}

/// An operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The unique name for code generators, such as `listGroups`.
    pub id: &'static str,
    /// Such as "List all groups".
    pub summary: &'static str,
    pub description: &'static str,
    pub query: Vec<Property>,
    /// The properties of the body; `None` if there is no body.
    pub body: Option<Vec<BodyProperty>>,
    /// What the example of the body has besides the required properties.
    shown: Vec<(&'static str, Value)>,
    pub success: Success,
    /// A schema for rules between the body's properties.
    pub condition: Option<Schema>,
    /// Errors besides those of every request with this method and path.
    pub codes: Vec<Code>,
}

/// A property of a request's body.
#[derive(Clone, Debug)]
pub struct BodyProperty {
    pub property: Property,
    pub required: bool,
}

impl Operation {
    /// Lists objects, one page at a time.
    pub fn list(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Operation {
            query: Page::parameters(),
            ..Self::new(id, summary, description, Success::List(kind))
        }
    }

    /// Returns one object.
    pub fn retrieve(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self::new(id, summary, description, Success::Object(kind))
    }

    /// Creates an object.
    pub fn create(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        let given = Resource::of(kind)
            .properties()
            .into_iter()
            .filter(|property| property.create != Given::Never)
            .map(|property| BodyProperty {
                required: property.create == Given::Required,
                property,
            });
        Operation {
            body: Some(given.collect()),
            ..Self::new(id, summary, description, Success::Created(kind))
        }
    }

    /// Changes an object. All properties are accepted, so that an object can be read and sent back.
    pub fn update(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        let given = Resource::of(kind)
            .properties()
            .into_iter()
            .map(|property| BodyProperty {
                property,
                required: false,
            });
        Operation {
            body: Some(given.collect()),
            ..Self::new(id, summary, description, Success::Object(kind))
        }
    }

    /// Does something whose response has no content.
    pub fn act(id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self::new(id, summary, description, Success::NoContent)
    }

    fn new(id: &'static str, summary: &'static str, description: &'static str, success: Success) -> Self {
        Operation {
            id,
            summary,
            description,
            query: Vec::new(),
            body: None,
            shown: Vec::new(),
            success,
            condition: None,
            codes: Vec::new(),
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn filter<T: FromField>(mut self, name: &'static str, description: &'static str) -> Self {
        self.query.push(Property::new::<T>(name, description));
        self
    }

    /// Adds an optional property of the body.
    #[must_use]
    pub fn given(mut self, property: Property) -> Self {
        let property = BodyProperty {
            property,
            required: false,
        };
        self.body.get_or_insert_default().push(property);
        self
    }

    /// Adds a rule between the body's properties.
    #[must_use]
    pub fn such_that(mut self, condition: Schema) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Adds a property to the example of the body.
    #[must_use]
    pub fn showing(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.shown.push((name, value.into()));
        self
    }

    /// Adds an error.
    #[must_use]
    pub fn fails_with(mut self, code: Code) -> Self {
        self.codes.push(code);
        self
    }

    /// The same operation by another method.
    #[must_use]
    pub fn renamed(mut self, id: &'static str, summary: &'static str) -> Self {
        self.id = id;
        self.summary = summary;
        self
    }

    /// An example of the body, if the operation has one.
    pub fn body_example(&self) -> Option<Map<String, Value>> {
        let required = self.body.as_ref()?.iter().filter(|given| given.required);
        let required = required.map(|given| (given.property.name, given.property.example.clone()));
        let all = required.chain(self.shown.iter().cloned());
        Some(all.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}
