//! The lock that keeps a second server from a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::Error;
use super::paths::beside;

/// How long to wait for the lock: another process may hold it briefly to create the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// The right to serve a file, held by one process at a time: an advisory lock on `FILE-lock` beside it.
pub struct Lock(#[expect(dead_code, reason = "the lock ends when this closes")] File);

impl Lock {
    /// # Errors
    /// Another process holds it. `advice` is what the operator can do then.
    pub fn acquire(path: &Path, advice: &str) -> Result<Self, Error> {
        let began = Instant::now();
        loop {
            match Self::try_acquire(path)? {
                Some(lock) => return Ok(lock),
                None if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
                None => return Err(Error::unusable(format!("{} {advice}", path.display()))),
            }
        }
    }

    /// `None` if another process holds it.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, Error> {
        let lock_path = beside(path, "-lock");
        let failure = |error: io::Error| Error::unusable(format!("cannot open {}: {error}", lock_path.display()));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(failure)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failure(error)),
        }
    }
}
