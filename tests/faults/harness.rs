//! What these tests share: a server in this process that may fail, and a client that may get no response.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fault_vfs::Interceptor;
use groups_server::error::Failure;
use groups_server::http::Settings;
use groups_server::maintenance::export::export;
use groups_server::server::{Config, Deadlines, Listener, Server};
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session};
use groups_server::supervisor::Shutdown;
use rusqlite::Connection;
use serde_json::Value;
use test_support::env;

/// The longest wait for anything.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Makes the tests run one at a time, and installs the VFS. Each test uses all cores, and memory runs out for the whole
/// process.
pub fn exclusive() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    fault_vfs::install();
    guard
}

/// The seed of all randomness in a test.
pub fn seed() -> u64 {
    let now = || u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    env::number("GROUPS_SEED").unwrap_or_else(now)
}

/// A temporary folder, in memory if possible: these tests need no real disk.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    folder.unwrap()
}

/// Prints how to reproduce a failure, if the test panics while this is in scope.
pub struct ReproduceWith(pub String);

impl Drop for ReproduceWith {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("reproduce with {}", self.0);
        }
    }
}

/// A database file with a token, and without a WAL.
pub struct Template {
    folder: tempfile::TempDir,
    pub token: String,
}

impl Template {
    pub fn new() -> Self {
        let folder = folder();
        let token = new_token(&folder.path().join("groups.db"), "default").unwrap();
        Template { folder, token }
    }

    pub fn copy(&self) -> DatabaseCopy {
        let folder = folder();
        let db = folder.path().join("groups.db");
        std::fs::copy(self.folder.path().join("groups.db"), &db).unwrap();
        let interceptor = intercept_without_syncs(folder.path());
        DatabaseCopy {
            _folder: folder,
            db,
            interceptor,
        }
    }
}

/// A copy of a database file in a folder of its own, whose syncs are mocked and take no time.
pub struct DatabaseCopy {
    _folder: tempfile::TempDir,
    pub db: PathBuf,
    pub interceptor: Arc<Interceptor>,
}

/// Intercepts a folder, and mocks its syncs so that they take no time.
pub fn intercept_without_syncs(folder: &Path) -> Arc<Interceptor> {
    let interceptor = Interceptor::on(folder);
    interceptor.mock_syncs(Duration::ZERO);
    interceptor
}

pub struct TestServer {
    pub addr: SocketAddr,
    shutdown: Shutdown,
    thread: JoinHandle<Result<(), Failure>>,
    agent: ureq::Agent,
}

impl TestServer {
    pub fn start(db: &Path) -> Result<Self, Failure> {
        let config = Config {
            backups: None,
            db: db.to_owned(),
            settings: Settings::default(),
            max_connections: 100,
            max_connections_per_peer: 100,
            deadlines: Deadlines::default(),
        };
        let shutdown = Shutdown::default();
        let requested = shutdown.clone();
        let (bound, result) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await?;
                let addr = listener.tcp_addr().unwrap();
                let server = Server::open(config, vec![listener])?;
                bound.send(addr).unwrap();
                server.run(&requested).await
            })
        });
        let Ok(addr) = result.recv() else {
            return Err(thread.join().unwrap().unwrap_err());
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(TestServer {
            addr,
            shutdown,
            thread,
            agent: agent.into(),
        })
    }

    /// Sends a request and returns the response's status and body; `None` if the server is gone.
    pub fn send(&self, request: &Request) -> Option<(u16, Value)> {
        let url = format!("http://{}{}", self.addr, request.path);
        let mut builder = ureq::http::Request::builder()
            .method(request.method)
            .uri(url)
            .header("authorization", format!("Bearer {}", request.token));
        if let Some(key) = &request.key {
            builder = builder.header("idempotency-key", key);
        }
        let response = match &request.body {
            Some(body) => {
                let builder = builder.header("content-type", "application/json");
                self.agent.run(builder.body(body.to_string()).unwrap())
            }
            None => self.agent.run(builder.body(()).unwrap()),
        };
        let mut response = match response {
            Ok(response) => response,
            Err(ureq::Error::Timeout(_)) => panic!("no response to {request:?} within {TIMEOUT:?}"),
            Err(_) => return None,
        };
        let text = response.body_mut().read_to_string().ok()?;
        Some((
            response.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        ))
    }

    /// Whether the server ends by itself before the timeout.
    pub fn ends(&self) -> bool {
        let deadline = Instant::now() + TIMEOUT;
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.thread.is_finished()
    }

    /// Stops the server as SIGTERM does, and returns how it ended.
    pub fn stop(self) -> Result<(), Failure> {
        self.shutdown.request();
        self.thread.join().unwrap()
    }
}

#[derive(Clone, Debug)]
pub struct Request {
    pub token: String,
    pub method: &'static str,
    pub path: String,
    pub key: Option<String>,
    pub body: Option<Value>,
}

/// Creates a token of an account through another connection, as `token create` does.
pub fn new_token(db: &Path, account: &str) -> Result<String, Failure> {
    let mut session = Session::open(db, Missing::Create)?;
    let created = session.write(|tx| tokens::create(tx, &NewToken::full(account)))?;
    Ok(created.1.reveal().to_owned())
}

/// Everything that an account's callers can see, and its stored responses, as lines of JSON.
pub fn snapshot(session: &mut Session, account: &str) -> String {
    let mut out = Vec::new();
    export(session, account, &mut out).unwrap();
    let keys = session.read(|conn| {
        let mut statement = conn.prepare_cached(
            "SELECT json_array(key, status, location, body) FROM idempotency_keys
             WHERE account = (SELECT pk FROM accounts WHERE name = ?1) ORDER BY key",
        )?;
        let keys: rusqlite::Result<Vec<String>> = statement.query_map([account], |row| row.get(0))?.collect();
        Ok::<_, groups_server::store::Error>(keys?)
    });
    let text = String::from_utf8(out).unwrap();
    keys.unwrap().into_iter().fold(text, |text, key| text + &key + "\n")
}

/// What SQLite's integrity checks find wrong with a database, if anything.
pub fn integrity_problem(conn: &Connection) -> Option<String> {
    let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if check != "ok" {
        return Some(check);
    }
    let dangling = conn.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    dangling.then(|| "a foreign key is violated".to_owned())
}

/// The path of a database's `-wal` or other file.
pub fn sibling(db: &Path, suffix: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
