//! The methods of an intercepted open file. Each reports to the interceptor and delegates to the default VFS's file,
//! which is placed right after ours in memory.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use crate::interceptor::{Event, FileId, Interceptor, Operation};

/// An open file, as SQLite holds it.
#[repr(C, align(16))]
pub struct File {
    base: ffi::sqlite3_file,
    intercepted: *mut Intercepted,
}

struct Intercepted {
    interceptor: Arc<Interceptor>,
    id: FileId,
    name: String,
    /// Whether the next sync covers the folder, too: the default VFS does this for a new WAL or journal.
    syncs_folder: bool,
}

/// The offset of the default VFS's file.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "it is a few bytes"
)]
pub const OFFSET: c_int = size_of::<File>() as c_int;

impl File {
    /// Turns `file`, in which the default VFS's file is open, into an intercepted file.
    ///
    /// # Safety
    /// `file` has room for both.
    pub unsafe fn init(
        file: *mut ffi::sqlite3_file,
        interceptor: Arc<Interceptor>,
        id: FileId,
        name: String,
        syncs_folder: bool,
    ) {
        let intercepted = Box::into_raw(Box::new(Intercepted {
            interceptor,
            id,
            name,
            syncs_folder,
        }));
        let base = ffi::sqlite3_file { pMethods: &METHODS };
        // SAFETY: by this function's contract. Unaligned, because SQLite aligns only to 8 bytes.
        unsafe { ptr::write_unaligned(file.cast::<File>(), File { base, intercepted }) };
    }
}

/// The default VFS's file within an intercepted file.
///
/// # Safety
/// `file` has room for both.
pub unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: within the room for both.
    unsafe { file.byte_add(size_of::<File>()) }
}

/// Closes a file of the default VFS that a failed open may have left open.
///
/// # Safety
/// The default VFS was asked to open it.
pub unsafe fn close_real(file: *mut ffi::sqlite3_file) {
    // SAFETY: by this function's contract, its methods are null or the default VFS's.
    unsafe {
        if let Some(close) = (*file).pMethods.as_ref().and_then(|methods| methods.xClose) {
            close(file);
        }
    }
}

/// Our state of an open file. SQLite uses a file on one thread at a time.
///
/// # Safety
/// `file` was initialized by `init` and is not closed.
unsafe fn intercepted<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Intercepted {
    // SAFETY: by this function's contract; only `close` frees it.
    unsafe { &mut *ptr::read_unaligned(&raw const (*file.cast::<File>()).intercepted) }
}

/// Calls a method of the default VFS's file.
macro_rules! delegate {
    ($file:ident.$method:ident($($argument:expr),*)) => {{
        let file = real($file);
        match (*(*file).pMethods).$method {
            Some(method) => method(file $(, $argument)*),
            None => ffi::SQLITE_NOTFOUND,
        }
    }};
}

/// Defines a method that is not recorded. It can fail as the given operation, or not at all if that is `None`.
macro_rules! unrecorded {
    ($name:ident, $method:ident, $operation:expr $(, $argument:ident: $type:ty)*) => {
        /// # Safety
        /// As SQLite calls it, with a file that is ours.
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            let operation: Option<Operation> = $operation;
            // SAFETY: by this function's contract; the default VFS's own method, with SQLite's arguments.
            unsafe {
                match operation {
                    Some(operation) => {
                        let intercepted = intercepted(file);
                        let perform = || delegate!(file.$method($($argument),*));
                        intercepted.interceptor.perform_unrecorded(operation, &intercepted.name, perform)
                    }
                    None => delegate!(file.$method($($argument),*)),
                }
            }
        }
    };
}

unrecorded!(read, xRead, Some(Operation::Read), into: *mut c_void, amount: c_int, offset: i64);
unrecorded!(size, xFileSize, Some(Operation::Size), out: *mut i64);
unrecorded!(lock, xLock, Some(Operation::Lock), level: c_int);
unrecorded!(unlock, xUnlock, None, level: c_int);
unrecorded!(check_reserved_lock, xCheckReservedLock, Some(Operation::Lock), out: *mut c_int);
unrecorded!(control, xFileControl, None, operation: c_int, argument: *mut c_void);
unrecorded!(sector_size, xSectorSize, None);
unrecorded!(characteristics, xDeviceCharacteristics, None);
unrecorded!(shm_map, xShmMap, Some(Operation::ShmMap), page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
// Only locking can fail: SQLite ignores the result of an unlock.
unrecorded!(shm_lock, xShmLock, (flags & ffi::SQLITE_SHM_LOCK != 0).then_some(Operation::ShmLock), offset: c_int, n: c_int, flags: c_int);
unrecorded!(shm_unmap, xShmUnmap, None, delete: c_int);
unrecorded!(fetch, xFetch, None, offset: i64, amount: c_int, out: *mut *mut c_void);
unrecorded!(unfetch, xUnfetch, None, offset: i64, page: *mut c_void);

/// # Safety
/// As SQLite calls it, with a file that is ours.
unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: the default VFS's own method.
    unsafe {
        let file = real(file);
        if let Some(barrier) = (*(*file).pMethods).xShmBarrier {
            barrier(file);
        }
    }
}

/// # Safety
/// As SQLite calls it, with a file that is ours, which it does not use afterwards.
unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: by this function's contract: it came from a box, and nothing uses it afterwards.
    unsafe {
        let code = delegate!(file.xClose());
        drop(Box::from_raw(intercepted(file)));
        (*file).pMethods = ptr::null();
        code
    }
}

/// # Safety
/// As SQLite calls it, with a file that is ours and `amount` bytes at `from`.
unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: by this function's contract.
    let (intercepted, bytes) = unsafe {
        let length = usize::try_from(amount).unwrap_or(0);
        (intercepted(file), std::slice::from_raw_parts(from.cast::<u8>(), length))
    };
    let event = || {
        let offset = u64::try_from(offset).ok()?;
        Some(Event::Write(intercepted.id, offset, bytes.to_vec()))
    };
    // SAFETY: the default VFS's own method, with SQLite's arguments.
    let write = || unsafe { delegate!(file.xWrite(from, amount, offset)) };
    intercepted
        .interceptor
        .perform(Operation::Write, &intercepted.name, write, event)
}

/// # Safety
/// As SQLite calls it, with a file that is ours.
unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: by this function's contract.
    let intercepted = unsafe { intercepted(file) };
    let event = || Some(Event::Truncate(intercepted.id, u64::try_from(size).ok()?));
    // SAFETY: the default VFS's own method, with SQLite's arguments.
    let truncate = || unsafe { delegate!(file.xTruncate(size)) };
    intercepted
        .interceptor
        .perform(Operation::Truncate, &intercepted.name, truncate, event)
}

/// # Safety
/// As SQLite calls it, with a file that is ours.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: by this function's contract.
    let intercepted = unsafe { intercepted(file) };
    // SAFETY: the default VFS's own method, with SQLite's arguments.
    let sync = || unsafe { delegate!(file.xSync(flags)) };
    let code = intercepted
        .interceptor
        .sync(intercepted.id, &intercepted.name, intercepted.syncs_folder, sync);
    intercepted.syncs_folder &= code != ffi::SQLITE_OK;
    code
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};
