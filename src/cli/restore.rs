//! `restore`: a backup in the place of the database.

use super::args::Restore;
use super::output::report;
use crate::error::Failure;
use crate::maintenance::restore;

pub fn run(args: &Restore) -> Result<(), Failure> {
    let done = restore::restore(&args.file, &args.db.db)?;
    let (db, file) = (done.db.display(), args.file.display());
    report(format_args!("{db} restored from {file}\n"));
    for kept in done.kept {
        report(format_args!("the previous file is kept as {}\n", kept.display()));
    }
    Ok(())
}
