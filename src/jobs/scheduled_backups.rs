//! Scheduled backups: when the next one is due, its name, and which old ones are pruned. How a backup is made is not
//! here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::db::Lock;
use crate::error::Failure;
use crate::maintenance::backup;
use crate::supervisor::{OnFailure, Shutdown, Supervisor};
use crate::types::time::Timestamp;

/// A failed backup is tried again after this time, or after the schedule's period if that is shorter.
const RETRY: Duration = Duration::from_secs(300);

/// Where backups are made, how often, and how many are kept.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub folder: PathBuf,
    pub every: Duration,
    pub keep: usize,
}

/// Backups of one server. Its folder is locked: a second server would prune the first one's backups.
pub struct Backups {
    db: PathBuf,
    schedule: Schedule,
    /// The time until the next backup, by the monotonic clock: a changed system time cannot postpone it.
    wait: Duration,
    _lock: Lock,
}

impl Backups {
    /// Locks the folder of `schedule` for backups of the database `db`, which must exist.
    ///
    /// # Errors
    /// Why the folder cannot be used.
    pub fn open(db: &Path, mut schedule: Schedule) -> Result<Self, Failure> {
        let failure = |path: &Path, error| Failure::new(format!("cannot open {}: {error}", path.display()));
        let db = fs::canonicalize(db).map_err(|error| failure(db, error))?;
        let folder = fs::canonicalize(&schedule.folder).and_then(|folder| fs::read_dir(&folder).map(|_| folder));
        schedule.folder = folder.map_err(|error| {
            let why = format!("{error}; --backup-dir must be an existing folder");
            failure(&schedule.folder, io::Error::other(why))
        })?;
        let lock = Lock::acquire(
            &schedule.folder.join("backups"),
            "is in use by another groups-server; give another --backup-dir",
        )?;
        let mut backups = Backups {
            db,
            schedule,
            wait: Duration::ZERO,
            _lock: lock,
        };
        backups.wait = backups.first_wait();
        let (folder, wait) = (backups.schedule.folder.display(), backups.wait.as_secs());
        tracing::info!("backups go to {folder}, the first in {wait} s");
        Ok(backups)
    }

    /// Makes backups under `supervisor` until its shutdown, which ends one in progress. A failed one is retried.
    ///
    /// # Errors
    /// The system cannot start another thread.
    pub fn start(mut self, supervisor: &mut Supervisor) -> Result<(), Failure> {
        let retry = OnFailure::Restart(self.schedule.every.min(RETRY));
        supervisor
            .spawn("backups", retry, move |shutdown| self.run(shutdown))
            .map_err(|error| Failure::new(error.to_string()))
    }

    /// Makes backups until the shutdown. After an error, the next run starts with a backup.
    fn run(&mut self, shutdown: &Shutdown) -> Result<(), Failure> {
        while !shutdown.wait(self.wait) {
            self.wait = Duration::ZERO;
            match self.back_up(shutdown) {
                // An interrupted backup is not a failed one.
                _ if shutdown.is_requested() => break,
                Ok(()) => self.wait = self.schedule.every,
                Err(why) => return Err(Failure::new(format!("no backup was made: {why}"))),
            }
        }
        Ok(())
    }

    /// The time until the first backup. It counts from the newest existing one, so that a server that is restarted more
    /// often than backups are due still makes some.
    fn first_wait(&self) -> Duration {
        let newest = self.existing().ok().and_then(|mut existing| existing.pop());
        // No age for a file from the future: the clock was set back, and a backup is due now.
        let age = newest.and_then(|(_, path)| fs::metadata(path).ok()?.modified().ok()?.elapsed().ok());
        age.map_or(Duration::ZERO, |age| self.schedule.every.saturating_sub(age))
    }

    /// Makes one backup, then prunes.
    fn back_up(&self, shutdown: &Shutdown) -> Result<(), Failure> {
        let failure = |error| Failure::new(format!("{}: {error}", self.schedule.folder.display()));
        // Names order the backups: each must be later than all before it, even if the clock was set back.
        let newest = self.existing().map_err(failure)?.pop();
        let time = newest.map_or(Timestamp::now(), |(newest, _)| newest.plus(1).max(Timestamp::now()));
        let path = self.schedule.folder.join(name(time));
        let size = backup::create(&self.db, &path, shutdown)?;
        tracing::info!("backed up to {}, {size} bytes", path.display());
        self.prune().map_err(failure)
    }

    /// Deletes the oldest backups beyond the number that is kept.
    fn prune(&self) -> io::Result<()> {
        let mut existing = self.existing()?;
        existing.truncate(existing.len().saturating_sub(self.schedule.keep));
        for (_, old) in existing {
            if let Err(error) = fs::remove_file(&old) {
                tracing::error!("cannot delete the old backup {}: {error}", old.display());
            }
        }
        Ok(())
    }

    /// The backups in the folder, oldest first. Only exact names count: any other file is not ours to prune.
    fn existing(&self) -> io::Result<Vec<(Timestamp, PathBuf)>> {
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::store::{Missing, Session};

    const PATIENCE: Duration = Duration::from_secs(20);

    fn backups(folder: &Path, every: Duration, keep: usize) -> Backups {
        let db = folder.join("groups.db");
        drop(Session::open(&db, Missing::Create).unwrap());
        let schedule = Schedule {
            folder: folder.to_owned(),
            every,
            keep,
        };
        Backups::open(&db, schedule).unwrap()
    }

    fn count(folder: &Path) -> usize {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().and_then(time_of).is_some()).count()
    }

    #[test]
    fn a_shutdown_ends_the_wait_for_the_next_backup() {
        let folder = tempfile::tempdir().unwrap();
        let mut supervisor = Supervisor::default();
        let began = Instant::now();
        let backups = backups(folder.path(), Duration::MAX, 1);
        backups.start(&mut supervisor).unwrap();
        while count(folder.path()) == 0 {
            assert!(began.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(supervisor);
        assert_eq!(count(folder.path()), 1);
    }

    #[test]
    fn a_failed_backup_is_retried_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut backups = backups(folder.path(), Duration::MAX, 1);
        let draft = folder.path().join("groups-backup-draft");
        fs::create_dir(&draft).unwrap();
        let failure = backups.run(&Shutdown::default()).unwrap_err();
        assert!(failure.to_string().starts_with("no backup was made: "), "{failure}");
        assert_eq!(backups.wait, Duration::ZERO);
    }
}
