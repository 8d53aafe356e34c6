//! `import` and `export`: files and standard streams for `transfer`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{ExistingChoice, Export, Import};
use crate::error::Failure;
use crate::store::import::Existing;
use crate::store::{Missing, Session};
use crate::transfer::{self, Summary};

pub fn import(args: &Import) -> Result<(), Failure> {
    let existing = match args.existing {
        ExistingChoice::Refuse => Existing::Refuse,
        ExistingChoice::Skip => Existing::Skip,
        ExistingChoice::Replace => Existing::Replace,
    };
    let summary = if is_standard(&args.file) {
        import_from(args, existing, io::stdin().lock())?
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
    eprintln!("{added} added, {replaced} replaced, {skipped} skipped");
    Ok(())
}

fn import_from(args: &Import, existing: Existing, input: impl io::Read) -> Result<Summary, Failure> {
    let mut session = Session::open(&args.db.db, Missing::Create)?;
    let mut progress = Progress::start();
    let mut lines = BufReader::new(input);
    let summary = transfer::import(&mut session, &args.account, &mut lines, existing, |line| {
        progress.show(line);
    });
    progress.end();
    summary
}

pub fn export(args: &Export) -> Result<(), Failure> {
    let mut session = Session::open(&args.db.db, Missing::Refuse)?;
    let count = if is_standard(&args.file) {
        transfer::export(&mut session, &args.account, &mut BufWriter::new(io::stdout().lock()))?
    } else {
        let failure = |error| Failure::new(format!("cannot write {}: {error}", args.file.display()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&args.file)
            .map_err(failure)?;
        let mut out = BufWriter::new(file);
        let count = transfer::export(&mut session, &args.account, &mut out)?;
        out.get_ref().sync_all().map_err(failure)?;
        count
    };
    eprintln!("{count} exported");
    Ok(())
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
            eprint!("\r{line} lines");
            self.next = Some(now + Self::EVERY);
            self.shown = true;
        }
    }

    /// Clears the line for what comes after.
    fn end(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
            // Only a line on the screen is at stake.
            drop(io::stderr().flush());
        }
    }
}
