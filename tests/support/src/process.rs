//! Runs the server's binary in a temporary folder, and curl against it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The binary under test. Cargo builds it before it runs an integration test, and places it one folder above the test's
/// own executable: `target/debug/groups-server` and `target/debug/deps/process-0123456789abcdef`.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let binary = profile.join("groups-server");
    assert!(binary.is_file(), "there is no binary at {}", binary.display());
    binary
}

/// A temporary folder, in which commands run.
pub struct Folder(tempfile::TempDir);

impl Default for Folder {
    fn default() -> Self {
        Folder::new()
    }
}

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The binary with these arguments, in this folder and without any `GROUPS_…` variable.
    pub fn command(&self, args: &[&str]) -> Command {
        self.prepare(Command::new(binary()), args)
    }

    /// The same for another program, which may run the binary.
    pub fn prepare(&self, mut command: Command, args: &[&str]) -> Command {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GROUPS_") {
                command.env_remove(name);
            }
        }
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// The same for a line of shell, in which `$0` is the binary and `$@` are the arguments.
    pub fn shell_command(&self, line: &str, args: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).arg(binary());
        self.prepare(shell, args)
    }

    /// The bytes of all files in the folder, concatenated.
    pub fn contents(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        files
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }

    /// Runs a command to its end. After 20 seconds it is terminated and has exit code 124: it may be a server that
    /// should have refused to start.
    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("timeout");
        command.arg("20").arg(binary());
        self.prepare(command, args).output().unwrap()
    }

    /// Runs a command that must succeed, and returns its standard output.
    #[track_caller]
    pub fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a server on a free port and waits until it listens.
    pub fn serve(&self, args: &[&str]) -> Server {
        self.serve_with(self.command(args))
    }

    /// The same with a prepared command.
    pub fn serve_with(&self, mut command: Command) -> Server {
        let log = self.path("log");
        let child = command
            .env("GROUPS_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn();
        let mut child = child.unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).unwrap();
        let url = first_line.trim_end().rsplit(' ').next().unwrap().to_owned();
        assert!(
            url.starts_with("http://"),
            "{first_line:?} {}",
            std::fs::read_to_string(&log).unwrap()
        );
        Server {
            child,
            stdout,
            first_line,
            url,
            log,
        }
    }
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    first_line: String,
    /// Such as `http://127.0.0.1:40123`.
    pub url: String,
    log: PathBuf,
}

impl Server {
    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = shell(&format!("kill -{name} {}", self.child.id()));
        assert!(sent.status.success());
    }

    /// The content of a file in the process's folder in `/proc`.
    #[cfg(target_os = "linux")]
    pub fn proc(&self, name: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{name}", self.pid())).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the server with SIGTERM, asserts exit code 0, and returns all of its standard output.
    pub fn stop(self) -> String {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for the server to exit, asserts exit code 0, and returns all of its standard output.
    pub fn wait(mut self) -> String {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        std::mem::take(&mut self.first_line) + &rest
    }

    /// Waits for the server to exit of its own accord, and returns its exit code and its log.
    pub fn wait_for_exit(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return (status.code(), self.log()),
                None => assert!(Instant::now() < deadline, "the server is still running: {}", self.log()),
            }
            std::thread::yield_now();
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a GET with curl and returns the status.
    pub fn status(&self, token: &str, path: &str) -> String {
        self.request("GET", token, path, "")
    }

    /// Sends a request with curl, with a form unless that is empty, and returns the status.
    pub fn request(&self, method: &str, token: &str, path: &str, form: &str) -> String {
        let form: &[&str] = if form.is_empty() || method == "GET" {
            &[]
        } else {
            &["-d", form]
        };
        let authorization = format!("Authorization: Bearer {token}");
        let url = format!("{}{path}", self.url);
        let args = [
            "-X",
            method,
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            &authorization,
            &url,
        ];
        curl(&[&args[..], form].concat())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail if the process has exited already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a line of shell.
pub fn shell(line: &str) -> Output {
    Command::new("sh").args(["-c", line]).output().unwrap()
}

pub fn has_curl() -> bool {
    has_tool("curl")
}

/// Whether a tool is installed. If `CI` is set it must be; on a developer's machine the test is skipped without it.
pub fn has_tool(tool: &str) -> bool {
    let found = shell(&format!("command -v {tool}")).status.success();
    assert!(found || std::env::var_os("CI").is_none(), "CI must have {tool}");
    if !found {
        eprintln!("skipped: this test needs {tool}");
    }
    found
}

/// Runs curl, which must succeed, and returns its standard output.
pub fn curl(args: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "20"])
        .args(args)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A file's permission bits.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
