//! `export` and `import`: JSON Lines, one object a line in the API's own representation, with its kind in front.

use std::io::{BufRead, Write};

use crate::error::{Error, Failure};
use crate::store::accounts;
use crate::store::import::{Existing, Imported};
use crate::store::{Session, Tx, contacts, groups};
use crate::types::contact::StoredContact;
use crate::types::group::StoredGroup;
use crate::types::json::{self, Json};

/// What an import did, in objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub added: u64,
    pub replaced: u64,
    pub skipped: u64,
}

/// Writes every object of the account called `account`: contacts first, as groups name them, the oldest first. Tells
/// how many.
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
        groups::export(conn, account, |object| line("group", object))
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
        let mut summary = Summary::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let failure = |why: &dyn std::fmt::Display| Failure::new(format!("line {number}: {why}"));
            if lines.read_until(b'\n', &mut line).map_err(|error| failure(&error))? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            match import_line(tx, account, &line, existing).map_err(|error| failure(&error))? {
                Imported::Added => summary.added += 1,
                Imported::Replaced => summary.replaced += 1,
                Imported::Skipped => summary.skipped += 1,
            }
            progress(number);
        }
        Ok(summary)
    })
}

fn import_line(tx: &Tx, account: accounts::Account, line: &[u8], existing: Existing) -> Result<Imported, Error> {
    let mut fields = json::object("it", line.trim_ascii_end())?;
    match fields.required::<String>("kind")?.as_str() {
        "contact" => {
            let contact = StoredContact::take(&mut fields)?;
            fields.finish()?;
            contacts::import(tx, account, &contact, existing)
        }
        "group" => {
            let group = StoredGroup::take(&mut fields)?;
            fields.finish()?;
            groups::import(tx, account, &group, existing)
        }
        _ => Err(Error::invalid("kind", "must be \"contact\" or \"group\"")),
    }
}
