//! Each client's own tests: resources, paging, errors, retries, timeouts, connections.

use std::process::Command;

use crate::site::{JAVASCRIPT, PHP, PYTHON, Site, succeed};

#[test]
fn the_tests_of_the_javascript_client_pass() {
    if JAVASCRIPT.is_there() {
        let site = Site::new();
        run(site
            .suite("sh", &["-c", "exec node --test test/*.test.js"])
            .current_dir(JAVASCRIPT.folder()));
    }
}

#[test]
fn the_tests_of_the_python_client_pass() {
    if PYTHON.is_there() {
        let site = Site::new();
        run(site
            .suite("python3", &["-m", "unittest", "discover", "-s", "tests"])
            .env("PYTHONPATH", "src")
            .current_dir(PYTHON.folder()));
    }
}

#[test]
fn the_tests_of_the_php_client_pass() {
    if PHP.is_there() {
        let site = Site::new();
        run(site.suite("php", &["tests/run.php"]).current_dir(PHP.folder()));
    }
}

/// Shown by `--nocapture`, and where it fails.
fn run(command: &mut Command) {
    println!("{}", succeed(command));
}
