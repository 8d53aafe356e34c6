//! `export`: JSON Lines, one object a line in the API's own representation, with its kind in front.

use std::io::Write;

use crate::error::Failure;
use crate::store::resource::Resource;
use crate::store::{Session, accounts};

/// Writes every object of the account called `account`: contacts, groups, conversations, messages, because each refers to
/// those before it; each kind oldest first. Returns the number of objects.
///
/// # Errors
/// There is no such account, the file cannot be read, or `out` cannot be written.
pub fn export(session: &mut Session, account: &str, out: &mut impl Write) -> Result<u64, Failure> {
    let failure = |error| Failure::new(format!("cannot write the export: {error}"));
    let mut count = 0;
    session.read(|conn| {
        let account = accounts::find(conn, account)?
            .ok_or_else(|| Failure::new(format!("there is no account {account:?} in this file")))?;
        for resource in Resource::ALL {
            let kind = resource.kind.name();
            let mut statement = conn.prepare(resource.export)?;
            let mut rows = statement.query([account.0])?;
            while let Some(row) = rows.next()? {
                let object = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
                // An object begins with a brace and has properties: its kind goes between.
                writeln!(out, "{{\"kind\":\"{kind}\",{}", &object[1..]).map_err(failure)?;
                count += 1;
            }
        }
        Ok::<_, Failure>(())
    })?;
    out.flush().map_err(failure)?;
    Ok(count)
}
