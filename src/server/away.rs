//! Connections over the limit: each is answered, and then heard out for a moment, as closing with bytes unread resets the
//! connection and may take the answer from its client.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// So many are heard out at a time; more are closed at once.
const MOST: usize = 64;

/// How long one is heard out, and how much it may say.
const PATIENCE: Duration = Duration::from_secs(1);
const MOST_READ: u64 = 64 << 10;

/// Turns connections away.
pub struct Away {
    places: Arc<Semaphore>,
}

impl Away {
    pub fn new() -> Self {
        Away {
            places: Arc::new(Semaphore::new(MOST)),
        }
    }

    /// Gives a connection its answer and closes it.
    pub fn turn(&self, mut stream: TcpStream, answer: String) {
        if stream.try_write(answer.as_bytes()).is_err() {
            tracing::debug!("a connection over the limit was closed without an answer");
            return;
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let heard = async {
                stream.shutdown().await?;
                tokio::io::copy(&mut stream.take(MOST_READ), &mut tokio::io::sink()).await
            };
            // However it ends, the connection is closed.
            drop(timeout(PATIENCE, heard).await);
            drop(place);
        });
    }
}
