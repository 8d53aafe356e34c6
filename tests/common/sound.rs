//! Whether a file is sound, for the tests of the API and of the process alike.

use std::path::Path;
use std::time::Duration;

use groups_server::store::check;
use rusqlite::Connection;

/// A server may write meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asserts that the file is sound, as `check` has it.
#[track_caller]
pub fn assert_sound(db: &Path) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    assert_eq!(check::full(&conn).unwrap(), Vec::<String>::new());
}
