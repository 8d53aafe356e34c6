//! The modules of a crate's files, and the file that a path leads to: through child modules, imports and re-exports.

use std::collections::{BTreeMap, BTreeSet};

use crate::parse::{Import, Source};

/// A module's path from the crate's root, which is empty.
pub type Module = Vec<String>;

/// The longest chain of re-exports that is followed.
const MAX_HOPS: usize = 16;

pub struct File {
    /// Such as `http/auth.rs`.
    pub name: String,
    pub module: Module,
    pub source: Source,
}

pub struct Tree {
    pub files: Vec<File>,
    /// The file of each module, by its place in `files`. Inline modules have the file around them.
    modules: BTreeMap<Module, usize>,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A place in `files`.
    pub file: usize,
    /// The module that the path names, if it names one rather than an item.
    pub module: Option<Module>,
}

impl File {
    /// The top-level module that the file belongs to; none for the crate's root.
    pub fn room(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    pub fn is_contents(&self) -> bool {
        self.name == "lib.rs" || self.name.ends_with("/mod.rs")
    }
}

impl Tree {
    /// Builds the tree from the path relative to `src/` and the text of each file. Files of modules under `cfg(test)` are
    /// left out.
    pub fn new(files: Vec<(String, String)>) -> Self {
        let mut files: Vec<File> = files
            .into_iter()
            .map(|(name, text)| File {
                module: module_of(&name),
                source: Source::parse(&text),
                name,
            })
            .collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let test_modules: BTreeSet<Module> = files.iter().flat_map(test_modules).collect();
        files.retain(|file| !test_modules.iter().any(|module| file.module.starts_with(module)));
        let mut modules = BTreeMap::new();
        for (place, file) in files.iter().enumerate() {
            modules.insert(file.module.clone(), place);
            for inline in &file.source.inline_modules {
                modules.insert([&file.module[..], inline].concat(), place);
            }
        }
        Tree { files, modules }
    }

    pub fn has_room(&self, room: &str) -> bool {
        self.modules.contains_key(&[room.to_owned()][..])
    }

    /// The room that a path in `module` names, if the path starts with `crate`, `self` or `super`.
    pub fn room_of(&self, module: &Module, path: &[String]) -> Option<String> {
        let (start, rest) = self.start(module, path)?;
        let room = start.first().or(rest.first())?;
        self.has_room(room).then(|| room.clone())
    }

    /// Where a path in `module` leads; `None` if it leaves the crate.
    pub fn resolve(&self, module: &Module, path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, MAX_HOPS)
    }

    fn resolve_within(&self, module: &Module, path: &[String], hops: usize) -> Option<Target> {
        let hops = hops.checked_sub(1)?;
        if let Some((start, rest)) = self.start(module, path) {
            return self.descend(&start, rest, hops);
        }
        let first = path.first()?;
        let is_local = self.modules.contains_key(&child(module, first)) || self.import(module, first).is_some();
        is_local.then(|| self.descend(module, path, hops))?
    }

    /// The module that a path starts from and the rest of the path, if it starts with `crate`, `self` or `super`.
    fn start<'a>(&self, module: &Module, path: &'a [String]) -> Option<(Module, &'a [String])> {
        let (first, mut rest) = path.split_first()?;
        let mut start = match first.as_str() {
            "crate" | "groups_server" => Module::new(),
            "self" => module.clone(),
            "super" => parent(module),
            _ => return None,
        };
        while let Some((next, after)) = rest.split_first()
            && next == "super"
        {
            start = parent(&start);
            rest = after;
        }
        Some((start, rest))
    }

    /// Follows `path` from `module`. A name that is neither a child module nor imported counts as defined there.
    fn descend(&self, module: &Module, path: &[String], hops: usize) -> Option<Target> {
        let file = *self.modules.get(module)?;
        let Some((name, rest)) = path.split_first() else {
            return Some(Target {
                file,
                module: Some(module.clone()),
            });
        };
        let child = child(module, name);
        if self.modules.contains_key(&child) {
            return self.descend(&child, rest, hops);
        }
        if let Some(import) = self.import(module, name) {
            let found = self.resolve_within(module, &import.path, hops)?;
            return match found.module {
                Some(module) => self.descend(&module, rest, hops),
                None => Some(found),
            };
        }
        for glob in self.imports(module).into_iter().filter(|import| import.name.is_none()) {
            if let Some(target) = self.resolve_within(module, &glob.path, hops)
                && let Some(module) = target.module
                && self.offers(&module, name)
            {
                return self.descend(&module, path, hops);
            }
        }
        Some(Target { file, module: None })
    }

    /// Whether a module defines or re-exports `name`.
    fn offers(&self, module: &Module, name: &str) -> bool {
        let file = self.modules.get(module).map(|place| &self.files[*place]);
        file.is_some_and(|file| file.source.definitions.contains(name)) || self.import(module, name).is_some()
    }

    fn import(&self, module: &Module, name: &str) -> Option<&Import> {
        let mut imports = self.imports(module).into_iter();
        imports.find(|import| import.name.as_deref() == Some(name))
    }

    /// What the `use` lines of a module bring in.
    fn imports(&self, module: &Module) -> Vec<&Import> {
        let Some(file) = self.modules.get(module).map(|place| &self.files[*place]) else {
            return Vec::new();
        };
        let inline = &module[file.module.len()..];
        let imports = file.source.imports.iter();
        imports.filter(|import| import.module == inline).collect()
    }
}

fn module_of(name: &str) -> Module {
    let path = name.trim_end_matches(".rs");
    match path {
        "lib" => Module::new(),
        _ => path.trim_end_matches("/mod").split('/').map(str::to_owned).collect(),
    }
}

fn test_modules(file: &File) -> Vec<Module> {
    let names = file.source.test_modules.iter();
    names.map(|name| child(&file.module, name)).collect()
}

fn child(module: &Module, name: &str) -> Module {
    let mut child = module.clone();
    child.push(name.to_owned());
    child
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_file_that_defines_its_name() {
        let files = [
            ("lib.rs", "pub mod room; pub mod other;"),
            (
                "room/mod.rs",
                "mod a; mod deep; pub use a::A; pub use deep::*; pub use deep::c::C as D;",
            ),
            ("room/a.rs", "pub struct A; mod inline { pub struct I; }"),
            ("room/deep/mod.rs", "mod b; pub mod c; pub use b::B;"),
            ("room/deep/b.rs", "pub struct B;"),
            ("room/deep/c.rs", "pub struct C;"),
            (
                "other.rs",
                "use crate::room::deep; use std::fs; struct X; mod inline { struct Y; }",
            ),
        ];
        let tree = Tree::new(files.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec());
        for (path, expected) in [
            ("crate::room::A", "room/a.rs"),
            ("crate::room::A::new", "room/a.rs"),
            ("crate::room::a::A", "room/a.rs"),
            ("crate::room::a::inline::I", "room/a.rs"),
            ("crate::room::B", "room/deep/b.rs"),
            ("crate::room::deep::B", "room/deep/b.rs"),
            ("crate::room::D", "room/deep/c.rs"),
            ("super::room::deep::c::C", "room/deep/c.rs"),
            ("deep::B", "room/deep/b.rs"),
            ("crate::room", "room/mod.rs"),
            ("self::X", "other.rs"),
            ("inline::Y", "other.rs"),
            ("fs::read", "nowhere"),
            ("std::fs", "nowhere"),
            ("X::new", "nowhere"),
        ] {
            let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
            let target = tree.resolve(&vec!["other".to_owned()], &segments);
            let found = target.map_or("nowhere", |target| &tree.files[target.file].name);
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn super_in_an_inline_module_is_the_file_s_own_module() {
        let tree = Tree::new(vec![
            ("lib.rs".to_owned(), "mod a;".to_owned()),
            (
                "a.rs".to_owned(),
                "struct A; mod inline { use super::A; use super::super::b::B; }".to_owned(),
            ),
            ("b.rs".to_owned(), "pub struct B;".to_owned()),
        ]);
        let inline = vec!["a".to_owned(), "inline".to_owned()];
        let found: Vec<&str> = tree.files[0]
            .source
            .imports
            .iter()
            .map(|import| {
                let target = tree.resolve(&inline, &import.path).unwrap();
                tree.files[target.file].name.as_str()
            })
            .collect();
        assert_eq!(found, ["a.rs", "b.rs"]);
    }
}
