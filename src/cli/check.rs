//! `check`: what is wrong with a file, a line each.

use super::Existing;
use super::output::print;
use crate::error::Failure;
use crate::maintenance::check;

/// Lines that are printed at most.
const MOST: usize = 100;

pub fn run(args: &Existing) -> Result<(), Failure> {
    let findings = check::file(&args.db)?;
    let db = args.db.display();
    if findings.is_empty() {
        return print(format_args!("{db} is sound.\n"));
    }
    for finding in findings.iter().take(MOST) {
        // One line each, whatever SQLite says.
        print(format_args!("{}\n", finding.replace('\n', " ")))?;
    }
    Err(Failure::new(format!(
        "{db} is damaged (findings: {}); nothing was changed. Keep it, and restore a backup with `groups-server restore`",
        findings.len()
    )))
}
