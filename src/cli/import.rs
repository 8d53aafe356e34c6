//! `import`: reads JSON Lines from a file or standard input.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _, Seek as _};
use std::time::{Duration, Instant};

use super::args::{ExistingChoice, Import};
use super::output::{is_standard_stream, report};
use crate::error::Failure;
use crate::maintenance::import::{self, Summary};
use crate::store::import::Existing;
use crate::store::{Missing, Session};

pub fn run(args: &Import) -> Result<(), Failure> {
    let input = if is_standard_stream(&args.file) {
        spool(&mut io::stdin().lock())?
    } else {
        File::open(&args.file).map_err(|error| Failure::new(format!("cannot read {}: {error}", args.file.display())))?
    };
    let Summary {
        added,
        replaced,
        skipped,
    } = import(args, input)?;
    report(format_args!("{added} added, {replaced} replaced, {skipped} skipped\n"));
    Ok(())
}

/// Copies a stream into a temporary file. The import holds SQLite's write lock, and must not wait for whatever writes
/// the stream.
fn spool(input: &mut impl io::Read) -> Result<File, Failure> {
    let spooled = tempfile::tempfile().and_then(|mut file| {
        io::copy(input, &mut file)?;
        file.rewind()?;
        Ok(file)
    });
    spooled.map_err(|error| Failure::new(format!("cannot read standard input into a temporary file: {error}")))
}

fn import(args: &Import, input: File) -> Result<Summary, Failure> {
    let existing = match args.existing {
        ExistingChoice::Refuse => Existing::Refuse,
        ExistingChoice::Skip => Existing::Skip,
        ExistingChoice::Replace => Existing::Replace,
    };
    let mut session = Session::open(&args.db.db, Missing::Create)?;
    let mut progress = Progress::start();
    let mut lines = BufReader::new(input);
    let summary = import::import(&mut session, &args.account, &mut lines, existing, |line| {
        progress.show(line);
    });
    progress.end();
    summary
}

/// The number of lines read so far, shown on a terminal only.
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
            report(format_args!("\r{line} lines"));
            self.next = Some(now + Self::EVERY);
            self.shown = true;
        }
    }

    /// Clears the line for the text that follows.
    fn end(&mut self) {
        if self.shown {
            report("\r\x1b[K");
        }
    }
}
