//! Limits that requests share: wrong tokens per peer, and memory for large bodies.

mod auth_rate;
mod memory;

pub use auth_rate::{AuthRateLimit, AuthRateLimiter};
pub use memory::{MemoryBudget, Reservation};
