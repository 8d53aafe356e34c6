//! `import` and `export`: files and standard streams for `transfer`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::output::tell;
use super::{ExistingChoice, Export, Import};
use crate::error::Failure;
use crate::maintenance::export::export as export_account;
use crate::maintenance::import::{self, Summary};
use crate::store::import::Existing;
use crate::store::{Missing, Session};

pub fn import(args: &Import) -> Result<(), Failure> {
    let existing = match args.existing {
        ExistingChoice::Refuse => Existing::Refuse,
        ExistingChoice::Skip => Existing::Skip,
        ExistingChoice::Replace => Existing::Replace,
    };
    let summary = if is_standard(&args.file) {
        import_from(args, existing, spool(&mut io::stdin().lock())?)?
    } else {
        let file = File::open(&args.file)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", args.file.display())))?;
        import_from(args, existing, file)?
    };
    let Summary {
        added,
        replaced,
        skipped,
    } = summary;
    tell(format_args!("{added} added, {replaced} replaced, {skipped} skipped\n"));
    Ok(())
}

/// Takes a stream in to its end, into a temporary file: the import holds the right to write, and must not wait for
/// whoever writes the stream.
fn spool(input: &mut impl io::Read) -> Result<File, Failure> {
    let spooled = tempfile::tempfile().and_then(|mut file| {
        io::copy(input, &mut file)?;
        file.rewind()?;
        Ok(file)
    });
    spooled.map_err(|error| Failure::new(format!("cannot take in standard input: {error}")))
}

fn import_from(args: &Import, existing: Existing, input: File) -> Result<Summary, Failure> {
    let mut session = Session::open(&args.db.db, Missing::Create)?;
    let mut progress = Progress::start();
    let mut lines = BufReader::new(input);
    let summary = import::import(&mut session, &args.account, &mut lines, existing, |line| {
        progress.show(line);
    });
    progress.end();
    summary
}

pub fn export(args: &Export) -> Result<(), Failure> {
    let mut session = Session::open(&args.db.db, Missing::Refuse)?;
    let count = if is_standard(&args.file) {
        export_account(&mut session, &args.account, &mut BufWriter::new(io::stdout().lock()))?
    } else {
        export_to_file(&mut session, args)?
    };
    tell(format_args!("{count} exported\n"));
    Ok(())
}

/// Makes the file, readable by its owner alone as the database is; where the export fails, it is removed again.
fn export_to_file(session: &mut Session, args: &Export) -> Result<u64, Failure> {
    let failure = |error| Failure::new(format!("cannot write {}: {error}", args.file.display()));
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.file);
    let mut out = BufWriter::new(made.map_err(failure)?);
    let exported = export_account(session, &args.account, &mut out)
        .and_then(|count| out.get_ref().sync_all().map(|()| count).map_err(failure));
    if exported.is_err() {
        fs::remove_file(&args.file).map_err(failure)?;
    }
    exported
}

fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// The number of lines so far, on a terminal alone, some times a second.
struct Progress {
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(100);

    fn start() -> Self {
        let next = io::stderr().is_terminal().then(|| Instant::now() + Self::EVERY);
        Progress { next, shown: false }
    }

    fn show(&mut self, line: u64) {
        let now = Instant::now();
        if self.next.is_some_and(|next| now >= next) {
            tell(format_args!("\r{line} lines"));
            self.next = Some(now + Self::EVERY);
            self.shown = true;
        }
    }

    /// Clears the line for what comes after.
    fn end(&mut self) {
        if self.shown {
            tell("\r\x1b[K");
        }
    }
}
