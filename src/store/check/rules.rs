//! What must hold between rows: the copies are equal, and what rows name is there. Comparisons are by BINARY, as the
//! columns' own collation ignores the case of letters.

use rusqlite::Connection;

use super::{Findings, NAMED};
use crate::store::schema::contact_object;

/// No row may be what its SQL selects: texts that name the rows at fault.
pub struct Rule {
    pub what: &'static str,
    sql: String,
}

pub fn rules() -> Vec<Rule> {
    const MEMBER: &str = "'group ' || m.group_pk || ', position ' || m.position";
    let rule = |what, sql| Rule { what, sql };
    vec![
        rule(
            "A member of a group that is neither there nor deleted",
            lost("members m", MEMBER, "group"),
        ),
        rule(
            "A member that is neither a contact nor a deleted one",
            lost("members m", MEMBER, "contact"),
        ),
        rule(
            "A message of a conversation that is neither there nor deleted",
            lost("messages", "pk", "conversation"),
        ),
        rule(
            "A message of a sender that is neither a contact nor a deleted one",
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
        rule("A group that names another conversation than it has", copied("group")),
        rule(
            "A contact that names another conversation than it has",
            copied("contact"),
        ),
        rule(
            "A contact whose ready object is not of its values",
            format!("SELECT pk FROM contacts WHERE object <> {}", contact_object()),
        ),
        rule(
            "A conversation that pins what is not one of its messages",
            "SELECT v.pk FROM conversations v WHERE v.pinned_message_id IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM messages o WHERE o.id = v.pinned_message_id AND o.conversation_pk = v.pk
                     AND o.id = v.pinned_message_id COLLATE BINARY)"
                .to_owned(),
        ),
        rule(
            "An answer kept for its key that is not JSON",
            "SELECT pk FROM idempotency_keys WHERE NOT json_valid(body)".to_owned(),
        ),
    ]
}

/// Rows of `table` whose group, contact or conversation (`of`) is not there and not waiting to be cleared away either.
fn lost(table: &str, name: &str, of: &str) -> String {
    format!(
        "SELECT {name} FROM {table} WHERE {of}_pk IS NOT NULL
             AND {of}_pk NOT IN (SELECT pk FROM {of}s UNION ALL SELECT pk FROM deleted_{of}s)"
    )
}

/// Rows of `table` whose group, contact or conversation (`of`) is of another account.
fn of_another(table: &str, of: &str) -> String {
    format!("SELECT o.pk FROM {table} o JOIN {of}s p ON p.pk = o.{of}_pk WHERE p.account <> o.account")
}

/// Groups or contacts (`end`) whose copy of their conversation's id is not the same.
fn copied(end: &str) -> String {
    format!(
        "SELECT e.pk FROM {end}s e LEFT JOIN conversations v ON v.{end}_pk = e.pk
         WHERE e.conversation_id IS NOT v.id COLLATE BINARY"
    )
}

impl Rule {
    pub fn check(&self, conn: &Connection, findings: &mut Findings) -> rusqlite::Result<()> {
        let mut statement = conn.prepare(&self.sql)?;
        let mut rows = statement.query([])?;
        let mut named = Vec::new();
        while let Some(row) = rows.next()? {
            if named.len() == NAMED {
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
