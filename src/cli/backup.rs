//! `backup`: a verified copy of the database in one file.

use super::args::Backup;
use super::output::report;
use crate::error::Failure;
use crate::maintenance::backup;
use crate::supervisor::Shutdown;

pub fn run(args: &Backup) -> Result<(), Failure> {
    let size = backup::create(&args.db.db, &args.file, &Shutdown::default())?;
    report(format_args!("{}: {size} bytes, checked\n", args.file.display()));
    Ok(())
}
