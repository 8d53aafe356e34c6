//! Which queries match a text.

use serde_json::json;

use super::fixtures::{SearchServer, search};
use crate::harness::text;

#[test]
fn every_word_of_a_query_must_match_a_word_or_a_prefix_of_one() {
    let fixture = SearchServer::start();
    fixture.expect(
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
    fixture.expect(
        "L'Hôtel d’Or",
        &["l'hotel", "hotel", "d'or", "or l", "l’hôtel"],
        &["lhotel", "dor"],
    );
    fixture.expect("x", &["x"], &["xx", "y"]);
    fixture.expect(
        "foo_bar foo.baz",
        &["foo_bar", "foo bar", "foo.baz", "bar", "foo_ba"],
        &["foo_baz_foo", "bar_baz"],
    );
}

#[test]
fn case_and_accents_are_ignored_composed_or_decomposed() {
    let fixture = SearchServer::start();
    fixture.expect(
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
    fixture.expect(
        "Zoe\u{308} CAFE\u{301}",
        &["zoe", "ZOË", "Zoe\u{308}", "cafe", "CAFE\u{301}", "café", "zo caf"],
        &["zoo", "cafee"],
    );
    fixture.expect("Việt ệ", &["viet", "VIỆT", "vie\u{323}\u{302}t", "e", "việ"], &["vit"]);
    fixture.expect(
        "Привет ΟΔΟΣ Ünal",
        &["привет", "ПРИВ", "οδος", "unal", "ÜNAL"],
        &["привед"],
    );
    fixture.expect("𐐀𐐁 Åse ñandú", &["𐐨𐐩", "𐐀", "ase", "Nandu", "n\u{303}andu"], &["𐐩"]);
}

#[test]
fn prefixes_of_any_length_match_in_any_script() {
    let fixture = SearchServer::start();
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
        let prefixes: Vec<String> = (1..=word.chars().count())
            .map(|length| word.chars().take(length).collect())
            .collect();
        let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        let longer = format!("{word}x");
        fixture.expect(&format!("an {word}, so"), &prefixes, &[&longer]);
    }
}

#[test]
fn words_joined_by_punctuation_are_a_phrase() {
    let fixture = SearchServer::start();
    fixture.expect(
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
    // A phrase must lie within one property; separate words need not.
    let server = &fixture.server;
    let group = text(&server.create("/v1/groups", &json!({"name": "foo", "description": "bar baz"}))["id"]);
    let contact = json!({"username": "foo", "display_name": "bar", "phone_number": "+49 30 12345"});
    let contact = text(&server.create("/v1/contacts", &contact)["id"]);
    for (list, id, matching) in [
        ("/v1/groups?", &group, &["foo bar", "bar foo", "b f", "foo bar-baz"][..]),
        (
            "/v1/contacts?",
            &contact,
            &["foo bar", "bar 49 f", "30 foo", "49-30", "+49-30-123", "12 bar"],
        ),
    ] {
        for query in matching {
            assert_eq!(search(server, &server.token, list, query), [id.as_str()], "{query}");
        }
        for query in ["foo-bar", "foo-bar baz", "bar-foo", "bar-49"] {
            assert_eq!(search(server, &server.token, list, query), [""; 0], "{query}");
        }
    }
}

/// Queries for `rock roll` with characters that mean something in FTS5, but nothing here.
const SYNTAX_AROUND_WORDS: [&str; 29] = [
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
];

/// Queries in which FTS5's operators, columns and quotes are words to match, or split words.
const SYNTAX_AS_WORDS: [&str; 28] = [
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
];

#[test]
fn a_query_is_plain_text_even_if_it_is_fts5_syntax() {
    let fixture = SearchServer::start();
    fixture.expect("rock roll", &SYNTAX_AROUND_WORDS, &SYNTAX_AS_WORDS);
    fixture.expect(
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
fn symbols_on_their_own_are_ignored_even_if_they_look_like_letters() {
    let fixture = SearchServer::start();
    fixture.expect(
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
    fixture.expect("½ ² Ⅷ ٣", &["½", "²", "Ⅷ", "٣", "ⅷ ٣"], &["1"]);
}

#[test]
fn the_longest_queries_work() {
    let fixture = SearchServer::start();
    let phrase = ["a"; 16].join("-");
    let phrases = [["a"; 8].join("-").as_str(); 2].join(" ");
    let quotes = format!("a {}a", "\"".repeat(252));
    let long = format!("a {}", "b".repeat(253));
    assert_eq!([quotes.chars().count(), long.chars().count()], [255, 255]);
    fixture.expect(&["a"; 16].join(" "), &[&phrase, &phrases, &quotes], &[&long]);
    fixture.expect(&["a"; 15].join(" "), &[&phrases, &quotes], &[&phrase, &long]);
}
