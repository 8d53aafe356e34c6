//! `/openapi.json` and `/docs`: the OpenAPI document and the reference page made from the same routes.

mod html;
mod serve;
mod snippets;

pub use serve::filter;
