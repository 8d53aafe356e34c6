//! The OpenAPI description as third-party tools read it: the short version of `scripts/openapi`.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/openapi");
    let mut command = Command::new(script);
    command
        .args(args)
        .env("GROUPS_SERVER", env!("CARGO_BIN_EXE_groups-server"));
    command.output().unwrap()
}

/// Whether the tools are installed. If `CI` is set they must be; on a developer's machine the tests are skipped without
/// them.
fn has_tools() -> bool {
    let found = run(&["installed"]).status.success();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "CI must have run `scripts/openapi install`"
    );
    if !found {
        eprintln!("skipped: this test needs the tools that `scripts/openapi install` installs");
    }
    found
}

#[track_caller]
fn succeed(args: &[&str]) {
    let output = run(args);
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{stdout}{stderr}");
}

#[test]
fn linters_pass_and_a_client_can_be_generated() {
    if has_tools() {
        succeed(&["lint"]);
        succeed(&["client"]);
    }
}

#[test]
fn generated_requests_get_the_described_responses() {
    if has_tools() {
        succeed(&["cases", "100"]);
    }
}
