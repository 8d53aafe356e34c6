//! A write on behalf of an account.

use std::ops::Deref;

use super::accounts::Account;
use crate::db::Transaction;
use crate::types::kind::Kind;
use crate::types::time::Timestamp;

/// A write transaction on behalf of an account, at one time. Everything that changes an account's objects takes it.
pub struct Tx<'a> {
    transaction: &'a Transaction<'a>,
    pub account: Account,
    /// The one time of the request: all that it writes has it.
    pub now: Timestamp,
}

/// A change to an object, by its internal key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Created(Kind, i64),
    Updated(Kind, i64),
    Deleted(Kind, i64),
    /// A contact became a member of a group: the keys of both.
    MemberAdded {
        group: i64,
        contact: i64,
    },
    MemberRemoved {
        group: i64,
        contact: i64,
    },
}

impl<'a> Tx<'a> {
    pub fn new(transaction: &'a Transaction<'a>, account: Account, now: Timestamp) -> Self {
        Tx {
            transaction,
            account,
            now,
        }
    }

    /// Records a change: the one place that every change to an account's objects goes through. It is part of the
    /// transaction, which may run again, so it must write rows and send nothing. Once it is committed, the after-commit
    /// hook is called with the account's key.
    pub fn record(&self, change: Change) {
        tracing::trace!(account = self.account.0, ?change, "changed");
        self.transaction.announce(self.account.0);
    }
}

impl<'a> Deref for Tx<'a> {
    type Target = Transaction<'a>;

    fn deref(&self) -> &Transaction<'a> {
        self.transaction
    }
}
