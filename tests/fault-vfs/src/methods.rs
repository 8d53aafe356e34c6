//! What SQLite does to an open file under a tap: told to the tap, and done by the default VFS's file, which lies in memory
//! after ours.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;

use rusqlite::ffi;

use crate::tap::{Event, FileId, Kind, Tap};

/// An open file, as SQLite holds it.
#[repr(C, align(16))]
pub struct File {
    base: ffi::sqlite3_file,
    tapped: *mut Tapped,
}

struct Tapped {
    tap: Arc<Tap>,
    id: FileId,
    name: String,
    /// Whether the next sync is the folder's, too: the default VFS does so for a new log or journal.
    syncs_folder: bool,
}

/// Where the default VFS's file begins.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a few bytes")]
pub const OFFSET: c_int = size_of::<File>() as c_int;

impl File {
    /// Makes `file`, whose default VFS's file is open, one of ours.
    ///
    /// # Safety
    /// There is room for it.
    pub unsafe fn put(file: *mut ffi::sqlite3_file, tap: Arc<Tap>, id: FileId, name: String, syncs_folder: bool) {
        let tapped = Box::into_raw(Box::new(Tapped {
            tap,
            id,
            name,
            syncs_folder,
        }));
        let base = ffi::sqlite3_file { pMethods: &METHODS };
        // SAFETY: as this function's. Unaligned, as SQLite aligns to 8 bytes.
        unsafe { ptr::write_unaligned(file.cast::<File>(), File { base, tapped }) };
    }
}

/// The default VFS's file of one of ours.
///
/// # Safety
/// `file` has room for both.
pub unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: within the room for both.
    unsafe { file.byte_add(size_of::<File>()) }
}

/// Closes a file of the default VFS that its opening may have left open.
///
/// # Safety
/// The default VFS was asked to open it.
pub unsafe fn close_real(file: *mut ffi::sqlite3_file) {
    // SAFETY: as this function's: its methods are null or its own.
    unsafe {
        if let Some(close) = (*file).pMethods.as_ref().and_then(|methods| methods.xClose) {
            close(file);
        }
    }
}

/// What we know of an open file. SQLite uses one on one thread at a time.
///
/// # Safety
/// `file` was made by `put` and is not closed.
unsafe fn tapped<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Tapped {
    // SAFETY: as this function's; only `close` frees it.
    unsafe { &mut *ptr::read_unaligned(&raw const (*file.cast::<File>()).tapped) }
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

/// A method that is told to the tap as an operation of this kind, and not recorded; without a kind, not told.
macro_rules! passing {
    ($name:ident, $method:ident, $kind:expr $(, $argument:ident: $type:ty)*) => {
        /// # Safety
        /// As SQLite calls it, with a file that is ours.
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $type)*) -> c_int {
            let kind: Option<Kind> = $kind;
            // SAFETY: as this function's; the default VFS's own method, with SQLite's own arguments.
            unsafe {
                match kind {
                    Some(kind) => {
                        let tapped = tapped(file);
                        tapped.tap.pass(kind, &tapped.name, || delegate!(file.$method($($argument),*)))
                    }
                    None => delegate!(file.$method($($argument),*)),
                }
            }
        }
    };
}

passing!(read, xRead, Some(Kind::Read), into: *mut c_void, amount: c_int, offset: i64);
passing!(size, xFileSize, Some(Kind::Size), out: *mut i64);
passing!(lock, xLock, Some(Kind::Lock), level: c_int);
passing!(unlock, xUnlock, None, level: c_int);
passing!(check_reserved_lock, xCheckReservedLock, Some(Kind::Lock), out: *mut c_int);
passing!(control, xFileControl, None, operation: c_int, argument: *mut c_void);
passing!(sector_size, xSectorSize, None);
passing!(characteristics, xDeviceCharacteristics, None);
passing!(shm_map, xShmMap, Some(Kind::ShmMap), page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
// An unlock that fails is none that SQLite's own VFS knows: it looks at no lock's end.
passing!(shm_lock, xShmLock, (flags & ffi::SQLITE_SHM_LOCK != 0).then_some(Kind::ShmLock), offset: c_int, n: c_int, flags: c_int);
passing!(shm_unmap, xShmUnmap, None, delete: c_int);
passing!(fetch, xFetch, None, offset: i64, amount: c_int, out: *mut *mut c_void);
passing!(unfetch, xUnfetch, None, offset: i64, page: *mut c_void);

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
/// As SQLite calls it, with a file that is ours, which it uses no more.
unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: as this function's: it came from a box and nobody has it after this.
    unsafe {
        let code = delegate!(file.xClose());
        drop(Box::from_raw(tapped(file)));
        (*file).pMethods = ptr::null();
        code
    }
}

/// # Safety
/// As SQLite calls it, with a file that is ours and `amount` bytes at `from`.
unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, offset: i64) -> c_int {
    // SAFETY: as this function's.
    let (tapped, bytes) = unsafe {
        let length = usize::try_from(amount).unwrap_or(0);
        (tapped(file), std::slice::from_raw_parts(from.cast::<u8>(), length))
    };
    let event = || {
        let offset = u64::try_from(offset).ok()?;
        Some(Event::Write(tapped.id, offset, bytes.to_vec()))
    };
    // SAFETY: the default VFS's own method, with SQLite's own arguments.
    let write = || unsafe { delegate!(file.xWrite(from, amount, offset)) };
    tapped.tap.operate(Kind::Write, &tapped.name, write, event)
}

/// # Safety
/// As SQLite calls it, with a file that is ours.
unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: as this function's.
    let tapped = unsafe { tapped(file) };
    let event = || Some(Event::Truncate(tapped.id, u64::try_from(size).ok()?));
    // SAFETY: the default VFS's own method, with SQLite's own arguments.
    let truncate = || unsafe { delegate!(file.xTruncate(size)) };
    tapped.tap.operate(Kind::Truncate, &tapped.name, truncate, event)
}

/// # Safety
/// As SQLite calls it, with a file that is ours.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: as this function's.
    let tapped = unsafe { tapped(file) };
    // SAFETY: the default VFS's own method, with SQLite's own arguments.
    let sync = || unsafe { delegate!(file.xSync(flags)) };
    let code = tapped.tap.sync(tapped.id, &tapped.name, tapped.syncs_folder, sync);
    tapped.syncs_folder &= code != ffi::SQLITE_OK;
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
