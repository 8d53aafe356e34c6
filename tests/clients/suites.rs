//! Each client's own test suite: resources, paging, errors, retries, timeouts, connections.

use std::process::Command;

use crate::test_bed::{JAVASCRIPT, PHP, PYTHON, TestBed, succeed};

#[test]
fn the_javascript_client_passes_its_test_suite() {
    if JAVASCRIPT.is_installed() {
        let bed = TestBed::new();
        run(bed
            .suite("sh", &["-c", "exec node --test test/*.test.js"])
            .current_dir(JAVASCRIPT.folder()));
    }
}

#[test]
fn the_python_client_passes_its_test_suite() {
    if PYTHON.is_installed() {
        let bed = TestBed::new();
        run(bed
            .suite("python3", &["-m", "unittest", "discover", "-s", "tests"])
            .env("PYTHONPATH", "src")
            .current_dir(PYTHON.folder()));
    }
}

#[test]
fn the_php_client_passes_its_test_suite() {
    if PHP.is_installed() {
        let bed = TestBed::new();
        run(bed.suite("php", &["tests/run.php"]).current_dir(PHP.folder()));
    }
}

/// Runs a test suite. Its output is shown with `--nocapture`, or if it fails.
fn run(command: &mut Command) {
    println!("{}", succeed(command));
}
