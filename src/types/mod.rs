//! Values whose existence proves that they are valid: parsing creates them. Nothing here knows HTTP or SQL.

pub mod contact;
pub mod conversation;
pub mod etag;
pub mod fields;
pub mod group;
pub mod id;
pub mod idempotency;
pub mod json;
pub mod kind;
pub mod message;
pub mod page;
pub mod peer;
pub mod property;
pub mod quote;
pub mod read_only;
pub mod schema;
pub mod text;
pub mod time;
pub mod token;
pub mod words;
