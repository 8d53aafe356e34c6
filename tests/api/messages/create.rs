//! Sending, retrieving and deleting single messages, and their text.

use serde_json::{Value, json};

use super::fixtures::{PROPERTIES, new_group, send};
use crate::harness::{TestServer, assert_in_order, encode, ids, object_path, text};

#[test]
fn sending_a_message_returns_all_of_it_and_it_can_be_retrieved() {
    let server = TestServer::start();
    let group = new_group(&server);
    let response = server.post(
        "/v1/messages",
        &json!({"conversation_id": group["conversation_id"], "message": "Merry Christmas!"}),
    );
    assert_eq!(response.status, 201);
    assert_in_order(&response.text, &PROPERTIES);
    let message = response.json();
    let location = object_path("messages", &message);
    assert_eq!(response.header("location"), Some(location.as_str()));
    let created_at = message["created_at"].as_i64().unwrap();
    assert!(created_at >= group["created_at"].as_i64().unwrap());
    let expected = json!({
        "id": message["id"],
        "conversation_id": group["conversation_id"],
        "contact": null,
        "message": "Merry Christmas!",
        "reactions": [],
        "read_at": null,
        "created_at": created_at,
        "updated_at": null,
    });
    assert_eq!(message, expected);
    let id = text(&message["id"]);
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    for spelled in [id.clone(), id.to_lowercase(), id.to_uppercase()] {
        let retrieved = server.get(&format!("/v1/messages/{spelled}"));
        assert_eq!((retrieved.status, &retrieved.text), (200, &response.text));
    }
    let list = server.get("/v1/messages").json();
    assert_eq!(list, json!({"has_more": false, "data": [expected]}));
    for path in ["/v1/messages", &location] {
        let (get, head) = (server.get(path), server.request("HEAD", path).send());
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), Some(get.text.len().to_string().as_str()));
    }
}

#[test]
fn a_deleted_message_is_gone() {
    let server = TestServer::start();
    let group = new_group(&server);
    let (kept, message) = (send(&server, &group, "kept"), send(&server, &group, "x"));
    let response = server.delete(&object_path("messages", &message));
    assert_eq!((response.status, response.text.as_str()), (204, ""));
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let response = server.request(method, &object_path("messages", &message)).send();
        response.expect_error(404, "not_found");
    }
    for cursor in ["starting_after", "ending_before"] {
        let list = server.get(&format!("/v1/messages?{cursor}={}", text(&message["id"])));
        assert_eq!(list.expect_error(400, "parameter_invalid"), cursor);
    }
    assert_eq!(
        server.get("/v1/messages").json(),
        json!({"has_more": false, "data": [kept]})
    );
    let conversation = server.get(&format!("/v1/conversations/{}", text(&group["conversation_id"])));
    assert_eq!(
        conversation.json()["last_active_at"],
        message["created_at"],
        "the conversation's last activity is unchanged"
    );
}

/// Emoji, bidirectional and combining characters, line breaks, syntax of other languages, and every control character.
fn unusual_texts() -> Vec<String> {
    let every_control: String = (1..0x20)
        .chain(0x7f..0xa0)
        .map(|code| char::from_u32(code).unwrap())
        .collect();
    let unusual: String = [
        '\u{fffe}',
        '\u{ffff}',
        '\u{fdd0}',
        '\u{1fffe}',
        '\u{10ffff}',
        '\u{e000}',
        '\u{feff}',
        '\u{fffd}',
    ]
    .iter()
    .collect();
    let mut texts = vec![
        "👩‍👩‍👧‍👦 👍🏽 🇩🇪 🏴󠁧󠁢󠁳󠁣󠁴󠁿 1️⃣ ❤️".to_owned(),
        "שלום \u{202e}abc\u{202c} مرحبا \u{2067}x\u{2069} \u{200f}".to_owned(),
        "e\u{301} é Z\u{300}\u{301}\u{302}\u{323}\u{345} \u{301}\u{301} हिन्दी ภาษาไทย 각 각".to_owned(),
        "line\nline\r\nline\rtab\tvertical\u{b}form\u{c}next\u{85}\u{2028}\u{2029}".to_owned(),
        "\"quoted\" 'so' `and` \\ \\n \\u0041 / </script> %41 + & = {\"a\": [1]} -- ; ?1 :a $a @a".to_owned(),
        " ".to_owned(),
        "\u{3000}\n\t ".to_owned(),
        " \u{a0}leading and trailing\u{200b} ".to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "12".to_owned(),
        "[]".to_owned(),
        every_control.clone(),
        unusual.clone(),
    ];
    texts.extend(every_control.chars().chain(unusual.chars()).map(String::from));
    texts
}

#[test]
fn any_text_is_returned_byte_for_byte() {
    let server = TestServer::start();
    let group = new_group(&server);
    let texts = unusual_texts();
    let reference = object_path("messages", &send(&server, &group, "to be changed"));
    for sent_text in &texts {
        let conversation = text(&group["conversation_id"]);
        let by_json = send(&server, &group, sent_text);
        let form = format!("conversation_id={conversation}&message={}", encode(sent_text));
        let by_form = server.request("POST", "/v1/messages").form(&form).send().json();
        // As clients send it that escape everything.
        let escaped: String = sent_text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let body = format!("{{\"conversation_id\":\"{conversation}\",\"message\":\"{escaped}\"}}");
        let escaped = server
            .request("POST", "/v1/messages")
            .body("application/json", body)
            .send()
            .json();
        for message in [by_json, by_form, escaped] {
            assert_eq!(message["message"], json!(sent_text), "{sent_text:?}");
            assert_eq!(server.get(&object_path("messages", &message)).json(), message);
        }
        assert_eq!(
            server.get("/v1/messages?limit=1").json()["data"][0]["message"],
            json!(sent_text)
        );
        assert_eq!(
            server.put(&reference, &json!({"message": sent_text})).json()["message"],
            json!(sent_text)
        );
        assert_eq!(server.get(&reference).json()["message"], json!(sent_text));
    }
    let before: Vec<Value> = server.get("/v1/messages?limit=100").json()["data"]
        .as_array()
        .unwrap()
        .clone();
    let server = server.restart();
    assert_eq!(server.get("/v1/messages?limit=100").json()["data"], json!(before));
}

#[test]
fn the_length_of_a_message_is_counted_in_characters() {
    let server = TestServer::start();
    let group = new_group(&server);
    let first = object_path("messages", &send(&server, &group, "x"));
    // Letters and symbols of one to four bytes. Two characters that render as one count as two.
    for unit in ["a", "é", "語", "👍", "𐐷", "\u{1}", "e\u{301}"] {
        let (longest, too_long) = (
            unit.repeat(10_000 / unit.chars().count()),
            format!("{}x", unit.repeat(10_000 / unit.chars().count())),
        );
        let message = send(&server, &group, &longest);
        assert!(message["message"] == json!(longest), "{unit:?} changed");
        assert!(
            server.get(&object_path("messages", &message)).json() == message,
            "{unit:?} changed"
        );
        assert_eq!(server.put(&first, &json!({"message": longest})).status, 200, "{unit:?}");
        let body = json!({"conversation_id": group["conversation_id"], "message": too_long});
        let before = server.get(&first).text;
        for response in [
            server.post("/v1/messages", &body),
            server.put(&first, &json!({"message": too_long})),
        ] {
            assert_eq!(response.expect_error(400, "parameter_invalid"), "message", "{unit:?}");
        }
        assert!(server.get(&first).text == before, "{unit:?} changed");
        assert_eq!(server.delete(&object_path("messages", &message)).status, 204);
    }
    let encoded = "%F0%9F%91%8D".repeat(10_000);
    let form = format!("conversation_id={}&message={encoded}", text(&group["conversation_id"]));
    assert_eq!(server.request("POST", "/v1/messages").form(&form).send().status, 201);
    assert_eq!(ids(&server.get("/v1/messages").json()).len(), 2);
}
