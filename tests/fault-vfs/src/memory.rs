//! SQLite's allocator, in which allocations can be made to fail.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::ffi;

type Allocate = unsafe extern "C" fn(c_int) -> *mut c_void;
type Reallocate = unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void;

/// SQLite's original functions.
static REAL: OnceLock<(Option<Allocate>, Option<Reallocate>)> = OnceLock::new();

/// The number of allocations since the last call to `fail`.
static COUNTED: AtomicU64 = AtomicU64::new(0);
/// The allocation that fails; `u64::MAX` for none.
static INDEX: AtomicU64 = AtomicU64::new(u64::MAX);
static PERSISTENT: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// Makes the allocation at `index` fail, counted from 0 over all connections and, if `persistent`, all after it.
pub fn fail(index: u64, persistent: bool) {
    clear();
    COUNTED.store(0, Ordering::SeqCst);
    FAILED.store(0, Ordering::SeqCst);
    PERSISTENT.store(persistent, Ordering::SeqCst);
    INDEX.store(index, Ordering::SeqCst);
}

/// Makes no more allocations fail, and returns how many there were since `fail`.
pub fn clear() -> u64 {
    INDEX.store(u64::MAX, Ordering::SeqCst);
    COUNTED.load(Ordering::SeqCst)
}

/// How many allocations have failed.
pub fn failed() -> u64 {
    FAILED.load(Ordering::SeqCst)
}

fn must_fail() -> bool {
    let index = INDEX.load(Ordering::Relaxed);
    let counted = COUNTED.fetch_add(1, Ordering::Relaxed);
    let fails = index != u64::MAX && (counted == index || counted > index && PERSISTENT.load(Ordering::Relaxed));
    if fails {
        FAILED.fetch_add(1, Ordering::Relaxed);
    }
    fails
}

pub fn install() {
    // SAFETY: a C structure of functions that may be null, filled by SQLite.
    let mut methods: ffi::sqlite3_mem_methods = unsafe { std::mem::zeroed() };
    // SAFETY: these are the documented arguments of the two options. If SQLite is already in use, it returns an error.
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
        // SAFETY: SQLite's own function with SQLite's argument.
        Some(allocate) if !must_fail() => unsafe { allocate(size) },
        _ => std::ptr::null_mut(),
    }
}

/// # Safety
/// As SQLite calls it: `old` was allocated by these functions.
unsafe extern "C" fn reallocate(old: *mut c_void, size: c_int) -> *mut c_void {
    match REAL.get().and_then(|real| real.1) {
        // SAFETY: SQLite's own function with SQLite's arguments.
        Some(reallocate) if !must_fail() => unsafe { reallocate(old, size) },
        _ => std::ptr::null_mut(),
    }
}
