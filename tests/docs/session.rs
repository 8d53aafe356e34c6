//! A shell session of a document's commands, in a folder of its own: session.sh says what is not as at a reader's.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::markdown::root;
use crate::output::Expected;

const BINARY: &str = env!("CARGO_BIN_EXE_groups-server");

/// A block of commands.
pub struct Step {
    /// The block's line in the document.
    pub line: usize,
    pub text: String,
    /// What the document shows behind it.
    pub expected: Option<Expected>,
}

/// Runs the steps in one shell, in their order.
///
/// # Errors
/// What went wrong first, at which line of the document, and what was printed.
pub fn run(steps: &[Step]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (session, work) = (folder.path().join("session"), folder.path().join("work"));
    // As where the document's reader is: the built program, and a script with its sample.
    for path in [
        session.join("release"),
        work.join("target/release"),
        work.join("scripts"),
    ] {
        fs::create_dir_all(path).unwrap();
    }
    for link in [
        session.join("release/groups-server"),
        work.join("target/release/groups-server"),
    ] {
        symlink(BINARY, link).unwrap();
    }
    symlink(root().join("scripts/demo.jsonl"), work.join("scripts/demo.jsonl")).unwrap();

    let mut command = Command::new("timeout");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GROUPS_")) {
        command.env_remove(name);
    }
    let ran = command
        .args(["120", "bash", "-c", &script(steps)])
        .current_dir(&work)
        .env("BINARY", BINARY)
        .env("SESSION", &session)
        .env("REPOSITORY", root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let read = |name: String| fs::read_to_string(session.join(name)).unwrap_or_default();
    for (number, step) in steps.iter().enumerate() {
        let (out, err) = (read(format!("{number}.out")), read(format!("{number}.err")));
        let at = |why: &str| format!("line {}: {why}\n{}\n{out}{err}", step.line, step.text);
        match (read(format!("{number}.status")).trim(), &step.expected) {
            ("", _) => return Err(at("it did not come to its end") + &String::from_utf8_lossy(&ran.stderr)),
            ("0", Some(expected)) if expected.is_failure() => {
                return Err(at("it succeeds, and the document says it fails"));
            }
            ("0", None) => {}
            (_, Some(expected)) => expected.compare(&out, &err).map_err(|why| at(&why))?,
            (status, None) => return Err(at(&format!("it fails with {status}; log:\n{}", read("log".to_owned())))),
        }
    }
    match ran.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
    }
}

/// Each step as a group of commands of the one shell. One that the document shows to fail may; after any other that
/// fails, the session ends.
fn script(steps: &[Step]) -> String {
    let mut script = include_str!("session.sh").to_owned();
    for (number, step) in steps.iter().enumerate() {
        let text = step
            .text
            .replace("groups_…", "$(printed_token)")
            .replace("scripts/demo\n", "demo\n");
        let text = if text == "scripts/demo" { "demo" } else { &text };
        let may_fail = step.expected.as_ref().is_some_and(Expected::is_failure);
        let (before, after) = if may_fail { ("set +e\n", "set -e\n") } else { ("", "") };
        script += &format!(
            "{before}{{\n{text}\n}} >\"$SESSION/{number}.out\" 2>\"$SESSION/{number}.err\"\n\
             echo $? >\"$SESSION/{number}.status\"\n{after}"
        );
    }
    script
}
