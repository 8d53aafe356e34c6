//! What the imports of all kinds of objects share.

use std::collections::HashSet;

use rusqlite::OptionalExtension as _;

use super::error::Error;
use super::resource::Resource;
use super::tx::Tx;
use crate::error::{self, Code};
use crate::types::id::Id;
use crate::types::kind::Kind;

/// What to do with an object whose id already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// Keep the existing object.
    Skip,
    /// Overwrite all its properties. Its position in lists remains.
    Replace,
}

/// The outcome of an imported object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    Added,
    Skipped,
    Replaced,
}

/// A running import, in one transaction.
pub struct Import<'a> {
    pub(super) tx: &'a Tx<'a>,
    pub(super) existing: Existing,
    /// The number of the current line.
    pub line: u64,
    /// Conversations that were created with their group or contact; their own lines may still follow.
    pub(super) implied_conversations: HashSet<i64>,
    /// Messages to pin once all are imported: line, conversation, message.
    pub(super) pins: Vec<(u64, i64, Id)>,
}

impl<'a> Import<'a> {
    pub fn begin(tx: &'a Tx<'a>, existing: Existing) -> Self {
        Import {
            tx,
            existing,
            line: 0,
            implied_conversations: HashSet::new(),
            pins: Vec::new(),
        }
    }

    /// The key of the object that already has `id`.
    ///
    /// # Errors
    /// It is another account's, or existing objects are to be refused.
    pub(super) fn find_existing(&self, kind: Kind, id: Id) -> Result<Option<i64>, Error> {
        let name = kind.name();
        let found: Option<(i64, i64)> = self
            .tx
            .prepare_cached(Resource::of(kind).owner)?
            .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let message = match found {
            Some((_, owner)) if owner != self.tx.account.0 => {
                format!("the {name} `{id}` already exists in another account")
            }
            Some(_) if self.existing == Existing::Refuse => {
                format!("the {name} `{id}` already exists; use --existing skip or --existing replace")
            }
            found => return Ok(found.map(|(pk, _)| pk)),
        };
        Err(error::Error::new(Code::Conflict, message).at("id").into())
    }
}
