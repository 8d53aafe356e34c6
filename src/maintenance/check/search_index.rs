//! Whether the search indexes have the terms of the texts, queued rows aside: FTS5's own check cannot see that, because its
//! tables here do not hold the texts. Sums over spans of rows are compared, so that this needs little memory at any size.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rusqlite::{Connection, params};

use super::findings::{Findings, NAMED_ROWS};
use crate::store::search::{INDEXES, Index, TOKENIZER};

/// Keys in a span.
const SPAN: i64 = 1_024;

/// For each span, by its number, a sum over its terms and their positions that is independent of their order.
type Sums = BTreeMap<i64, u64>;

pub fn check(conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
    INDEXES.iter().try_for_each(|index| check_index(conn, index, findings))
}

fn check_index(conn: &Connection, index: &Index, findings: &mut Findings) -> rusqlite::Result<()> {
    let (kind, table, columns) = (index.kind.name(), index.source(), index.columns);
    conn.execute_batch(&format!(
        "CREATE VIRTUAL TABLE temp.{table}_indexed USING fts5vocab (main, {table}_fts, instance);
         CREATE VIRTUAL TABLE temp.{table}_rebuilt USING fts5 ({columns}, content = '', {TOKENIZER});
         CREATE VIRTUAL TABLE temp.{table}_terms USING fts5vocab (temp, {table}_rebuilt, instance)"
    ))?;
    let queued = format!("SELECT pk FROM unindexed WHERE kind = '{kind}'");
    let mut indexed = sums(conn, &format!("{table}_indexed WHERE doc NOT IN ({queued})"))?;
    let mut next = conn.prepare(&format!("SELECT min(pk) FROM {table} WHERE pk >= ?1"))?;
    let mut add = conn.prepare(&format!(
        "INSERT INTO temp.{table}_rebuilt (rowid, {columns})
         SELECT t.pk, {} FROM {table} t WHERE t.pk BETWEEN ?1 AND ?2 AND t.pk NOT IN ({queued})",
        index.values
    ))?;
    let mut differing = Vec::new();
    let mut from = i64::MIN;
    while let Some(pk) = next.query_row([from], |row| row.get::<_, Option<i64>>(0))? {
        let span = pk.div_euclid(SPAN);
        let last = last_of(span);
        add.execute(params![pk, last])?;
        let rebuilt = sums(conn, &format!("{table}_terms"))?;
        conn.execute_batch(&format!(
            "INSERT INTO temp.{table}_rebuilt ({table}_rebuilt) VALUES ('delete-all')"
        ))?;
        if rebuilt.get(&span) != indexed.remove(&span).as_ref() {
            differing.push(span);
        }
        match last.checked_add(1) {
            Some(next) => from = next,
            None => break,
        }
    }
    // Spans that are left have no rows.
    differing.extend(indexed.into_keys());
    for span in differing.iter().take(NAMED_ROWS) {
        let (first, last) = (span.saturating_mul(SPAN), last_of(*span));
        findings.push(format!(
            "The search index differs from the texts: {table} with keys from {first} to {last}."
        ));
    }
    Ok(())
}

fn last_of(span: i64) -> i64 {
    span.saturating_mul(SPAN).saturating_add(SPAN - 1)
}

fn sums(conn: &Connection, terms: &str) -> rusqlite::Result<Sums> {
    let mut statement = conn.prepare(&format!("SELECT term, doc, col, \"offset\" FROM temp.{terms}"))?;
    let mut rows = statement.query([])?;
    let mut sums = Sums::new();
    while let Some(row) = rows.next()? {
        let doc: i64 = row.get(1)?;
        let mut hasher = DefaultHasher::new();
        row.get_ref(0)?.as_bytes()?.hash(&mut hasher);
        row.get_ref(2)?.as_bytes()?.hash(&mut hasher);
        (doc, row.get::<_, i64>(3)?).hash(&mut hasher);
        let sum = sums.entry(doc.div_euclid(SPAN)).or_default();
        *sum = sum.wrapping_add(hasher.finish());
    }
    Ok(sums)
}
