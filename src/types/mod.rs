//! The words that every layer shares, and the parsing that proves their shape: a value of one of these types is valid.
//! Nothing here knows HTTP or SQL.

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
