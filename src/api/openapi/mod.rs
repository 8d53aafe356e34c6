//! The OpenAPI 3.1 description of the API, made from the routes and the tables of properties.

mod document;
pub(super) mod errors;
pub(super) mod examples;
mod headers;
mod meanings;
mod operations;
pub(super) mod schemas;

pub(super) use document::ABOUT;
pub use document::document;
pub(super) use meanings::meaning;
