//! What is done to the files under a folder: recorded in one sequence, and failed where told. Knows nothing of SQLite
//! but the numbers of its errors.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rusqlite::ffi;

/// A file of the recording: the same under another name, another where it was deleted and made anew.
pub type FileId = usize;

/// Something that was done, and has succeeded unless it says otherwise.
#[derive(Clone, Debug)]
pub enum Event {
    /// A file was made under a name.
    Made(FileId, String),
    /// A file that was there before the recording, with what was in it.
    Found(FileId, String, Vec<u8>),
    /// A file was opened under another name than before: it was renamed meanwhile, by other means.
    Renamed(FileId, String),
    Write(FileId, u64, Vec<u8>),
    Truncate(FileId, u64),
    /// All writes to the file so far are on the disk and, with `true`, all names of the folder.
    Sync(FileId, bool),
    /// A sync has failed: what it was for may never reach the disk.
    SyncFailed(FileId),
    /// A name is gone; with `true`, this is on the disk.
    Delete(String, bool),
    /// What the test has to say, at its place in the sequence.
    Mark(u64),
}

/// The kinds of operations that can be failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Open,
    Read,
    Write,
    Sync,
    Truncate,
    Size,
    Lock,
    ShmMap,
    ShmLock,
    Delete,
    Access,
}

impl Kind {
    pub const ALL: [Kind; 11] = [
        Kind::Open,
        Kind::Read,
        Kind::Write,
        Kind::Sync,
        Kind::Truncate,
        Kind::Size,
        Kind::Lock,
        Kind::ShmMap,
        Kind::ShmLock,
        Kind::Delete,
        Kind::Access,
    ];

    /// The error that SQLite's own VFS gives where the system fails the operation.
    pub fn error(self) -> i32 {
        match self {
            Kind::Open => ffi::SQLITE_CANTOPEN,
            Kind::Read => ffi::SQLITE_IOERR_READ,
            Kind::Write => ffi::SQLITE_IOERR_WRITE,
            Kind::Sync => ffi::SQLITE_IOERR_FSYNC,
            Kind::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
            Kind::Size => ffi::SQLITE_IOERR_FSTAT,
            Kind::Lock => ffi::SQLITE_IOERR_LOCK,
            Kind::ShmMap => ffi::SQLITE_IOERR_SHMMAP,
            Kind::ShmLock => ffi::SQLITE_IOERR_SHMLOCK,
            Kind::Delete => ffi::SQLITE_IOERR_DELETE,
            Kind::Access => ffi::SQLITE_IOERR_ACCESS,
        }
    }
}

/// Which operations fail: of these `kinds` the one at `index`, counted from 0, and with `on` all after it.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kinds: Vec<Kind>,
    /// Only of files whose name ends so.
    pub suffix: &'static str,
    pub index: u64,
    pub on: bool,
    /// Another error than the kind's own.
    pub error: Option<i32>,
}

/// Watches over the files under a folder until it is dropped and the last of them is closed.
pub struct Tap {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recording: bool,
    /// How long a sync takes, where it is none.
    mock_sync: Option<Duration>,
    events: Vec<Event>,
    /// Files by device and inode, with the name under which each was opened last.
    files: HashMap<(u64, u64), (FileId, String)>,
    file_count: FileId,
    fault: Option<Fault>,
    counted: u64,
    failed: Vec<Kind>,
}

static TAPS: Mutex<Vec<Weak<Tap>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tap {
    /// # Panics
    /// Where there is no such folder.
    pub fn on(folder: &Path) -> Arc<Self> {
        let folder = fs::canonicalize(folder).expect("the folder exists");
        let tap = Arc::new(Tap {
            folder,
            state: Mutex::default(),
        });
        let mut taps = lock(&TAPS);
        taps.retain(|tap| tap.strong_count() > 0);
        taps.push(Arc::downgrade(&tap));
        tap
    }

    /// The tap over the folder that a file is in.
    pub(crate) fn over(path: &Path) -> Option<Arc<Self>> {
        let taps: Vec<Arc<Self>> = lock(&TAPS).iter().filter_map(Weak::upgrade).collect();
        taps.into_iter().find(|tap| path.starts_with(&tap.folder))
    }

    /// Has no sync reach the disk from now on: each only takes `time`, and what was written is as safe as if.
    pub fn mock_syncs(&self, time: Duration) {
        lock(&self.state).mock_sync = Some(time);
    }

    /// Keeps all that is done from now on.
    pub fn record(&self) {
        lock(&self.state).recording = true;
    }

    /// Ends the recording and answers with it.
    pub fn recorded(&self) -> Vec<Event> {
        let mut state = lock(&self.state);
        state.recording = false;
        std::mem::take(&mut state.events)
    }

    /// Puts a mark into the recording.
    pub fn mark(&self, mark: u64) {
        lock(&self.state).keep(|| Event::Mark(mark));
    }

    /// Fails operations from now on; what failed before is forgotten.
    pub fn fail(&self, fault: Fault) {
        let mut state = lock(&self.state);
        state.counted = 0;
        state.failed.clear();
        state.fault = Some(fault);
    }

    /// Fails nothing any more; tells how many operations of the fault's kinds there were.
    pub fn lift(&self) -> u64 {
        let mut state = lock(&self.state);
        state.fault = None;
        state.counted
    }

    /// The operations that have failed.
    pub fn failed(&self) -> Vec<Kind> {
        lock(&self.state).failed.clone()
    }

    /// Does an operation, unless it is to fail, with nothing else done at the same time.
    pub(crate) fn operate(
        &self,
        kind: Kind,
        name: &str,
        operation: impl FnOnce() -> i32,
        event: impl FnOnce() -> Option<Event>,
    ) -> i32 {
        let mut state = lock(&self.state);
        if let Some(error) = state.failure(kind, name) {
            return error;
        }
        let code = operation();
        if code == ffi::SQLITE_OK && state.recording {
            state.events.extend(event());
        }
        code
    }

    /// As `operate`, of what is not recorded.
    pub(crate) fn pass(&self, kind: Kind, name: &str, operation: impl FnOnce() -> i32) -> i32 {
        let failure = lock(&self.state).failure(kind, name);
        failure.unwrap_or_else(operation)
    }

    pub(crate) fn sync(&self, file: FileId, name: &str, folder_too: bool, operation: impl FnOnce() -> i32) -> i32 {
        let mut state = lock(&self.state);
        if let Some(error) = state.failure(Kind::Sync, name) {
            state.keep(|| Event::SyncFailed(file));
            return error;
        }
        let code = match state.mock_sync {
            Some(time) => {
                std::thread::sleep(time);
                ffi::SQLITE_OK
            }
            None => operation(),
        };
        if code == ffi::SQLITE_OK {
            state.keep(|| Event::Sync(file, folder_too));
        }
        code
    }

    pub(crate) fn has_mock_syncs(&self) -> bool {
        lock(&self.state).mock_sync.is_some()
    }

    /// Opens a file by `operation`; tells its id and whether it was made.
    pub(crate) fn open(&self, path: &Path, operation: impl FnOnce() -> i32) -> Result<(FileId, bool), i32> {
        let mut state = lock(&self.state);
        let name = self.name(path);
        if let Some(error) = state.failure(Kind::Open, &name) {
            return Err(error);
        }
        let was_there = identity(path);
        // Before it is open: a close would take SQLite's locks on it with it.
        let unknown = state.recording && was_there.is_some_and(|key| !state.files.contains_key(&key));
        let content = unknown.then(|| fs::read(path).unwrap_or_default());
        match operation() {
            ffi::SQLITE_OK => {}
            error => return Err(error),
        }
        let made = was_there.is_none();
        let file = match was_there.or_else(|| identity(path)) {
            Some(key) => state.name_file(key, name, content, made),
            None => return Err(ffi::SQLITE_CANTOPEN),
        };
        Ok((file, made))
    }

    pub(crate) fn delete(&self, path: &Path, synced: bool, operation: impl FnOnce() -> i32) -> i32 {
        let mut state = lock(&self.state);
        let name = self.name(path);
        if let Some(error) = state.failure(Kind::Delete, &name) {
            return error;
        }
        let key = identity(path);
        let code = operation();
        if code == ffi::SQLITE_OK {
            // The system may give its inode to another file.
            key.and_then(|key| state.files.remove(&key));
            state.keep(|| Event::Delete(name, synced));
        }
        code
    }

    /// A file's name within the folder.
    pub(crate) fn name(&self, path: &Path) -> String {
        let name = path.strip_prefix(&self.folder).unwrap_or(path);
        name.to_string_lossy().into_owned()
    }
}

/// What a file is known by, whatever its name.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

impl State {
    fn keep(&mut self, event: impl FnOnce() -> Event) {
        if self.recording {
            self.events.push(event());
        }
    }

    fn name_file(&mut self, key: (u64, u64), name: String, content: Option<Vec<u8>>, made: bool) -> FileId {
        match self.files.get_mut(&key) {
            Some((file, known)) if !made => {
                let file = *file;
                if *known != name {
                    known.clone_from(&name);
                    self.keep(|| Event::Renamed(file, name));
                }
                file
            }
            _ => {
                let file = self.file_count;
                self.file_count += 1;
                self.files.insert(key, (file, name.clone()));
                self.keep(|| match content {
                    Some(content) => Event::Found(file, name, content),
                    None => Event::Made(file, name),
                });
                file
            }
        }
    }

    /// The error of an operation that is to fail.
    fn failure(&mut self, kind: Kind, name: &str) -> Option<i32> {
        let fault = self.fault.as_ref()?;
        if !fault.kinds.contains(&kind) || !name.ends_with(fault.suffix) {
            return None;
        }
        let index = self.counted;
        self.counted += 1;
        if index == fault.index || fault.on && index > fault.index {
            self.failed.push(kind);
            return Some(fault.error.unwrap_or(kind.error()));
        }
        None
    }
}
