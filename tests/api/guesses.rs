//! Guessing tokens: wrong credentials are slowed down, each peer for itself, and nobody is locked out by another.

#[cfg(target_os = "linux")]
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use groups_server::http::{AuthRateLimit, Settings, TrustedProxies};
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session};
use groups_server::types::time::Timestamp;
use groups_server::types::token::Token;
use serde_json::Value;

use crate::harness::{Answer, TestServer, config};

const AT_ONCE: u32 = 4;

/// A server that lets no more guesses through than at once, as long as any test takes.
fn strict() -> TestServer {
    strict_with(Duration::from_secs(3_600), &[])
}

fn strict_with(every: Duration, proxies: &[&str]) -> TestServer {
    let mut config = config();
    config.settings.auth_rate_limit = AuthRateLimit {
        burst: AT_ONCE,
        refill: every,
        ..AuthRateLimit::default()
    };
    let proxies = proxies.iter().map(|network| network.parse().unwrap());
    config.settings.trusted_proxies = TrustedProxies(proxies.collect());
    TestServer::start_with(config)
}

/// Sends wrong tokens until one is refused for their number; tells how many were not.
fn exhaust(server: &TestServer) -> u32 {
    let wrong = || server.request("GET", "/v1/groups").token("wrong").send();
    (0..100).find(|_| wrong().status == 429).unwrap()
}

fn ask(server: &TestServer, authorization: &str) -> Answer {
    let request = server.request("GET", "/v1/groups").header("x-request-id", "same");
    request.header("authorization", authorization).send()
}

/// Sets a token from outside.
fn set(server: &TestServer, token: &str) {
    let mut session = Session::open(&server.db, Missing::Refuse).unwrap();
    let set = session.write(|tx| tokens::set_from_environment(tx, &Token::parse(token).unwrap()));
    set.unwrap();
}

#[test]
fn wrong_tokens_are_refused_for_their_number_until_there_was_time() {
    let server = strict_with(Duration::from_secs(1), &[]);
    let began = Instant::now();
    let answered = exhaust(&server);
    let grown = u32::try_from(began.elapsed().as_secs()).unwrap();
    assert!((AT_ONCE..=AT_ONCE + grown).contains(&answered), "{answered}");
    let refused = ask(&server, "Bearer wrong");
    assert_eq!(refused.expect_error(429, "rate_limited"), Value::Null);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("www-authenticate"), None);
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(&server, "Bearer wrong").status == 429 {
        assert!(Instant::now() < deadline, "refusals put the next guess off");
    }
}

#[test]
fn a_server_left_as_it_is_takes_twenty_wrong_tokens_at_once() {
    let mut config = config();
    config.settings.auth_rate_limit = Settings::default().auth_rate_limit;
    let server = TestServer::start_with(config);
    let began = Instant::now();
    let answered = exhaust(&server);
    let grown = u32::try_from(began.elapsed().as_secs() / 3).unwrap();
    assert!((20..=20 + grown).contains(&answered), "{answered}");
}

#[test]
fn only_credentials_that_were_sent_and_are_wrong_count_wherever_they_are_sent() {
    let server = strict();
    for path in ["/v1/groups", "/v1/nothing", "/healthz"] {
        for _ in 0..2 * AT_ONCE {
            assert_eq!(server.get(path).status, if path == "/v1/nothing" { 404 } else { 200 });
            let without = server.request("GET", path).anonymous().send().status;
            assert_eq!(without, if path == "/healthz" { 200 } else { 401 });
        }
    }
    let wrong = |line: &str, credentials: &str| {
        let raw = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{credentials}\r\n");
        server.raw(raw)[..12].to_owned()
    };
    let sent = [
        ("GET /v1/groups", "authorization: Bearer \r\n"),
        ("GET /v1/nothing", "authorization: Token x\r\n"),
        ("GET /v1/groups/", "authorization: Basic %\r\n"),
        (
            "GET /v1/groups",
            "authorization: Bearer x\r\nauthorization: Bearer x\r\n",
        ),
    ];
    for (line, credentials) in sent {
        assert_eq!(wrong(line, credentials), "HTTP/1.1 401", "{line} {credentials}");
    }
    for (line, credentials) in sent {
        assert_eq!(wrong(line, credentials), "HTTP/1.1 429", "{line} {credentials}");
        assert_eq!(wrong(line, ""), "HTTP/1.1 401", "{line}");
    }
    assert_eq!(server.request("GET", "/healthz").token("wrong").send().status, 200);
}

#[test]
fn a_token_that_cannot_be_guessed_is_let_in_whatever_its_peer_has_sent() {
    let server = strict();
    set(&server, "of-twenty-characters");
    exhaust(&server);
    for token in [&server.token, "of-twenty-characters"] {
        assert_eq!(ask(&server, &format!("Bearer {token}")).status, 200);
        let written = server.request("POST", "/v1/groups").token(token).form("name=x");
        assert_eq!(written.send().status, 201);
    }
    assert_eq!(ask(&server, "Bearer wrong").status, 429);
}

#[test]
fn a_short_token_is_let_in_until_its_peer_has_guessed_too_often() {
    let server = strict();
    set(&server, "nineteen-characters");
    for _ in 0..2 * AT_ONCE {
        assert_eq!(ask(&server, "Bearer nineteen-characters").status, 200);
    }
    assert_eq!(exhaust(&server), AT_ONCE);
    let right = ask(&server, "Bearer nineteen-characters");
    right.expect_error(429, "rate_limited");
}

#[test]
fn the_answer_tells_nothing_about_the_token() {
    let server = strict();
    let expired = NewToken {
        expires_at: Some(Timestamp::now()),
        ..NewToken::full("default")
    };
    let revoked = server.account("revoked");
    let revoke = rusqlite::Connection::open(&server.db).unwrap();
    let sql = "UPDATE tokens SET revoked_at = 1 WHERE account = (SELECT pk FROM accounts WHERE name = 'revoked')";
    assert_eq!(revoke.execute(sql, []).unwrap(), 1);
    set(&server, "short");
    let wrong = [
        server.token(&expired),
        revoked,
        Token::random().reveal().to_owned(),
        "wrong".to_owned(),
    ];
    let answers = || {
        wrong
            .each_ref()
            .map(|token| ask(&server, &format!("Bearer {token}")).seen())
    };
    let refused = answers();
    assert!(
        refused[0].starts_with("401") && refused.iter().all(|answer| *answer == refused[0]),
        "{refused:?}"
    );
    // The seconds of `Retry-After` go down: once all fall within one of them.
    let limited = (0..10).find_map(|_| {
        let before = ask(&server, "Bearer wrong").seen();
        let limited = [answers().to_vec(), vec![ask(&server, "Bearer short").seen()]].concat();
        (before == ask(&server, "Bearer wrong").seen()).then_some(limited)
    });
    let limited = limited.unwrap();
    assert!(
        limited[0].starts_with("429") && limited.iter().all(|answer| *answer == limited[0]),
        "{limited:?}"
    );
}

/// Linux answers on all of 127.0.0.0/8.
#[cfg(target_os = "linux")]
#[test]
fn each_address_is_slowed_down_for_itself() {
    let server = strict();
    exhaust(&server);
    let from = |last: u8| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, last], 0).into()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let stream = runtime.block_on(socket.connect(server.addr)).unwrap();
        let mut stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer wrong\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[..12].to_owned()
    };
    assert_eq!(from(1), "HTTP/1.1 429");
    assert_eq!(from(2), "HTTP/1.1 401");
}

/// The status of a request with a wrong token that came `by` this way.
fn guess(server: &TestServer, by: &str) -> u16 {
    let request = server.request("GET", "/v1/groups").token("wrong");
    request.header("x-forwarded-for", by).send().status
}

#[test]
fn a_trusted_proxy_tells_whose_a_guess_is() {
    let server = strict_with(Duration::from_secs(3_600), &["127.0.0.1/32"]);
    for n in 0..AT_ONCE {
        // What stands left of the sender is the sender's own invention.
        assert_eq!(guess(&server, &format!("198.51.100.{n}, 192.0.2.1")), 401);
        assert_eq!(guess(&server, &format!("[2001:db8:0:1::{n}]:4711")), 401);
    }
    for (by, status) in [
        ("192.0.2.1", 429),
        ("198.51.100.1, 192.0.2.1, 127.0.0.1", 429),
        ("192.0.2.2", 401),
        ("2001:db8:0:1:ffff::", 429),
        ("2001:db8:0:2::", 401),
    ] {
        assert_eq!(guess(&server, by), status, "{by}");
    }
    assert_eq!(ask(&server, "Bearer wrong").status, 401, "the proxy's own");
}

#[test]
fn nobody_else_s_word_is_taken_for_whose_a_guess_is() {
    let server = strict();
    for n in 0..AT_ONCE {
        assert_eq!(guess(&server, &format!("192.0.2.{n}")), 401);
    }
    assert_eq!(guess(&server, "192.0.2.255"), 429);
}
