//! Records the operations on the files in a folder as one sequence, and injects faults. Knows nothing of SQLite except
//! its error codes.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rusqlite::ffi;

/// A file in a recording. It keeps its id when it is renamed; a file that replaces a deleted one gets a new id.
pub type FileId = usize;

/// An operation that succeeded, unless it says otherwise.
#[derive(Clone, Debug)]
pub enum Event {
    /// A file was created under this name.
    Created(FileId, String),
    /// A file was opened that existed before the recording, with this name and content.
    Existing(FileId, String, Vec<u8>),
    /// A file was opened under this name, after it had been opened under another: the program itself renamed it.
    Renamed(FileId, String),
    /// Bytes were written at an offset.
    Write(FileId, u64, Vec<u8>),
    Truncate(FileId, u64),
    /// All earlier writes to the file are on the disk and, if `true`, so are all changes to the folder's names.
    Sync(FileId, bool),
    /// A sync failed: the earlier writes to the file may never reach the disk.
    SyncFailed(FileId),
    /// A name was deleted; if `true`, the deletion is on the disk.
    Delete(String, bool),
    /// A mark that the test set at this point.
    Mark(u64),
}

/// An operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
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

impl Operation {
    pub const ALL: [Operation; 11] = [
        Operation::Open,
        Operation::Read,
        Operation::Write,
        Operation::Sync,
        Operation::Truncate,
        Operation::Size,
        Operation::Lock,
        Operation::ShmMap,
        Operation::ShmLock,
        Operation::Delete,
        Operation::Access,
    ];

    /// The error code that SQLite's own VFS returns when the operating system fails the operation.
    pub fn error(self) -> i32 {
        match self {
            Operation::Open => ffi::SQLITE_CANTOPEN,
            Operation::Read => ffi::SQLITE_IOERR_READ,
            Operation::Write => ffi::SQLITE_IOERR_WRITE,
            Operation::Sync => ffi::SQLITE_IOERR_FSYNC,
            Operation::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
            Operation::Size => ffi::SQLITE_IOERR_FSTAT,
            Operation::Lock => ffi::SQLITE_IOERR_LOCK,
            Operation::ShmMap => ffi::SQLITE_IOERR_SHMMAP,
            Operation::ShmLock => ffi::SQLITE_IOERR_SHMLOCK,
            Operation::Delete => ffi::SQLITE_IOERR_DELETE,
            Operation::Access => ffi::SQLITE_IOERR_ACCESS,
        }
    }
}

/// Which operations fail.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The operations that are counted and can fail.
    pub operations: Vec<Operation>,
    /// Only operations on files whose name ends with this are counted.
    pub suffix: &'static str,
    /// The counted operation that fails, from 0.
    pub index: u64,
    /// Whether all counted operations after it fail, too.
    pub persistent: bool,
    /// An error code other than the operation's own.
    pub error: Option<i32>,
}

/// Intercepts the operations on the files in a folder, until it is dropped and the last of them is closed.
pub struct Interceptor {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recording: bool,
    /// How long a sync takes, if syncs are mocked.
    mock_sync: Option<Duration>,
    events: Vec<Event>,
    /// Files by device and inode, with the name under which each was last opened.
    files: HashMap<(u64, u64), (FileId, String)>,
    file_count: FileId,
    fault: Option<Fault>,
    counted: u64,
    failed: Vec<Operation>,
}

static INTERCEPTORS: Mutex<Vec<Weak<Interceptor>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Interceptor {
    /// Intercepts operations in `folder` from now on.
    ///
    /// # Panics
    /// If the folder does not exist.
    pub fn on(folder: &Path) -> Arc<Self> {
        let folder = fs::canonicalize(folder).expect("the folder exists");
        let interceptor = Arc::new(Interceptor {
            folder,
            state: Mutex::default(),
        });
        let mut interceptors = lock(&INTERCEPTORS);
        interceptors.retain(|interceptor| interceptor.strong_count() > 0);
        interceptors.push(Arc::downgrade(&interceptor));
        interceptor
    }

    /// The interceptor of the folder that a file is in.
    pub(crate) fn for_file(path: &Path) -> Option<Arc<Self>> {
        let interceptors: Vec<Arc<Self>> = lock(&INTERCEPTORS).iter().filter_map(Weak::upgrade).collect();
        interceptors
            .into_iter()
            .find(|interceptor| path.starts_with(&interceptor.folder))
    }

    /// Replaces syncs with a pause of `time`. They are recorded as if they had reached the disk.
    pub fn mock_syncs(&self, time: Duration) {
        lock(&self.state).mock_sync = Some(time);
    }

    /// Starts recording.
    pub fn start_recording(&self) {
        lock(&self.state).recording = true;
    }

    /// Stops recording and returns the recorded events.
    pub fn stop_recording(&self) -> Vec<Event> {
        let mut state = lock(&self.state);
        state.recording = false;
        std::mem::take(&mut state.events)
    }

    /// Adds a mark to the recording.
    pub fn mark(&self, mark: u64) {
        lock(&self.state).record(|| Event::Mark(mark));
    }

    /// Injects a fault from now on, in place of an earlier one.
    pub fn inject(&self, fault: Fault) {
        let mut state = lock(&self.state);
        state.counted = 0;
        state.failed.clear();
        state.fault = Some(fault);
    }

    /// Removes the fault, and returns how many operations were counted since it was injected.
    pub fn clear_fault(&self) -> u64 {
        let mut state = lock(&self.state);
        state.fault = None;
        state.counted
    }

    /// The operations that the latest fault has made fail.
    pub fn failed(&self) -> Vec<Operation> {
        lock(&self.state).failed.clone()
    }

    /// Performs an operation and records it, or fails it. Operations in a folder are serialized.
    pub(crate) fn perform(
        &self,
        kind: Operation,
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

    /// Performs an operation without recording it, or fails it.
    pub(crate) fn perform_unrecorded(&self, kind: Operation, name: &str, operation: impl FnOnce() -> i32) -> i32 {
        let failure = lock(&self.state).failure(kind, name);
        failure.unwrap_or_else(operation)
    }

    /// Syncs a file or, with `and_folder`, the file and its folder.
    pub(crate) fn sync(&self, file: FileId, name: &str, and_folder: bool, operation: impl FnOnce() -> i32) -> i32 {
        let mut state = lock(&self.state);
        if let Some(error) = state.failure(Operation::Sync, name) {
            state.record(|| Event::SyncFailed(file));
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
            state.record(|| Event::Sync(file, and_folder));
        }
        code
    }

    pub(crate) fn has_mock_syncs(&self) -> bool {
        lock(&self.state).mock_sync.is_some()
    }

    /// Opens a file with `operation`. Returns its id and whether this created it.
    pub(crate) fn open(&self, path: &Path, operation: impl FnOnce() -> i32) -> Result<(FileId, bool), i32> {
        let mut state = lock(&self.state);
        let name = self.name(path);
        if let Some(error) = state.failure(Operation::Open, &name) {
            return Err(error);
        }
        let existing = identity(path);
        // Read the content before SQLite opens the file: closing a descriptor later would drop SQLite's POSIX locks.
        let unknown = state.recording && existing.is_some_and(|key| !state.files.contains_key(&key));
        let content = unknown.then(|| fs::read(path).unwrap_or_default());
        match operation() {
            ffi::SQLITE_OK => {}
            error => return Err(error),
        }
        let created = existing.is_none();
        let file = match existing.or_else(|| identity(path)) {
            Some(key) => state.name_file(key, name, content, created),
            None => return Err(ffi::SQLITE_CANTOPEN),
        };
        Ok((file, created))
    }

    pub(crate) fn delete(&self, path: &Path, synced: bool, operation: impl FnOnce() -> i32) -> i32 {
        let mut state = lock(&self.state);
        let name = self.name(path);
        if let Some(error) = state.failure(Operation::Delete, &name) {
            return error;
        }
        let key = identity(path);
        let code = operation();
        if code == ffi::SQLITE_OK {
            // The operating system may reuse its inode for another file.
            key.and_then(|key| state.files.remove(&key));
            state.record(|| Event::Delete(name, synced));
        }
        code
    }

    /// A file's name within the folder.
    pub(crate) fn name(&self, path: &Path) -> String {
        let name = path.strip_prefix(&self.folder).unwrap_or(path);
        name.to_string_lossy().into_owned()
    }
}

/// Identifies a file independently of its name, by device and inode.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

impl State {
    fn record(&mut self, event: impl FnOnce() -> Event) {
        if self.recording {
            self.events.push(event());
        }
    }

    /// The id of a file that was opened under a name.
    fn name_file(&mut self, key: (u64, u64), name: String, content: Option<Vec<u8>>, created: bool) -> FileId {
        match self.files.get_mut(&key) {
            Some((file, known)) if !created => {
                let file = *file;
                if *known != name {
                    known.clone_from(&name);
                    self.record(|| Event::Renamed(file, name));
                }
                file
            }
            _ => {
                let file = self.file_count;
                self.file_count += 1;
                self.files.insert(key, (file, name.clone()));
                self.record(|| match content {
                    Some(content) => Event::Existing(file, name, content),
                    None => Event::Created(file, name),
                });
                file
            }
        }
    }

    /// Counts an operation, and returns its error code if it must fail.
    fn failure(&mut self, kind: Operation, name: &str) -> Option<i32> {
        let fault = self.fault.as_ref()?;
        if !fault.operations.contains(&kind) || !name.ends_with(fault.suffix) {
            return None;
        }
        let index = self.counted;
        self.counted += 1;
        if index == fault.index || fault.persistent && index > fault.index {
            self.failed.push(kind);
            return Some(fault.error.unwrap_or(kind.error()));
        }
        None
    }
}
