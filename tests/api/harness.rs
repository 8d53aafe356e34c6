//! A real server in this process: its own file, its own port, its own thread; and a client that says just what it is
//! told to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use groups_server::http::{GuessLimit, Settings};
use groups_server::server::{Config, Deadlines, Listener, Server};
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session};
use groups_server::supervisor::Shutdown;
use groups_server::transfer;
use groups_server::types::id::Id;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::description::{Asked, Description};
pub use crate::sound::assert_sound;

/// No test waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct TestServer {
    pub addr: SocketAddr,
    pub db: PathBuf,
    /// A token of the account `default` that may do everything.
    pub token: String,
    config: Config,
    folder: Option<tempfile::TempDir>,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
    agent: ureq::Agent,
}

/// A server as most tests want it: many send wrong tokens, all from one address.
pub fn config() -> Config {
    let auth_rate_limit = AuthRateLimit {
        burst: u32::MAX,
        ..AuthRateLimit::default()
    };
    Config {
        db: PathBuf::new(),
        settings: Settings {
            auth_rate_limit,
            ..Settings::default()
        },
        max_connections: 500,
        max_connections_per_peer: 500,
        deadlines: Deadlines::default(),
        backups: None,
    }
}

impl TestServer {
    pub fn start() -> Self {
        Self::start_with(config())
    }

    /// Starts a server on a new file in a new folder.
    pub fn start_with(mut config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        config.db = folder.path().join("groups.db");
        let token = new_token(&config.db, &NewToken::full("default"));
        Self::start_on(config, token, Some(folder))
    }

    /// Starts a server on a copy of a file, of which `token` is a token.
    pub fn start_on_copy(file: &Path, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config();
        config.db = folder.path().join("groups.db");
        std::fs::copy(file, &config.db).unwrap();
        Self::start_on(config, token.to_owned(), Some(folder))
    }

    fn start_on(config: Config, token: String, folder: Option<tempfile::TempDir>) -> Self {
        let kept = config.clone();
        let shutdown = Shutdown::default();
        let requested = shutdown.clone();
        let (bound, addr) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
                let addr = listener.tcp_addr().unwrap();
                let server = Server::open(config, vec![listener]).unwrap();
                bound.send(addr).unwrap();
                server.run(&requested).await.unwrap();
            });
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        TestServer {
            addr: addr.recv().unwrap(),
            db: kept.db.clone(),
            token,
            config: kept,
            folder,
            shutdown,
            thread: Some(thread),
            agent: agent.into(),
        }
    }

    /// Stops the server and starts another on the same file, as the first was told.
    pub fn restart(mut self) -> Self {
        self.stop();
        Self::start_on(self.config.clone(), self.token.clone(), self.folder.take())
    }

    /// Stops as SIGTERM does and waits for the end.
    pub fn stop(&mut self) {
        self.shutdown.request();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// A token of a kind, made by another connection as `token create` does.
    pub fn token(&self, new: &NewToken) -> String {
        new_token(&self.db, new)
    }

    /// A token of a new account.
    pub fn account(&self, name: &str) -> String {
        self.token(&NewToken::full(name))
    }

    pub fn request(&self, method: &str, path: &str) -> Request<'_> {
        let authorization = format!("Bearer {}", self.token);
        Request {
            server: self,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![("authorization".to_owned(), authorization)],
            body: None,
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(body).send()
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.request("PUT", path).json(body).send()
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send()
    }

    /// Makes a group and answers with its id.
    pub fn group(&self, body: &Value) -> String {
        let answer = self.post("/v1/groups", body);
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Makes an object and answers with it.
    #[track_caller]
    pub fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body);
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// Holds pages of a list against the objects that it must show: the first one, and those after and before each
    /// object of `all` (the newest first), shown or not. `list` is a path with a query that lacks `limit` and cursor.
    #[track_caller]
    pub fn expect_pages(&self, token: &str, list: &str, all: &[String], shown: &[String], limit: usize) {
        let expect = |cursor: &str, page: &[String], has_more: bool| {
            let path = format!("{list}&limit={limit}{cursor}");
            let answer = self.request("GET", &path).token(token).send();
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            let answer = answer.json();
            assert_eq!(
                (ids(&answer), &answer["has_more"]),
                (page.to_vec(), &json!(has_more)),
                "{path}"
            );
        };
        let place = |id: &String| all.iter().position(|other| other == id).unwrap();
        expect("", &shown[..limit.min(shown.len())], shown.len() > limit);
        for (at, cursor) in all.iter().enumerate() {
            let newer = shown.iter().filter(|id| place(id) < at).count();
            let from = newer.saturating_sub(limit);
            expect(&format!("&ending_before={cursor}"), &shown[from..newer], from > 0);
            let older = &shown[newer + usize::from(shown.get(newer) == Some(cursor))..];
            expect(
                &format!("&starting_after={cursor}"),
                &older[..limit.min(older.len())],
                older.len() > limit,
            );
        }
    }

    /// Makes a contact and answers with it.
    pub fn contact(&self, username: &str) -> Value {
        self.made("/v1/contacts", &json!({"username": username}))
    }

    /// Walks the list at `path`, which has a query, page by page: from its front to its end or, where there is a
    /// `last`, from before that back to the front. Answers with the ids in the list's order.
    pub fn walk(&self, path: &str, limit: usize, last: Option<&str>) -> Vec<String> {
        let mut seen = Vec::new();
        let mut cursor = last.map_or_else(String::new, |last| format!("&ending_before={last}"));
        loop {
            let answer = self.get(&format!("{path}&limit={limit}{cursor}"));
            assert_eq!(answer.status, 200, "{}", answer.text);
            let (list, page) = (answer.json(), ids(&answer.json()));
            let more = list["has_more"] == true;
            assert!(page.len() == limit || !more && page.len() < limit, "{}", answer.text);
            assert!(
                page.iter().all(|id| !seen.contains(id)),
                "{path}: a page begins after the one before"
            );
            let edge = if last.is_none() { page.last() } else { page.first() };
            let edge = edge.cloned().unwrap_or_default();
            match last {
                None => seen.extend(page),
                Some(_) => drop(seen.splice(0..0, page)),
            }
            if !more {
                return seen;
            }
            let param = if last.is_none() {
                "starting_after"
            } else {
                "ending_before"
            };
            cursor = format!("&{param}={edge}");
        }
    }

    /// Values for the variables of a route's path: the ids of new objects of `token`'s account that belong together.
    pub fn variables(&self, token: &str, route: &str) -> Vec<(&'static str, String)> {
        let post = |path: &str, body: Value| self.request("POST", path).token(token).json(&body).send().json();
        let username = format!("sample{}", Id::random());
        let group = post("/v1/groups", json!({"name": "x", "contacts": [{"username": username}]}));
        let contact = &group["contacts"][0]["id"];
        let message = json!({"conversation_id": group["conversation_id"], "message": "x"});
        let id = match route.split('/').nth(2) {
            Some("groups") => group["id"].clone(),
            Some("contacts") => contact.clone(),
            Some("conversations") => group["conversation_id"].clone(),
            Some("messages") => post("/v1/messages", message)["id"].clone(),
            other => panic!("{other:?} is no resource"),
        };
        let mut variables = vec![(":id", text(&id)), (":contact_id", text(contact))];
        variables.retain(|(name, _)| route.split('/').any(|segment| segment == *name));
        variables
    }

    /// A route's path that names new objects.
    pub fn path_of(&self, route: &str) -> String {
        fill(route, &self.variables(&self.token, route))
    }

    /// The parameters without which nothing is made at `path`.
    pub fn required(&self, path: &str) -> Value {
        let group = self.made("/v1/groups", &json!({"name": "x"}));
        match path {
            "/v1/groups" => json!({"name": "x"}),
            "/v1/contacts" => json!({"username": format!("of{}", text(&group["id"]))}),
            "/v1/messages" => json!({"conversation_id": group["conversation_id"], "message": "x"}),
            "/v1/conversations" => {
                self.delete(&format!("/v1/conversations/{}", text(&group["conversation_id"])));
                json!({"group_id": group["id"]})
            }
            other => panic!("{other} makes nothing"),
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes as they are and reads until the server closes the connection.
    pub fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // The server may refuse and close before it has read everything.
        drop(stream.write_all(bytes.as_ref()));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        String::from_utf8(answer).unwrap()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn new_token(db: &Path, new: &NewToken) -> String {
    let mut session = Session::open(db, Missing::Create).unwrap();
    let made = session.write(|tx| tokens::create(tx, new));
    made.unwrap().1.reveal().to_owned()
}

pub struct Request<'a> {
    server: &'a TestServer,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request<'_> {
    /// Adds a header, or replaces the one of that name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn anonymous(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "authorization");
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", kind)
    }

    pub fn send(self) -> Answer {
        let url = format!("http://{}{}", self.server.addr, self.path);
        let mut request = ureq::http::Request::builder().method(self.method.as_str()).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = match &self.body {
            Some(body) => self.server.agent.run(request.body(&body[..]).unwrap()),
            None => self.server.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let text = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .unwrap();
        let headers = answer.headers().clone();
        let answer = Answer {
            status: answer.status().as_u16(),
            headers,
            text,
        };
        self.hold_to_the_description(&answer);
        answer
    }

    fn hold_to_the_description(&self, answer: &Answer) {
        let content_type = self.headers.iter().find(|(name, _)| name == "content-type");
        let Some(target) = self.path.strip_prefix(&self.server.config.settings.base_path) else {
            return;
        };
        let asked = Asked {
            method: &self.method,
            target,
            content_type: content_type.map(|(_, kind)| kind.as_str()),
            body: self.body.as_deref().unwrap_or_default(),
        };
        Description::get().hold(&asked, answer);
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All that a caller sees, but for the date.
    pub fn seen(&self) -> String {
        let mut headers = self.headers.clone();
        headers.remove("date");
        format!("{} {headers:?} {}", self.status, self.text)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// Asserts an error as the contract has it, and answers with its `param`.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let error = self.json();
        let kind = if status < 500 { "invalid_request" } else { "api_error" };
        assert_eq!(error["type"], kind);
        assert_eq!(error["code"], code, "{error}");
        assert_eq!(error["documentation_url"], format!("/docs#errors-{code}"));
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"));
        assert!(
            error["message"].as_str().is_some_and(|message| message.ends_with('.')),
            "{error}"
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        let order = ["type", "code", "message", "param", "documentation_url", "request_id"];
        assert_in_order(&self.text, &order);
        error["param"].clone()
    }
}

/// Asserts that the top-level properties of an object are these, in this order.
#[track_caller]
pub fn assert_in_order(text: &str, properties: &[&str]) {
    let found: Vec<usize> = properties
        .iter()
        .map(|name| {
            text.rfind(&format!("\"{name}\":"))
                .unwrap_or_else(|| panic!("no {name} in {text}"))
        })
        .collect();
    assert!(found.is_sorted(), "{text}");
}

/// Waits until what was deleted is cleared away.
#[track_caller]
pub fn wait_until_cleared(db: &Path) {
    let conn = Connection::open(db).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    let left = "SELECT (SELECT count(*) FROM deleted_conversations) + (SELECT count(*) FROM deleted_groups)
        + (SELECT count(*) FROM deleted_contacts)";
    let deadline = Instant::now() + PATIENCE;
    while conn.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
        assert!(Instant::now() < deadline, "what was deleted is not cleared away");
        std::thread::yield_now();
    }
}

/// The export of an account, made by another connection as `export` does.
pub fn export(db: &Path, account: &str) -> String {
    let mut out = Vec::new();
    let mut session = Session::open(db, Missing::Refuse).unwrap();
    transfer::export(&mut session, account, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The text that a property is.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// A text as a query or a form has it.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The ids of a list's objects.
pub fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().unwrap();
    data.iter()
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A route's path with the values of its variables.
pub fn fill(route: &str, variables: &[(&str, String)]) -> String {
    let value = |segment: &str| {
        let found = variables.iter().find(|(name, _)| *name == segment);
        found.map_or_else(|| segment.to_owned(), |(_, value)| value.clone())
    };
    route.split('/').map(value).collect::<Vec<_>>().join("/")
}
