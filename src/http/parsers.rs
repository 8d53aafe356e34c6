//! The parsers of what a client sends, for the fuzz targets in `fuzz/` and the test that replays their corpus.

pub use super::auth::token;
pub use super::body::Body;
pub use super::conditional::{Condition, condition};
pub use super::form::{parse as form, parse_query as query};
pub use super::idempotency::key;
pub use super::request_id::RequestId;
pub use super::service::check_head;
