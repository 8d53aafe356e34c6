//! Signals: SIGTERM and SIGINT request a shutdown.

use tokio::signal::unix::{SignalKind, signal};

use crate::error::Failure;
use crate::supervisor::Shutdown;

/// Requests `shutdown` at the first SIGTERM or SIGINT. Signals count from this call on.
///
/// # Errors
/// The signals cannot be received.
pub fn shut_down_on_signal(shutdown: &Shutdown) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("cannot receive signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("shutting down: finishing open requests");
        shutdown.request();
    });
    Ok(())
}
