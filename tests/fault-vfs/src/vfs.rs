//! The VFS itself: a copy of the default one with another name and its own methods to open, delete and look up files.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::ffi;

use crate::interceptor::{Interceptor, Operation};
use crate::methods::{self, File};

/// The original default VFS.
static REAL: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

pub fn install() {
    // SAFETY: registered VFS structures live forever; ours is leaked. Copying the plain C structure is sound: the
    // default VFS's only state is `pAppData`, which its functions find in the copy as well.
    let code = unsafe {
        let real = ffi::sqlite3_vfs_find(ptr::null());
        assert!(!real.is_null(), "SQLite has no default VFS");
        REAL.store(real, Ordering::Release);
        let ours = Box::leak(Box::new(*real));
        ours.zName = c"faults".as_ptr();
        ours.pNext = ptr::null_mut();
        ours.szOsFile = methods::OFFSET + (*real).szOsFile;
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        ours.xAccess = Some(access);
        ffi::sqlite3_vfs_register(ours, 1)
    };
    assert_eq!(code, ffi::SQLITE_OK, "SQLite did not register the VFS");
}

/// A file's path and interceptor, if it has a name and is intercepted.
///
/// # Safety
/// `name` is null or a C string.
unsafe fn interceptor_for<'a>(name: *const c_char) -> Option<(&'a Path, std::sync::Arc<Interceptor>)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: it is not null, and so a C string, which lives as long as SQLite's call.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()));
    Interceptor::for_file(path).map(|interceptor| (path, interceptor))
}

/// # Safety
/// As SQLite calls it: `file` has room for `szOsFile` bytes, `name` is null or a C string that outlives the file.
unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let real = REAL.load(Ordering::Acquire);
    // SAFETY: the default VFS's own function, with SQLite's arguments; there is more room than it asks for.
    let open_at = |place| unsafe {
        match (*real).xOpen {
            Some(open) => open(real, name, place, flags, out_flags),
            None => ffi::SQLITE_CANTOPEN,
        }
    };
    // SAFETY: by this function's contract.
    let Some((path, interceptor)) = (unsafe { interceptor_for(name) }) else {
        return open_at(file);
    };
    // SAFETY: `file` has room for ours and the default VFS's after it.
    let place = unsafe { methods::real(file) };
    // SAFETY: `file` is valid. SQLite closes a file that has methods, even if opening it failed.
    unsafe { (*file).pMethods = ptr::null() };
    let opened = interceptor.open(path, || {
        let code = open_at(place);
        if code != ffi::SQLITE_OK {
            // SAFETY: the default VFS has set its methods, to null if there is nothing to close.
            unsafe { methods::close_real(place) };
        }
        code
    });
    match opened {
        Ok((id, created)) => {
            let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
            let name = interceptor.name(path);
            // SAFETY: `file` has room for both.
            unsafe { File::init(file, interceptor, id, name, created && is_log) };
            ffi::SQLITE_OK
        }
        Err(error) => error,
    }
}

/// # Safety
/// As SQLite calls it: `name` is a C string.
unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let real = REAL.load(Ordering::Acquire);
    // SAFETY: the default VFS's own function, with SQLite's arguments.
    let delete_file = |sync_folder| unsafe {
        match (*real).xDelete {
            Some(delete) => delete(real, name, sync_folder),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    };
    // SAFETY: by this function's contract.
    match unsafe { interceptor_for(name) } {
        Some((path, interceptor)) => {
            let sync_really = if interceptor.has_mock_syncs() { 0 } else { sync_folder };
            interceptor.delete(path, sync_folder != 0, || delete_file(sync_really))
        }
        None => delete_file(sync_folder),
    }
}

/// # Safety
/// As SQLite calls it: `name` is a C string and `out` points to an integer.
unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    let real = REAL.load(Ordering::Acquire);
    // SAFETY: the default VFS's own function, with SQLite's arguments.
    let check = || unsafe {
        match (*real).xAccess {
            Some(access) => access(real, name, flags, out),
            None => ffi::SQLITE_IOERR_ACCESS,
        }
    };
    // SAFETY: by this function's contract.
    match unsafe { interceptor_for(name) } {
        Some((path, interceptor)) => interceptor.perform_unrecorded(Operation::Access, &interceptor.name(path), check),
        None => check(),
    }
}
