//! What a route is told to be: its operation in the API's description, which `openapi/` writes out. A route cannot be
//! made without one, and tests hold every answer to it.

use serde_json::{Map, Value};

use crate::error::Code;
use crate::types::fields::FromField;
use crate::types::kind::Kind;
use crate::types::page::Page;
use crate::types::property::{Given, Property};
use crate::types::schema::Schema;
use crate::types::{contact, conversation, group, message};

/// What the answer to a request that was done holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// `200` and a page of objects.
    List(Kind),
    /// `200` and an object.
    Object(Kind),
    /// `201` and the new object.
    Created(Kind),
    /// `204` and nothing.
    Nothing,
}

/// An operation of the API's description.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in programs, such as `listGroups`.
    pub id: &'static str,
    /// Such as "List all groups".
    pub summary: &'static str,
    pub description: &'static str,
    pub query: Vec<Property>,
    /// The properties that the body may have; none: there is no body.
    pub body: Option<Vec<BodyProperty>>,
    /// What an example of the body has beside what is required.
    shown: Vec<(&'static str, Value)>,
    pub success: Success,
    /// What the body's properties must fulfil together, as a schema.
    pub condition: Option<Schema>,
    /// What can be refused beside what any request of this method and path can.
    pub codes: Vec<Code>,
}

/// A property of a request's body.
#[derive(Clone, Debug)]
pub struct BodyProperty {
    pub property: Property,
    pub required: bool,
}

impl Operation {
    /// A page of objects.
    pub fn list(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Operation {
            query: Page::parameters(),
            ..Self::new(id, summary, description, Success::List(kind))
        }
    }

    /// One object.
    pub fn retrieve(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self::new(id, summary, description, Success::Object(kind))
    }

    /// The making of an object out of the properties that can be given then.
    pub fn create(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        let given = properties(kind)
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

    /// A change to an object: all properties may be given, so that an object that was read can be sent back.
    pub fn update(kind: Kind, id: &'static str, summary: &'static str, description: &'static str) -> Self {
        let given = properties(kind).into_iter().map(|property| BodyProperty {
            property,
            required: false,
        });
        Operation {
            body: Some(given.collect()),
            ..Self::new(id, summary, description, Success::Object(kind))
        }
    }

    /// Something that is done without a word.
    pub fn act(id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self::new(id, summary, description, Success::Nothing)
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

    /// With one more parameter of the list.
    #[must_use]
    pub fn filter<T: FromField>(mut self, name: &'static str, description: &'static str) -> Self {
        self.query.push(Property::new::<T>(name, description));
        self
    }

    /// With one more property of the body, which may be left out.
    #[must_use]
    pub fn given(mut self, property: Property) -> Self {
        let property = BodyProperty {
            property,
            required: false,
        };
        self.body.get_or_insert_default().push(property);
        self
    }

    /// With something that the body's properties must fulfil together.
    #[must_use]
    pub fn such_that(mut self, condition: Schema) -> Self {
        self.condition = Some(condition);
        self
    }

    /// With a property that an example of the body has.
    #[must_use]
    pub fn showing(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.shown.push((name, value.into()));
        self
    }

    /// With one more refusal.
    #[must_use]
    pub fn refused(mut self, code: Code) -> Self {
        self.codes.push(code);
        self
    }

    /// By another name: where two routes do the same.
    #[must_use]
    pub fn named(mut self, id: &'static str) -> Self {
        self.id = id;
        self
    }

    /// An example of the body, if there is one.
    pub fn body_example(&self) -> Option<Map<String, Value>> {
        let required = self.body.as_ref()?.iter().filter(|given| given.required);
        let required = required.map(|given| (given.property.name, given.property.example.clone()));
        let all = required.chain(self.shown.iter().cloned());
        Some(all.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// The properties of a kind of object, in the order of answers.
pub fn properties(kind: Kind) -> Vec<Property> {
    match kind {
        Kind::Contact => contact::properties(),
        Kind::Group => group::properties(),
        Kind::Conversation => conversation::properties(),
        Kind::Message => message::properties(),
    }
}
