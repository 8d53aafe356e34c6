//! The reference at `/docs`, in a real browser: `docs.mjs` looks at it through `chromium.mjs`.

#![allow(clippy::unwrap_used, reason = "a test that fails tells where")]

use std::process::Command;

use test_support::documented::SAMPLE;
use test_support::process::{Folder, shell};

/// Whether Chromium and Node are there. Only a person's machine may lack them: where `CI` is set that is an error.
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
fn the_reference_loads_is_searched_leads_everywhere_and_sends_requests() {
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
        let looked = Command::new("node")
            .args([script, &server.url, token.trim(), scheme])
            // A folder for pictures of what was seen.
            .args(std::env::var_os("GROUPS_PICTURES"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&looked.stderr);
        assert!(looked.status.success(), "{said}{}", server.log());
        let log = server.log();
        assert!(!log.contains(token.trim()), "a token is in the log: {log}");
    }
}
