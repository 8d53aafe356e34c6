//! The API reference at `/docs` in a real browser: `docs.mjs` inspects it through `chromium.mjs`.

#![allow(clippy::unwrap_used, reason = "a failing test reports where it failed")]

use std::process::Command;

use test_support::documented::SAMPLE;
use test_support::process::{Folder, shell};

/// Whether Chromium and Node are installed. If `CI` is set they must be; on a developer's machine the test is skipped
/// without them.
fn has_browser() -> bool {
    let found = shell("command -v node && command -v ${CHROMIUM:-chromium}")
        .status
        .success();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "CI must have chromium and node"
    );
    if !found {
        eprintln!("skipped: this test needs chromium and node");
    }
    found
}

#[test]
fn the_docs_page_loads_searches_navigates_and_sends_requests() {
    if !has_browser() {
        return;
    }
    for (base, scheme) in [("", "light"), ("/api", "dark")] {
        let folder = Folder::new();
        std::fs::write(folder.path("sample"), SAMPLE).unwrap();
        folder.succeed(&["import", "sample"]);
        let token = folder.succeed(&["token", "create"]);
        let server = folder.serve(&["--base-path", base]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/docs.mjs");
        let output = Command::new("node")
            .args([script, &server.url, token.trim(), scheme])
            // A folder for screenshots.
            .args(std::env::var_os("GROUPS_PICTURES"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}{}", server.log());
        let log = server.log();
        assert!(!log.contains(token.trim()), "the token is in the log: {log}");
    }
}
