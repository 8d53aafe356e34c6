//! The paths of the database and of the files beside it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::Error;

/// The database and the files beside it: SQLite's own, the lock, the drafts of a creation and of a restore.
const SUFFIXES: [&str; 7] = ["", "-wal", "-shm", "-journal", "-lock", "-new", RESTORED];

/// SQLite's journals: changes that are not in the file yet, or may have to be rolled back.
pub const JOURNALS: [&str; 2] = ["-wal", "-journal"];

/// Beside the database: the complete file that is about to replace it. It exists while a restore moves the old one away.
pub const RESTORED: &str = "-restored";

/// The absolute path of the file itself, with symbolic links resolved, so that every process locks the same one.
pub fn resolve(path: &Path) -> Result<PathBuf, Error> {
    if let Ok(found) = fs::canonicalize(path) {
        return Ok(found);
    }
    if path.is_symlink() {
        return Err(Error::unusable(format!(
            "{} is a link to a file that does not exist",
            path.display()
        )));
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let folder_found = fs::canonicalize(folder).map_err(|error| {
        Error::unusable(format!(
            "cannot open the folder {}: {error}; create it first",
            folder.display()
        ))
    })?;
    match path.file_name() {
        Some(name) => Ok(folder_found.join(name)),
        None => Err(Error::unusable(format!("{} does not name a file", path.display()))),
    }
}

/// Syncs the folder of `path`, so that the names in it are on the disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder of a resolved path.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// The journal beside `path`, even an empty one: another process may have the file open.
pub fn journal_of(path: &Path) -> Option<PathBuf> {
    JOURNALS
        .iter()
        .map(|suffix| beside(path, suffix))
        .find(|journal| journal.exists())
}

/// Whether `path` is the database `db` or one of the files that belong to it, by name or as a link.
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
