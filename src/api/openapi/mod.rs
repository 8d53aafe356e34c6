//! The OpenAPI 3.1 description of the API, made from the routes and the tables of properties.

mod document;
mod error_meanings;
pub(super) mod errors;
pub(super) mod examples;
mod headers;
mod operations;
pub(super) mod schemas;

pub(super) use document::ABOUT;
pub use document::document;
pub(super) use error_meanings::meaning;
