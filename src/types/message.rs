//! Messages and their reactions as requests describe them.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::json;

use super::contact::NamedContact;
use super::fields::{Field, Fields, FromField, Value};
use super::id::Id;
use super::json_schema::Schema;
use super::kind::Kind;
use super::property::{Form, Output, Property};
use super::read_only::ReadOnly;
use super::text::{MessageText, ReactionName, Reactor};
use super::time::Timestamp;
use crate::error::Error;

pub const DESCRIPTION: &str = "What is said in conversations.";

/// A message's properties, in the order of responses.
pub fn properties() -> Vec<Property> {
    vec![
        Property::new::<Id>("id", "Unique identifier for the message.").example("gWqY86BMFRiH5o11"),
        Property::new::<Id>(
            "conversation_id",
            "Unique identifier for the conversation that the message belongs to.",
        )
        .required()
        .example("ZYjVAbCE9g5XRlra"),
        Property::new::<Option<NamedContact>>(
            "contact",
            "The contact that sent the message; null if you sent it, or if the contact was deleted.",
        )
        .shown_as(Output::NullableObject(Kind::Contact))
        .in_forms(NamedContact::in_forms()),
        Property::new::<MessageText>("message", "The text of the message.")
            .required()
            .updatable()
            .example("Bless this highly nutritious microwavable macaroni and cheese dinner."),
        Property::new::<Reactions>(
            "reactions",
            "The reactions to the message, each with the names of those who reacted.",
        )
        .shown_as(Output::Value(Reactions::as_shown()))
        .in_forms(Reactions::in_forms())
        .updatable()
        .example(json!([{"red_angry_face": ["KateMcCallister"]}])),
        Property::new::<Option<Timestamp>>("read_at", "Timestamp of when the message was read.")
            .updatable()
            .example(1_700_000_000),
        Property::new::<Timestamp>("created_at", "Timestamp of when the message was sent.").example(692_233_200),
        Property::new::<Option<Timestamp>>(
            "updated_at",
            "Timestamp of when the message's text was last changed; null if it never was.",
        ),
    ]
}

/// The sender of a new message, which responses show as `contact`.
pub fn sender() -> Property {
    let described = "Unique identifier for the contact that sends the message: a member of the group, or the \
                     conversation's contact; null if you send it.";
    Property::new::<Option<Id>>("contact_id", described)
        .optional()
        .example("WAz8eIbvDR60rouK")
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub conversation_id: Id,
    pub message: MessageText,
    /// The sender; `None`: the account's owner.
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

/// Changes to a message: `None` leaves a property unchanged, `Some(None)` sets it to null.
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

/// A message from an export. A missing id or time is created by the import.
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

/// The reactions to a message. Each reaction occurs once, and each name once per reaction, at its first position; a reaction
/// without names is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reactions(Vec<Reaction>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reaction {
    name: ReactionName,
    by: Vec<Reactor>,
}

impl Reactions {
    /// Limits on reactions per message and on names per reaction.
    const MAX: usize = 64;
    const MAX_REACTORS: usize = 1_000;

    /// As responses show them: an array of objects with one property each.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("strings always serialize")
    }

    /// The schema of reactions as an array.
    fn as_array() -> Schema {
        json!({"type": "array", "items": Self::as_object()})
    }

    /// The schema of reactions in responses: one object per reaction.
    fn as_shown() -> Schema {
        let mut reactions = Self::as_array();
        reactions["items"]["minProperties"] = json!(1);
        reactions["items"]["maxProperties"] = json!(1);
        reactions
    }

    /// In a form: none, or a list of names per reaction.
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

    /// Adds the reactions of one object.
    fn add_all(&mut self, object: Field) -> Result<(), Error> {
        for (name, by) in object.fields()?.into_entries()? {
            let path = by.path.clone();
            let name = ReactionName::parse(name)
                .map_err(|what| Error::invalid(path.clone(), format!("{what}, as a reaction's name")))?;
            let reaction = match self.0.iter_mut().position(|reaction| reaction.name == name) {
                Some(at) => &mut self.0[at],
                None if self.0.len() == Self::MAX => {
                    return Err(Error::invalid(
                        path,
                        format!("exceeds the limit of {} reactions per message", Self::MAX),
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
                if reaction.by.len() == Self::MAX_REACTORS {
                    return Err(Error::invalid(
                        path,
                        format!("must have at most {} names", Self::MAX_REACTORS),
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
    fn both_forms_are_equivalent_and_duplicates_are_dropped() {
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
    fn malformed_reactions_are_rejected_with_their_path() {
        let long = "n".repeat(65);
        let long = format!(r#"{{"{long}":["x"]}}"#);
        for (wrong, path) in [
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
            assert_eq!(reactions(wrong).unwrap_err().param.as_deref(), Some(path), "{wrong}");
        }
        let many = |count: usize| -> String {
            let names: Vec<String> = (0..count).map(|n| format!(r#"{{"r{n}":["x"]}}"#)).collect();
            format!("[{}]", names.join(","))
        };
        assert!(reactions(&many(64)).is_ok());
        assert!(reactions(&many(65)).is_err());
    }
}
