//! `import`: the lines that `export` writes.

use std::fmt::Display;
use std::io::BufRead;

use crate::error::{self, Failure};
use crate::store::import::{Existing, Import, Imported};
use crate::store::{Error, Session, Tx, accounts, contacts, conversations, groups, messages, search};
use crate::types::contact::StoredContact;
use crate::types::conversation::StoredConversation;
use crate::types::fields::Fields;
use crate::types::group::StoredGroup;
use crate::types::json;
use crate::types::kind::Kind;
use crate::types::message::StoredMessage;
use crate::types::text::without_byte_order_mark;
use crate::types::time::Timestamp;

/// The outcome of an import, in objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub added: u64,
    pub replaced: u64,
    pub skipped: u64,
}

/// Imports every line of `lines` into the account called `account`, created if there is none, in one transaction.
/// `progress` is called with the number of each line.
///
/// # Errors
/// The first line that cannot be imported, with its number and why; nothing of the import remains.
pub fn import(
    session: &mut Session,
    account: &str,
    lines: &mut impl BufRead,
    existing: Existing,
    progress: impl FnMut(u64),
) -> Result<Summary, Failure> {
    session.write(|transaction| {
        let account = accounts::find_or_create(transaction, account)?;
        let tx = Tx::new(transaction, account, Timestamp::now());
        let mut import = Import::begin(&tx, existing);
        let summary = import_lines(&mut import, lines, progress)?;
        search::index_all(transaction)?;
        let pinned = conversations::import_pins(&mut import);
        pinned.map_err(|error| at_line(import.line, &error))?;
        Ok(summary)
    })
}

fn import_lines(
    import: &mut Import,
    lines: &mut impl BufRead,
    mut progress: impl FnMut(u64),
) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        import.line = number;
        let failure = |error: &dyn Display| at_line(number, error);
        if lines.read_until(b'\n', &mut line).map_err(|error| failure(&error))? == 0 {
            break;
        }
        let text = if number == 1 {
            without_byte_order_mark(&line)
        } else {
            &line
        };
        if text.trim_ascii().is_empty() {
            continue;
        }
        match import_line(import, text).map_err(|error| failure(&error))? {
            Imported::Added => summary.added += 1,
            Imported::Replaced => summary.replaced += 1,
            Imported::Skipped => summary.skipped += 1,
        }
        progress(number);
    }
    Ok(summary)
}

fn at_line(number: u64, error: &dyn Display) -> Failure {
    Failure::new(format!("line {number}: {error}"))
}

fn import_line(import: &mut Import, line: &[u8]) -> Result<Imported, Error> {
    let mut fields = json::object("it", line.trim_ascii_end())?;
    let kind = Kind::parse(&fields.required::<String>("kind")?).ok_or_else(|| {
        let names = Kind::ALL.map(|kind| format!("{:?}", kind.name()));
        error::Error::invalid("kind", format!("must be one of {}", names.join(", ")))
    })?;
    match kind {
        Kind::Contact => contacts::import(import, &read(fields, StoredContact::take)?),
        Kind::Group => groups::import(import, &read(fields, StoredGroup::take)?),
        Kind::Conversation => conversations::import(import, &read(fields, StoredConversation::take)?),
        Kind::Message => messages::import(import, &read(fields, StoredMessage::take)?),
    }
}

/// Reads the whole object of a line.
fn read<T>(mut fields: Fields, take: fn(&mut Fields) -> Result<T, error::Error>) -> Result<T, error::Error> {
    let object = take(&mut fields)?;
    fields.finish()?;
    Ok(object)
}
