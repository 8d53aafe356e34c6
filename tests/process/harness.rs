//! Runs the binary in a folder of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_groups-server");

pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The binary with these arguments, in this folder, without variables of its own.
    pub fn command(&self, args: &[&str]) -> Command {
        self.prepare(Command::new(BINARY), args)
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

    /// The same by a line of shell, to which the binary is `$0`.
    pub fn by_shell(&self, line: &str, args: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", line, BINARY]);
        self.prepare(shell, args)
    }

    /// The bytes of every file in the folder, one after the other.
    pub fn contents(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        files
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }

    /// Runs a command to its end, which must come: one that serves where it should refuse is ended with code 124.
    pub fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new("timeout");
        command.args(["20", BINARY]);
        self.prepare(command, args).output().unwrap()
    }

    /// Runs a command that must succeed, and answers with its standard output.
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
    pub fn serve(&self, args: &[&str]) -> Serving {
        self.serve_by(self.command(args))
    }

    pub fn serve_by(&self, mut command: Command) -> Serving {
        let log = self.path("log");
        let child = command
            .env("GROUPS_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn();
        let mut child = child.unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let url = first.trim_end().rsplit(' ').next().unwrap().to_owned();
        assert!(
            url.starts_with("http://"),
            "{first:?} {}",
            std::fs::read_to_string(&log).unwrap()
        );
        Serving {
            child,
            out,
            first,
            url,
            log,
        }
    }
}

pub struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    first: String,
    /// Such as `http://127.0.0.1:40123`.
    pub url: String,
    log: PathBuf,
}

impl Serving {
    pub fn signal(&self, name: &str) {
        let sent = shell(&format!("kill -{name} {}", self.child.id()));
        assert!(sent.status.success());
    }

    /// What Linux tells of the process in the file `name` of its folder in `/proc`.
    #[cfg(target_os = "linux")]
    pub fn proc(&self, name: &str) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/{name}", self.pid())).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops by SIGTERM, asserts that this ends well, and answers with all of standard output.
    pub fn stop(self) -> String {
        self.signal("TERM");
        self.end()
    }

    pub fn end(mut self) -> String {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", self.log());
        std::mem::take(&mut self.first) + &rest
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The status of a GET with curl.
    pub fn status(&self, token: &str, path: &str) -> String {
        self.request("GET", token, path, "")
    }

    /// The status of a request with curl, with a form.
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

    /// Waits until it ends by itself; its exit code and its log.
    pub fn end_with(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return (status.code(), self.log()),
                None => assert!(Instant::now() < deadline, "it goes on: {}", self.log()),
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn shell(command: &str) -> Output {
    Command::new("sh").args(["-c", command]).output().unwrap()
}

pub fn has_curl() -> bool {
    has("curl")
}

/// Whether a tool is there. Only a person's machine may lack it: where `CI` is set, its absence is an error.
pub fn has(tool: &str) -> bool {
    let found = shell(&format!("command -v {tool}")).status.success();
    assert!(found || std::env::var_os("CI").is_none(), "CI must have {tool}");
    if !found {
        eprintln!("skipped: this test needs {tool}");
    }
    found
}

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

pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
