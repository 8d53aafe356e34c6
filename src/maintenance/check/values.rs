//! Rules for single values, in every table: text is UTF-8, ids have the form of ids, times are within the calendar. SQLite
//! checks the schema's own constraints.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::findings::{Findings, NAMED_ROWS};
use crate::types::id::Id;
use crate::types::time::Timestamp;

pub fn check(conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    // The tables of the search indexes have the types `shadow` and `virtual`.
    let mut tables = conn.prepare(
        "SELECT name FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    tables.iter().try_for_each(|table| check_table(conn, table, findings))
}

fn check_table(conn: &Connection, table: &str, findings: &mut Findings) -> rusqlite::Result<()> {
    // The statement's own column names would panic if they were not UTF-8.
    let mut columns = conn.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
    let columns: Vec<String> = columns
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut statement = conn.prepare(&format!("SELECT * FROM \"{table}\""))?;
    let mut rows = statement.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()?
        && found < NAMED_ROWS
    {
        for (index, column) in columns.iter().enumerate() {
            let Some(what) = fault(column, row.get_ref(index)?) else {
                continue;
            };
            let key = match row.get_ref(0)? {
                ValueRef::Integer(key) => key.to_string(),
                other => format!("{other:?}"),
            };
            findings.push(format!("{table}, {} {key}: {column} {what}.", columns[0]));
            found += 1;
        }
    }
    Ok(())
}

/// What is wrong with a value of the column of this name.
fn fault(column: &str, value: ValueRef) -> Option<&'static str> {
    match value {
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Err(_) => Some("is not UTF-8"),
            Ok(text) if is_id(column) && Id::parse(text).is_none() => Some("is not an id"),
            Ok(_) => None,
        },
        ValueRef::Integer(seconds) if column.ends_with("_at") => {
            let within = (0..=Timestamp::LAST).contains(&seconds);
            (!within).then_some("is not a time before the year 10000")
        }
        _ => None,
    }
}

fn is_id(column: &str) -> bool {
    column == "id" || column.ends_with("_id")
}
