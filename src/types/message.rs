//! A message's input shapes: what a client can say when it sends or changes one.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::json;

use super::contact::NamedContact;
use super::fields::{Field, Fields, FromField, Value};
use super::id::Id;
use super::kind::Kind;
use super::property::{Form, Property, reference};
use super::read_only::ReadOnly;
use super::schema::{Schema, nullable};
use super::text::{MessageText, ReactionName, Reactor};
use super::time::Timestamp;
use crate::error::Error;

/// A message's properties, in the order of answers.
pub fn properties() -> Vec<Property> {
    vec![
        Property::new::<Id>("id", "Unique identifier for the message.").example("gWqY86BMFRiH5o11"),
        Property::new::<Id>(
            "conversation_id",
            "Unique identifier for the conversation that the message belongs to.",
        )
        .required()
        .example("ZYjVAbCE9g5XRlra"),
        Property::new::<Option<NamedContact>>("contact", "The contact that sent the message; null: you.")
            .answered_as(nullable(reference(Kind::Contact)))
            .in_forms(NamedContact::in_forms()),
        Property::new::<MessageText>("message", "What the message says.")
            .required()
            .updatable()
            .example("Bless this highly nutritious microwavable macaroni and cheese dinner."),
        Property::new::<Reactions>("reactions", "Who reacted how to the message.")
            .answered_as(Reactions::as_answered())
            .in_forms(Reactions::in_forms())
            .updatable()
            .example(json!([{"red_angry_face": ["KateMcCallister"]}])),
        Property::new::<Option<Timestamp>>("read_at", "Timestamp of when the message was read.")
            .updatable()
            .example(1_700_000_000),
        Property::new::<Timestamp>("created_at", "Timestamp of when the message was sent.").example(692_233_200),
        Property::new::<Option<Timestamp>>("updated_at", "Timestamp of when the message's text was last changed."),
    ]
}

/// Who sends a message, where that is not the account's owner: what answers tell as `contact`.
pub fn sender() -> Property {
    let described = "Unique identifier for the contact that sends the message: a member of the group, or the \
                     conversation's contact; null: you.";
    Property::new::<Option<Id>>("contact_id", described)
        .optional()
        .example("WAz8eIbvDR60rouK")
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub conversation_id: Id,
    pub message: MessageText,
    /// The sender; none: the account's owner.
    pub contact_id: Option<Id>,
}

impl NewMessage {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(NewMessage {
            conversation_id: fields.required("conversation_id")?,
            message: fields.required("message")?,
            contact_id: fields.nullable("contact_id")?,
        })
    }
}

/// Changes to a message: `None` leaves a property as it is, `Some(None)` unsets it.
#[derive(Clone, Debug, Default)]
pub struct MessageChanges {
    pub message: Option<MessageText>,
    pub reactions: Option<Reactions>,
    pub read_at: Option<Option<Timestamp>>,
    pub read_only: ReadOnly,
}

impl MessageChanges {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(MessageChanges {
            message: fields.optional("message")?,
            reactions: fields.optional("reactions")?,
            read_at: fields.optional("read_at")?,
            read_only: ReadOnly::take(
                fields,
                &["id", "conversation_id", "contact", "created_at", "updated_at"],
            ),
        })
    }
}

/// A message as an export has it. What its line leaves out is made anew.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    pub id: Option<Id>,
    pub conversation_id: Id,
    pub contact: Option<NamedContact>,
    pub message: MessageText,
    pub reactions: Reactions,
    pub read_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

impl StoredMessage {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(StoredMessage {
            id: fields.optional("id")?,
            conversation_id: fields.required("conversation_id")?,
            contact: fields.nullable("contact")?,
            message: fields.required("message")?,
            reactions: fields.optional("reactions")?.unwrap_or_default(),
            read_at: fields.nullable("read_at")?,
            created_at: fields.optional("created_at")?,
            updated_at: fields.nullable("updated_at")?,
        })
    }
}

/// Who reacts how to a message: each reaction once, and each who reacts so once, at their first places; a reaction of
/// nobody is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reactions(Vec<Reaction>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reaction {
    name: ReactionName,
    by: Vec<Reactor>,
}

impl Reactions {
    /// The most reactions of a message, and the most who react the same way.
    const MOST: usize = 64;
    const MOST_REACTORS: usize = 1_000;

    /// The API's form of them: an array of objects with one property each.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("strings always serialize")
    }

    /// The schema of the API's form of them.
    fn as_array() -> Schema {
        json!({"type": "array", "items": Self::as_object()})
    }

    /// The same as answers have it: a reaction an object.
    fn as_answered() -> Schema {
        let mut reactions = Self::as_array();
        reactions["items"]["minProperties"] = json!(1);
        reactions["items"]["maxProperties"] = json!(1);
        reactions
    }

    /// How a form tells them: none at all, or those who react, by the reaction's name.
    fn in_forms() -> Form {
        Form {
            whole: json!({"type": "string", "maxLength": 0}),
            parts: vec![(
                "reactions[red_angry_face][]",
                json!({"type": "array", "items": Reactor::schema()}),
            )],
            pattern: r"^reactions\[",
        }
    }

    fn as_object() -> Schema {
        json!({
            "type": "object",
            "propertyNames": ReactionName::schema(),
            "additionalProperties": {"type": "array", "items": Reactor::schema()},
        })
    }

    /// Takes in one object's reactions.
    fn add_all(&mut self, object: Field) -> Result<(), Error> {
        for (name, by) in object.fields()?.into_entries()? {
            let path = by.path.clone();
            let name = ReactionName::parse(name)
                .map_err(|what| Error::invalid(path.clone(), format!("{what}, as a reaction's name")))?;
            let reaction = match self.0.iter_mut().position(|reaction| reaction.name == name) {
                Some(at) => &mut self.0[at],
                None if self.0.len() == Self::MOST => {
                    return Err(Error::invalid(
                        path,
                        format!("is one more than the {} reactions that a message may have", Self::MOST),
                    ));
                }
                None => {
                    self.0.push(Reaction { name, by: Vec::new() });
                    self.0.last_mut().expect("it was pushed")
                }
            };
            for reactor in by.items()? {
                let reactor = Reactor::from_field(reactor)?;
                if reaction.by.contains(&reactor) {
                    continue;
                }
                if reaction.by.len() == Self::MOST_REACTORS {
                    return Err(Error::invalid(
                        path,
                        format!("must have at most {} names", Self::MOST_REACTORS),
                    ));
                }
                reaction.by.push(reactor);
            }
        }
        Ok(())
    }
}

/// An array of objects such as `{"red_angry_face": ["KateMcCallister"]}`, or one such object.
impl FromField for Reactions {
    fn from_field(field: Field) -> Result<Self, Error> {
        let mut reactions = Reactions::default();
        match field.value {
            Value::Object(_) => reactions.add_all(field)?,
            _ => field.items()?.try_for_each(|item| reactions.add_all(item))?,
        }
        reactions.0.retain(|reaction| !reaction.by.is_empty());
        Ok(reactions)
    }

    fn schema() -> Schema {
        json!({"anyOf": [Self::as_array(), Self::as_object()]})
    }
}

impl Serialize for Reaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(1))?;
        let by: Vec<&str> = self.by.iter().map(Reactor::as_str).collect();
        object.serialize_entry(self.name.as_str(), &by)?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json;

    fn reactions(json: &str) -> Result<String, Error> {
        let body = format!("{{\"reactions\":{json}}}");
        let mut fields = json::object("it", body.as_bytes()).unwrap();
        fields
            .required::<Reactions>("reactions")
            .map(|reactions| reactions.to_json())
    }

    #[test]
    fn both_spellings_say_the_same_and_nothing_twice() {
        for spelled in [
            r#"[{"a":["x","y"]},{"b":["x"]}]"#,
            r#"{"a":["x","y"],"b":["x"]}"#,
            r#"[{"a":["x"],"b":["x"],"c":[]},{"a":["y","x"]}]"#,
        ] {
            assert_eq!(
                reactions(spelled).unwrap(),
                r#"[{"a":["x","y"]},{"b":["x"]}]"#,
                "{spelled}"
            );
        }
        for none in ["[]", "{}", r#"{"a":[]}"#] {
            assert_eq!(reactions(none).unwrap(), "[]");
        }
    }

    #[test]
    fn what_is_no_reaction_is_refused_with_its_place() {
        let long = "n".repeat(65);
        let long = format!(r#"{{"{long}":["x"]}}"#);
        for (wrong, place) in [
            ("null", "reactions"),
            (r#""a""#, "reactions"),
            (r#"["a"]"#, "reactions[0]"),
            (r#"{"a":"x"}"#, "reactions.a"),
            (r#"[{"a":[1]}]"#, "reactions[0].a[0]"),
            (r#"{"a":[""]}"#, "reactions.a[0]"),
            (r#"{"":["x"]}"#, "reactions."),
            (r#"{"a":["x"],"a":["y"]}"#, "reactions.a"),
            (&long, &format!("reactions.{}…", "n".repeat(64))),
        ] {
            assert_eq!(reactions(wrong).unwrap_err().param.as_deref(), Some(place), "{wrong}");
        }
        let many = |count: usize| -> String {
            let names: Vec<String> = (0..count).map(|n| format!(r#"{{"r{n}":["x"]}}"#)).collect();
            format!("[{}]", names.join(","))
        };
        assert!(reactions(&many(64)).is_ok());
        assert!(reactions(&many(65)).is_err());
    }
}
