//! From the process's arguments to the one function of the command.

use clap::{Arg, CommandFactory as _, FromArgMatches as _};

use super::args::{Cli, Command, TokenCommand};
use super::{backup, check, export, import, openapi, restore, serve, token};
use crate::error::Failure;

/// Reads the process's arguments and environment variables. A wrong one ends the process with exit code 2. An empty
/// variable counts as unset, because tools that start programs often cannot leave one out.
#[must_use]
pub fn parse() -> Cli {
    let mut command = Cli::command();
    let is_command = |name: String| command.find_subcommand(name).is_some();
    if std::env::args().nth(1).is_some_and(is_command) {
        // Variables for `serve` do not concern the other commands.
        command = command.mut_args(|arg| arg.env(None::<&'static str>));
    }
    let matches = without_empty_variables(command).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &Arg| {
        arg.get_env()
            .and_then(std::env::var_os)
            .is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| {
            if is_empty(&arg) {
                arg.env(None::<&'static str>)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// Runs the command.
///
/// # Errors
/// One sentence for standard error; the exit code is 1. A wrong token in GROUPS_TOKEN or a token file ends the process
/// with exit code 2, as a wrong flag does.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve::run(args),
        Command::Token(TokenCommand::Create(args)) => token::create(args),
        Command::Token(TokenCommand::List(args)) => token::list(&args),
        Command::Token(TokenCommand::Revoke(args)) => token::revoke(&args),
        Command::Check(args) => check::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Openapi(url) => openapi::run(url),
    }
}
