//! What the API says about each kind of object: the one table that the OpenAPI document, the reference page and the
//! operations' bodies are made from.

use super::kind::Kind;
use super::property::Property;
use super::{contact, conversation, group, message};

/// A kind of object as the API presents it.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    pub kind: Kind,
    /// One sentence about what its objects are.
    pub description: &'static str,
    properties: fn() -> Vec<Property>,
}

impl Resource {
    pub const fn of(kind: Kind) -> Self {
        let (description, properties): (_, fn() -> Vec<Property>) = match kind {
            Kind::Group => (group::DESCRIPTION, group::properties),
            Kind::Contact => (contact::DESCRIPTION, contact::properties),
            Kind::Conversation => (conversation::DESCRIPTION, conversation::properties),
            Kind::Message => (message::DESCRIPTION, message::properties),
        };
        Resource {
            kind,
            description,
            properties,
        }
    }

    /// Every resource, in the order of `Kind::ALL`.
    pub fn all() -> impl Iterator<Item = Resource> {
        Kind::ALL.into_iter().map(Self::of)
    }

    /// The title of its section, such as `Groups`.
    pub fn section(&self) -> String {
        let plural = self.kind.plural();
        plural[..1].to_uppercase() + &plural[1..]
    }

    /// Its properties in the order of responses.
    pub fn properties(&self) -> Vec<Property> {
        (self.properties)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_described_and_has_an_id_and_distinct_properties() {
        for resource in Resource::all() {
            let title = resource.kind.title();
            assert!(
                resource.description.ends_with('.'),
                "{title}: DESCRIPTION must be a sentence"
            );
            let properties = resource.properties();
            let names: Vec<&str> = properties.iter().map(|property| property.name).collect();
            assert_eq!(names.first(), Some(&"id"), "{title}: `id` comes first");
            for property in &properties {
                let same = names.iter().filter(|name| **name == property.name).count();
                assert_eq!(same, 1, "{title}: `{}` is declared more than once", property.name);
                assert!(
                    property.description.ends_with('.'),
                    "{title}: `{}` needs a description",
                    property.name
                );
            }
            let id = &properties[0];
            assert!(id.example.is_string(), "{title}: `id` needs an example");
        }
    }
}
