//! What the clients run against: a server with the documents' sample objects, its tokens, and the languages' commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use test_support::documented::SAMPLE;
use test_support::process::{Folder, Server, shell};

use crate::proxy;

pub struct TestBed {
    pub folder: Folder,
    server: Server,
    token: String,
}

impl TestBed {
    pub fn new() -> Self {
        let folder = Folder::new();
        std::fs::write(folder.path("sample"), SAMPLE).unwrap();
        folder.succeed(&["import", "sample"]);
        let token = folder.succeed(&["token", "create"]).trim().to_owned();
        let server = folder.serve(&[]);
        TestBed { folder, server, token }
    }

    /// A command with the server's URL and token in its environment.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        // A test that hangs must fail.
        let mut command = Command::new("timeout");
        command
            .arg("60")
            .arg(program)
            .args(args)
            .env("PROTOCOL_API_BASE_URL", &self.server.url)
            .env("PROTOCOL_API_TOKEN", &self.token)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// The same with a read-only token and a misbehaving proxy, too.
    pub fn suite(&self, program: &str, args: &[&str]) -> Command {
        let read_only = self.folder.succeed(&["token", "create", "--read-only"]);
        let mut command = self.command(program, args);
        command
            .env("PROTOCOL_API_READ_ONLY_TOKEN", read_only.trim())
            .env("PROTOCOL_API_PROXY", proxy::start(&self.server.url));
        command
    }

    pub fn status(&self, path: &str) -> String {
        let output = self.run(
            "curl",
            &[
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "-u",
                &format!("{}:", self.token),
                &format!("{}{path}", self.server.url),
            ],
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        self.command(program, args).output().unwrap()
    }
}

/// A language in which there is a client.
#[derive(Clone, Copy)]
pub struct Language {
    pub name: &'static str,
    /// A line of shell that succeeds if the language is installed.
    check: &'static str,
}

pub const JAVASCRIPT: Language = Language {
    name: "js",
    check: "node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'",
};
pub const PYTHON: Language = Language {
    name: "python",
    check: "python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'",
};
pub const PHP: Language = Language {
    name: "php",
    check: "php -r 'exit((int) !(PHP_VERSION_ID >= 80200 && extension_loaded(\"curl\")));'",
};

impl Language {
    /// The client's source folder.
    pub fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(self.name)
    }

    pub fn is_installed(self) -> bool {
        is_installed(self.check, self.name)
    }
}

/// Whether a line of shell succeeds. If `CI` is set it must; on a developer's machine the test is skipped if it fails.
pub fn is_installed(command: &str, name: &str) -> bool {
    let found = shell(command).status.success();
    assert!(found || std::env::var_os("CI").is_none(), "CI must have {name}");
    if !found {
        eprintln!("skipped: this test needs {name} ({command})");
    }
    found
}

/// Runs a command, which must succeed, and returns its standard output. If it fails, all of its output is printed.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{command:?} {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text.into_owned()
}
