//! `backup` and `restore`.

use super::output::tell;
use super::{Backup, Restore};
use crate::error::Failure;
use crate::maintenance::{backup, restore};
use crate::supervisor::Shutdown;

pub fn backup(args: &Backup) -> Result<(), Failure> {
    let size = backup::create(&args.db.db, &args.file, &Shutdown::default())?;
    tell(format_args!("{}: {size} bytes, checked\n", args.file.display()));
    Ok(())
}

pub fn restore(args: &Restore) -> Result<(), Failure> {
    let done = restore::restore(&args.file, &args.db.db)?;
    tell(format_args!(
        "{} is restored from {}\n",
        done.db.display(),
        args.file.display()
    ));
    for kept in done.kept {
        tell(format_args!("what was there before is kept: {}\n", kept.display()));
    }
    Ok(())
}
