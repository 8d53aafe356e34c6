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

/// Pages of an index of words that one write merges at most: some times what it adds.
const MERGED_PAGES: i64 = 8;

/// Merges a little of the index of words that a write has added to, so that it stays quick to search. FTS5 would do it
/// by itself, but much at once, and the writes behind it would wait.
pub fn merge(tx: &Tx, kind: Kind) -> Result<(), Error> {
    let sql = match kind {
        Kind::Contact => "INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('merge', ?1)",
        Kind::Group => "INSERT INTO groups_fts (groups_fts, rank) VALUES ('merge', ?1)",
        Kind::Message => "INSERT INTO messages_fts (messages_fts, rank) VALUES ('merge', ?1)",
        Kind::Conversation => return Ok(()),
    };
    tx.prepare_cached(sql)?.execute([MERGED_PAGES])?;
    Ok(())
}
