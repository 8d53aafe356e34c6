//! SQLite's memory: the process's allocator as SQLite has it by itself, but an allocation can be made to fail.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::ffi;

type Allocate = unsafe extern "C" fn(c_int) -> *mut c_void;
type Reallocate = unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void;

/// SQLite's own functions.
static REAL: OnceLock<(Option<Allocate>, Option<Reallocate>)> = OnceLock::new();

/// Allocations since the last `fail`, and the number of the one that fails.
static COUNTED: AtomicU64 = AtomicU64::new(0);
static INDEX: AtomicU64 = AtomicU64::new(u64::MAX);
static ON: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// Fails the allocation at `index`, counted from 0, and with `on` all after it, whatever connection it is for.
pub fn fail(index: u64, on: bool) {
    lift();
    COUNTED.store(0, Ordering::SeqCst);
    FAILED.store(0, Ordering::SeqCst);
    ON.store(on, Ordering::SeqCst);
    INDEX.store(index, Ordering::SeqCst);
}

/// Fails nothing any more; tells how many allocations there were.
pub fn lift() -> u64 {
    INDEX.store(u64::MAX, Ordering::SeqCst);
    COUNTED.load(Ordering::SeqCst)
}

/// How many allocations have failed.
pub fn failed() -> u64 {
    FAILED.load(Ordering::SeqCst)
}

fn is_to_fail() -> bool {
    let index = INDEX.load(Ordering::Relaxed);
    let counted = COUNTED.fetch_add(1, Ordering::Relaxed);
    let fails = index != u64::MAX && (counted == index || counted > index && ON.load(Ordering::Relaxed));
    if fails {
        FAILED.fetch_add(1, Ordering::Relaxed);
    }
    fails
}

pub fn install() {
    // SAFETY: a C structure of functions that may be null, filled by SQLite.
    let mut methods: ffi::sqlite3_mem_methods = unsafe { std::mem::zeroed() };
    // SAFETY: the arguments that the two options are documented to take; nothing of SQLite runs beside this, else it
    // refuses.
    let codes = unsafe {
        let found = ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut methods);
        REAL.get_or_init(|| (methods.xMalloc, methods.xRealloc));
        methods.xMalloc = Some(allocate);
        methods.xRealloc = Some(reallocate);
        (
            found,
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const methods),
        )
    };
    assert_eq!(codes, (ffi::SQLITE_OK, ffi::SQLITE_OK), "SQLite is in use already");
}

/// # Safety
/// As SQLite calls it.
unsafe extern "C" fn allocate(size: c_int) -> *mut c_void {
    match REAL.get().and_then(|real| real.0) {
        // SAFETY: SQLite's own function with its own argument.
        Some(allocate) if !is_to_fail() => unsafe { allocate(size) },
        _ => std::ptr::null_mut(),
    }
}

/// # Safety
/// As SQLite calls it: `old` is of these functions.
unsafe extern "C" fn reallocate(old: *mut c_void, size: c_int) -> *mut c_void {
    match REAL.get().and_then(|real| real.1) {
        // SAFETY: SQLite's own function with its own arguments.
        Some(reallocate) if !is_to_fail() => unsafe { reallocate(old, size) },
        _ => std::ptr::null_mut(),
    }
}
