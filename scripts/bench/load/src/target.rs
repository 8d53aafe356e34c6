//! The requests to send, from the target file: `{"ops": {NAME: OP}, "mixes": {NAME: {OP: WEIGHT}}}`.
//!
//! An operation has a `method`, a `path`, optionally a `body` (JSON), the status to `expect`, optionally a text that
//! the response `contains` exactly this many `times`, and optionally `"echo": false`. Placeholders in path and body:
//!
//! * `{NAME}`: the value of `--var`, otherwise a random line of the list NAME. The response must contain the line that
//!   was used in the path, unless it is a 204 or `echo` is false.
//! * `{next_NAME}`: the next line of the list; each is used once. The run ends when they are used up.
//! * `{four_NAME}`: four different lines of the list, as comma-separated JSON strings.
//! * `{rand}`: 16 random hexadecimal digits.

use std::error::Error;
use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::args::Args;

/// The operations to send, and their weights.
pub struct Target {
    pub ops: Vec<Op>,
    /// The index of each operation, repeated according to its weight.
    weighted: Vec<usize>,
    lists: Vec<List>,
}

/// A request with placeholders, and the expected response.
pub struct Op {
    pub name: String,
    method: String,
    path: Vec<Piece>,
    body: Option<Vec<Piece>>,
    pub expect: u16,
    pub contains: Option<(String, usize)>,
    pub echo: bool,
}

struct List {
    name: String,
    lines: Vec<String>,
}

/// A part of a path or body. Lists are given by their index.
enum Piece {
    Text(String),
    Any(usize),
    Next(usize),
    Four(usize),
    Random,
}

impl Target {
    /// Reads the operation or mix that the command line names from the target file.
    pub fn read(args: &Args) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(&args.target).map_err(|error| format!("{}: {error}", args.target.display()))?;
        let target: Value = serde_json::from_str(&text)?;
        let lists = args.lists.iter().map(List::read).collect::<Result<_, _>>()?;
        let mut result = Target {
            ops: Vec::new(),
            weighted: Vec::new(),
            lists,
        };
        match target["mixes"][&args.op].as_object() {
            Some(mix) => {
                for (op, weight) in mix {
                    result.add(&target["ops"][op], op, weight.as_u64().unwrap_or(1), args)?;
                }
            }
            None => result.add(&target["ops"][&args.op], &args.op, 1, args)?,
        }
        Ok(result)
    }

    fn add(&mut self, op: &Value, name: &str, weight: u64, args: &Args) -> Result<(), Box<dyn Error>> {
        let path = op["path"]
            .as_str()
            .ok_or(format!("the target has no operation {name}"))?;
        let index = self.ops.len();
        self.ops.push(Op {
            name: name.to_owned(),
            method: op["method"].as_str().unwrap_or("GET").to_owned(),
            path: self.pieces(path, args)?,
            body: op["body"].as_str().map(|body| self.pieces(body, args)).transpose()?,
            expect: u16::try_from(op["expect"].as_u64().unwrap_or(200))?,
            contains: match op["contains"].as_str() {
                Some(text) => Some((text.to_owned(), usize::try_from(op["times"].as_u64().unwrap_or(1))?)),
                None => None,
            },
            echo: op["echo"].as_bool().unwrap_or(true),
        });
        self.weighted.extend((0..weight).map(|_| index));
        Ok(())
    }

    /// Splits a template at its placeholders. A brace that is not followed by a name is part of the JSON.
    fn pieces(&self, template: &str, args: &Args) -> Result<Vec<Piece>, String> {
        let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), template);
        while let Some((before, after)) = rest.split_once('{') {
            text += before;
            let name = after.split_once('}').filter(|(name, _)| is_name(name));
            let Some((name, after)) = name else {
                text.push('{');
                rest = after;
                continue;
            };
            rest = after;
            if let Some((_, value)) = args.vars.iter().find(|(var, _)| var == name) {
                text += value;
            } else {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(self.placeholder(name)?);
            }
        }
        pieces.push(Piece::Text(text + rest));
        Ok(pieces)
    }

    fn placeholder(&self, name: &str) -> Result<Piece, String> {
        let list = |name| self.lists.iter().position(|list| list.name == name);
        let piece = match name.split_once('_') {
            None if name == "rand" => Some(Piece::Random),
            Some(("next", name)) => list(name).map(Piece::Next),
            Some(("four", name)) => list(name).map(Piece::Four),
            _ => list(name).map(Piece::Any),
        };
        piece.ok_or(format!("no --var or --list for {{{name}}}"))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

impl List {
    fn read((name, path): &(String, String)) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        // {four_NAME} needs four.
        if lines.len() < 4 {
            return Err(format!("{path} has fewer than four lines"));
        }
        let name = name.clone();
        Ok(List { name, lines })
    }
}

/// What a response is checked against: the operation, and the line that was used in its path.
#[derive(Clone, Copy)]
pub struct Sent {
    pub op: usize,
    line: Option<(usize, usize)>,
}

/// Generates requests.
pub struct Requests<'a> {
    target: &'a Target,
    /// The whole header line, or nothing.
    authorization: String,
    random: Random,
    /// Number of lines used up with {next_NAME}.
    pub used: usize,
    body: Vec<u8>,
}

impl<'a> Requests<'a> {
    pub fn new(args: &Args, target: &'a Target) -> Result<Self, String> {
        if args.conns == 0 || !(args.secs > 0.0 && args.warm >= 0.0) {
            return Err("--conns and --secs must be greater than 0".to_owned());
        }
        Ok(Requests {
            target,
            authorization: match args.token.as_str() {
                "" => String::new(),
                token => format!("Authorization: Bearer {token}\r\n"),
            },
            random: Random(args.seed),
            used: args.skip,
            body: Vec::new(),
        })
    }

    /// Writes the next request to `out`; `None` when the lines for {next_NAME} are used up.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Option<Sent> {
        let target = self.target;
        let index = target.weighted[self.random.below(target.weighted.len())];
        let op = &target.ops[index];
        out.clear();
        out.extend_from_slice(op.method.as_bytes());
        out.push(b' ');
        let line = self.fill(&op.path, out)?;
        out.extend_from_slice(b" HTTP/1.1\r\nHost: localhost\r\n");
        out.extend_from_slice(self.authorization.as_bytes());
        if let Some(pieces) = &op.body {
            let mut body = std::mem::take(&mut self.body);
            body.clear();
            self.fill(pieces, &mut body)?;
            let headers = "Content-Type: application/json\r\nContent-Length: ";
            write!(out, "{headers}{}\r\n\r\n", body.len()).expect("writing to a Vec succeeds");
            out.extend_from_slice(&body);
            self.body = body;
        } else {
            out.extend_from_slice(b"\r\n");
        }
        Some(Sent { op: index, line })
    }

    /// Fills the placeholders and returns the last line used, if any; the outer `None` means that a list is used up.
    #[allow(clippy::option_option, reason = "the outer one is for `?`")]
    fn fill(&mut self, pieces: &[Piece], out: &mut Vec<u8>) -> Option<Option<(usize, usize)>> {
        let lists = &self.target.lists;
        let mut line = None;
        for piece in pieces {
            match *piece {
                Piece::Text(ref text) => out.extend_from_slice(text.as_bytes()),
                Piece::Any(list) => {
                    let index = self.random.below(lists[list].lines.len());
                    out.extend_from_slice(lists[list].lines[index].as_bytes());
                    line = Some((list, index));
                }
                Piece::Next(list) => {
                    out.extend_from_slice(lists[list].lines.get(self.used)?.as_bytes());
                    line = Some((list, self.used));
                    self.used += 1;
                }
                Piece::Four(list) => self.four(&lists[list], out),
                Piece::Random => write!(out, "{:016x}", self.random.next()).expect("writing to a Vec succeeds"),
            }
        }
        Some(line)
    }

    fn four(&mut self, list: &List, out: &mut Vec<u8>) {
        let mut indexes = [usize::MAX; 4];
        for n in 0..indexes.len() {
            while indexes[..=n].contains(&usize::MAX) {
                let index = self.random.below(list.lines.len());
                if !indexes.contains(&index) {
                    indexes[n] = index;
                }
            }
            let comma = if n == 0 { "" } else { "," };
            write!(out, "{comma}\"{}\"", list.lines[indexes[n]]).expect("writing to a Vec succeeds");
        }
    }

    pub fn op(&self, sent: Sent) -> &'a Op {
        &self.target.ops[sent.op]
    }

    /// The line that was used in the path and must be in the response.
    pub fn line(&self, sent: Sent) -> Option<&'a str> {
        sent.line
            .map(|(list, index)| self.target.lists[list].lines[index].as_str())
    }
}

/// SplitMix64: fast, and good enough to choose lines.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("less than a usize")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn file(directory: &std::path::Path, name: &str, text: &str) -> String {
        let path = directory.join(name);
        fs::write(&path, text).expect("the directory is writable");
        path.display().to_string()
    }

    #[test]
    fn placeholders_are_filled_and_other_braces_are_kept() {
        let directory = std::env::temp_dir().join(format!("load-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("the directory can be created");
        let body = r#"{\"at\":{},\"of\":[{four_id}],\"n\":\"{rand}\"}"#;
        let op = format!(r#"{{"ops":{{"x":{{"method":"PUT","path":"/{{page}}/{{next_id}}","body":"{body}"}}}}}}"#);
        let (target, ids) = (
            file(&directory, "target.json", &op),
            file(&directory, "id.txt", "a\nb\nc\nd\n"),
        );
        let list = format!("id={ids}");
        let flags = ["load", "--addr", "127.0.0.1:1", "--op", "x", "--target", &target];
        let args = Args::parse_from(
            flags
                .into_iter()
                .chain(["--list", &list, "--var", "page=7", "--skip", "3"]),
        );
        let target = Target::read(&args).expect("the target is valid");
        let mut requests = Requests::new(&args, &target).expect("the arguments are valid");
        let mut request = Vec::new();
        let sent = requests.next(&mut request).expect("one line is left");
        assert_eq!(requests.line(sent), Some("d"));
        let text = String::from_utf8(request.clone()).expect("it is text");
        let (head, body) = text.split_once("\r\n\r\n").expect("the head has an end");
        assert!(head.starts_with("PUT /7/d HTTP/1.1\r\nHost: localhost\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        let body: Value = serde_json::from_str(body).expect("it is JSON");
        let mut four: Vec<_> = body["of"].as_array().expect("it is an array").clone();
        four.sort_by_key(Value::to_string);
        assert_eq!(four, ["a", "b", "c", "d"]);
        assert!(
            body["at"].is_object() && body["n"].as_str().is_some_and(|n| n.len() == 16),
            "{body}"
        );
        assert!(requests.next(&mut request).is_none());
        fs::remove_dir_all(directory).expect("the directory can be removed");
    }
}
