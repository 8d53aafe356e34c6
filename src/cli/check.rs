//! `check`: prints each problem of a database on a line of its own.

use super::args::Existing;
use super::output::print;
use crate::error::Failure;
use crate::maintenance::check;

/// The most problems that are printed.
const MAX_LINES: usize = 100;

pub fn run(args: &Existing) -> Result<(), Failure> {
    let problems = check::file(&args.db)?;
    let db = args.db.display();
    if problems.is_empty() {
        return print(format_args!("{db}: no problems found\n"));
    }
    for problem in problems.iter().take(MAX_LINES) {
        // SQLite reports some problems in several lines.
        print(format_args!("{}\n", problem.replace('\n', " ")))?;
    }
    Err(Failure::new(format!(
        "{db} is corrupt ({} problems found); nothing was changed. Keep the file, and restore a backup with \
         `groups-server restore`",
        problems.len()
    )))
}
