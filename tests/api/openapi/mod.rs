//! The OpenAPI description: every response that the tests receive is checked against it, and so are the requests that
//! the server accepts and rejects.

pub mod description;
mod requests;
