//! `export`: writes JSON Lines to a file or standard output.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;

use super::args::Export;
use super::output::{is_standard_stream, report};
use crate::error::Failure;
use crate::maintenance::export;
use crate::store::{Missing, Session};

pub fn run(args: &Export) -> Result<(), Failure> {
    let mut session = Session::open(&args.db.db, Missing::Refuse)?;
    let count = if is_standard_stream(&args.file) {
        export::export(&mut session, &args.account, &mut BufWriter::new(io::stdout().lock()))?
    } else {
        export_to_file(&mut session, args)?
    };
    report(format_args!("{count} exported\n"));
    Ok(())
}

/// Creates the file, readable by its owner alone like the database, and removes it if the export fails.
fn export_to_file(session: &mut Session, args: &Export) -> Result<u64, Failure> {
    let failure = |error| Failure::new(format!("cannot write {}: {error}", args.file.display()));
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.file);
    let mut out = BufWriter::new(created.map_err(failure)?);
    let exported = export::export(session, &args.account, &mut out)
        .and_then(|count| out.get_ref().sync_all().map(|()| count).map_err(failure));
    if exported.is_err() {
        fs::remove_file(&args.file).map_err(failure)?;
    }
    exported
}
