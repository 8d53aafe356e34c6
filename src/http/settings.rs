//! The settings of the HTTP layer.

use std::time::Duration;

use super::client_address::TrustedProxies;
use super::limits::AuthRateLimit;

/// Limits on requests, and how responses refer to this server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The path before `/v1`: empty, or starting but not ending with a slash.
    pub base_path: String,
    /// The maximum size of a request body, in bytes.
    pub max_body: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
    /// The memory for all large request and response bodies together, in bytes. One account may use half of it.
    pub memory_budget: usize,
    /// The maximum number of members of a group.
    pub max_group_contacts: usize,
    /// The URL at which clients reach this server, without a trailing slash.
    pub public_url: Option<String>,
    pub auth_rate_limit: AuthRateLimit,
    pub trusted_proxies: TrustedProxies,
}

impl Settings {
    /// The URL of `path` for clients: absolute if the public URL is known. Never derived from a request's `Host`.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_deref().unwrap_or_default())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            base_path: String::new(),
            max_body: 1 << 20,
            body_deadline: Duration::from_secs(30),
            memory_budget: 64 << 20,
            max_group_contacts: 1_000,
            public_url: None,
            auth_rate_limit: AuthRateLimit::default(),
            trusted_proxies: TrustedProxies::default(),
        }
    }
}
