//! `export` and `import`: JSON Lines, one object a line in the API's own representation, with its kind in front.

use std::io::{BufRead, Write};

use crate::error::{Error, Failure};
use crate::store::accounts;
use crate::store::import::{Existing, Import, Imported};
use crate::store::{Session, contacts, conversations, groups, messages, search};
use crate::types::contact::StoredContact;
use crate::types::conversation::StoredConversation;
use crate::types::fields::Fields;
use crate::types::group::StoredGroup;
use crate::types::json::{self, Json};
use crate::types::message::StoredMessage;

/// What an import did, in objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub added: u64,
    pub replaced: u64,
    pub skipped: u64,
}

/// Writes every object of the account called `account`: contacts, groups, conversations, messages, as each names those
/// before it; of each kind the oldest first. Tells how many.
pub fn export(session: &mut Session, account: &str, out: &mut impl Write) -> Result<u64, Failure> {
    let mut count = 0;
    let mut line = |kind: &str, Json(object): Json| {
        count += 1;
        // An object begins with a brace and has properties: its kind goes in between.
        writeln!(out, "{{\"kind\":\"{kind}\",{}", &object[1..])
            .map_err(|error| Failure::new(format!("cannot write the export: {error}")))
    };
    session.read(|conn| {
        let account = accounts::find(conn, account)?
            .ok_or_else(|| Failure::new(format!("there is no account {account:?} in this file")))?;
        contacts::export(conn, account, |object| line("contact", object))?;
        groups::export(conn, account, |object| line("group", object))?;
        conversations::export(conn, account, |object| line("conversation", object))?;
        messages::export(conn, account, |object| line("message", object))
    })?;
    out.flush()
        .map_err(|error| Failure::new(format!("cannot write the export: {error}")))?;
    Ok(count)
}

/// Takes in every line of `lines` into the account called `account`, made if new, in one transaction. `progress` is
/// told the number of each line.
///
/// # Errors
/// The first line that cannot be taken in, with its number and why; nothing of the import stays.
pub fn import(
    session: &mut Session,
    account: &str,
    lines: &mut impl BufRead,
    existing: Existing,
    mut progress: impl FnMut(u64),
) -> Result<Summary, Failure> {
    session.write(|tx| {
        let account = accounts::find_or_create(tx, account)?;
        let mut import = Import::begin(tx, account, existing);
        let mut summary = Summary::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            import.line = number;
            let failure = |why: &dyn std::fmt::Display| Failure::new(format!("line {number}: {why}"));
            if lines.read_until(b'\n', &mut line).map_err(|error| failure(&error))? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match import_line(&mut import, &line).map_err(|error| failure(&error))? {
                Imported::Added => summary.added += 1,
                Imported::Replaced => summary.replaced += 1,
                Imported::Skipped => summary.skipped += 1,
            }
            progress(number);
        }
        search::index_all(tx)?;
        let pinned = conversations::import_pins(&mut import);
        pinned.map_err(|error| Failure::new(format!("line {}: {error}", import.line)))?;
        Ok(summary)
    })
}

fn import_line(import: &mut Import, line: &[u8]) -> Result<Imported, Error> {
    let mut fields = json::object("it", line.trim_ascii_end())?;
    match fields.required::<String>("kind")?.as_str() {
        "contact" => contacts::import(import, &read(fields, StoredContact::take)?),
        "group" => groups::import(import, &read(fields, StoredGroup::take)?),
        "conversation" => conversations::import(import, &read(fields, StoredConversation::take)?),
        "message" => messages::import(import, &read(fields, StoredMessage::take)?),
        _ => Err(Error::invalid(
            "kind",
            "must be \"contact\", \"group\", \"conversation\" or \"message\"",
        )),
    }
}

/// Reads the whole of a line's object.
fn read<T>(mut fields: Fields, take: fn(&mut Fields) -> Result<T, Error>) -> Result<T, Error> {
    let object = take(&mut fields)?;
    fields.finish()?;
    Ok(object)
}
