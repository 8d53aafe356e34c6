//! The query plans of every list: EXPLAIN QUERY PLAN of each statement that a list runs, in every combination of its
//! filters and with every kind of cursor.

use std::cell::RefCell;

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::accounts::{self, Account};
use super::error::Error;
use super::{SCHEMA, Tx, contacts, conversations, groups, members, messages, search};
use crate::db::Transaction;
use crate::types::contact::{ContactRef, NamedContact, NewContact};
use crate::types::group::NewGroup;
use crate::types::id::Id;
use crate::types::json::{self, Json};
use crate::types::kind::Kind;
use crate::types::message::NewMessage;
use crate::types::page::{Cursor, Page};
use crate::types::search_terms::SearchTerms;
use crate::types::text::{MessageText, Name, Username};
use crate::types::time::Timestamp;

thread_local! {
    static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Runs a list and returns the statements that it ran.
fn statements(conn: &Connection, list: impl Fn() -> Result<Json, Error>) -> Vec<String> {
    conn.trace_v2(
        TraceEventCodes::SQLITE_TRACE_STMT,
        Some(|event| {
            // FTS5's own statements are comments or on its own tables, such as `groups_fts_data`.
            if let TraceEvent::Stmt(_, sql) = event
                && sql.starts_with("SELECT")
                && !sql.contains("_fts_")
                && !sql.contains("_queued_")
            {
                STATEMENTS.with_borrow_mut(|statements| statements.push(sql.to_owned()));
            }
        }),
    );
    conn.execute_batch("BEGIN").unwrap();
    list().unwrap();
    conn.execute_batch("ROLLBACK").unwrap();
    conn.trace_v2(TraceEventCodes::empty(), None);
    STATEMENTS.take()
}

/// The steps of a statement's plan.
fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

/// Whether a step scans a table or an index, or sorts. A virtual table is always `SCAN`ned: an `M` in its plan means by
/// MATCH, and `<` or `>` from the cursor on.
fn is_costly(step: &str) -> bool {
    let matches = step.contains("VIRTUAL TABLE INDEX") && step.contains('M') && step.contains(['<', '>']);
    let scans = step.starts_with("SCAN") && step != "SCAN CONSTANT ROW" && !matches;
    scans || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
}

/// The objects that filters and cursors name.
struct Sample {
    account: Account,
    group: Id,
    contact: Id,
    conversation: Id,
    message: Id,
}

fn sample(conn: &Connection) -> Sample {
    let transaction = Transaction::unchecked(conn);
    let account = accounts::find_or_create(&transaction, "default").unwrap();
    let tx = Tx::new(&transaction, account, Timestamp::now());
    let username = |name: &str| Username::parse(name.to_owned()).unwrap();
    let named = NamedContact {
        path: "contacts[0]".to_owned(),
        contact: ContactRef::Username(NewContact {
            username: username("Hector"),
            phone_number: None,
            avatar_url: None,
            display_name: None,
        }),
    };
    let new = NewGroup {
        name: Name::parse("Plaza Hotel".to_owned()).unwrap(),
        description: None,
        avatar_url: None,
        contacts: vec![named],
    };
    let (group, Json(made)) = groups::create(&tx, &new, 1).unwrap();
    let conversation = json::object("it", made.as_bytes())
        .unwrap()
        .required("conversation_id")
        .unwrap();
    let Json(listed) = contacts::list(conn, account, &page(Cursor::First), &contacts::Filter::default()).unwrap();
    let contact = listed
        .split("\"id\":\"")
        .nth(1)
        .and_then(|rest| Id::parse(&rest[..Id::LENGTH]))
        .unwrap();
    let new = NewMessage {
        conversation_id: conversation,
        message: MessageText::parse("Plaza".to_owned()).unwrap(),
        contact_id: None,
    };
    let (message, _) = messages::create(&tx, &new).unwrap();
    Sample {
        account,
        group,
        contact,
        conversation,
        message,
    }
}

fn page(cursor: Cursor) -> Page {
    // One object fills a page of one, so that `has_more` is queried too.
    Page { limit: 1, cursor }
}

/// Without the filter, and with it.
fn or_none<T: Clone>(value: T) -> [Option<T>; 2] {
    [None, Some(value)]
}

/// Every statement that the lists run, in every combination of their filters and with every kind of cursor.
fn statements_of_all_lists(conn: &Connection, sample: &Sample) -> Vec<String> {
    let &Sample {
        account,
        group,
        contact,
        conversation,
        message,
    } = sample;
    let terms = SearchTerms::parse("pla ho").unwrap();
    let flags = [None, Some(true), Some(false)];
    let mut seen = Vec::new();
    let mut look = |of: Id, list: &dyn Fn(&Page) -> Result<Json, Error>| {
        for cursor in [Cursor::First, Cursor::After(of), Cursor::Before(of)] {
            seen.extend(statements(conn, || list(&page(cursor))));
        }
    };
    for contact in or_none(contact) {
        for terms in or_none(terms.clone()) {
            for archived in flags {
                let filter = groups::Filter {
                    archived,
                    contact,
                    terms: terms.clone(),
                };
                look(group, &|page| groups::list(conn, account, page, &filter));
            }
        }
    }
    for username in or_none(Username::parse("Hector".to_owned()).unwrap()) {
        for terms in or_none(terms.clone()) {
            let filter = contacts::Filter {
                username: username.clone(),
                terms,
            };
            look(contact, &|page| contacts::list(conn, account, page, &filter));
        }
    }
    look(contact, &|page| members::list(conn, account, group, page));
    for group in or_none(group) {
        for contact in or_none(contact) {
            for (archived, muted, pinned) in flags.into_iter().flat_map(|archived| {
                flags
                    .into_iter()
                    .flat_map(move |muted| flags.into_iter().map(move |pinned| (archived, muted, pinned)))
            }) {
                let filter = conversations::Filter {
                    archived,
                    muted,
                    pinned,
                    group,
                    contact,
                };
                look(conversation, &|page| conversations::list(conn, account, page, &filter));
            }
        }
    }
    for conversation in or_none(conversation) {
        for terms in or_none(terms.clone()) {
            let filter = messages::Filter { conversation, terms };
            look(message, &|page| messages::list(conn, account, page, &filter));
        }
    }
    seen.sort();
    seen.dedup();
    seen
}

#[test]
fn no_list_scans_or_sorts_with_any_filters_and_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups.db");
    SCHEMA.create(&path).unwrap();
    let conn = Connection::open(path).unwrap();
    let sample = sample(&conn);
    // With queued rows, and without.
    let mut seen = statements_of_all_lists(&conn, &sample);
    for kind in [Kind::Contact, Kind::Group, Kind::Message] {
        search::ranges(&conn, kind, "").unwrap();
    }
    search::index_all(&Transaction::unchecked(&conn)).unwrap();
    seen.extend(statements_of_all_lists(&conn, &sample));
    assert!(seen.len() > 300, "only {} statements were seen", seen.len());
    assert!(seen.iter().any(|sql| sql.contains("messages_queued f ")));
    for sql in &seen {
        let steps = plan(&conn, sql);
        assert!(!steps.iter().any(|step| is_costly(step)), "{steps:?} {sql}");
        let by = |index| steps.iter().any(|step: &String| step.contains(index));
        if sql.contains("o.is_muted = ") && !sql.contains("_pk = ?4") {
            assert!(by("conversations_flags"), "{steps:?} {sql}");
        }
        if sql.contains("o.conversation_pk = ?4") {
            assert!(by("messages_conversation"), "{steps:?} {sql}");
        }
    }
    let costly = |sql| plan(&conn, sql).iter().any(|step| is_costly(step));
    assert!(costly("SELECT name FROM groups WHERE name = 'x'"));
    assert!(costly("SELECT name FROM groups WHERE account = 1 ORDER BY name"));
    assert!(costly("SELECT rowid FROM groups_fts"));
}
