//! Backups that the server makes by itself, on a thread of its own: when the next is due, under which name, and which old
//! ones go. The backup itself is store/backup.rs's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::db::Lock;
use crate::error::Failure;
use crate::maintenance::backup;
use crate::supervisor::Shutdown as Stop;
use crate::types::time::Timestamp;

/// After a backup that failed, the next is tried so soon.
const RETRY: Duration = Duration::from_secs(300);

/// Where backups are made, how often, and how many are kept.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub folder: PathBuf,
    pub every: Duration,
    pub keep: usize,
}

/// A folder for the backups of one server: another one would delete them.
pub struct Backups {
    db: PathBuf,
    schedule: Schedule,
    _lock: Lock,
}

impl Backups {
    /// # Errors
    /// A sentence that says why the folder cannot be used.
    pub fn open(db: &Path, mut schedule: Schedule) -> Result<Self, Failure> {
        let failure = |path: &Path, error| Failure::new(format!("cannot open {}: {error}", path.display()));
        let db = fs::canonicalize(db).map_err(|error| failure(db, error))?;
        let folder = fs::canonicalize(&schedule.folder).and_then(|folder| fs::read_dir(&folder).map(|_| folder));
        schedule.folder = folder.map_err(|error| {
            let why = format!("{error}; --backup-dir must be a folder that is there");
            failure(&schedule.folder, io::Error::other(why))
        })?;
        let lock = Lock::acquire(
            &schedule.folder.join("backups"),
            "is in use by another groups-server; give another --backup-dir",
        )?;
        Ok(Backups {
            db,
            schedule,
            _lock: lock,
        })
    }

    /// Starts the thread that makes them.
    pub fn start(self) -> Result<Running, Failure> {
        let stop = Stop::default();
        let (end, ended) = sync_channel(0);
        let stopped = Stop::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("backups".to_owned())
            .spawn(move || self.run(&ended, &stopped))
            .map_err(|error| Failure::new(format!("cannot start the thread for backups: {error}")))?;
        Ok(Running {
            stop,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Waits by a clock that nobody sets.
    fn run(&self, ended: &Receiver<()>, stop: &Stop) {
        let mut wait = self.first_wait();
        tracing::info!(
            "backups go to {}, the first in {} s",
            self.schedule.folder.display(),
            wait.as_secs()
        );
        while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            wait = match self.back_up(stop) {
                Ok(()) => self.schedule.every,
                Err(_) if stop.is_requested() => break,
                Err(why) => {
                    tracing::error!("no backup was made: {why}");
                    self.schedule.every.min(RETRY)
                }
            };
        }
    }

    /// How long the first backup may wait: so that a server that is started again and again makes some, too.
    fn first_wait(&self) -> Duration {
        let newest = self.there().ok().and_then(|mut there| there.pop());
        // A file from the future tells that the clock was set.
        let age = newest.and_then(|(_, path)| fs::metadata(path).ok()?.modified().ok()?.elapsed().ok());
        age.map_or(Duration::ZERO, |age| self.schedule.every.saturating_sub(age))
    }

    fn back_up(&self, stop: &Stop) -> Result<(), Failure> {
        let failure = |error| Failure::new(format!("{}: {error}", self.schedule.folder.display()));
        // Each is later than those before it, also where the clock was set back: the names tell which are the oldest.
        let newest = self.there().map_err(failure)?.pop();
        let time = newest.map_or(Timestamp::now(), |(newest, _)| newest.plus(1).max(Timestamp::now()));
        let path = self.schedule.folder.join(name(time));
        let size = backup::create(&self.db, &path, stop)?;
        tracing::info!("backed up to {}, {size} bytes", path.display());
        let mut there = self.there().map_err(failure)?;
        there.truncate(there.len().saturating_sub(self.schedule.keep));
        for (_, old) in there {
            if let Err(error) = fs::remove_file(&old) {
                tracing::error!("an old backup, {}, could not be deleted: {error}", old.display());
            }
        }
        Ok(())
    }

    /// The backups in the folder, the oldest first. A file that is named otherwise, if only by a letter, is somebody
    /// else's.
    fn there(&self) -> io::Result<Vec<(Timestamp, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.schedule.folder)? {
            let entry = entry?;
            let time = entry.file_name().to_str().and_then(time_of);
            if let Some(time) = time
                && entry.file_type()?.is_file()
                && entry.path() != self.db
            {
                found.push((time, entry.path()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

fn name(time: Timestamp) -> String {
    format!("groups-{}.db", time.stamp())
}

fn time_of(name: &str) -> Option<Timestamp> {
    let stamp = name.strip_prefix("groups-")?.strip_suffix(".db")?;
    Timestamp::from_stamp(stamp)
}

/// The handle to the thread.
pub struct Running {
    stop: Stop,
    end: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Ends what is under way, and does not wait for it: a backup that is not in place by then comes to nothing.
    pub fn stop(&mut self) {
        self.stop.request();
        self.end = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // What it panicked of is in the log already.
            drop(thread.join());
        }
    }
}
