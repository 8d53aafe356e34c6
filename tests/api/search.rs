//! The searches of groups, contacts and messages by `query`, held against plain matchers.

use std::cell::Cell;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_integrity, encode, ids, text};

/// The ids that a search of a list finds, all on one page.
#[track_caller]
fn found_by(server: &TestServer, token: &str, list: &str, query: &str) -> Vec<String> {
    let path = format!("{list}limit=100&query={}", encode(query));
    let response = server.request("GET", &path).token(token).send();
    assert_eq!(response.status, 200, "{list} {query:?}: {}", response.text);
    assert_eq!(response.json()["has_more"], false);
    ids(&response.json())
}

/// What is searched, with one text in an object of each kind, and the id of that object.
struct Searched {
    server: TestServer,
    conversation: Value,
    contacts: Cell<usize>,
}

impl Searched {
    fn start() -> Self {
        let server = TestServer::start();
        let conversation = server.create("/v1/groups", &json!({"name": "_"}))["conversation_id"].clone();
        Searched {
            server,
            conversation,
            contacts: Cell::new(0),
        }
    }

    /// A new user name in which there is no word to find: of signs alone.
    fn wordless(&self) -> String {
        let number = self.contacts.replace(self.contacts.get() + 1);
        format!("{number:012b}").replace('0', "_").replace('1', "-")
    }

    /// Puts a text into a group, a contact and a message. Answers with each's list and id.
    fn put(&self, searched: &str) -> [(&'static str, String); 3] {
        let username = self.wordless();
        let bodies = [
            ("/v1/groups", json!({"name": "_", "description": searched})),
            ("/v1/contacts", json!({"username": username, "display_name": searched})),
            (
                "/v1/messages",
                json!({"conversation_id": self.conversation, "message": searched}),
            ),
        ];
        bodies.map(|(path, body)| (path, text(&self.server.create(path, &body)["id"])))
    }

    /// Puts a text into each kind of object, sees whether the queries find it, and takes it out again.
    #[track_caller]
    fn expect(&self, searched: &str, finding: &[&str], missing: &[&str]) {
        let objects = self.put(searched);
        let in_conversation = format!("/v1/messages?conversation_id={}&", text(&self.conversation));
        for (path, id) in &objects {
            let all = format!("{path}?");
            let lists = if *path == "/v1/messages" {
                vec![&all, &in_conversation]
            } else {
                vec![&all]
            };
            for list in lists {
                let found = |query: &str| found_by(&self.server, &self.server.token, list, query);
                for query in finding {
                    assert_eq!(found(query), [id.as_str()], "{list} {query:?} in {searched:?}");
                }
                for query in missing {
                    assert_eq!(found(query), [""; 0], "{list} {query:?} in {searched:?}");
                }
            }
            assert_eq!(self.server.delete(&format!("{path}/{id}")).status, 204);
        }
    }
}

#[test]
fn every_word_of_a_query_is_a_word_or_the_beginning_of_one() {
    let searched = Searched::start();
    searched.expect(
        "The Plaza Hotel, 5th Avenue: world-renowned since 1907",
        &[
            "plaza",
            "Plaza Hotel",
            "hotel plaza",
            "p",
            "pl",
            "pla",
            "plaz",
            "h a w",
            "plaza plaza",
            "5th",
            "5",
            "19",
            "1907",
            "  plaza \t\n hotel\u{a0}",
            "plaza,hotel",
            "renowned",
            "since renowned",
            "avenue world",
            "the",
        ],
        &[
            "laza",
            "plazas",
            "plaza hostel",
            "venue",
            "07",
            "wordl",
            "plaza x",
            "5thavenue",
            "worldrenowned",
            "plazahotel",
        ],
    );
    searched.expect(
        "L'Hôtel d’Or",
        &["l'hotel", "hotel", "d'or", "or l", "l’hôtel"],
        &["lhotel", "dor"],
    );
    searched.expect("x", &["x"], &["xx", "y"]);
    searched.expect(
        "foo_bar foo.baz",
        &["foo_bar", "foo bar", "foo.baz", "bar", "foo_ba"],
        &["foo_baz_foo", "bar_baz"],
    );
}

#[test]
fn case_and_accents_make_no_difference_composed_or_not() {
    let searched = Searched::start();
    searched.expect(
        "Zoë CAFÉ",
        &[
            "zoe",
            "ZOË",
            "Zoe\u{308}",
            "cafe",
            "CAFE\u{301}",
            "café",
            "zo caf",
            "zoë cafe",
        ],
        &["zoo", "cafee"],
    );
    searched.expect(
        "Zoe\u{308} CAFE\u{301}",
        &["zoe", "ZOË", "Zoe\u{308}", "cafe", "CAFE\u{301}", "café", "zo caf"],
        &["zoo", "cafee"],
    );
    searched.expect("Việt ệ", &["viet", "VIỆT", "vie\u{323}\u{302}t", "e", "việ"], &["vit"]);
    searched.expect(
        "Привет ΟΔΟΣ Ünal",
        &["привет", "ПРИВ", "οδος", "unal", "ÜNAL"],
        &["привед"],
    );
    searched.expect("𐐀𐐁 Åse ñandú", &["𐐨𐐩", "𐐀", "ase", "Nandu", "n\u{303}andu"], &["𐐩"]);
}

#[test]
fn beginnings_of_any_length_are_found_in_any_script() {
    let searched = Searched::start();
    for word in [
        "aéàü語𐐷x",
        "東京都庁",
        "мир",
        "שלום",
        "हिन्दी",
        "ภาษาไทย",
        "각각",
        "1234567890",
    ] {
        let beginnings: Vec<String> = (1..=word.chars().count())
            .map(|length| word.chars().take(length).collect())
            .collect();
        let beginnings: Vec<&str> = beginnings.iter().map(String::as_str).collect();
        let longer = format!("{word}x");
        searched.expect(&format!("an {word}, so"), &beginnings, &[&longer]);
    }
}

#[test]
fn what_signs_divide_is_a_phrase() {
    let searched = Searched::start();
    searched.expect(
        "one two three, four. one three",
        &[
            "one-two",
            "one-two-three",
            "two-thr",
            "one/two",
            "three,four",
            "three-four-one",
            "one-three",
            "\"one two",
            "-one-",
            "one-tw four-on",
            "one--two",
            "t",
        ],
        &[
            "two-one",
            "one-four",
            "on-two",
            "two-four",
            "one-two-four",
            "one-two three-two",
        ],
    );
    // A phrase lies within one property; words do not.
    let server = &searched.server;
    let group = text(&server.create("/v1/groups", &json!({"name": "foo", "description": "bar baz"}))["id"]);
    let contact = json!({"username": "foo", "display_name": "bar", "phone_number": "+49 30 12345"});
    let contact = text(&server.create("/v1/contacts", &contact)["id"]);
    for (list, id, finding) in [
        ("/v1/groups?", &group, &["foo bar", "bar foo", "b f", "foo bar-baz"][..]),
        (
            "/v1/contacts?",
            &contact,
            &["foo bar", "bar 49 f", "30 foo", "49-30", "+49-30-123", "12 bar"],
        ),
    ] {
        for query in finding {
            assert_eq!(found_by(server, &server.token, list, query), [id.as_str()], "{query}");
        }
        for query in ["foo-bar", "foo-bar baz", "bar-foo", "bar-49"] {
            assert_eq!(found_by(server, &server.token, list, query), [""; 0], "{query}");
        }
    }
}

#[test]
fn a_query_is_plain_text_whatever_it_means_to_the_index() {
    let searched = Searched::start();
    searched.expect(
        "rock roll",
        &[
            "rock*",
            "*rock",
            "^rock",
            "^roll",
            "\"rock",
            "rock\"",
            "\"rock roll\"",
            "(rock",
            "rock)",
            "{rock}",
            "[rock",
            "+rock",
            "rock + roll",
            "rock : roll",
            "rock - roll",
            "rock ( ) roll",
            "' rock ''",
            "\"\" rock",
            "rock;",
            "rock\\",
            "\\rock",
            "`rock`",
            "rock,",
            "%rock%",
            "rock * roll",
            "rock ^ \" { } roll",
            "ro* ro*",
            "rock\u{1}",
            "rock\u{1}\u{2} roll",
        ],
        &[
            "rock AND roll",
            "rock OR roll",
            "rock OR x",
            "rock NOT x",
            "NOT x",
            "NEAR(rock roll)",
            "NEAR",
            "AND",
            "OR",
            "NOT",
            "name:rock",
            "name : rock",
            "description:rock",
            "message:rock",
            "display_name:rock",
            "{name description}:rock",
            "scope:rock",
            "- name : rock",
            "ro\"ck",
            "ro*ck",
            "x\" OR \"rock",
            "x\") OR (\"rock",
            "rock' OR '1'='1",
            "rock\" AND \"roll",
            "'; DROP TABLE groups; --",
            "rank",
            "rowid",
            "groups_fts",
        ],
    );
    searched.expect(
        "rock AND roll, name:x OR NOT near",
        &[
            "AND",
            "and roll",
            "rock AND roll",
            "OR",
            "NOT",
            "NOT NEAR",
            "NEAR",
            "name:x",
            "name : x",
            "x-or",
            "roll,name",
        ],
        &["name:y", "AND x:name", "not-or"],
    );
}

#[test]
fn nothing_but_the_texts_is_searched() {
    let searched = Searched::start();
    let Searched {
        server, conversation, ..
    } = &searched;
    let contact = json!({"username": "hector", "avatar_url": "https://pictures.example/1"});
    let contact = server.create("/v1/contacts", &contact);
    let group = json!({"name": "Plaza", "avatar_url": "https://pictures.example/2", "contacts": [contact["id"]]});
    let group = server.create("/v1/groups", &group);
    let message = json!({"conversation_id": group["conversation_id"], "message": "Merry", "contact_id": contact["id"]});
    let message = server.create("/v1/messages", &message);
    let path = format!("/v1/messages/{}", text(&message["id"]));
    server.put(&path, &json!({"reactions": {"heart": ["kate"]}}));
    let of_conversation = |id: &Value| format!("/v1/messages?conversation_id={}&", text(id));
    let within = [
        of_conversation(conversation),
        of_conversation(&group["conversation_id"]),
    ];
    let mut hidden = vec![
        "pictures".to_owned(),
        "example".to_owned(),
        "https".to_owned(),
        "scope".to_owned(),
        "heart".to_owned(),
        "kate".to_owned(),
        "null".to_owned(),
        text(&group["id"]),
        text(&contact["id"]),
        text(&group["conversation_id"]),
    ];
    // What the index keeps beside the texts: words for accounts and conversations, by their internal keys.
    for n in 0..12 {
        for within in ["a", "c", "scope:a", "scope : a", "scope-a", "a1 c", "a1-c", "c1 a"] {
            hidden.push(format!("{within}{n}"));
        }
    }
    for list in ["/v1/groups?", "/v1/contacts?", "/v1/messages?"]
        .into_iter()
        .chain(within.iter().map(String::as_str))
    {
        for query in &hidden {
            assert_eq!(found_by(server, &server.token, list, query), [""; 0], "{list} {query}");
        }
    }
    for (list, query) in [
        ("groups", "hector"),
        ("messages", "hector"),
        ("contacts", "plaza"),
        ("messages", "plaza"),
        ("groups", "merry"),
    ] {
        assert_eq!(
            found_by(server, &server.token, &format!("/v1/{list}?"), query),
            [""; 0],
            "{list} {query}"
        );
    }
    // Where a text has such words, they are found like any other.
    searched.expect(
        "a1 c1 scope",
        &["a1", "c1", "a1-c1", "scope", "c1 a1", "a"],
        &["a2", "c2", "c1-a1"],
    );
}

#[test]
fn signs_that_stand_alone_are_skipped_also_those_that_look_like_letters() {
    let searched = Searched::start();
    searched.expect(
        "plaza 🅰️ hotel",
        &[
            "plaza 👍",
            "plaza 🅰️",
            "🅰️ plaza",
            "plaza Ⓐ hotel",
            "plaza \u{345}",
            "plaza \u{301} hotel",
            "plaza 🅰️-🅱️ hotel",
            "plaza 🅰️🅱️",
        ],
        &["plaza 🅰️ x", "x 🅰️", "Ⓐ", "Ⓐ Ⓑ"],
    );
    searched.expect("½ ² Ⅷ ٣", &["½", "²", "Ⅷ", "٣", "ⅷ ٣"], &["1"]);
}

#[test]
fn a_query_that_cannot_be_looked_for_is_refused() {
    let server = TestServer::start();
    let conversation = text(&server.create("/v1/groups", &json!({"name": "x"}))["conversation_id"]);
    let lists = [
        "/v1/groups?".to_owned(),
        "/v1/groups?archived=true&".to_owned(),
        "/v1/contacts?".to_owned(),
        "/v1/messages?".to_owned(),
        format!("/v1/messages?conversation_id={conversation}&"),
    ];
    let words = |count: usize| vec!["x"; count].join(" ");
    for list in &lists {
        for query in [
            String::new(),
            " ".to_owned(),
            "\t\n".to_owned(),
            "-".to_owned(),
            "\"".to_owned(),
            "*".to_owned(),
            "( ) { } ^ :".to_owned(),
            "👍".to_owned(),
            "\u{301}".to_owned(),
            "…".to_owned(),
            "x".repeat(256),
            "語".repeat(256),
            format!("x{}", " ".repeat(255)),
            words(17),
        ] {
            let response = server.get(&format!("{list}query={}", encode(&query)));
            assert_eq!(
                response.expect_error(400, "parameter_invalid"),
                "query",
                "{list} {query:?}"
            );
        }
        for query in [
            "x".repeat(255),
            "語".repeat(255),
            "𐐷".repeat(255),
            words(16),
            format!("{} - -", words(16)),
            format!("x{}", " ".repeat(254)),
        ] {
            found_by(&server, &server.token, list, &query);
        }
        let twice = server.get(&format!("{list}query=x&query=x"));
        assert_eq!(twice.expect_error(400, "parameter_unknown"), "query");
        for malformed in ["query=%00", "query=%ff"] {
            let response = server.get(&format!("{list}{malformed}"));
            assert_eq!(
                response.expect_error(400, "parameter_invalid"),
                Value::Null,
                "{malformed}"
            );
        }
    }
    let longest = "a".repeat(9_998);
    let body = json!({"conversation_id": conversation, "message": format!("{longest} b")});
    let message = text(&server.create("/v1/messages", &body)["id"]);
    assert_eq!(
        found_by(&server, &server.token, "/v1/messages?", &"a".repeat(255)),
        [message]
    );
}

#[test]
fn the_largest_queries_are_answered() {
    let searched = Searched::start();
    let phrase = ["a"; 16].join("-");
    let phrases = [["a"; 8].join("-").as_str(); 2].join(" ");
    let quotes = format!("a {}a", "\"".repeat(252));
    let long = format!("a {}", "b".repeat(253));
    assert_eq!([quotes.chars().count(), long.chars().count()], [255, 255]);
    searched.expect(&["a"; 16].join(" "), &[&phrase, &phrases, &quotes], &[&long]);
    searched.expect(&["a"; 15].join(" "), &[&phrases, &quotes], &[&phrase, &long]);
}

#[test]
fn changes_and_deletions_are_followed() {
    let searched = Searched::start();
    let Searched {
        server, conversation, ..
    } = &searched;
    let message = json!({"conversation_id": conversation, "message": "before"});
    for (list, created, changed) in [
        ("/v1/groups", json!({"name": "before"}), "name"),
        (
            "/v1/groups",
            json!({"name": "x", "description": "before"}),
            "description",
        ),
        ("/v1/contacts", json!({"username": "before"}), "username"),
        (
            "/v1/contacts",
            json!({"username": "x", "display_name": "before"}),
            "display_name",
        ),
        (
            "/v1/contacts",
            json!({"username": "y", "phone_number": "before"}),
            "phone_number",
        ),
        ("/v1/messages", message, "message"),
    ] {
        let found = |query: &str| found_by(server, &server.token, &format!("{list}?"), query);
        let id = text(&server.create(list, &created)["id"]);
        let path = format!("{list}/{id}");
        assert_eq!(
            [found("before"), found("after")],
            [vec![id.clone()], vec![]],
            "{list} {changed}"
        );
        for (value, in_it) in [
            ("after", ["after", "aft"]),
            ("before-after", ["before", "after"]),
            ("Äfter", ["after", "ÄFTER"]),
        ] {
            assert_eq!(server.put(&path, &json!({changed: value})).status, 200);
            for query in in_it {
                assert_eq!(found(query), [id.as_str()], "{list} {changed} {query}");
            }
            assert_eq!(
                found("before").len(),
                usize::from(value.starts_with("before")),
                "{list} {changed}"
            );
        }
        if let "description" | "display_name" | "phone_number" = changed {
            assert_eq!(server.put(&path, &json!({changed: null})).status, 200);
            assert_eq!(found("after"), [""; 0]);
            assert_eq!(server.put(&path, &json!({changed: "after"})).status, 200);
            assert_eq!(found("after"), [id.as_str()]);
        }
        assert_eq!(server.delete(&path).status, 204);
        assert_eq!(found("after"), [""; 0], "{list} {changed}");
    }
    assert_integrity(&server.db);
}

#[test]
fn words_longer_than_the_index_keeps_come_and_go_like_others() {
    let searched = Searched::start();
    let Searched {
        server, conversation, ..
    } = &searched;
    let word = "𐐷".repeat(10_000);
    let body = json!({"conversation_id": conversation, "message": word});
    let path = format!("/v1/messages/{}", text(&server.create("/v1/messages", &body)["id"]));
    let found = |query: &str| found_by(server, &server.token, "/v1/messages?", query).len();
    assert_eq!([found("𐐷"), found(&"𐐷".repeat(255)), found("x")], [1, 1, 0]);
    let changed = format!("x {}", "語".repeat(9_998));
    assert_eq!(server.put(&path, &json!({"message": changed})).status, 200);
    assert_eq!([found("𐐷"), found("x"), found("語語")], [0, 1, 1]);
    assert_integrity(&server.db);
    assert_eq!(server.delete(&path).status, 204);
    assert_eq!([found("𐐷"), found("x"), found("語語")], [0, 0, 0]);
    assert_integrity(&server.db);
}

#[test]
fn contacts_that_groups_make_are_found_and_so_is_all_after_a_restart() {
    let server = TestServer::start();
    let body = json!({"name": "Plaza", "contacts": [{"username": "hector", "display_name": "Concierge"}]});
    let group = server.create("/v1/groups", &body);
    let contact = text(&group["contacts"][0]["id"]);
    assert_eq!(
        found_by(&server, &server.token, "/v1/contacts?", "conc hec"),
        [contact.as_str()]
    );
    let server = server.restart();
    assert_eq!(
        found_by(&server, &server.token, "/v1/contacts?", "conc hec"),
        [contact.as_str()]
    );
    assert_eq!(
        found_by(&server, &server.token, "/v1/groups?", "plaz"),
        [text(&group["id"])]
    );
}

#[test]
fn an_account_finds_only_its_own() {
    let server = TestServer::start();
    let tokens: Vec<String> = (0..12)
        .map(|n| server.create_account(&format!("account {n}")))
        .collect();
    let mut created: Vec<Vec<(&str, String)>> = Vec::new();
    for token in &tokens {
        let post = |path: &str, body: Value| {
            let response = server.request("POST", path).token(token).json(&body).send();
            assert_eq!(response.status, 201, "{}", response.text);
            response.json()
        };
        let group = post("/v1/groups", json!({"name": "Plaza a1 a2 a10"}));
        let contact = post(
            "/v1/contacts",
            json!({"username": "plaza", "display_name": "a1 a2 a10"}),
        );
        let message = json!({"conversation_id": group["conversation_id"], "message": "plaza a1 a2 a10"});
        let message = post("/v1/messages", message);
        created.push(vec![
            ("/v1/groups?", text(&group["id"])),
            ("/v1/contacts?", text(&contact["id"])),
            ("/v1/messages?", text(&message["id"])),
        ]);
    }
    for (token, own) in tokens.iter().zip(&created) {
        for (list, id) in own {
            for query in ["plaza", "p", "a1", "a2 a10 plaza", "a"] {
                assert_eq!(found_by(&server, token, list, query), [id.as_str()], "{list} {query}");
            }
        }
    }
    let (_, theirs) = &created[0][0];
    let cursor = server
        .request("GET", &format!("/v1/groups?query=plaza&starting_after={theirs}"))
        .token(&tokens[1]);
    assert_eq!(cursor.send().expect_error(400, "parameter_invalid"), "starting_after");
}

#[test]
fn a_search_is_paged_newest_first_in_both_directions() {
    let server = TestServer::start();
    let ends = [
        server.create("/v1/groups", &json!({"name": "_"})),
        server.create("/v1/contacts", &json!({"username": "_"})),
    ];
    let (mut all, mut shown) = ([const { Vec::new() }; 3], [const { Vec::new() }; 4]);
    all[0].push(text(&ends[0]["id"]));
    all[1].push(text(&ends[1]["id"]));
    for n in 0..15_usize {
        let matches = n * n % 7 < 3;
        let words = if matches {
            format!("plaza {n}")
        } else {
            format!("other {n}")
        };
        let end = &ends[n % 2];
        for (kind, path, body) in [
            (0, "/v1/groups", json!({"name": words})),
            (
                1,
                "/v1/contacts",
                json!({"username": format!("u{n}"), "display_name": words}),
            ),
            (
                2,
                "/v1/messages",
                json!({"conversation_id": end["conversation_id"], "message": words}),
            ),
        ] {
            let id = text(&server.create(path, &body)["id"]);
            all[kind].insert(0, id.clone());
            if matches {
                shown[kind].insert(0, id.clone());
                if kind == 2 && n % 2 == 0 {
                    shown[3].insert(0, id);
                }
            }
        }
    }
    let within = format!(
        "/v1/messages?conversation_id={}&query=plaza",
        text(&ends[0]["conversation_id"])
    );
    let lists = [
        "/v1/groups?query=plaza",
        "/v1/contacts?query=plaza",
        "/v1/messages?query=plaza",
        &within,
    ];
    for (kind, list) in lists.into_iter().enumerate() {
        assert!((2..12).contains(&shown[kind].len()));
        for limit in [1, 2, 3, 100] {
            server.assert_pages(&server.token, list, &all[kind.min(2)], &shown[kind], limit);
        }
    }
}

#[test]
fn a_query_goes_with_every_other_filter() {
    let server = TestServer::start();
    let members = ["hector", "cedric"].map(|username| {
        server.create(
            "/v1/contacts",
            &json!({"username": username, "display_name": "Concierge Plaza"}),
        )
    });
    let mut groups = Vec::new();
    for n in 0..16 {
        let (named, archived, has) = (n & 1 != 0, n & 2 != 0, [n & 4 != 0, n & 8 != 0]);
        let contacts: Vec<&Value> = members
            .iter()
            .zip(has)
            .filter(|(_, has)| *has)
            .map(|(member, _)| &member["id"])
            .collect();
        let name = if named { "Plaza Hotel" } else { "Elsewhere" };
        let id = text(&server.create("/v1/groups", &json!({"name": name, "contacts": contacts}))["id"]);
        if archived {
            server.put(&format!("/v1/groups/{id}"), &json!({"archived_at": 5}));
        }
        groups.insert(0, (id, named, archived, has));
    }
    let all: Vec<String> = groups.iter().map(|(id, ..)| id.clone()).collect();
    for query in ["", "&query=plaza", "&query=hotel+plaza", "&query=concierge"] {
        for archived in [None, Some(true), Some(false)] {
            for member in [None, Some(0), Some(1)] {
                let shown = groups.iter().filter(|(_, named, is_archived, has)| {
                    let by_query = query.is_empty() || *named && query != "&query=concierge";
                    by_query
                        && archived.is_none_or(|wanted| wanted == *is_archived)
                        && member.is_none_or(|member: usize| has[member])
                });
                let shown: Vec<String> = shown.map(|(id, ..)| id.clone()).collect();
                let archived = archived
                    .map(|archived| format!("&archived={archived}"))
                    .unwrap_or_default();
                let member = member
                    .map(|member| format!("&contact_id={}", text(&members[member]["id"])))
                    .unwrap_or_default();
                server.assert_pages(
                    &server.token,
                    &format!("/v1/groups?{archived}{member}{query}"),
                    &all,
                    &shown,
                    2,
                );
            }
        }
    }
    let unknown = server.get("/v1/groups?query=plaza&contact_id=AAAAAAAAAAAAAAAA");
    assert_eq!(unknown.expect_error(400, "parameter_invalid"), "contact_id");
    let found = |query: &str| ids(&server.get(&format!("/v1/contacts?{query}")).json());
    let [hector, cedric] = members.map(|member| text(&member["id"]));
    assert_eq!(found("query=plaza"), [cedric.as_str(), &hector]);
    assert_eq!(found("query=plaza&username=Hector"), [hector.as_str()]);
    assert_eq!(found("query=hec&username=HECTOR"), [hector.as_str()]);
    assert_eq!(found("query=hec&username=hec"), [""; 0], "a user name is exact");
    assert_eq!(found("query=hec&username=cedric"), [""; 0]);
}

/// A plain matcher of the small alphabet that the generated texts are of.
fn words_of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match c {
            '\u{301}' => {}
            'é' | 'É' | 'E' => words.last_mut().unwrap().push('e'),
            c if c.is_ascii_alphanumeric() => words.last_mut().unwrap().push(c.to_ascii_lowercase()),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has_phrase(text: &str, phrase: &[String]) -> bool {
    let Some((last, first)) = phrase.split_last() else {
        return true;
    };
    let begins = |words: &[String]| words[..first.len()] == *first && words[first.len()].starts_with(last.as_str());
    words_of(text).windows(phrase.len()).any(begins)
}

fn matches(texts: &[String], query: &str) -> bool {
    query
        .split_whitespace()
        .all(|word| texts.iter().any(|text| has_phrase(text, &words_of(word))) || words_of(word).is_empty())
}

/// A text of few letters, so that texts and queries meet often; not of white space alone.
fn small_text(longest: usize) -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "A", "e", "é", "e\u{301}", "É", "1"]),
        3 => Just(" "),
        2 => prop::sample::select(vec!["-", "\"", "*", ":", "(", ")", "_", "AND", "'", "👍", "\u{301}", "{", "^", "\n"]),
    ];
    proptest::collection::vec(letter, 1..longest).prop_map(|letters| match letters.concat() {
        blank if blank.trim().is_empty() => "-".to_owned(),
        text => text,
    })
}

/// Steps by which an account's objects change: a new one, or another text or none for the one at a place.
#[derive(Clone, Debug)]
enum Step {
    Make(String, Option<String>),
    Change(usize, String),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (small_text(10), proptest::option::of(small_text(10))).prop_map(|(one, other)| Step::Make(one, other)),
        2 => (any::<usize>(), small_text(10)).prop_map(|(place, text)| Step::Change(place, text)),
        1 => any::<usize>().prop_map(Step::Delete),
    ];
    proptest::collection::vec(step, 1..14)
}

/// An object of the model: its id, its texts, and which of two conversations it is in, if it is a message.
struct Model {
    id: String,
    texts: Vec<String>,
    conversation: usize,
}

/// Runs the steps for one kind of object of a new account, and sees that every query finds what the matcher does.
fn follow(
    server: &TestServer,
    account: &str,
    kind: &str,
    steps: &[Step],
    queries: &[String],
) -> Result<(), TestCaseError> {
    let token = server.create_account(account);
    let send = |method: &str, path: &str, body: Value| server.request(method, path).token(&token).json(&body).send();
    let conversations: Vec<String> = ["_", "."]
        .iter()
        .map(|name| text(&send("POST", "/v1/groups", json!({"name": name})).json()["conversation_id"]))
        .collect();
    let list = format!("/v1/{kind}");
    let mut there: Vec<Model> = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        // Nobody's user name is another's, and none has white space.
        let username = |text: &str| format!("{n}.{}", text.split_whitespace().collect::<String>());
        match step {
            Step::Make(one, other) => {
                let optional = other.clone();
                let (body, first) = match kind {
                    "groups" => (
                        json!({"name": one.replace('\n', " "), "description": optional}),
                        one.clone(),
                    ),
                    "contacts" => (
                        json!({"username": username(one), "display_name": optional}),
                        username(one),
                    ),
                    _ => (
                        json!({"conversation_id": conversations[n % 2], "message": one}),
                        one.clone(),
                    ),
                };
                let created = send("POST", &list, body);
                prop_assert_eq!(created.status, 201, "{}", created.text);
                let mut texts = vec![first];
                texts.extend(optional.filter(|_| kind != "messages"));
                there.insert(
                    0,
                    Model {
                        id: text(&created.json()["id"]),
                        texts,
                        conversation: n % 2,
                    },
                );
            }
            Step::Change(place, changed) if !there.is_empty() => {
                let place = place % there.len();
                let model = &mut there[place];
                let (property, changed) = match kind {
                    "groups" => ("name", changed.replace('\n', " ")),
                    "contacts" => ("username", username(changed)),
                    _ => ("message", changed.clone()),
                };
                let response = send("PATCH", &format!("{list}/{}", model.id), json!({property: changed}));
                prop_assert_eq!(response.status, 200, "{}", response.text);
                model.texts[0] = changed;
            }
            Step::Delete(place) if !there.is_empty() => {
                let model = there.remove(place % there.len());
                prop_assert_eq!(send("DELETE", &format!("{list}/{}", model.id), json!({})).status, 204);
            }
            Step::Change(..) | Step::Delete(_) => {}
        }
    }
    for query in queries {
        if words_of(query).is_empty() {
            let refused = server
                .request("GET", &format!("{list}?query={}", encode(query)))
                .token(&token)
                .send();
            prop_assert_eq!(refused.expect_error(400, "parameter_invalid"), "query");
            continue;
        }
        let expected = |within: Option<usize>| -> Vec<String> {
            let fits = |model: &&Model| {
                matches(&model.texts, query) && within.is_none_or(|within| within == model.conversation)
            };
            there.iter().filter(fits).map(|model| model.id.clone()).collect()
        };
        let all = expected(None);
        prop_assert_eq!(
            &found_by(server, &token, &format!("{list}?"), query),
            &all,
            "{:?} in {}",
            query,
            kind
        );
        if kind == "messages" {
            for (at, conversation) in conversations.iter().enumerate() {
                let list = format!("{list}?conversation_id={conversation}&");
                prop_assert_eq!(
                    found_by(server, &token, &list, query),
                    expected(Some(at)),
                    "{:?}",
                    query
                );
            }
        }
    }
    Ok(())
}

#[test]
fn generated_queries_find_what_a_plain_matcher_finds() {
    let server = TestServer::start();
    let count = std::cell::Cell::new(0);
    let queries = proptest::collection::vec(small_text(6), 10);
    proptest!(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps(), queries in queries)| {
        for kind in ["groups", "contacts", "messages"] {
            count.set(count.get() + 1);
            follow(&server, &format!("account {}", count.get()), kind, &steps, &queries)?;
        }
    });
    assert_integrity(&server.db);
}

/// The rows whose words wait to be taken into the index.
fn waiting(server: &TestServer) -> i64 {
    let conn = rusqlite::Connection::open(&server.db).unwrap();
    conn.query_row("SELECT count(*) FROM unindexed", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_search_finds_what_was_just_written_changed_and_deleted() {
    let server = TestServer::start();
    let conversation = server.create("/v1/groups", &json!({"name": "_"}))["conversation_id"].clone();
    let mut seen_waiting = 0;
    for n in 0.. {
        let kept = format!("kept{n} Crème");
        let bodies = [
            ("/v1/groups", "name", json!({"name": kept})),
            (
                "/v1/contacts",
                "display_name",
                json!({"username": format!("u{n}"), "display_name": kept}),
            ),
            (
                "/v1/messages",
                "message",
                json!({"conversation_id": conversation, "message": kept}),
            ),
        ];
        for (list, property, body) in &bodies {
            let find = |query: &str| found_by(&server, &server.token, &format!("{list}?"), query);
            let first = text(&server.create(list, body)["id"]);
            assert_eq!(find(&format!("KEPT{n} creme")), [first.as_str()]);
            let path = format!("{list}/{first}");
            assert_eq!(
                server.put(&path, &json!({*property: format!("other{n} Crème")})).status,
                200
            );
            assert_eq!(find(&format!("kept{n}")), [""; 0]);
            assert_eq!(find(&format!("othe r{n}")), [""; 0]);
            assert_eq!(find(&format!("cr other{n}")), [first.as_str()]);
            assert_eq!(server.delete(&path).status, 204);
            assert_eq!(find(&format!("other{n}")), [""; 0]);
        }
        seen_waiting += i32::from(waiting(&server) > 0);
        if seen_waiting == 5 {
            break;
        }
        assert!(n < 1_000, "nothing ever waits");
    }
    assert_integrity(&server.db);
}

#[test]
fn a_page_of_a_search_goes_from_what_waits_on_to_what_is_in_the_index() {
    let server = TestServer::start();
    let mut all: Vec<String> = (0..30)
        .map(|n| server.create_group(&json!({"name": format!("Hotel {n}")})))
        .collect();
    all.reverse();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while waiting(&server) > 0 {
        assert!(std::time::Instant::now() < deadline, "words are not taken in");
        std::thread::yield_now();
    }
    let mut mixed = 0;
    while mixed < 5 {
        assert!(std::time::Instant::now() < deadline, "nothing ever waits");
        // Old ones and new ones wait side by side with those that are in the index.
        for of in [3, 17] {
            let path = format!("/v1/groups/{}", all[of]);
            assert_eq!(
                server
                    .put(&path, &json!({"name": format!("Hotel {}", all.len())}))
                    .status,
                200
            );
        }
        all.insert(0, server.create_group(&json!({"name": "Hotel"})));
        let before = waiting(&server);
        assert_eq!(server.walk("/v1/groups?query=hotel&", 4, None), all);
        mixed += i32::from(before > 0);
    }
}

#[test]
fn few_rows_wait_however_many_are_written() {
    let server = TestServer::start();
    for n in 0..5 {
        let contacts: Vec<Value> = (0..900).map(|m| json!({"username": format!("user{n}x{m}")})).collect();
        server.create_group(&json!({"name": "many", "contacts": contacts}));
        // Taken in after the response, before the next write.
        server.create_group(&json!({"name": "next"}));
        assert!(waiting(&server) < 1_000, "{} rows wait", waiting(&server));
    }
    assert_eq!(
        ids(&server.get("/v1/contacts?query=user4x899&limit=100").json()).len(),
        1
    );
    assert_integrity(&server.db);
}
