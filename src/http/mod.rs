//! The protocol: how a request becomes a call of a handler and its result a response. Knows no resource; those are in
//! `api`.

pub(crate) mod auth;
mod body;
mod call;
mod client_address;
mod conditional;
mod dispatch;
pub(crate) mod filters;
mod form;
pub(crate) mod handlers;
mod head;
mod idempotency;
mod limits;
pub(crate) mod operation;
#[doc(hidden)]
pub mod parsers;
mod path;
mod peer_addr;
mod request_id;
pub(crate) mod response;
mod route;
mod service;
mod settings;
mod state;

pub(crate) use call::Call;
pub use client_address::TrustedProxies;
pub use filters::MatchedRoute;
pub use head::Head;
pub use limits::{AuthRateLimit, MemoryBudget};
pub(crate) use path::Path;
pub use peer_addr::PeerAddr;
pub(crate) use request_id::RequestId;
pub use response::too_many_connections;
pub use route::Route;
pub use service::{Routes, Service, service};
pub use settings::Settings;
pub use state::State;
