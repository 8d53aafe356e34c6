//! One file's imports, paths and definitions, from its tokens. Items of unit tests are left out.

use std::collections::BTreeSet;

use crate::tokens::{Token, tokens};

/// One name that a `use` brings in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The inline modules around it, from the file's own inward.
    pub module: Vec<String>,
    pub path: Vec<String>,
    /// The name that it binds; `None` for `*`, whose `path` is that of the module.
    pub name: Option<String>,
    pub is_public: bool,
}

/// A path of two or more segments outside a `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub module: Vec<String>,
    pub path: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Source {
    pub imports: Vec<Import>,
    pub mentions: Vec<Mention>,
    /// The names of items, in any module of the file.
    pub definitions: BTreeSet<String>,
    pub inline_modules: Vec<Vec<String>>,
    /// Modules in files of their own that are under `cfg(test)`.
    pub test_modules: Vec<String>,
    /// The first item that a table of contents does not have.
    pub beyond_contents: Option<String>,
}

impl Source {
    pub fn parse(text: &str) -> Self {
        let tokens = tokens(text);
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
            depth: 0,
            modules: Vec::new(),
            source: Source::default(),
        };
        while parser.at < tokens.len() {
            parser.step();
        }
        let mut source = parser.source;
        source.beyond_contents = beyond_contents(&tokens);
        source
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    /// Inline modules that are open, with the depth of the braces around each.
    modules: Vec<(String, usize)>,
    source: Source,
}

impl Parser<'_> {
    fn step(&mut self) {
        if self.is_mark(0, '#') && self.is_mark(1, '[') {
            return self.attribute();
        }
        match &self.tokens[self.at] {
            Token::Word(word) => match word.as_str() {
                // `use<'a>` is a bound, not an item.
                "use" if !self.is_mark(1, '<') => self.import(),
                "mod" => self.module(),
                "struct" | "enum" | "trait" | "type" | "fn" | "const" | "static" | "union" => self.definition(),
                _ => self.path(),
            },
            Token::Mark('{') => {
                self.depth += 1;
                self.at += 1;
            }
            Token::Mark('}') => {
                self.depth = self.depth.saturating_sub(1);
                self.modules.pop_if(|(_, depth)| *depth == self.depth);
                self.at += 1;
            }
            Token::Mark(_) | Token::Colons => self.at += 1,
        }
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        self.tokens.get(self.at + ahead) == Some(&Token::Mark(mark))
    }

    fn module_path(&self) -> Vec<String> {
        self.modules.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Skips an attribute, and the item after it if that is for tests only.
    fn attribute(&mut self) {
        let end = closing(self.tokens, self.at + 1);
        let is_test = is_for_tests(&self.tokens[self.at + 2..end]);
        self.at = end + 1;
        if !is_test {
            return;
        }
        if self.word(0) == Some("mod") && self.is_mark(2, ';') {
            let name = self.word(1).unwrap_or_default().to_owned();
            self.source.test_modules.push(name);
        }
        while self.at < self.tokens.len() && !self.is_mark(0, ';') && !self.is_mark(0, '{') {
            self.at += 1;
        }
        self.at = match self.is_mark(0, '{') {
            true => closing(self.tokens, self.at) + 1,
            false => self.at + 1,
        };
    }

    fn module(&mut self) {
        let name = self.word(1).map(str::to_owned);
        if let Some(name) = name
            && self.is_mark(2, '{')
        {
            self.modules.push((name, self.depth));
            self.source.inline_modules.push(self.module_path());
            self.depth += 1;
            self.at += 1;
        }
        self.at += 2;
    }

    fn definition(&mut self) {
        if let Some(name) = self.word(1) {
            self.source.definitions.insert(name.to_owned());
            self.at += 1;
        }
        self.at += 1;
    }

    /// A path such as `crate::a::b`, which is one only with two segments or more.
    fn path(&mut self) {
        let mut path = Vec::new();
        while let Some(word) = self.word(0) {
            path.push(word.to_owned());
            self.at += 1;
            if self.tokens.get(self.at) != Some(&Token::Colons) || self.word(1).is_none() {
                break;
            }
            self.at += 1;
        }
        if path.len() > 1 {
            let module = self.module_path();
            self.source.mentions.push(Mention { module, path });
        }
    }

    fn import(&mut self) {
        let is_public = match self.at.checked_sub(1).map(|before| &self.tokens[before]) {
            Some(Token::Word(word)) => word == "pub",
            // `pub(crate) use`
            Some(Token::Mark(')')) => true,
            _ => false,
        };
        self.at += 1;
        self.use_tree(&[], is_public);
    }

    /// A tree of paths up to the `;`, `,` or `}` after it.
    fn use_tree(&mut self, prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        loop {
            match self.tokens.get(self.at) {
                Some(Token::Word(word)) if word == "as" => {
                    let name = self.word(1).map(str::to_owned);
                    self.at += 2;
                    return self.push_import(path, name, is_public);
                }
                Some(Token::Word(word)) => path.push(word.clone()),
                Some(Token::Colons) => {}
                Some(Token::Mark('*')) => {
                    self.at += 1;
                    return self.push_import(path, None, is_public);
                }
                Some(Token::Mark('{')) => return self.use_group(&path, is_public),
                _ => {
                    let name = path.last().cloned();
                    return self.push_import(path, name, is_public);
                }
            }
            self.at += 1;
        }
    }

    fn use_group(&mut self, prefix: &[String], is_public: bool) {
        self.at += 1;
        while self.at < self.tokens.len() && !self.is_mark(0, '}') {
            match self.is_mark(0, ',') {
                true => self.at += 1,
                false => self.use_tree(prefix, is_public),
            }
        }
        self.at += 1;
    }

    fn push_import(&mut self, mut path: Vec<String>, mut name: Option<String>, is_public: bool) {
        // `use a::b::{self}` brings in `b`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
            if name.as_deref() == Some("self") {
                name = path.last().cloned();
            }
        }
        let module = self.module_path();
        self.source.imports.push(Import {
            module,
            path,
            name,
            is_public,
        });
    }
}

/// The place of the bracket that closes the one at `from`.
fn closing(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

/// Whether an attribute compiles its item for tests only, such as `cfg(test)` or `cfg(all(test, unix))`.
fn is_for_tests(attribute: &[Token]) -> bool {
    let has = |word: &str| attribute.contains(&Token::Word(word.to_owned()));
    attribute.first() == Some(&Token::Word("cfg".to_owned())) && has("test") && !has("not")
}

/// The first word of an item that is neither a module's declaration nor a `use`, or an attribute other than `cfg` and
/// `doc(hidden)`.
fn beyond_contents(tokens: &[Token]) -> Option<String> {
    let mut at = 0;
    while at < tokens.len() {
        let end = match &tokens[at] {
            Token::Mark('#') => {
                let end = closing(tokens, at + 1);
                match tokens.get(at + 2..end) {
                    Some([Token::Word(word), ..]) if word == "cfg" => {}
                    Some([Token::Word(word), .., Token::Word(what), Token::Mark(')')])
                        if word == "doc" && what == "hidden" => {}
                    _ => return Some("an attribute".to_owned()),
                }
                end
            }
            Token::Word(word) if word == "pub" => match tokens.get(at + 1) {
                Some(Token::Mark('(')) => closing(tokens, at + 1),
                _ => at,
            },
            Token::Word(word) if word == "mod" && tokens.get(at + 2) == Some(&Token::Mark(';')) => at + 2,
            Token::Word(word) if word == "use" => {
                let length = tokens[at..].iter().position(|token| *token == Token::Mark(';'));
                length.map_or(tokens.len(), |length| at + length)
            }
            Token::Word(word) => return Some(format!("`{word}`")),
            Token::Mark(mark) => return Some(format!("`{mark}`")),
            Token::Colons => return Some("`::`".to_owned()),
        };
        at = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each import as `path as name`, `pub` in front of public ones and their inline module in brackets.
    fn imports(text: &str) -> Vec<String> {
        let source = Source::parse(text);
        let line = |import: &Import| {
            let public = if import.is_public { "pub " } else { "" };
            let module = match import.module.join("::") {
                none if none.is_empty() => none,
                module => format!("[{module}] "),
            };
            let name = import.name.as_deref().unwrap_or("*");
            format!("{module}{public}{} as {name}", import.path.join("::"))
        };
        source.imports.iter().map(line).collect()
    }

    #[test]
    fn every_form_of_use_is_read() {
        for (text, expected) in [
            ("use a;", &["a as a"][..]),
            ("use super::{a, b::c};", &["super::a as a", "super::b::c as c"]),
            (
                "use crate::room::{self, a::{B, c::D as E}, f::*};",
                &[
                    "crate::room as room",
                    "crate::room::a::B as B",
                    "crate::room::a::c::D as E",
                    "crate::room::f as *",
                ],
            ),
            (
                "pub use a::B; pub(crate) use c::D;",
                &["pub a::B as B", "pub c::D as D"],
            ),
            (
                "use std::io::Write as _;\nfn f() { use self::g; }",
                &["std::io::Write as _", "self::g as g"],
            ),
            ("use ::std::{fs,};", &["std::fs as fs"]),
            ("use crate::{a::{b}, c};", &["crate::a::b as b", "crate::c as c"]),
            (
                "mod x { mod y { use super::A; } use super::B; } use C;",
                &["[x::y] super::A as A", "[x] super::B as B", "C as C"],
            ),
            ("fn f() -> impl Iterator + use<'a> {}", &[]),
            ("// use a;\nconst A: &str = \"use b;\";", &[]),
        ] {
            assert_eq!(imports(text), expected, "{text}");
        }
    }

    #[test]
    fn items_of_tests_are_left_out() {
        let text = "#[cfg(test)] mod plans; #[cfg(test)]\nmod tests { use a::B; fn f() { c::d(); } }
            #[cfg(test)] #[path = \"x\"] use e::F; #[cfg(all(test, unix))] fn g() { h::i() } #[cfg(not(test))] use j;";
        let source = Source::parse(text);
        assert_eq!(imports(text), ["j as j"]);
        assert_eq!(source.test_modules, ["plans"]);
        assert!(source.mentions.is_empty(), "{:?}", source.mentions);
    }

    #[test]
    fn paths_outside_use_are_read() {
        let text =
            "fn f(a: crate::b::C<d::E>) -> Vec::<g::H> { self.i().j::<k::L>(); m::n!(\"o::p\"); <q::R as S>::t() }";
        let paths: Vec<String> = Source::parse(text)
            .mentions
            .iter()
            .map(|mention| mention.path.join("::"))
            .collect();
        assert_eq!(paths, ["crate::b::C", "d::E", "g::H", "k::L", "m::n", "q::R"]);
    }

    #[test]
    fn a_table_of_contents_has_modules_and_imports_alone() {
        for (text, expected) in [
            (
                "//! Doc.\n\n// Why.\nmod a;\npub mod b;\npub(crate) mod c;\npub use a::{B, C};\nuse b::D;",
                None,
            ),
            ("#[cfg(test)]\nmod a;\n#[doc(hidden)]\npub mod b;", None),
            ("mod a;\nfn f() {}", Some("`fn`")),
            ("mod a { use b::C; }", Some("`mod`")),
            ("pub struct A;", Some("`struct`")),
            ("#[macro_use]\nmod a;", Some("an attribute")),
            ("mod a;\nconst B: u8 = 1;", Some("`const`")),
            ("macro_rules! a { () => {} }", Some("`macro_rules`")),
        ] {
            assert_eq!(Source::parse(text).beyond_contents.as_deref(), expected, "{text}");
        }
    }
}
