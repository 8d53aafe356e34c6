//! Export and import: an imported export yields the same responses as the original.

use groups_server::maintenance::import::Summary;
use groups_server::store::import::Existing;
use serde_json::json;

use crate::harness::{TestServer, export, ids, import, object_path, text};

/// A server with objects of every kind, some archived, some deleted.
fn filled() -> TestServer {
    let server = TestServer::start();
    for n in 0..25 {
        let members: Vec<_> = (0..n % 5)
            .map(|m| json!({"username": format!("u{}", (n * 7 + m) % 9), "display_name": "é\"\n"}))
            .collect();
        let group = json!({"name": format!("group {n}"), "description": "d", "contacts": members});
        let group = server.create("/v1/groups", &group);
        let path = object_path("groups", &group);
        let sender = &group["contacts"][0]["id"];
        let message = json!({"conversation_id": group["conversation_id"], "message": format!("group {n} ש"), "contact_id": sender});
        let message = server.create("/v1/messages", &message);
        server.put(
            &object_path("messages", &message),
            &json!({"reactions": {"a": ["x", "y"]}, "read_at": n}),
        );
        let changes = json!({"pinned_message_id": message["id"], "is_pinned": n % 2 == 0, "last_opened_at": n});
        server.put(
            &format!("/v1/conversations/{}", text(&group["conversation_id"])),
            &changes,
        );
        if n % 3 == 0 {
            server.put(&path, &json!({"archived_at": n, "avatar_url": "https://a/b"}));
        }
        if n % 7 == 0 {
            server.delete(&path);
        }
    }
    server
}

#[test]
fn an_export_imported_into_a_new_file_yields_the_same_responses() {
    let (server, other) = (filled(), TestServer::start());
    let lines = export(&server.db, "default");
    let summary = import(&other.db, "default", &lines, Existing::Refuse).unwrap();
    assert_eq!(summary.added, lines.lines().count() as u64);
    let listed = ids(&server.get("/v1/groups?limit=100").json());
    let mut paths: Vec<String> = listed.iter().map(|id| format!("/v1/groups/{id}")).collect();
    for list in ["groups", "conversations"] {
        for query in ["", "?limit=100", "?archived=true", "?archived=false&limit=3"] {
            paths.push(format!("/v1/{list}{query}"));
        }
    }
    for list in [
        "contacts?limit=100",
        "messages?limit=100",
        "messages?query=group",
        "conversations?pinned=true",
    ] {
        paths.push(format!("/v1/{list}"));
    }
    paths.extend(
        listed
            .iter()
            .map(|id| format!("/v1/groups?limit=4&starting_after={id}")),
    );
    paths.extend(listed.iter().map(|id| format!("/v1/groups?limit=4&ending_before={id}")));
    for path in paths {
        let (original, imported) = (server.get(&path), other.get(&path));
        assert_eq!(
            (original.status, original.text),
            (imported.status, imported.text),
            "{path}"
        );
    }
    assert_eq!(export(&other.db, "default"), lines);
}

#[test]
fn existing_objects_are_rejected_skipped_or_replaced() {
    let server = filled();
    let lines = export(&server.db, "default");
    let count = lines.lines().count() as u64;
    let refused = import(&server.db, "default", &lines, Existing::Refuse)
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("line 1: ") && refused.contains("--existing"),
        "{refused}"
    );
    let changed = lines.replace("group 1", "GROUP 1");
    assert_eq!(
        import(&server.db, "default", &changed, Existing::Skip).unwrap(),
        Summary {
            skipped: count,
            ..Summary::default()
        }
    );
    assert_eq!(export(&server.db, "default"), lines);
    assert_eq!(
        import(&server.db, "default", &changed, Existing::Replace).unwrap(),
        Summary {
            replaced: count,
            ..Summary::default()
        }
    );
    assert_eq!(export(&server.db, "default"), changed, "each keeps its position");
}

/// Asserts that objects that contradict each other are rejected, and that a pinned message may follow its conversation.
fn assert_conflicts_rejected(server: &TestServer) {
    let group = |id: &str| format!(r#"{{"kind":"group","name":"x","id":"{id}","conversation_id":"AAAAAAAAAAAAAAAA"}}"#);
    let (one, other) = (group("BBBBBBBBBBBBBBBB"), group("CCCCCCCCCCCCCCCC"));
    let conversation = |rest: &str| format!(r#"{{"kind":"conversation","group_id":"BBBBBBBBBBBBBBBB",{rest}}}"#);
    let message = r#"{"kind":"message","conversation_id":"AAAAAAAAAAAAAAAA","id":"DDDDDDDDDDDDDDDD","message":"x"}"#;
    let same = conversation(r#""id":"AAAAAAAAAAAAAAAA""#);
    for (lines, why) in [
        (format!("{one}\n{other}"), "line 2: the conversation"),
        (format!("{one}\n{same}\n{same}"), "line 3: the conversation"),
        (format!("{one}\n{message}\n{same}"), "line 3: the conversation"),
        (
            format!("{one}\n{same}\n{}", conversation(r#""id":"EEEEEEEEEEEEEEEE""#)),
            "line 3: its group or contact already has another conversation",
        ),
        (
            format!(
                "{one}\n{}\n{message}",
                conversation(r#""pinned_message_id":"EEEEEEEEEEEEEEEE""#)
            ),
            "line 3: `conversation_id` must be",
        ),
        (
            format!(
                "{one}\n{}\n{message}",
                conversation(r#""id":"AAAAAAAAAAAAAAAA","pinned_message_id":"EEEEEEEEEEEEEEEE""#)
            ),
            "line 2: `pinned_message_id` must be",
        ),
    ] {
        let failure = import(&server.db, "default", &lines, Existing::Refuse)
            .unwrap_err()
            .to_string();
        assert!(failure.starts_with(why), "{failure}");
        assert_eq!(export(&server.db, "default"), "");
    }
    let pinned = conversation(r#""id":"AAAAAAAAAAAAAAAA","pinned_message_id":"dddddddddddddddd""#);
    import(
        &server.db,
        "default",
        &format!("{one}\n{pinned}\n{message}"),
        Existing::Refuse,
    )
    .unwrap();
    let conversation = server.get("/v1/conversations/AAAAAAAAAAAAAAAA").json();
    assert_eq!(conversation["pinned_message_id"], "DDDDDDDDDDDDDDDD");
}

#[test]
fn an_invalid_line_is_named_and_nothing_is_imported() {
    let server = TestServer::start();
    let good = r#"{"kind":"contact","username":"Hector"}"#;
    for (bad, why) in [
        ("nonsense", "line 3: it is not JSON"),
        (r#"{"username":"x"}"#, "line 3: `kind` is required"),
        (r#"{"kind":"tune"}"#, "line 3: `kind` must be"),
        (
            r#"{"kind":"contact","username":"hector"}"#,
            "line 3: The username `hector` is taken",
        ),
        (
            r#"{"kind":"contact","username":"a","colour":1}"#,
            "line 3: There is no parameter `colour`",
        ),
        (r#"{"kind":"group","name":""}"#, "line 3: `name` must have"),
        (
            r#"{"kind":"group","name":"x","contacts":["AAAAAAAAAAAAAAAA"]}"#,
            "line 3: `contacts[0]` must be",
        ),
        (r#"{"kind":"group","name":"x","id":"short"}"#, "line 3: `id` must be"),
        (
            r#"{"kind":"conversation"}"#,
            "line 3: `contact_id` or `group_id` is required",
        ),
        (
            r#"{"kind":"conversation","group_id":"AAAAAAAAAAAAAAAA"}"#,
            "line 3: `group_id` must be",
        ),
        (
            r#"{"kind":"message","conversation_id":"AAAAAAAAAAAAAAAA","message":"x"}"#,
            "line 3: `conversation_id` must be",
        ),
    ] {
        let failure = import(&server.db, "default", &format!("{good}\n\n{bad}\n"), Existing::Refuse)
            .unwrap_err()
            .to_string();
        assert!(failure.starts_with(why), "{failure}");
        assert_eq!(export(&server.db, "default"), "");
    }
    assert_conflicts_rejected(&server);
}

#[test]
fn a_byte_order_mark_at_the_start_of_the_file_is_skipped() {
    let server = TestServer::start();
    let contact = r#"{"kind":"contact","id":"AAAAAAAAAAAAAAAA","username":"a","conversation_id":"CAAAAAAAAAAAAAAA"}"#;
    let refused = import(&server.db, "default", &format!("\n\u{feff}{contact}"), Existing::Refuse).unwrap_err();
    assert!(refused.to_string().starts_with("line 2: "), "{refused}");
    let summary = import(&server.db, "default", &format!("\u{feff}{contact}"), Existing::Refuse).unwrap();
    assert_eq!(summary.added, 1);
}

#[test]
fn a_message_that_an_import_moves_to_another_conversation_is_no_longer_pinned() {
    let server = TestServer::start();
    let lines = r#"{"kind":"contact","id":"AAAAAAAAAAAAAAAA","username":"a","conversation_id":"CAAAAAAAAAAAAAAA"}
{"kind":"contact","id":"BBBBBBBBBBBBBBBB","username":"b","conversation_id":"CBBBBBBBBBBBBBBB"}
{"kind":"conversation","id":"CAAAAAAAAAAAAAAA","contact_id":"AAAAAAAAAAAAAAAA","pinned_message_id":"M111111111111111"}
{"kind":"message","id":"M111111111111111","conversation_id":"CAAAAAAAAAAAAAAA","message":"x"}"#;
    import(&server.db, "default", lines, Existing::Refuse).unwrap();
    let moved = r#"{"kind":"message","id":"M111111111111111","conversation_id":"CBBBBBBBBBBBBBBB","message":"x"}"#;
    import(&server.db, "default", moved, Existing::Replace).unwrap();
    let conversation = server.get("/v1/conversations/CAAAAAAAAAAAAAAA").json();
    assert_eq!(conversation["pinned_message_id"], serde_json::Value::Null);
    import(
        &TestServer::start().db,
        "default",
        &export(&server.db, "default"),
        Existing::Refuse,
    )
    .unwrap();
}

#[test]
fn an_import_never_creates_a_contact_without_its_conversation() {
    let server = TestServer::start();
    let taken = &server.create_contact("a")["conversation_id"];
    let lines = format!(
        "{}\n{}",
        r#"{"kind":"contact","id":"BBBBBBBBBBBBBBBB","username":"b"}"#,
        json!({"kind": "conversation", "id": taken, "contact_id": "BBBBBBBBBBBBBBBB"})
    );
    for existing in [Existing::Refuse, Existing::Skip, Existing::Replace] {
        let failure = import(&server.db, "default", &lines, existing).unwrap_err().to_string();
        assert!(failure.starts_with("line 2: the conversation"), "{failure}");
        assert_eq!(server.get("/v1/contacts/BBBBBBBBBBBBBBBB").status, 404);
    }
}

#[test]
fn another_accounts_objects_are_never_touched() {
    let server = filled();
    let lines = export(&server.db, "default");
    for existing in [Existing::Refuse, Existing::Skip, Existing::Replace] {
        let failure = import(&server.db, "other", &lines, existing).unwrap_err();
        assert!(failure.to_string().contains("in another account"), "{failure}");
    }
    assert_eq!(export(&server.db, "default"), lines);
}
