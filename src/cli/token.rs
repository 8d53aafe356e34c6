//! `token create`, `list` and `revoke`.

use super::args::{Db, TokenCreate, TokenRevoke};
use super::output::{print, report};
use crate::error::Failure;
use crate::store::tokens::{self, Listed, NewToken};
use crate::store::{Missing, Session};
use crate::types::time::Timestamp;

/// Prints the token alone to standard output, for scripts, and a description of it to standard error.
pub fn create(args: TokenCreate) -> Result<(), Failure> {
    let new = NewToken {
        account: args.account,
        name: args.name,
        read_only: args.read_only,
        expires_at: args.expires.map(|seconds| Timestamp::now().plus(seconds)),
    };
    let mut session = Session::open(&args.db.db, Missing::Create)?;
    session.write(|tx| {
        let (id, token) = tokens::create(tx, &new)?;
        report(format_args!(
            "Token {id} for the account `{}` (it will not be shown again):\n",
            new.account
        ));
        // Before the commit: a token that could not be printed must not exist.
        print(format_args!("{}\n", token.reveal()))
    })
}

pub fn list(args: &Db) -> Result<(), Failure> {
    let mut session = Session::open(&args.db, Missing::Refuse)?;
    let listed = session.read::<_, Failure>(|conn| Ok(tokens::list(conn)?))?;
    let head = ["ID", "ACCOUNT", "NAME", "ACCESS", "CREATED", "EXPIRES", "STATE"].map(str::to_owned);
    print(table(
        &std::iter::once(head)
            .chain(listed.into_iter().map(row))
            .collect::<Vec<_>>(),
    ))
}

fn row(token: Listed) -> [String; 7] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let access = if token.read_only { "read" } else { "full" };
    [
        token.id,
        token.account,
        or_dash(token.name),
        access.to_owned(),
        token.created,
        or_dash(token.expires),
        token.state.to_owned(),
    ]
}

/// Columns as wide as their widest cell, two spaces apart.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

pub fn revoke(args: &TokenRevoke) -> Result<(), Failure> {
    let mut session = Session::open(&args.db.db, Missing::Refuse)?;
    session.write::<_, Failure>(|tx| Ok(tokens::revoke(tx, args.id)?))?;
    report(format_args!("Token {} is revoked.\n", args.id));
    Ok(())
}
