//! A write transaction under way.

use std::cell::RefCell;
use std::ops::Deref;

use rusqlite::Connection;

/// A connection inside a write transaction. Writes take it, so that none can run outside one.
pub struct Transaction<'a> {
    conn: &'a Connection,
    /// What the work has announced, in order.
    topics: RefCell<Vec<i64>>,
}

impl<'a> Transaction<'a> {
    /// `conn` must be inside a write transaction.
    pub(super) fn new(conn: &'a Connection) -> Self {
        Transaction {
            conn,
            topics: RefCell::default(),
        }
    }

    /// Announces a change under `topic`, whose meaning is the product's. Once the change is committed, the database's
    /// after-commit hook is called with the topic; if the work is rolled back, it is forgotten.
    pub fn announce(&self, topic: i64) {
        let mut topics = self.topics.borrow_mut();
        if topics.last() != Some(&topic) {
            topics.push(topic);
        }
    }

    /// A transaction for tests, which need not be inside one.
    #[cfg(test)]
    pub fn unchecked(conn: &'a Connection) -> Self {
        Self::new(conn)
    }

    pub(super) fn into_topics(self) -> Vec<i64> {
        self.topics.into_inner()
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}
