//! The token that is given to `serve` from outside: by GROUPS_TOKEN, which does not stay in the environment, or in a
//! file.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::Cli;
use crate::error::Failure;
use crate::types::token::Token;

const VARIABLE: &str = "GROUPS_TOKEN";

/// The token that is given, if one is. With the variable it does not return: this program begins anew, without it.
pub fn token(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    match (variable, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => wrong_usage(&format!("give the token by {VARIABLE} or by --token-file, not by both")),
        (Some(value), None) => {
            let token = parse(&value.to_string_lossy(), VARIABLE);
            begin_anew(&token).map(|never| match never {})
        }
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::new(format!("cannot read the token file {}: {error}", path.display())))?;
            let token = parse(&text, &path.display().to_string());
            if token.is_short() {
                let short = Token::SHORT;
                tracing::warn!("the token from outside is short: one of fewer than {short} characters may be guessed");
            }
            Ok(Some(token))
        }
    }
}

fn parse(text: &str, place: &str) -> Token {
    Token::parse(text.trim_ascii()).unwrap_or_else(|| {
        wrong_usage(&format!(
            "the token in {place} must have 1 to 255 letters, digits and -._~+/=; `openssl rand -hex 32` makes one"
        ))
    })
}

/// Ends the process as a wrong flag does.
fn wrong_usage(message: &str) -> ! {
    Cli::command().error(ErrorKind::ValueValidation, message).exit()
}

/// Runs this program anew in this process, with the token on standard input for a token file. A variable that was merely
/// unset would still be in the memory where the process began, which `/proc/PID/environ` and core dumps show.
fn begin_anew(token: &Token) -> Result<Infallible, Failure> {
    execute(token).map_err(|error| {
        Failure::new(format!(
            "cannot take {VARIABLE} out of the environment: {error}; give the token by --token-file instead"
        ))
    })
}

fn execute(token: &Token) -> io::Result<Infallible> {
    let (reader, mut writer) = io::pipe()?;
    // A pipe holds the longest token without being read.
    writer.write_all(token.reveal().as_bytes())?;
    drop(writer);
    // By the file's own name: that is what lists of processes show.
    let mut command = Command::new(env::current_exe()?);
    let mut args = env::args_os();
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    command
        .args(args)
        .env_remove(VARIABLE)
        .env("GROUPS_TOKEN_FILE", "/dev/stdin");
    Err(command.stdin(reader).exec())
}
