//! Lists, paged by keyset: a page is a range of one index, or a merge of a few, at any depth.

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use super::accounts::Account;
use super::error::Error;
use super::resource::Resource;
use crate::types::id::Id;
use crate::types::json::Json;
use crate::types::kind::Kind;
use crate::types::page::{Cursor, Page};

/// A list in SQL. Its parameters are `?1` the account, `?4` the key that the list is `within`, and `?5` the full-text
/// `expression`; `?2` and `?3` are the page's.
pub struct List<'a> {
    pub of: Kind,
    /// The integer column that the list is ordered by.
    pub key: &'static str,
    pub order: Order,
    /// Each range that the list consists of: tables and conditions, as they follow `FROM`. No row may be in two.
    pub ranges: &'a [String],
    pub within: Option<Value>,
    pub expression: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    /// By ascending key.
    Ascending,
}

/// One page as the API returns it: `{"has_more": …, "data": […]}`. `locate` finds the key of the cursor's object. The
/// caller's snapshot makes cursor, rows and `has_more` consistent.
pub fn page(
    conn: &Connection,
    account: Account,
    list: &List,
    page: &Page,
    locate: impl Fn(Id) -> Result<Option<i64>, Error>,
) -> Result<Json, Error> {
    let located = |id, param| locate(id)?.ok_or_else(|| Error::from(list.of.unknown(param, id)));
    let descending = list.order == Order::NewestFirst;
    let (start, descending) = match page.cursor {
        Cursor::First => (if descending { i64::MAX } else { i64::MIN }, descending),
        Cursor::After(id) => (located(id, "starting_after")?, descending),
        Cursor::Before(id) => (located(id, "ending_before")?, !descending),
    };
    let mut rows = rows(conn, account, list, start, descending, page.limit)?;
    let has_more = match rows.last() {
        Some((edge, _)) if rows.len() == page.limit => any(conn, account, list, *edge, descending)?,
        _ => false,
    };
    if let Cursor::Before(_) = page.cursor {
        rows.reverse();
    }
    Ok(envelope(has_more, &rows))
}

/// A select of `columns` from each range beyond the key `?2`, in the given direction.
fn selects(list: &List, columns: &str, descending: bool) -> String {
    let beyond = if descending { "<" } else { ">" };
    let select = |range: &String| format!("SELECT {columns} FROM {range} AND {} {beyond} ?2", list.key);
    list.ranges.iter().map(select).collect::<Vec<_>>().join(" UNION ALL ")
}

/// Up to `limit` rows beyond `start`, each with its key, in the direction of travel.
fn rows(
    conn: &Connection,
    account: Account,
    list: &List,
    start: i64,
    descending: bool,
    limit: usize,
) -> Result<Vec<(i64, String)>, Error> {
    let selects = selects(
        list,
        &format!("{} AS key, {}", list.key, Resource::of(list.of).object),
        descending,
    );
    let order = if descending { "DESC" } else { "ASC" };
    let mut statement = conn.prepare_cached(&format!("{selects} ORDER BY key {order} LIMIT ?3"))?;
    let params: [&dyn ToSql; 5] = [&account.0, &start, &limit, &list.within, &list.expression];
    let used = statement.parameter_count();
    let rows = statement.query_map(&params[..used], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the list continues beyond the key `edge`.
fn any(conn: &Connection, account: Account, list: &List, edge: i64, descending: bool) -> Result<bool, Error> {
    let sql = format!("SELECT EXISTS ({})", selects(list, "1", descending));
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
