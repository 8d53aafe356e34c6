//! The values that every layer shares, parsed rather than validated: a value of one of these types is well-formed. Nothing
//! here knows HTTP or SQL.

pub mod contact;
pub mod conversation;
pub mod fields;
pub mod group;
pub mod id;
pub mod idempotency;
pub mod invalid;
pub mod json;
pub mod json_schema;
pub mod kind;
pub mod message;
pub mod page;
pub mod peer;
pub mod property;
pub mod read_only;
pub mod redact;
pub mod resource;
pub mod search_terms;
pub mod text;
pub mod time;
pub mod token;
