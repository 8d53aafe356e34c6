//! Lingering close of connections over the limit: each gets a response, and is then read for a moment. Closing a socket
//! with unread bytes resets the connection, which can destroy the response before the client has read it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::listener::Stream;

/// The most connections that linger at once; more are closed immediately.
const MAX_LINGERING: usize = 64;

/// How long, and for how many bytes, a connection is read before it is closed.
const MAX_TIME: Duration = Duration::from_secs(1);
const MAX_READ: u64 = 64 << 10;

/// Closes connections that are refused.
pub struct LingeringClose {
    permits: Arc<Semaphore>,
}

impl LingeringClose {
    pub fn new() -> Self {
        LingeringClose {
            permits: Arc::new(Semaphore::new(MAX_LINGERING)),
        }
    }

    /// Sends `response` and closes the connection, on a task of its own.
    pub fn refuse(&self, mut stream: Stream, response: &str) {
        if stream.try_write(response.as_bytes()).is_err() {
            tracing::debug!("a connection over the limit was closed without a response");
            return;
        }
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let drain = async {
                stream.shutdown().await?;
                tokio::io::copy(&mut stream.take(MAX_READ), &mut tokio::io::sink()).await
            };
            // The connection is closed whatever the outcome.
            drop(timeout(MAX_TIME, drain).await);
            drop(permit);
        });
    }
}
