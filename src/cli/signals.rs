//! Signals: SIGTERM and SIGINT request a shutdown; SIGHUP does nothing.

use tokio::signal::unix::{SignalKind, signal};

use crate::error::Failure;
use crate::supervisor::Shutdown;

/// Requests `shutdown` at the first SIGTERM or SIGINT, and from now on ignores SIGHUP, which would otherwise end the process
/// without a shutdown: a closed terminal and log rotation send it. Signals count from this call on.
///
/// # Errors
/// The signals cannot be received.
pub fn shut_down_on_signal(shutdown: &Shutdown) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("cannot receive signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut hang_up = listen(SignalKind::hangup())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => tracing::info!("SIGHUP ignored: there is nothing to reload"),
            }
        }
        tracing::info!("shutting down: finishing open requests");
        shutdown.request();
    });
    Ok(())
}
