//! Token guessing is rate-limited per address, and never locks out anyone at another address.

#[cfg(target_os = "linux")]
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use groups_server::http::{AuthRateLimit, Settings, TrustedProxies};
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session};
use groups_server::types::time::Timestamp;
use groups_server::types::token::Token;
use serde_json::Value;

use crate::harness::{Response, TestServer, config};

const BURST: u32 = 4;

/// A server that accepts `BURST` wrong tokens and, for the duration of any test, no more.
fn strict() -> TestServer {
    strict_with(Duration::from_secs(3_600), &[])
}

fn strict_with(every: Duration, proxies: &[&str]) -> TestServer {
    let mut config = config();
    config.settings.auth_rate_limit = AuthRateLimit {
        burst: BURST,
        refill: every,
        ..AuthRateLimit::default()
    };
    let proxies = proxies.iter().map(|network| network.parse().unwrap());
    config.settings.trusted_proxies = TrustedProxies(proxies.collect());
    TestServer::start_with(config)
}

/// Sends wrong tokens until one is rate-limited, and returns the number of those before it.
fn exhaust(server: &TestServer) -> u32 {
    let wrong = || server.request("GET", "/v1/groups").token("wrong").send();
    (0..100).find(|_| wrong().status == 429).unwrap()
}

fn send(server: &TestServer, authorization: &str) -> Response {
    let request = server.request("GET", "/v1/groups").header("x-request-id", "same");
    request.header("authorization", authorization).send()
}

/// Sets a token as `GROUPS_TOKEN` does.
fn set_token(server: &TestServer, token: &str) {
    let mut session = Session::open(&server.db, Missing::Refuse).unwrap();
    let result = session.write(|tx| tokens::set_bootstrap(tx, &Token::parse(token).unwrap()));
    result.unwrap();
}

#[test]
fn wrong_tokens_are_rate_limited_until_enough_time_has_passed() {
    let server = strict_with(Duration::from_secs(1), &[]);
    let began = Instant::now();
    let accepted = exhaust(&server);
    let refilled = u32::try_from(began.elapsed().as_secs()).unwrap();
    assert!((BURST..=BURST + refilled).contains(&accepted), "{accepted}");
    let limited = send(&server, "Bearer wrong");
    assert_eq!(limited.expect_error(429, "rate_limited"), Value::Null);
    assert_eq!(limited.header("retry-after"), Some("1"));
    assert_eq!(limited.header("www-authenticate"), None);
    let deadline = Instant::now() + Duration::from_secs(20);
    while send(&server, "Bearer wrong").status == 429 {
        assert!(Instant::now() < deadline, "rate-limited attempts postpone the next one");
    }
}

#[test]
fn by_default_twenty_wrong_tokens_are_accepted_at_once() {
    let mut config = config();
    config.settings.auth_rate_limit = Settings::default().auth_rate_limit;
    let server = TestServer::start_with(config);
    let began = Instant::now();
    let accepted = exhaust(&server);
    let refilled = u32::try_from(began.elapsed().as_secs() / 3).unwrap();
    assert!((20..=20 + refilled).contains(&accepted), "{accepted}");
}

#[test]
fn only_wrong_credentials_count_and_they_count_on_every_path() {
    let server = strict();
    for path in ["/v1/groups", "/v1/nothing", "/healthz"] {
        for _ in 0..2 * BURST {
            assert_eq!(server.get(path).status, if path == "/v1/nothing" { 404 } else { 200 });
            let without = server.request("GET", path).anonymous().send().status;
            assert_eq!(without, if path == "/healthz" { 200 } else { 401 });
        }
    }
    let wrong = |line: &str, credentials: &str| {
        let raw = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{credentials}\r\n");
        server.send_raw(raw)[..12].to_owned()
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
fn an_unguessable_token_is_accepted_however_many_wrong_ones_its_address_sent() {
    let server = strict();
    set_token(&server, "of-twenty-characters");
    exhaust(&server);
    for token in [&server.token, "of-twenty-characters"] {
        assert_eq!(send(&server, &format!("Bearer {token}")).status, 200);
        let written = server.request("POST", "/v1/groups").token(token).form("name=x");
        assert_eq!(written.send().status, 201);
    }
    assert_eq!(send(&server, "Bearer wrong").status, 429);
}

#[test]
fn a_short_token_is_accepted_until_its_address_is_rate_limited() {
    let server = strict();
    set_token(&server, "nineteen-characters");
    for _ in 0..2 * BURST {
        assert_eq!(send(&server, "Bearer nineteen-characters").status, 200);
    }
    assert_eq!(exhaust(&server), BURST);
    let right = send(&server, "Bearer nineteen-characters");
    right.expect_error(429, "rate_limited");
}

#[test]
fn the_response_reveals_nothing_about_the_token() {
    let server = strict();
    let expired = NewToken {
        expires_at: Some(Timestamp::now()),
        ..NewToken::full("default")
    };
    let revoked = server.create_account("revoked");
    let sql = "UPDATE tokens SET revoked_at = 1 WHERE account = (SELECT pk FROM accounts WHERE name = 'revoked')";
    assert_eq!(server.execute(sql), 1);
    set_token(&server, "short");
    let wrong = [
        server.create_token(&expired),
        revoked,
        Token::random().reveal().to_owned(),
        "wrong".to_owned(),
    ];
    let responses = || {
        wrong
            .each_ref()
            .map(|token| send(&server, &format!("Bearer {token}")).observable())
    };
    let rejected = responses();
    assert!(
        rejected[0].starts_with("401") && rejected.iter().all(|response| *response == rejected[0]),
        "{rejected:?}"
    );
    // `Retry-After` counts down, so repeat until all responses fall within the same second.
    let limited = (0..10).find_map(|_| {
        let before = send(&server, "Bearer wrong").observable();
        let limited = [responses().to_vec(), vec![send(&server, "Bearer short").observable()]].concat();
        (before == send(&server, "Bearer wrong").observable()).then_some(limited)
    });
    let limited = limited.unwrap();
    assert!(
        limited[0].starts_with("429") && limited.iter().all(|response| *response == limited[0]),
        "{limited:?}"
    );
}

/// Only Linux accepts connections on all of 127.0.0.0/8.
#[cfg(target_os = "linux")]
#[test]
fn each_address_is_rate_limited_on_its_own() {
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
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response[..12].to_owned()
    };
    assert_eq!(from(1), "HTTP/1.1 429");
    assert_eq!(from(2), "HTTP/1.1 401");
}

/// The status of a request with a wrong token and this `X-Forwarded-For`.
fn guess(server: &TestServer, forwarded_for: &str) -> u16 {
    let request = server.request("GET", "/v1/groups").token("wrong");
    request.header("x-forwarded-for", forwarded_for).send().status
}

#[test]
fn a_trusted_proxy_determines_the_client_address() {
    let server = strict_with(Duration::from_secs(3_600), &["127.0.0.1/32"]);
    for n in 0..BURST {
        // The client itself may have sent the addresses to the left of its own.
        assert_eq!(guess(&server, &format!("198.51.100.{n}, 192.0.2.1")), 401);
        assert_eq!(guess(&server, &format!("[2001:db8:0:1::{n}]:4711")), 401);
    }
    for (forwarded_for, status) in [
        ("192.0.2.1", 429),
        ("198.51.100.1, 192.0.2.1, 127.0.0.1", 429),
        ("192.0.2.2", 401),
        ("2001:db8:0:1:ffff::", 429),
        ("2001:db8:0:2::", 401),
    ] {
        assert_eq!(guess(&server, forwarded_for), status, "{forwarded_for}");
    }
    assert_eq!(
        send(&server, "Bearer wrong").status,
        401,
        "the proxy has a limit of its own"
    );
}

#[test]
fn forwarded_addresses_from_untrusted_peers_are_ignored() {
    let server = strict();
    for n in 0..BURST {
        assert_eq!(guess(&server, &format!("192.0.2.{n}")), 401);
    }
    assert_eq!(guess(&server, "192.0.2.255"), 429);
}
