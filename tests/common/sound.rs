//! Whether a file is sound, for the tests of the API and of the process alike.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// A server may write meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asserts that SQLite finds nothing wrong with a file, that no row is of what is not there, and that the words to be
/// found by are just those of the texts, but for those that wait to be taken in: FTS5's own check cannot tell, as its
/// tables here do not hold the texts.
#[track_caller]
pub fn assert_sound(db: &Path) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut keys = conn.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!keys.exists([]).unwrap(), "a reference leads nowhere");
    for (row, of) in [
        ("members", "group"),
        ("members", "contact"),
        ("messages", "conversation"),
    ] {
        let lost = format!(
            "SELECT 1 FROM {row} WHERE {of}_pk NOT IN (SELECT pk FROM {of}s UNION ALL SELECT pk FROM deleted_{of}s)"
        );
        assert!(!conn.prepare(&lost).unwrap().exists([]).unwrap(), "{row} of no {of}");
    }
    for (table, columns, scope) in [
        ("groups", "name, description", "'a' || account"),
        ("contacts", "username, display_name, phone_number", "'a' || account"),
        ("messages", "message", "'a' || account || ' c' || conversation_pk"),
    ] {
        conn.execute_batch(&format!(
            "INSERT INTO {table}_fts ({table}_fts, rank) VALUES ('integrity-check', 1);
             BEGIN;
             CREATE VIRTUAL TABLE temp.{table}_anew USING fts5 (
                 scope, {columns}, tokenize = 'unicode61 remove_diacritics 2');
             INSERT INTO temp.{table}_anew (rowid, scope, {columns}) SELECT pk, {scope}, {columns} FROM {table};
             CREATE VIRTUAL TABLE temp.{table}_words USING fts5vocab (main, {table}_fts, instance);
             CREATE VIRTUAL TABLE temp.{table}_words_anew USING fts5vocab (temp, {table}_anew, instance);"
        ))
        .unwrap();
        let kind = table.trim_end_matches('s');
        for (one, other) in [("words", "words_anew"), ("words_anew", "words")] {
            let differ = format!(
                "SELECT term, doc, col, \"offset\" FROM temp.{table}_{one}
                     WHERE doc NOT IN (SELECT pk FROM unindexed WHERE kind = '{kind}')
                 EXCEPT SELECT term, doc, col, \"offset\" FROM temp.{table}_{other}"
            );
            let differs = conn.prepare(&differ).unwrap().exists([]).unwrap();
            assert!(!differs, "the words of {table} are not those of their texts");
        }
        conn.execute_batch("ROLLBACK").unwrap();
    }
}
