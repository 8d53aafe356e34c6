//! The API's description in the hands of the tools that read it: the short form of `scripts/openapi`.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/openapi");
    let mut command = Command::new(script);
    command
        .args(args)
        .env("GROUPS_SERVER", env!("CARGO_BIN_EXE_groups-server"));
    command.output().unwrap()
}

/// Whether the tools are there. Only a person's machine may lack them: where `CI` is set that is an error.
fn has_tools() -> bool {
    let found = run(&["installed"]).status.success();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "CI must have run `scripts/openapi install`"
    );
    if !found {
        eprintln!("skipped: this test needs what `scripts/openapi install` installs");
    }
    found
}

#[track_caller]
fn succeed(args: &[&str]) {
    let ran = run(args);
    let [out, err] = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(ran.status.success(), "{out}{err}");
}

#[test]
fn linters_find_nothing_and_a_client_can_be_made() {
    if has_tools() {
        succeed(&["lint"]);
        succeed(&["client"]);
    }
}

#[test]
fn made_up_requests_are_answered_as_described() {
    if has_tools() {
        succeed(&["cases", "100"]);
    }
}
