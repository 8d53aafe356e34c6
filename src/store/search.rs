//! Full-text search with SQLite's FTS5: the indexes, the query expressions, and deferred indexing. A write only queues its
//! row (`unindexed`, by triggers); rows are indexed many at a time, a moment later, and until then a search reads the
//! texts of the queued rows.

use std::fmt;

use rusqlite::Connection;

use super::accounts::Account;
use super::resource::Resource;
use crate::db::{Error, Transaction};
use crate::types::kind::Kind;
use crate::types::search_terms::SearchTerms;

/// Rows that may be queued under load: beyond that, they are indexed before the next write. Many rows together cost much
/// less each, because they share pages of the index.
const MAX_QUEUED: usize = 512;

/// Rows that one step indexes.
const STEP: usize = 512;

/// Pages of an index that a step merges, in addition to one for every eight rows that it indexed. FTS5 stops at the first
/// term after them.
const MERGED_PAGES: usize = 8;

/// Pages that a step of `index_all` merges.
const MANY_PAGES: usize = 1_000;

/// What a search is restricted to: a term that every row of an `_fts` table has in its column `scope`.
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

/// The FTS5 expression that matches rows with every word, or a word that begins with it, in one of `columns` (names
/// separated by spaces).
pub fn expression(scope: Scope, columns: &str, terms: &SearchTerms) -> String {
    // In quotes nothing is an operator. What the tokenizer splits becomes a phrase.
    let begins = |word: &str| format!("\"{}\"*", word.replace('"', "\"\""));
    let terms: Vec<String> = terms.iter().map(begins).collect();
    // Side by side all must match, as with AND, except that those without a token are skipped.
    format!("scope : \"{scope}\" AND {{{columns}}} : ({})", terms.join(" "))
}

/// The full-text index of a kind.
pub struct Index {
    pub kind: Kind,
    /// Its columns, `scope` first.
    pub columns: &'static str,
    /// The SQL of their values, of a row `t`.
    pub values: &'static str,
}

pub static INDEXES: [Index; 3] = [
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

    /// The table of the indexed rows.
    pub fn source(&self) -> &'static str {
        Resource::of(self.kind).table
    }

    fn table(&self) -> String {
        format!("{}_fts", self.source())
    }

    /// Inserts the terms of queued rows, with keys up to `?1`, into `table`.
    fn insert_queued(&self, table: &str) -> String {
        let Index { kind, columns, values } = self;
        format!(
            "REPLACE INTO {table} (rowid, {columns}) SELECT t.pk, {values}
             FROM unindexed u CROSS JOIN {} t ON t.pk = u.pk WHERE u.kind = '{}' AND u.pk <= ?1",
            self.source(),
            kind.name()
        )
    }
}

/// The ranges of a list that searches the index of `kind`: each of an index `f` that matches the expression `?5`, with the
/// `rest` of joins and conditions. Queued rows are in an index of their own, which is created here and gone with the
/// snapshot.
pub(super) fn ranges(conn: &Connection, kind: Kind, rest: &str) -> Result<Vec<String>, Error> {
    let index = Index::of(kind);
    let (table, name) = (index.table(), kind.name());
    let range = |table: &str| format!("{table} f {rest} AND f.{table} MATCH ?5");
    let queued: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unindexed WHERE kind = ?1)")?
        .query_row([name], |row| row.get(0))?;
    if !queued {
        return Ok(vec![range(&table)]);
    }
    let queue = format!("{}_queued", index.source());
    conn.execute_batch(&format!(
        "CREATE VIRTUAL TABLE temp.{queue} USING fts5 ({}, content = '', contentless_delete = 1, {TOKENIZER})",
        index.columns
    ))?;
    conn.execute(&index.insert_queued(&queue), [i64::MAX])?;
    let indexed = format!(
        "{} AND f.rowid NOT IN (SELECT pk FROM unindexed WHERE kind = '{name}')",
        range(&table)
    );
    Ok(vec![indexed, range(&queue)])
}

/// How texts are split into terms; the same in schema.sql.
pub const TOKENIZER: &str = "tokenize = 'unicode61 remove_diacritics 2'";

/// Whether rows are queued.
pub fn is_due(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM unindexed)";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Whether so many are queued that searches would become slow.
pub fn is_urgent(conn: &Connection) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM unindexed LIMIT ?1)";
    let queued: usize = conn.prepare_cached(sql)?.query_row([MAX_QUEUED], |row| row.get(0))?;
    Ok(queued >= MAX_QUEUED)
}

/// Indexes some queued rows, and merges a little of their index to keep searches fast. FTS5 would merge by itself, but
/// much at once, and the writes behind it would wait.
pub fn step(tx: &Transaction) -> Result<(), Error> {
    for index in &INDEXES {
        let rows = index_queued(tx, index, STEP)?;
        if rows > 0 {
            merge(tx, index, MERGED_PAGES + rows / 8)?;
        }
    }
    Ok(())
}

/// Indexes all queued rows and merges the indexes, after very many writes.
pub fn index_all(tx: &Transaction) -> Result<(), Error> {
    for index in &INDEXES {
        index_queued(tx, index, usize::MAX >> 1)?;
        while merge(tx, index, MANY_PAGES)? {}
    }
    Ok(())
}

/// Indexes up to `limit` queued rows. Returns how many there were.
fn index_queued(tx: &Transaction, index: &Index, limit: usize) -> Result<usize, Error> {
    let Index { kind, .. } = index;
    let (rows, last): (usize, Option<i64>) = tx
        .prepare_cached(
            "SELECT count(*), max(pk) FROM (SELECT pk FROM unindexed WHERE kind = ?1 ORDER BY pk LIMIT ?2)",
        )?
        .query_row((kind.name(), limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(last) = last else {
        return Ok(0);
    };
    let table = index.table();
    tx.prepare_cached(&index.insert_queued(&table))?.execute([last])?;
    tx.prepare_cached(&format!(
        "DELETE FROM {table} WHERE rowid IN (SELECT u.pk FROM unindexed u WHERE u.kind = '{}' AND u.pk <= ?1
             AND NOT EXISTS (SELECT 1 FROM {} t WHERE t.pk = u.pk))",
        kind.name(),
        index.source()
    ))?
    .execute([last])?;
    tx.prepare_cached("DELETE FROM unindexed WHERE kind = ?1 AND pk <= ?2")?
        .execute((kind.name(), last))?;
    Ok(rows)
}

/// Merges up to `pages` pages. Returns whether there was something to merge: by the number of changed rows, as FTS5's
/// documentation says.
fn merge(tx: &Transaction, index: &Index, pages: usize) -> Result<bool, Error> {
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
    fn queued_texts_are_tokenized_as_the_indexes_are() {
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
