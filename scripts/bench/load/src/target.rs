//! What is sent, from the target file: `{"ops": {NAME: OP}, "mixes": {NAME: {OP: WEIGHT}}}`.
//!
//! An op has a `method`, a `path`, perhaps a `body` (JSON), the status to `expect`, perhaps a text that the answer
//! `contains` exactly so many `times`, and perhaps `"echo": false`. In path and body stand:
//!
//! * `{NAME}`: what `--var` says, or else any line of the list NAME. The answer must hold the line that went into the
//!   path, unless it is a 204 or `echo` is false.
//! * `{next_NAME}`: the next line of that list, each once. The run ends when they are used up.
//! * `{four_NAME}`: four different lines of it, as JSON strings with commas between them.
//! * `{rand}`: 16 random hexadecimal digits.

use std::error::Error;
use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::args::Args;

/// The operations to send and how often each.
pub struct Target {
    pub ops: Vec<Op>,
    /// The place of an op, as many times as its weight.
    shares: Vec<usize>,
    lists: Vec<List>,
}

/// A request with gaps to fill, and what its answer must be like.
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

/// A part of a path or body; lists are told by their place.
enum Piece {
    Text(String),
    Any(usize),
    Next(usize),
    Four(usize),
    Random,
}

impl Target {
    /// Reads the target file, and the op or mix that the command line names.
    pub fn read(args: &Args) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(&args.target).map_err(|error| format!("{}: {error}", args.target.display()))?;
        let target: Value = serde_json::from_str(&text)?;
        let lists = args.lists.iter().map(List::read).collect::<Result<_, _>>()?;
        let mut read = Target {
            ops: Vec::new(),
            shares: Vec::new(),
            lists,
        };
        match target["mixes"][&args.op].as_object() {
            Some(mix) => {
                for (op, weight) in mix {
                    read.add(&target["ops"][op], op, weight.as_u64().unwrap_or(1), args)?;
                }
            }
            None => read.add(&target["ops"][&args.op], &args.op, 1, args)?,
        }
        Ok(read)
    }

    fn add(&mut self, op: &Value, name: &str, weight: u64, args: &Args) -> Result<(), Box<dyn Error>> {
        let path = op["path"].as_str().ok_or(format!("the target has no op {name}"))?;
        let place = self.ops.len();
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
        self.shares.extend((0..weight).map(|_| place));
        Ok(())
    }

    /// Divides `template` at its gaps. A brace that no name follows is one of JSON.
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
                pieces.push(self.gap(name)?);
            }
        }
        pieces.push(Piece::Text(text + rest));
        Ok(pieces)
    }

    fn gap(&self, name: &str) -> Result<Piece, String> {
        let list = |name| self.lists.iter().position(|list| list.name == name);
        let gap = match name.split_once('_') {
            None if name == "rand" => Some(Piece::Random),
            Some(("next", name)) => list(name).map(Piece::Next),
            Some(("four", name)) => list(name).map(Piece::Four),
            _ => list(name).map(Piece::Any),
        };
        gap.ok_or(format!("nothing is given for {{{name}}}"))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

impl List {
    fn read((name, path): &(String, String)) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        // As many as a {four_NAME} takes.
        if lines.len() < 4 {
            return Err(format!("{path} has fewer than four lines"));
        }
        let name = name.clone();
        Ok(List { name, lines })
    }
}

/// What an answer is checked by: the op, and the line in its path.
#[derive(Clone, Copy)]
pub struct Asked {
    pub op: usize,
    line: Option<(usize, usize)>,
}

/// Makes one request after the other.
pub struct Requests<'a> {
    target: &'a Target,
    /// The header, with its line's end.
    authorization: String,
    random: Random,
    /// Lines used up by {next_NAME}.
    pub used: usize,
    body: Vec<u8>,
}

impl<'a> Requests<'a> {
    pub fn new(args: &Args, target: &'a Target) -> Result<Self, String> {
        if args.conns == 0 || !(args.secs > 0.0 && args.warm >= 0.0) {
            return Err("conns and secs must be more than 0".to_owned());
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

    /// Puts the next request into `out`; nothing when the lines of {next_NAME} are used up.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Option<Asked> {
        let target = self.target;
        let place = target.shares[self.random.below(target.shares.len())];
        let op = &target.ops[place];
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
            write!(out, "{headers}{}\r\n\r\n", body.len()).expect("a Vec takes everything");
            out.extend_from_slice(&body);
            self.body = body;
        } else {
            out.extend_from_slice(b"\r\n");
        }
        Some(Asked { op: place, line })
    }

    /// Fills the gaps; the last line of a list that it took, or nothing when a list is used up.
    #[allow(clippy::option_option, reason = "the outer one is for `?`")]
    fn fill(&mut self, pieces: &[Piece], out: &mut Vec<u8>) -> Option<Option<(usize, usize)>> {
        let lists = &self.target.lists;
        let mut line = None;
        for piece in pieces {
            match *piece {
                Piece::Text(ref text) => out.extend_from_slice(text.as_bytes()),
                Piece::Any(list) => {
                    let place = self.random.below(lists[list].lines.len());
                    out.extend_from_slice(lists[list].lines[place].as_bytes());
                    line = Some((list, place));
                }
                Piece::Next(list) => {
                    out.extend_from_slice(lists[list].lines.get(self.used)?.as_bytes());
                    line = Some((list, self.used));
                    self.used += 1;
                }
                Piece::Four(list) => self.four(&lists[list], out),
                Piece::Random => write!(out, "{:016x}", self.random.next()).expect("a Vec takes everything"),
            }
        }
        Some(line)
    }

    fn four(&mut self, list: &List, out: &mut Vec<u8>) {
        let mut places = [usize::MAX; 4];
        for n in 0..places.len() {
            while places[..=n].contains(&usize::MAX) {
                let place = self.random.below(list.lines.len());
                if !places.contains(&place) {
                    places[n] = place;
                }
            }
            let comma = if n == 0 { "" } else { "," };
            write!(out, "{comma}\"{}\"", list.lines[places[n]]).expect("a Vec takes everything");
        }
    }

    pub fn op(&self, asked: Asked) -> &'a Op {
        &self.target.ops[asked.op]
    }

    /// What stood in the path and must come back.
    pub fn line(&self, asked: Asked) -> Option<&'a str> {
        asked
            .line
            .map(|(list, place)| self.target.lists[list].lines[place].as_str())
    }
}

/// Splitmix64: quick, and good enough to choose lines by.
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

    fn file(folder: &std::path::Path, name: &str, text: &str) -> String {
        let path = folder.join(name);
        fs::write(&path, text).expect("the folder can be written");
        path.display().to_string()
    }

    #[test]
    fn gaps_are_filled_and_other_braces_stay() {
        let folder = std::env::temp_dir().join(format!("load-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder can be made");
        let body = r#"{\"at\":{},\"of\":[{four_id}],\"n\":\"{rand}\"}"#;
        let op = format!(r#"{{"ops":{{"x":{{"method":"PUT","path":"/{{page}}/{{next_id}}","body":"{body}"}}}}}}"#);
        let (target, ids) = (
            file(&folder, "target.json", &op),
            file(&folder, "id.txt", "a\nb\nc\nd\n"),
        );
        let list = format!("id={ids}");
        let flags = ["load", "--addr", "127.0.0.1:1", "--op", "x", "--target", &target];
        let args = Args::parse_from(
            flags
                .into_iter()
                .chain(["--list", &list, "--var", "page=7", "--skip", "3"]),
        );
        let target = Target::read(&args).expect("the target is right");
        let mut requests = Requests::new(&args, &target).expect("the arguments are right");
        let mut request = Vec::new();
        let asked = requests.next(&mut request).expect("there is a line left");
        assert_eq!(requests.line(asked), Some("d"));
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
        fs::remove_dir_all(folder).expect("the folder can be removed");
    }
}
