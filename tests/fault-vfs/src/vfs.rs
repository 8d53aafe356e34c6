//! The VFS itself: a copy of the default one with another name, another way to open files and to delete them, and a
//! look at whether they are there.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::ffi;

use crate::methods::{self, File};
use crate::tap::{Kind, Tap};

/// The VFS that was the default.
static REAL: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

pub fn install() {
    // SAFETY: SQLite's VFS structures live for ever once registered, and so does ours, which is leaked. The copy is one
    // of a plain C structure whose functions take their state, of which the default VFS has none but `pAppData`, from
    // the copy as well as from the original.
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
    assert_eq!(code, ffi::SQLITE_OK, "SQLite does not take the VFS");
}

/// The tap over a file, where there is a name and a tap.
///
/// # Safety
/// `name` is null or a C string.
unsafe fn tap_over<'a>(name: *const c_char) -> Option<(&'a Path, std::sync::Arc<Tap>)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: not null, and so a C string, which lives as long as SQLite's call.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()));
    Tap::over(path).map(|tap| (path, tap))
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
    // SAFETY: the default VFS's own function, with SQLite's own arguments; there is more room than it asks for.
    let open_at = |place| unsafe {
        match (*real).xOpen {
            Some(open) => open(real, name, place, flags, out_flags),
            None => ffi::SQLITE_CANTOPEN,
        }
    };
    // SAFETY: as this function's.
    let Some((path, tap)) = (unsafe { tap_over(name) }) else {
        return open_at(file);
    };
    // SAFETY: `file` has room for ours and the default VFS's after it.
    let place = unsafe { methods::real(file) };
    // SAFETY: SQLite closes what has methods, also where the opening has failed.
    unsafe { (*file).pMethods = ptr::null() };
    let opened = tap.open(path, || {
        let code = open_at(place);
        if code != ffi::SQLITE_OK {
            // SAFETY: the default VFS has set its methods, to null where there is nothing to close.
            unsafe { methods::close_real(place) };
        }
        code
    });
    match opened {
        Ok((id, made)) => {
            let log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
            let name = tap.name(path);
            // SAFETY: `file` has room for it and is aligned as SQLite aligns all its memory.
            unsafe { File::put(file, tap, id, name, made && log) };
            ffi::SQLITE_OK
        }
        Err(error) => error,
    }
}

/// # Safety
/// As SQLite calls it: `name` is a C string.
unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let real = REAL.load(Ordering::Acquire);
    // SAFETY: the default VFS's own function, with SQLite's own arguments.
    let delete_really = |sync_folder| unsafe {
        match (*real).xDelete {
            Some(delete) => delete(real, name, sync_folder),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    };
    // SAFETY: as this function's.
    match unsafe { tap_over(name) } {
        Some((path, tap)) => {
            let synced_really = if tap.has_mock_syncs() { 0 } else { sync_folder };
            tap.delete(path, sync_folder != 0, || delete_really(synced_really))
        }
        None => delete_really(sync_folder),
    }
}

/// # Safety
/// As SQLite calls it: `name` is a C string and `out` takes a number.
unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    let real = REAL.load(Ordering::Acquire);
    // SAFETY: the default VFS's own function, with SQLite's own arguments.
    let look = || unsafe {
        match (*real).xAccess {
            Some(access) => access(real, name, flags, out),
            None => ffi::SQLITE_IOERR_ACCESS,
        }
    };
    // SAFETY: as this function's.
    match unsafe { tap_over(name) } {
        Some((path, tap)) => tap.pass(Kind::Access, &tap.name(path), look),
        None => look(),
    }
}
