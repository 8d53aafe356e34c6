//! Lists: pages by keyset, newest first. A page is a range of one index, whatever its depth.

use rusqlite::Connection;

use super::accounts::{self, Account};
use crate::error::Error;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::page::{Cursor, Page};

/// What a list is made of, in SQL about a row `o` of `table`, which has `pk`, `id` and `account`.
pub struct List {
    pub table: &'static str,
    /// The JSON object of a row.
    pub object: &'static str,
    /// Which of the account's rows are in the list: empty, or beginning with `AND`.
    pub filter: &'static str,
}

/// One page as the API answers it: `{"has_more": …, "data": […]}`. The caller's snapshot holds cursor, rows and what
/// lies beyond them together.
pub fn page(conn: &Connection, account: Account, list: &List, page: &Page) -> Result<Json, Error> {
    let (start, direction) = match page.cursor {
        Cursor::First => (i64::MAX, Direction::Older),
        Cursor::After(id) => (locate(conn, account, list, id, "starting_after")?, Direction::Older),
        Cursor::Before(id) => (locate(conn, account, list, id, "ending_before")?, Direction::Newer),
    };
    let mut rows = direction.rows(conn, account, list, start, page.limit)?;
    let has_more = match rows.last() {
        Some((edge, _)) if rows.len() == page.limit => direction.any(conn, account, list, *edge)?,
        _ => false,
    };
    if matches!(direction, Direction::Newer) {
        rows.reverse();
    }
    Ok(envelope(has_more, &rows))
}

/// The key of the object at which a page begins.
fn locate(conn: &Connection, account: Account, list: &List, id: Id, param: &str) -> Result<i64, Error> {
    let table = list.table;
    accounts::find_own(conn, account, table, id)?.ok_or_else(|| {
        let what = format!("must be the id of one of the {table}; there is none with the id `{id}`");
        Error::invalid(param, what)
    })
}

#[derive(Clone, Copy)]
enum Direction {
    Older,
    Newer,
}

impl Direction {
    /// The condition on `pk`, and the order in which rows are met.
    fn sql(self) -> (&'static str, &'static str) {
        match self {
            Direction::Older => ("o.pk < ?2", "DESC"),
            Direction::Newer => ("o.pk > ?2", "ASC"),
        }
    }

    /// Up to `limit` rows from `start` on, each with its key, in the order in which they are met.
    fn rows(
        self,
        conn: &Connection,
        account: Account,
        list: &List,
        start: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String)>, Error> {
        let List { table, object, filter } = list;
        let (range, order) = self.sql();
        let mut statement = conn.prepare_cached(&format!(
            "SELECT o.pk, {object} FROM {table} o WHERE o.account = ?1 AND {range} {filter} ORDER BY o.pk {order} LIMIT ?3"
        ))?;
        let rows = statement.query_map((account.0, start, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the list goes on after the row `edge`.
    fn any(self, conn: &Connection, account: Account, list: &List, edge: i64) -> Result<bool, Error> {
        let List { table, filter, .. } = list;
        let (range, _) = self.sql();
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} o WHERE o.account = ?1 AND {range} {filter})");
        Ok(conn
            .prepare_cached(&sql)?
            .query_row((account.0, edge), |row| row.get(0))?)
    }
}

fn envelope(has_more: bool, rows: &[(i64, String)]) -> Json {
    let length: usize = rows.iter().map(|(_, object)| object.len() + 1).sum();
    let mut json = String::with_capacity(length + 32);
    json.push_str(if has_more {
        "{\"has_more\":true,\"data\":["
    } else {
        "{\"has_more\":false,\"data\":["
    });
    for (index, (_, object)) in rows.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        json.push_str(object);
    }
    json.push_str("]}");
    Json(json)
}
