//! The server's database file, through connections of the test's own.

use std::path::{Path, PathBuf};
use std::time::Instant;

use groups_server::error::Failure;
use groups_server::maintenance::import::Summary;
use groups_server::maintenance::{export, import};
use groups_server::store::import::Existing;
use groups_server::store::{Missing, Session};
use rusqlite::Connection;
use rusqlite::types::FromSql;
use serde_json::Value;

use super::server::TIMEOUT;
use super::{TestServer, text};

impl TestServer {
    pub fn open_database(&self) -> Connection {
        let conn = Connection::open(&self.db).unwrap();
        conn.busy_timeout(TIMEOUT).unwrap();
        conn
    }

    /// The single value that a query returns.
    #[track_caller]
    pub fn query_value<T: FromSql>(&self, sql: &str) -> T {
        let value = self.open_database().query_row(sql, [], |row| row.get(0));
        value.unwrap()
    }

    /// Runs a statement and returns the number of rows that it changed.
    #[track_caller]
    pub fn execute(&self, sql: &str) -> usize {
        self.open_database().execute(sql, []).unwrap()
    }
}

/// The path of a database's WAL.
pub fn wal_path(db: &Path) -> PathBuf {
    db.with_extension("db-wal")
}

/// Waits until nothing that was deleted is left to purge.
#[track_caller]
pub fn wait_until_purged(db: &Path) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(TIMEOUT).unwrap();
    let left = "SELECT (SELECT count(*) FROM deleted_conversations) + (SELECT count(*) FROM deleted_groups)
        + (SELECT count(*) FROM deleted_contacts)";
    let deadline = Instant::now() + TIMEOUT;
    while conn.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
        assert!(Instant::now() < deadline, "deleted rows are not purged");
        std::thread::yield_now();
    }
}

/// The export of an account, through a session of its own as the command `export` does it.
pub fn export(db: &Path, account: &str) -> String {
    let mut out = Vec::new();
    let mut session = Session::open(db, Missing::Refuse).unwrap();
    export::export(&mut session, account, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Imports lines into an account, through a session of its own as the command `import` does it.
pub fn import(db: &Path, account: &str, lines: &str, existing: Existing) -> Result<Summary, Failure> {
    let mut session = Session::open(db, Missing::Refuse).unwrap();
    import::import(&mut session, account, &mut lines.as_bytes(), existing, |_| {})
}

/// Inserts so many messages into the conversation of `owner` that purging them takes a while. Returns their ids.
pub fn bulk_messages(server: &TestServer, owner: &Value, sender: &Value) -> Vec<String> {
    let count = 6_000;
    let sql = "WITH RECURSIVE n (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n + 1 < ?1)
        INSERT INTO messages (id, account, conversation_pk, contact_pk, message, created_at)
        SELECT printf('gone%012d', n), account, pk, (SELECT pk FROM contacts WHERE id = ?3), 'gone', 5
        FROM n CROSS JOIN conversations WHERE id = ?2";
    let params = rusqlite::params![count, text(&owner["conversation_id"]), sender["id"].as_str()];
    assert_eq!(server.open_database().execute(sql, params).unwrap(), count);
    (0..count).map(|n| format!("gone{n:012}")).collect()
}
