//! The paths of the database and of what lies beside it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::Failure;

/// The database and what lies beside it: SQLite's files, the lock, the drafts of making it and of restoring it.
const SUFFIXES: [&str; 7] = ["", "-wal", "-shm", "-journal", "-lock", "-new", RESTORED];

/// The logs of what is not in the file yet, or may have to be taken back.
pub const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Beside the database: what is to take its place, whole. It is there while a restore moves the old one away.
pub const RESTORED: &str = "-restored";

/// The absolute path of the file itself, symbolic links followed, so that every process locks the same one.
pub fn resolve(path: &Path) -> Result<PathBuf, Failure> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    if path.is_symlink() {
        return Err(Failure::new(format!(
            "{} is a link to a file that does not exist",
            path.display()
        )));
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder_found = fs::canonicalize(folder).map_err(|error| {
        Failure::new(format!(
            "cannot open the folder {}: {error}; make it first",
            folder.display()
        ))
    })?;
    match path.file_name() {
        Some(name) => Ok(folder_found.join(name)),
        None => Err(Failure::new(format!("{} does not name a file", path.display()))),
    }
}

/// Has the names in the folder of `path` on the disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder of a resolved path.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// The log beside `path`, also an empty one: somebody may have the file open.
pub fn log_of(path: &Path) -> Option<PathBuf> {
    LOGS.iter().map(|suffix| beside(path, suffix)).find(|log| log.exists())
}

/// Whether `path` is the database `db` or one of the files that belong to it, by its name or as a link.
pub fn belongs_to(db: &Path, path: &Path) -> bool {
    let same = |own: &Path| match (fs::metadata(own), fs::metadata(path)) {
        (Ok(own), Ok(found)) => (own.dev(), own.ino()) == (found.dev(), found.ino()),
        _ => false,
    };
    SUFFIXES.iter().any(|suffix| {
        let own = beside(db, suffix);
        own == path || same(&own)
    })
}

pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
