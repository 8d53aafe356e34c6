//! Contacts as requests describe and name them.

use serde_json::json;

use super::fields::{Field, Fields, FromField, Value};
use super::id::Id;
use super::json_schema::{self, Schema};
use super::property::{Form, Given, Property};
use super::read_only::ReadOnly;
use super::text::{DisplayName, PhoneNumber, Url, Username};
use super::time::Timestamp;
use crate::error::Error;

pub const DESCRIPTION: &str = "The people that you talk to.";

/// A contact's properties, in the order of responses.
pub fn properties() -> Vec<Property> {
    vec![
        Property::new::<Id>("id", "Unique identifier for the contact.").example("WAz8eIbvDR60rouK"),
        Property::new::<Username>(
            "username",
            "The username of the contact, unique per account; ASCII case is ignored.",
        )
        .required()
        .updatable()
        .example("Hector"),
        Property::new::<Option<PhoneNumber>>("phone_number", "The phone number of the contact.")
            .optional()
            .updatable()
            .example("1-800-759-3000"),
        Property::new::<Option<Url>>(
            "avatar_url",
            "The URL of the contact's avatar image, up to 2,048 bytes.",
        )
        .optional()
        .updatable()
        .example("https://assets.protocol.chat/avatars/hector.jpg"),
        Property::new::<Option<DisplayName>>("display_name", "The contact's name as people read it.")
            .optional()
            .updatable()
            .example("Hector the Concierge"),
        Property::new::<Option<Id>>(
            "conversation_id",
            "Unique identifier for the one-to-one conversation with the contact; null once it is deleted.",
        )
        .example("xgQQXg3hrtjh7AvZ"),
        Property::new::<Option<Timestamp>>("last_active_at", "Timestamp of the contact's latest message.")
            .example(692_233_200),
        Property::new::<Timestamp>("created_at", "Timestamp of when the contact was created.").example(692_233_200),
    ]
}

/// A contact to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    pub username: Username,
    pub phone_number: Option<PhoneNumber>,
    pub avatar_url: Option<Url>,
    pub display_name: Option<DisplayName>,
}

impl NewContact {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(NewContact {
            username: fields.required("username")?,
            phone_number: fields.nullable("phone_number")?,
            avatar_url: fields.nullable("avatar_url")?,
            display_name: fields.nullable("display_name")?,
        })
    }
}

/// Changes to a contact: `None` leaves a property unchanged, `Some(None)` sets it to null.
#[derive(Clone, Debug, Default)]
pub struct ContactChanges {
    pub username: Option<Username>,
    pub phone_number: Option<Option<PhoneNumber>>,
    pub avatar_url: Option<Option<Url>>,
    pub display_name: Option<Option<DisplayName>>,
    pub read_only: ReadOnly,
}

impl ContactChanges {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(ContactChanges {
            username: fields.optional("username")?,
            phone_number: fields.optional("phone_number")?,
            avatar_url: fields.optional("avatar_url")?,
            display_name: fields.optional("display_name")?,
            read_only: ReadOnly::take(fields, &["id", "conversation_id", "last_active_at", "created_at"]),
        })
    }
}

/// A contact from an export. Missing ids, conversations and times are created by the import.
#[derive(Clone, Debug)]
pub struct StoredContact {
    pub id: Option<Id>,
    pub new: NewContact,
    pub conversation_id: Option<Option<Id>>,
    pub last_active_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
}

impl StoredContact {
    pub fn take(fields: &mut Fields) -> Result<Self, Error> {
        Ok(StoredContact {
            id: fields.optional("id")?,
            new: NewContact::take(fields)?,
            conversation_id: fields.optional("conversation_id")?,
            last_active_at: fields.nullable("last_active_at")?,
            created_at: fields.optional("created_at")?,
        })
    }
}

/// How a request names a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactRef {
    /// An existing contact.
    Id(Id),
    /// The contact with this username, created with these properties if there is none.
    Username(NewContact),
}

/// A contact that a request names, and the path at which it does, for errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedContact {
    pub path: String,
    pub contact: ContactRef,
}

impl NamedContact {
    /// A string that is equal for equal names. The same contact named by id and by username has two.
    pub fn key(&self) -> String {
        match &self.contact {
            ContactRef::Id(id) => format!("id {}", id.as_str().to_ascii_lowercase()),
            ContactRef::Username(new) => format!("username {}", new.username.as_str().to_ascii_lowercase()),
        }
    }

    /// Members in a form: none, ids, usernames, or indexed items with any properties.
    pub fn members_in_forms() -> Form {
        let list = |items: Schema| json!({"type": "array", "items": items});
        Form {
            whole: json!({"type": "string", "maxLength": 0}),
            parts: vec![
                ("contacts[]", list(Id::schema())),
                ("contacts[][username]", list(Username::schema())),
            ],
            pattern: r"^contacts\[[0-9]*\](\[[a-z_]+\])?$",
        }
    }

    /// A contact that a form sends back: its id, or all its properties.
    pub fn in_forms() -> Form {
        Form {
            whole: json!({"anyOf": [Id::schema(), {"type": "string", "maxLength": 0}]}),
            parts: Vec::new(),
            pattern: r"^contact\[[a-z_]+\]$",
        }
    }
}

/// A bare id; an object with an `id`, whose other properties are ignored, so that an object can be read and sent back; or
/// an object with a `username`.
impl FromField for NamedContact {
    fn from_field(field: Field) -> Result<Self, Error> {
        if !matches!(field.value, Value::Object(_)) {
            let path = field.path.clone();
            let contact = ContactRef::Id(Id::from_field(field)?);
            return Ok(NamedContact { path, contact });
        }
        let mut fields = field.fields()?;
        if let Some(id) = fields.nullable::<Id>("id")? {
            let path = fields.path_of("id");
            fields.ignore_rest()?;
            return Ok(NamedContact {
                path,
                contact: ContactRef::Id(id),
            });
        }
        let path = fields.path_of("username");
        let contact = ContactRef::Username(NewContact::take(&mut fields)?);
        fields.finish()?;
        Ok(NamedContact { path, contact })
    }

    fn schema() -> Schema {
        let by_id = json_schema::object([("id", Id::schema())], &["id"]);
        let given = properties()
            .into_iter()
            .filter(|property| property.create != Given::Never);
        let no_id = [("id", json!({"type": "null"}))];
        let named = given.map(|property| (property.name, property.input));
        let mut by_username = json_schema::object(no_id.into_iter().chain(named), &["username"]);
        by_username["additionalProperties"] = json!(false);
        json!({"anyOf": [Id::schema(), by_id, by_username]})
    }
}
