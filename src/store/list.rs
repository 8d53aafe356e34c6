//! Lists: pages by keyset. A page is a range of one index, or a merge of a few, whatever its depth.

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use super::accounts::Account;
use crate::error::Error;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::{Cursor, Page};

/// What a list is made of, in SQL. Its parameters are `?1` the account, `?4` what the list is `within`, and `?5` the
/// `expression` that is searched for; `?2` and `?3` are the page's.
pub struct List<'a> {
    pub of: Kind,
    /// The JSON object of a row.
    pub object: &'static str,
    /// The integer that the list is in the order of.
    pub key: &'static str,
    pub order: Order,
    /// The tables and the conditions (`FROM` without its word, `WHERE` with it) of each range that the list is made of.
    /// No row may be in two.
    pub ranges: &'a [String],
    pub within: Option<Value>,
    pub expression: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    /// By the key as it counts.
    Counted,
}

/// One page as the API answers it: `{"has_more": …, "data": […]}`. `locate` finds the key of the object at which the
/// page begins. The caller's snapshot holds cursor, rows and what lies beyond them together.
pub fn page(
    conn: &Connection,
    account: Account,
    list: &List,
    page: &Page,
    locate: impl Fn(Id) -> Result<Option<i64>, Error>,
) -> Result<Json, Error> {
    let located = |id, param| locate(id)?.ok_or_else(|| list.of.unknown(param, id));
    let falling = list.order == Order::NewestFirst;
    let (start, falling) = match page.cursor {
        Cursor::First => (if falling { i64::MAX } else { i64::MIN }, falling),
        Cursor::After(id) => (located(id, "starting_after")?, falling),
        Cursor::Before(id) => (located(id, "ending_before")?, !falling),
    };
    let mut rows = rows(conn, account, list, start, falling, page.limit)?;
    let has_more = match rows.last() {
        Some((edge, _)) if rows.len() == page.limit => any(conn, account, list, *edge, falling)?,
        _ => false,
    };
    if let Cursor::Before(_) = page.cursor {
        rows.reverse();
    }
    Ok(envelope(has_more, &rows))
}

/// A select of `columns` from each range beyond the key `?2`, going down from it or up.
fn selects(list: &List, columns: &str, falling: bool) -> String {
    let beyond = if falling { "<" } else { ">" };
    let select = |range: &String| format!("SELECT {columns} FROM {range} AND {} {beyond} ?2", list.key);
    list.ranges.iter().map(select).collect::<Vec<_>>().join(" UNION ALL ")
}

/// Up to `limit` rows beyond `start`, each with its key, in the order in which they are met.
fn rows(
    conn: &Connection,
    account: Account,
    list: &List,
    start: i64,
    falling: bool,
    limit: usize,
) -> Result<Vec<(i64, String)>, Error> {
    let selects = selects(list, &format!("{} AS key, {}", list.key, list.object), falling);
    let order = if falling { "DESC" } else { "ASC" };
    let mut statement = conn.prepare_cached(&format!("{selects} ORDER BY key {order} LIMIT ?3"))?;
    let params: [&dyn ToSql; 5] = [&account.0, &start, &limit, &list.within, &list.expression];
    let used = statement.parameter_count();
    let rows = statement.query_map(&params[..used], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the list goes on beyond the key `edge`.
fn any(conn: &Connection, account: Account, list: &List, edge: i64, falling: bool) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS ({})", selects(list, "1", falling));
    let mut statement = conn.prepare_cached(&sql)?;
    let params: [&dyn ToSql; 5] = [&account.0, &edge, &1, &list.within, &list.expression];
    let used = statement.parameter_count();
    Ok(statement.query_row(&params[..used], |row| row.get(0))?)
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
