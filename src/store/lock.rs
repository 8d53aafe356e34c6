//! The lock that keeps a second server from a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::paths::beside;
use crate::error::Failure;

/// How long a lock is waited for: another process may hold it for the moment that making a file takes.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// The right to serve a file, held by at most one process: an advisory lock on `FILE-lock` beside it.
pub struct Lock(#[expect(dead_code, reason = "held for its lock, which ends with it")] File);

impl Lock {
    pub fn acquire(path: &Path) -> Result<Self, Failure> {
        Self::acquire_or(path, "stop that one first, or give another --db")
    }

    /// As `acquire`; `advice` is what to do where another has it.
    pub fn acquire_or(path: &Path, advice: &str) -> Result<Self, Failure> {
        let began = Instant::now();
        loop {
            match Self::try_acquire(path)? {
                Some(lock) => return Ok(lock),
                None if began.elapsed() < LOCK_PATIENCE => std::thread::sleep(Duration::from_millis(10)),
                None => {
                    return Err(Failure::new(format!(
                        "{} is in use by another groups-server; {advice}",
                        path.display()
                    )));
                }
            }
        }
    }

    /// Nothing where another process has it.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, Failure> {
        let lock_path = beside(path, "-lock");
        let failure = |error: io::Error| Failure::new(format!("cannot open {}: {error}", lock_path.display()));
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
