//! The state that all requests share. Everything else in `http` and `api` stands on it; it uses nothing of theirs.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::limits::{AuthRateLimiter, MemoryBudget};
use super::settings::Settings;
use crate::store::Store;

/// A handle to the shared state; clones refer to the same state.
#[derive(Clone)]
pub struct State(Arc<Shared>);

pub struct Shared {
    pub store: Store,
    pub settings: Settings,
    pub auth_rate: AuthRateLimiter,
    pub memory: MemoryBudget,
    stopping: AtomicBool,
}

impl State {
    pub fn new(store: Store, settings: Settings) -> Self {
        State(Arc::new(Shared {
            store,
            auth_rate: AuthRateLimiter::new(settings.auth_rate_limit),
            memory: MemoryBudget::new(settings.memory_budget),
            settings,
            stopping: AtomicBool::new(false),
        }))
    }

    /// Marks the server as stopping: from now on the health check fails.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Relaxed)
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
