//! Damage to the file: which of SQLite's errors tell of it, and that it was met while the file is served. Whoever meets it
//! tells it here, and the server ends, as it cannot know what else is damaged.

use rusqlite::ErrorCode;
use tokio::sync::watch;

use crate::error::{Code, Error};

/// A clone is another handle to the same.
#[derive(Clone, Default)]
pub struct Damage(watch::Sender<Option<String>>);

impl Damage {
    /// Tells damage, in SQLite's words.
    pub fn tell(&self, why: &str) {
        let first = self.0.send_if_modified(|told| {
            let first = told.is_none();
            told.get_or_insert_with(|| why.to_owned());
            first
        });
        if first {
            tracing::error!("the database is damaged: {why}");
        }
    }

    /// Tells what an answer to a read or a write shows of it, and hands on that answer.
    pub fn note<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &answer
            && error.code == Code::Damaged
        {
            self.tell(error.detail.as_deref().unwrap_or_default());
        }
        answer
    }

    /// What damage was met, if any, and what to do.
    pub fn told(&self) -> Option<String> {
        self.0.borrow().as_deref().map(advice)
    }

    /// Waits until damage is met, and tells what to do.
    pub async fn met(&self) -> String {
        let mut told = self.0.subscribe();
        match told.wait_for(Option::is_some).await {
            Ok(why) => advice(why.as_deref().unwrap_or_default()),
            Err(_) => std::future::pending().await,
        }
    }
}

fn advice(why: &str) -> String {
    format!(
        "the database is damaged ({why}): keep it, look at it with `groups-server check`, and restore a backup with \
         `groups-server restore`"
    )
}

/// Whether an error tells of the file's content, and not of the disk, the memory or another process.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OperationInterrupted
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DiskFull
        )
    )
}
