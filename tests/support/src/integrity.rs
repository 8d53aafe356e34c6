//! Whether a database file is intact.

use std::path::Path;
use std::time::Duration;

use groups_server::maintenance::check;
use rusqlite::Connection;

/// How long to wait for a server that is writing to the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// Asserts that the check of `groups-server check` finds nothing wrong with the file.
#[track_caller]
pub fn assert_integrity(db: &Path) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(BUSY_TIMEOUT).unwrap();
    assert_eq!(check::full(&conn).unwrap(), Vec::<String>::new());
}
