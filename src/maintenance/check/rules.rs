//! Rules between rows: copies are equal, and what rows refer to exists. Comparisons are by BINARY, because the columns'
//! own collation ignores letter case.

use rusqlite::Connection;

use super::findings::{Findings, NAMED_ROWS};
use crate::store::schema::contact_object;

/// A rule is broken by the rows that its SQL selects, as texts that name them.
pub struct Rule {
    pub what: &'static str,
    sql: String,
}

pub fn rules() -> Vec<Rule> {
    const MEMBER: &str = "'group ' || m.group_pk || ', position ' || m.position";
    let rule = |what, sql| Rule { what, sql };
    vec![
        rule(
            "A member of a group that neither exists nor waits to be purged",
            lost("members m", MEMBER, "group"),
        ),
        rule(
            "A member whose contact neither exists nor waits to be purged",
            lost("members m", MEMBER, "contact"),
        ),
        rule(
            "A message whose conversation neither exists nor waits to be purged",
            lost("messages", "pk", "conversation"),
        ),
        rule(
            "A message whose sender neither exists nor waits to be purged",
            lost("messages", "pk", "contact"),
        ),
        rule(
            "A member of another account than its group",
            format!(
                "SELECT {MEMBER} FROM members m JOIN groups g ON g.pk = m.group_pk
                 JOIN contacts c ON c.pk = m.contact_pk WHERE c.account <> g.account"
            ),
        ),
        rule(
            "A conversation of another account than its group",
            of_another("conversations", "group"),
        ),
        rule(
            "A conversation of another account than its contact",
            of_another("conversations", "contact"),
        ),
        rule(
            "A message of another account than its conversation",
            of_another("messages", "conversation"),
        ),
        rule(
            "A message of another account than its sender",
            of_another("messages", "contact"),
        ),
        rule(
            "A group with the id of a conversation other than its own",
            copied("group"),
        ),
        rule(
            "A contact with the id of a conversation other than its own",
            copied("contact"),
        ),
        rule(
            "A contact whose rendered object differs from its values",
            format!("SELECT pk FROM contacts WHERE object <> {}", contact_object()),
        ),
        rule(
            "A conversation that pins a message of another or none",
            "SELECT v.pk FROM conversations v WHERE v.pinned_message_id IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM messages o WHERE o.id = v.pinned_message_id AND o.conversation_pk = v.pk
                     AND o.id = v.pinned_message_id COLLATE BINARY)"
                .to_owned(),
        ),
        rule(
            "A stored response of an idempotency key that is not JSON",
            "SELECT pk FROM idempotency_keys WHERE NOT json_valid(body)".to_owned(),
        ),
    ]
}

/// Rows of `table` whose group, contact or conversation (`of`) neither exists nor waits to be purged.
fn lost(table: &str, name: &str, of: &str) -> String {
    format!(
        "SELECT {name} FROM {table} WHERE {of}_pk IS NOT NULL
             AND {of}_pk NOT IN (SELECT pk FROM {of}s UNION ALL SELECT pk FROM deleted_{of}s)"
    )
}

/// Rows of `table` whose group, contact or conversation (`of`) belongs to another account.
fn of_another(table: &str, of: &str) -> String {
    format!("SELECT o.pk FROM {table} o JOIN {of}s p ON p.pk = o.{of}_pk WHERE p.account <> o.account")
}

/// Groups or contacts (`owner`) whose copy of their conversation's id differs.
fn copied(owner: &str) -> String {
    format!(
        "SELECT e.pk FROM {owner}s e LEFT JOIN conversations v ON v.{owner}_pk = e.pk
         WHERE e.conversation_id IS NOT v.id COLLATE BINARY"
    )
}

impl Rule {
    pub fn check(&self, conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
        let mut statement = conn.prepare(&self.sql)?;
        let mut rows = statement.query([])?;
        let mut named = Vec::new();
        while let Some(row) = rows.next()? {
            if named.len() == NAMED_ROWS {
                named.push("…".to_owned());
                break;
            }
            let name = row.get_ref(0)?;
            named.push(name.as_i64().map_or_else(|_| row.get(0), |pk| Ok(pk.to_string()))?);
        }
        if !named.is_empty() {
            findings.push(format!("{}: {}.", self.what, named.join("; ")));
        }
        Ok(())
    }
}
