//! The bootstrap token: an access token that `serve` receives from outside, in GROUPS_TOKEN or a file. The variable does
//! not stay in the environment of the process.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::args::Cli;
use crate::error::Failure;
use crate::types::token::Token;

const VARIABLE: &str = "GROUPS_TOKEN";

/// Reads the bootstrap token, if there is one. With the variable this does not return: the program is executed again
/// without it. A malformed token ends the process with exit code 2.
///
/// # Errors
/// The file cannot be read, or the program cannot be executed again.
pub fn read(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    let variable = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    match (variable, file) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => exit_with_usage(&format!("set {VARIABLE} or --token-file, not both")),
        (Some(value), None) => {
            let token = parse(&value.to_string_lossy(), VARIABLE);
            execute_without_variable(&token).map(|never| match never {})
        }
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::new(format!("cannot read the token file {}: {error}", path.display())))?;
            let token = parse(&text, &path.display().to_string());
            if token.is_short() {
                let short = Token::SHORT;
                tracing::warn!("the bootstrap token is shorter than {short} characters and could be guessed");
            }
            Ok(Some(token))
        }
    }
}

fn parse(text: &str, source: &str) -> Token {
    Token::parse(text.trim_ascii()).unwrap_or_else(|| {
        exit_with_usage(&format!(
            "the token in {source} must have 1 to 255 characters out of letters, digits and -._~+/=; create one with \
             `openssl rand -hex 32`"
        ))
    })
}

/// Ends the process as a wrong flag does.
fn exit_with_usage(message: &str) -> ! {
    Cli::command().error(ErrorKind::ValueValidation, message).exit()
}

/// Executes this program again in this process, with the token on standard input as a token file. Unsetting the variable
/// would not do: its value stays in the process's initial memory, which `/proc/PID/environ` and core dumps show.
fn execute_without_variable(token: &Token) -> Result<Infallible, Failure> {
    execute(token).map_err(|error| {
        Failure::new(format!(
            "cannot remove {VARIABLE} from the environment: {error}; use --token-file instead"
        ))
    })
}

fn execute(token: &Token) -> io::Result<Infallible> {
    let (reader, mut writer) = io::pipe()?;
    // The longest token fits into a pipe's buffer, so this does not block.
    writer.write_all(token.reveal().as_bytes())?;
    drop(writer);
    // By the file's own path, not /proc/self/exe: process lists show the name of the file that was executed.
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
