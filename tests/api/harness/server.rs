//! A real server in this process: its own file, its own port, its own thread.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use groups_server::http::{AuthRateLimit, Settings};
use groups_server::server::{Config, Deadlines, Listener, Server};
use groups_server::store::tokens::{self, NewToken};
use groups_server::store::{Missing, Session};
use groups_server::supervisor::Shutdown;

/// How long a test waits for anything before it fails.
pub const TIMEOUT: Duration = Duration::from_secs(20);

pub struct TestServer {
    pub addr: SocketAddr,
    pub db: PathBuf,
    /// A token of the account `default` with full access.
    pub token: String,
    pub(super) config: Config,
    folder: Option<tempfile::TempDir>,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
    pub(super) agent: ureq::Agent,
}

/// The configuration that suits most tests: without a rate limit on authentication, since many send wrong tokens from
/// one address.
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
        let token = create_token(&config.db, &NewToken::full("default"));
        Self::start_on(config, token, Some(folder))
    }

    /// Starts a server on a copy of a file that contains `token`.
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
            .timeout_global(Some(TIMEOUT))
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

    /// Stops the server and starts another on the same file with the same configuration.
    pub fn restart(mut self) -> Self {
        self.stop();
        Self::start_on(self.config.clone(), self.token.clone(), self.folder.take())
    }

    /// Shuts down as SIGTERM does, and waits for the end.
    pub fn stop(&mut self) {
        self.shutdown.request();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Creates a token through a session of its own, as the command `token create` does.
    pub fn create_token(&self, new: &NewToken) -> String {
        create_token(&self.db, new)
    }

    /// Creates an account and returns a token of it.
    pub fn create_account(&self, name: &str) -> String {
        self.create_token(&NewToken::full(name))
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// Sends bytes unchanged and reads until the server closes the connection.
    pub fn send_raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // The server may reject the request and close before it has read everything.
        drop(stream.write_all(bytes.as_ref()));
        let mut response = Vec::new();
        drop(stream.read_to_end(&mut response));
        String::from_utf8(response).unwrap()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn create_token(db: &Path, new: &NewToken) -> String {
    let mut session = Session::open(db, Missing::Create).unwrap();
    let created = session.write(|tx| tokens::create(tx, new));
    created.unwrap().1.reveal().to_owned()
}
