//! A server in this process that may fail, a client that may get no answer, and what all tests here share.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fault_vfs::Tap;
use groups_server::error::Failure;
use groups_server::http::Settings;
use groups_server::server::{Config, Deadlines, Listener, Server};
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session};
use groups_server::supervisor::Shutdown;
use groups_server::transfer;
use rusqlite::Connection;
use serde_json::Value;
pub use test_support::env::number;
pub use test_support::random::Random;
use tokio::sync::oneshot;

/// No test waits longer for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One test at a time: each uses all cores, and the memory that runs out is the whole process's.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    fault_vfs::install();
    turn
}

/// Where all that is random begins.
pub fn seed() -> u64 {
    let now = || u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    number("GROUPS_SEED").unwrap_or_else(now)
}

/// A folder in memory where the system has one: nothing here needs a real disk.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    made.unwrap()
}

/// Told if the test fails while this is there: what repeats it.
pub struct Repeat(pub String);

impl Drop for Repeat {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat it with {}", self.0);
        }
    }
}

/// A file with a token, and nothing beside it.
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

    pub fn copy(&self) -> Copy {
        let folder = folder();
        let db = folder.path().join("groups.db");
        std::fs::copy(self.folder.path().join("groups.db"), &db).unwrap();
        let tap = without_syncs(folder.path());
        Copy {
            _folder: folder,
            db,
            tap,
        }
    }
}

/// A copy of a file in a folder of its own, whose syncs take no time.
pub struct Copy {
    _folder: tempfile::TempDir,
    pub db: PathBuf,
    pub tap: Arc<Tap>,
}

pub fn without_syncs(folder: &Path) -> Arc<Tap> {
    let tap = Tap::on(folder);
    tap.mock_syncs(Duration::ZERO);
    tap
}

pub struct Running {
    pub addr: SocketAddr,
    shutdown: Shutdown,
    thread: JoinHandle<Result<(), Failure>>,
    agent: ureq::Agent,
}

impl Running {
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
            .timeout_global(Some(PATIENCE))
            .build();
        Ok(Running {
            addr,
            shutdown,
            thread,
            agent: agent.into(),
        })
    }

    /// The status and the body of the answer, if there is one: the server may be gone.
    pub fn send(&self, request: &Request) -> Option<(u16, Value)> {
        let url = format!("http://{}{}", self.addr, request.path);
        let mut builder = ureq::http::Request::builder()
            .method(request.method)
            .uri(url)
            .header("authorization", format!("Bearer {}", request.token));
        if let Some(key) = &request.key {
            builder = builder.header("idempotency-key", key);
        }
        let answer = match &request.body {
            Some(body) => {
                let builder = builder.header("content-type", "application/json");
                self.agent.run(builder.body(body.to_string()).unwrap())
            }
            None => self.agent.run(builder.body(()).unwrap()),
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(ureq::Error::Timeout(_)) => panic!("no answer to {request:?} within {PATIENCE:?}"),
            Err(_) => return None,
        };
        let text = answer.body_mut().read_to_string().ok()?;
        Some((
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        ))
    }

    /// Whether the server has ended by itself, or does so within a moment.
    pub fn has_ended(&self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.thread.is_finished()
    }

    /// Stops as SIGTERM does and tells how it ended.
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

/// A token of an account, made by another connection as `token create` does.
pub fn new_token(db: &Path, account: &str) -> Result<String, Failure> {
    let mut session = Session::open(db, Missing::Create)?;
    let made = session.write(|tx| tokens::create(tx, &NewToken::full(account)))?;
    Ok(made.1.reveal().to_owned())
}

/// All that an account's callers can see, and the answers that are kept for it.
pub fn snapshot(session: &mut Session, account: &str) -> String {
    let mut out = Vec::new();
    transfer::export(session, account, &mut out).unwrap();
    let keys = session.read(|conn| {
        let mut statement = conn.prepare_cached(
            "SELECT json_array(key, status, location, body) FROM idempotency_keys
             WHERE account = (SELECT pk FROM accounts WHERE name = ?1) ORDER BY key",
        )?;
        let keys: rusqlite::Result<Vec<String>> = statement.query_map([account], |row| row.get(0))?.collect();
        Ok::<_, groups_server::error::Error>(keys?)
    });
    let text = String::from_utf8(out).unwrap();
    keys.unwrap().into_iter().fold(text, |text, key| text + &key + "\n")
}

/// What SQLite finds wrong with a file.
pub fn faults(conn: &Connection) -> Option<String> {
    let check: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    if check != "ok" {
        return Some(check);
    }
    let loose = conn.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    loose.then(|| "a reference leads nowhere".to_owned())
}

pub fn beside(db: &Path, suffix: &str) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
