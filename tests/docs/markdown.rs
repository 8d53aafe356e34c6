//! The part of Markdown that these tests read: headings, fenced blocks, and what stands outside of them.
//!
//! A comment `<!-- sh`, commands, `-->` holds commands that run in their place without being shown: what a document
//! takes for granted, such as a damaged file.

use std::fs;
use std::path::{Path, PathBuf};

pub struct Document {
    /// Relative to the repository, such as `docs/api.md`.
    pub name: String,
    pub text: String,
}

/// A fenced block or hidden commands.
#[derive(Debug)]
pub struct Block<'a> {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// The word behind the fence; `hidden` for hidden commands.
    pub language: &'a str,
    pub text: String,
    /// Whether nothing but blank lines lies between it and the block before it.
    pub follows: bool,
}

impl Document {
    /// Every page: Markdown at the root of the repository and in docs/.
    pub fn all() -> Vec<Document> {
        let mut names: Vec<String> = ["", "docs/"].iter().flat_map(|folder| pages_in(folder)).collect();
        names.sort();
        assert!(names.len() > 5 && names.contains(&"README.md".to_owned()), "{names:?}");
        names.into_iter().map(|name| Document::read(&name)).collect()
    }

    pub fn read(name: &str) -> Document {
        let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let name = name.to_owned();
        Document { name, text }
    }

    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut lines = self.text.lines().enumerate();
        let mut follows = false;
        while let Some((index, line)) = lines.next() {
            let (language, end) = match line.trim_start().strip_prefix("```") {
                Some(language) => (language.trim(), "```"),
                None if line == "<!-- sh" => ("hidden", "-->"),
                None => {
                    follows &= line.trim().is_empty();
                    continue;
                }
            };
            // In a list, a fence and its lines are indented.
            let indent = line.len() - line.trim_start().len();
            let inside = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != end);
            let text: Vec<&str> = inside.map(|line| line.get(indent..).unwrap_or("")).collect();
            blocks.push(Block {
                line: index + 1,
                language,
                text: text.join("\n"),
                follows,
            });
            follows = true;
        }
        blocks
    }

    /// The lines outside of blocks and hidden commands, with their numbers.
    pub fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut end = None;
        (1..).zip(self.text.lines()).filter(move |(_, line)| match end {
            Some(last) if line.trim() == last => {
                end = None;
                false
            }
            Some(_) => false,
            None => {
                let begins = [("```", "```"), ("<!-- sh", "-->")];
                let begun = begins.iter().find(|(begin, _)| line.trim_start().starts_with(begin));
                end = begun.map(|(_, last)| *last);
                end.is_none()
            }
        })
    }

    /// What stands between single backticks in prose.
    pub fn spans(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose().flat_map(|(number, line)| {
            let place = format!("{}, line {number}", self.name);
            assert!(
                line.matches('`').count() % 2 == 0,
                "{place}: a span crosses the line's end"
            );
            // Behind an odd number of backticks a span is open.
            let inside = line.split('`').enumerate().filter(|(index, _)| index % 2 == 1);
            inside.map(move |(_, span)| (number, span))
        })
    }

    /// The anchors of its headings, as GitHub makes them.
    pub fn anchors(&self) -> impl Iterator<Item = String> {
        let headings = self.prose().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter_map(|path: PathBuf| {
            let is_page = path.extension().is_some_and(|extension| extension == "md");
            is_page.then(|| format!("{folder}{}", path.file_name().unwrap().to_str().unwrap()))
        })
        .collect()
}

#[test]
fn a_document_is_read_as_its_lines_say() {
    let text = "# One: `a b`\n\n- x\n  ```sh\n  curl x\n    -d y\n  ```\n\n  ```json\n  {}\n  ```\n\ntext `span`\n<!-- sh\nhide\n-->\n";
    let document = Document {
        name: "x.md".to_owned(),
        text: text.to_owned(),
    };
    let blocks: Vec<_> = document
        .blocks()
        .into_iter()
        .map(|block| (block.line, block.language.to_owned(), block.text, block.follows))
        .collect();
    let block = |line, language: &str, text: &str, follows| (line, language.to_owned(), text.to_owned(), follows);
    assert_eq!(
        blocks,
        [
            block(4, "sh", "curl x\n  -d y", false),
            block(9, "json", "{}", true),
            block(14, "hidden", "hide", false)
        ]
    );
    assert_eq!(document.spans().collect::<Vec<_>>(), [(1, "a b"), (13, "span")]);
    assert_eq!(document.anchors().collect::<Vec<_>>(), ["one-a-b"]);
}
