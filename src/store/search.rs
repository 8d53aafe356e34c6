//! Words to be found by: SQLite's FTS5 indexes, the expressions for the words that a request looks for, and the taking
//! in of the words of what was written. A write only notes that its row waits (`unindexed`, by triggers); rows are taken
//! in many at a time, a moment later, and until then a search looks at the texts of those that wait.

use std::fmt;

use rusqlite::Connection;

use super::Tx;
use super::accounts::Account;
use crate::error::Error;
use crate::types::kind::Kind;
use crate::types::words::Words;

/// Rows that may wait while others write: more are taken in before the next write. Many together cost much less each,
/// as they share pages of the index.
const MOST_WAITING: usize = 512;

/// Rows that one step takes in at most.
const STEP: usize = 512;

/// Pages of an index that a step merges beside one for each row that it took in, some times what it added; FTS5 stops
/// at the first word after them.
const MERGED_PAGES: usize = 8;

/// Pages that a step of `index_all` merges.
const MANY_PAGES: usize = 1_000;

/// What a search is within: a word that every row of an `_fts` table has in its column `scope`.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    Account(Account),
    /// A conversation, by its internal key.
    Conversation(i64),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Account(account) => write!(f, "a{}", account.0),
            Scope::Conversation(pk) => write!(f, "c{pk}"),
        }
    }
}

/// Matches what has every word, or one that begins with it, in one of `columns` (names with spaces between).
pub fn expression(scope: Scope, columns: &str, words: &Words) -> String {
    // In quotes nothing is an operator. What a tokenizer divides is a phrase.
    let begins = |word: &str| format!("\"{}\"*", word.replace('"', "\"\""));
    let words: Vec<String> = words.iter().map(begins).collect();
    // Side by side all must match, as with AND, but for those in which the tokenizer finds no word: these are skipped.
    format!("scope : \"{scope}\" AND {{{columns}}} : ({})", words.join(" "))
}

/// The index of a kind's words.
pub(super) struct Index {
    pub kind: Kind,
    /// Its columns, and that of `scope`.
    pub columns: &'static str,
    /// The SQL of their values, of a row `t`.
    pub values: &'static str,
}

pub(super) static INDEXES: [Index; 3] = [
    Index {
        kind: Kind::Contact,
        columns: "scope, username, display_name, phone_number",
        values: "'a' || t.account, t.username, t.display_name, t.phone_number",
    },
    Index {
        kind: Kind::Group,
        columns: "scope, name, description",
        values: "'a' || t.account, t.name, t.description",
    },
    Index {
        kind: Kind::Message,
        columns: "scope, message",
        values: "'a' || t.account || ' c' || t.conversation_pk, t.message",
    },
];

impl Index {
    fn of(kind: Kind) -> &'static Index {
        let index = INDEXES.iter().find(|index| index.kind == kind);
        index.expect("what is searched has an index")
    }

    fn table(&self) -> String {
        format!("{}_fts", self.kind.table())
    }

    /// Inserts the words of rows that wait, with keys up to `?1`, into `table`.
    fn take_in(&self, table: &str) -> String {
        let Index { kind, columns, values } = self;
        format!(
            "REPLACE INTO {table} (rowid, {columns}) SELECT t.pk, {values}
             FROM unindexed u CROSS JOIN {} t ON t.pk = u.pk WHERE u.kind = '{}' AND u.pk <= ?1",
            kind.table(),
            kind.name()
        )
    }
}

/// The ranges that a search in the index of `kind` is made of, for a list: each from the index `f`, with the `rest`,
/// which joins it and has conditions, and with the expression `?5`. Rows whose words wait are in an index of their own,
/// which is made here and gone with the snapshot.
pub(super) fn ranges(conn: &Connection, kind: Kind, rest: &str) -> Result<Vec<String>, Error> {
    let index = Index::of(kind);
    let (table, name) = (index.table(), kind.name());
    let range = |table: &str| format!("{table} f {rest} AND f.{table} MATCH ?5");
    let waits: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unindexed WHERE kind = ?1)")?
        .query_row([name], |row| row.get(0))?;
    if !waits {
        return Ok(vec![range(&table)]);
    }
    let waiting = format!("{}_waiting", kind.table());
    conn.execute_batch(&format!(
        "CREATE VIRTUAL TABLE temp.{waiting} USING fts5 ({}, content = '', contentless_delete = 1, {TOKENIZER})",
        index.columns
    ))?;
    conn.execute(&index.take_in(&waiting), [i64::MAX])?;
    let taken_in = format!(
        "{} AND f.rowid NOT IN (SELECT pk FROM unindexed WHERE kind = '{name}')",
        range(&table)
    );
    Ok(vec![taken_in, range(&waiting)])
}

/// How texts are divided into words, in schema.sql too.
pub(super) const TOKENIZER: &str = "tokenize = 'unicode61 remove_diacritics 2'";

/// Whether there are rows that wait.
pub fn is_due(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM unindexed)";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Whether so many wait that searches would become slow.
pub fn is_urgent(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM unindexed LIMIT ?1)";
    let waiting: usize = conn.prepare_cached(sql)?.query_row([MOST_WAITING], |row| row.get(0))?;
    Ok(waiting >= MOST_WAITING)
}

/// Takes in the words of some rows that wait, and merges a little of their index, so that it stays quick to search. FTS5
/// would do it by itself, but much at once, and the writes behind it would wait.
pub fn step(tx: &Tx) -> Result<(), Error> {
    for index in &INDEXES {
        let rows = take_in(tx, index, STEP)?;
        if rows > 0 {
            merge(tx, index, MERGED_PAGES + rows / 8)?;
        }
    }
    Ok(())
}

/// Takes in all that there is to take in and merges it, after very many writes.
pub fn index_all(tx: &Tx) -> Result<(), Error> {
    for index in &INDEXES {
        take_in(tx, index, usize::MAX >> 1)?;
        while merge(tx, index, MANY_PAGES)? {}
    }
    Ok(())
}

/// Takes in up to `most` rows; tells how many there were.
fn take_in(tx: &Tx, index: &Index, most: usize) -> Result<usize, Error> {
    let Index { kind, .. } = index;
    let (rows, last): (usize, Option<i64>) = tx
        .prepare_cached(
            "SELECT count(*), max(pk) FROM (SELECT pk FROM unindexed WHERE kind = ?1 ORDER BY pk LIMIT ?2)",
        )?
        .query_row((kind.name(), most), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(last) = last else {
        return Ok(0);
    };
    let table = index.table();
    tx.prepare_cached(&index.take_in(&table))?.execute([last])?;
    tx.prepare_cached(&format!(
        "DELETE FROM {table} WHERE rowid IN (SELECT u.pk FROM unindexed u WHERE u.kind = '{}' AND u.pk <= ?1
             AND NOT EXISTS (SELECT 1 FROM {} t WHERE t.pk = u.pk))",
        kind.name(),
        kind.table()
    ))?
    .execute([last])?;
    tx.prepare_cached("DELETE FROM unindexed WHERE kind = ?1 AND pk <= ?2")?
        .execute((kind.name(), last))?;
    Ok(rows)
}

/// Tells whether there was something to merge: by the rows that it changed, as FTS5's documentation has it.
fn merge(tx: &Tx, index: &Index, pages: usize) -> Result<bool, Error> {
    let table = index.table();
    let before = tx.total_changes();
    tx.prepare_cached(&format!("INSERT INTO {table} ({table}, rank) VALUES ('merge', ?1)"))?
        .execute([pages])?;
    Ok(tx.total_changes() - before >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_wait_are_divided_into_words_as_those_in_the_indexes() {
        let schema = include_str!("../../schema.sql");
        for index in &INDEXES {
            let columns = index.columns;
            let declared = format!("{} USING fts5 (\n    {columns},\n", index.table());
            let at = schema.find(&declared).expect("the index has these columns");
            let options = schema[at + declared.len()..]
                .split(';')
                .next()
                .expect("there is a first");
            assert!(options.contains(TOKENIZER), "{options}");
        }
    }
}
