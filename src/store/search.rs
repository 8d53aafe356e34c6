//! Searches: the expressions of SQLite's FTS5 for the words that a request looks for.

use std::fmt;

use super::Tx;
use super::accounts::Account;
use crate::error::Error;
use crate::types::kind::Kind;
use crate::types::words::Words;

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

/// Pages of an index of words that one write merges, some times what it adds; FTS5 stops at the first word after them.
const MERGED_PAGES: i64 = 8;

/// Pages that a step of `merge_all` merges.
const MANY_PAGES: i64 = 1_000;

/// Merges a little of the index of words that a write has added to, so that it stays quick to search. FTS5 would do it
/// by itself, but much at once, and the writes behind it would wait.
pub fn merge(tx: &Tx, kind: Kind) -> Result<(), Error> {
    merge_pages(tx, kind, MERGED_PAGES).map(|_| ())
}

/// Merges all that there is to merge, after very many writes.
pub fn merge_all(tx: &Tx) -> Result<(), Error> {
    for kind in [Kind::Contact, Kind::Group, Kind::Message] {
        while merge_pages(tx, kind, MANY_PAGES)? {}
    }
    Ok(())
}

/// Tells whether there was something to merge: by the rows that it changed, as FTS5's documentation has it.
fn merge_pages(tx: &Tx, kind: Kind, pages: i64) -> Result<bool, Error> {
    let sql = match kind {
        Kind::Contact => "INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('merge', ?1)",
        Kind::Group => "INSERT INTO groups_fts (groups_fts, rank) VALUES ('merge', ?1)",
        Kind::Message => "INSERT INTO messages_fts (messages_fts, rank) VALUES ('merge', ?1)",
        Kind::Conversation => return Ok(false),
    };
    let before = tx.total_changes();
    tx.prepare_cached(sql)?.execute([pages])?;
    Ok(tx.total_changes() - before >= 2)
}
