//! `backup` and `restore`.

use super::args::{Backup, Restore};
use super::output::report;
use crate::error::Failure;
use crate::maintenance::{backup, restore};
use crate::supervisor::Shutdown;

pub fn backup(args: &Backup) -> Result<(), Failure> {
    let size = backup::create(&args.db.db, &args.file, &Shutdown::default())?;
    report(format_args!("{}: {size} bytes, checked\n", args.file.display()));
    Ok(())
}

pub fn restore(args: &Restore) -> Result<(), Failure> {
    let done = restore::restore(&args.file, &args.db.db)?;
    let (db, file) = (done.db.display(), args.file.display());
    report(format_args!("{db} restored from {file}\n"));
    for kept in done.kept {
        report(format_args!("the previous file is kept as {}\n", kept.display()));
    }
    Ok(())
}
