//! Which file of `src` imports from which: `use` and the paths that stand in the code.
//!
//! A name that a module hands on (`pub use`) counts as an import of the file that defines it; handing
//! on alone is no import. Tests inside `src` don't count.

use std::collections::{BTreeMap, BTreeSet};

use crate::files;

/// `src/rollout/step.rs` to `rollout`.
pub(crate) fn module_of(file: &str) -> String {
    let path = file.trim_start_matches("src/");
    let first = path.split('/').next().unwrap_or_default();
    first.trim_end_matches(".rs").to_owned()
}

/// The files of `src` with their imports.
pub(crate) struct Sources(BTreeMap<String, BTreeSet<String>>);

/// One file, as far as imports go.
struct File {
    /// `["rollout", "step"]`; empty for `lib.rs`.
    module: Vec<String>,
    /// Paths that it uses, from `crate`, `super` or a child module of its own.
    used: BTreeSet<Vec<String>>,
    /// What it hands on: the name and the path that it stands for.
    handed_on: BTreeMap<String, Vec<String>>,
}

impl Sources {
    pub(crate) fn read() -> Sources {
        let files: BTreeMap<String, File> = files::sources("src")
            .into_iter()
            .filter(|name| !is_test(name))
            .map(|name| {
                let file = File::read(&name, &files::read(&name));
                (name, file)
            })
            .collect();
        let by_module: BTreeMap<&[String], &str> = files
            .iter()
            .filter(|(name, _)| name.as_str() != "src/main.rs")
            .map(|(name, file)| (file.module.as_slice(), name.as_str()))
            .collect();
        let imports = files.iter().map(|(name, file)| {
            let used = file.used.iter();
            let found = used.filter_map(|path| defining(path, &files, &by_module));
            let others = found.filter(|other| other != name);
            (name.clone(), others.collect())
        });
        Sources(imports.collect())
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn imports<'s>(&'s self, file: &str) -> impl Iterator<Item = &'s str> {
        self.0[file].iter().map(String::as_str)
    }
}

/// The file that defines what stands at `path`.
fn defining(
    path: &[String],
    files: &BTreeMap<String, File>,
    by_module: &BTreeMap<&[String], &str>,
) -> Option<String> {
    // The longest part of the path that is a module.
    let (length, name) = (0..=path.len())
        .rev()
        .find_map(|length| Some((length, *by_module.get(&path[..length])?)))?;
    let next = path
        .get(length)
        .and_then(|next| files[name].handed_on.get(next));
    match next {
        Some(other) if other != path => defining(other, files, by_module),
        _ => Some(name.to_owned()),
    }
}

impl File {
    fn read(name: &str, text: &str) -> File {
        let module: Vec<String> = name
            .trim_start_matches("src/")
            .trim_end_matches(".rs")
            .split('/')
            .filter(|part| !matches!(*part, "mod" | "lib"))
            .map(str::to_owned)
            .collect();
        let mut file = File {
            module,
            used: BTreeSet::new(),
            handed_on: BTreeMap::new(),
        };
        let tokens = tokens(without_tests(text));
        let children: BTreeSet<&str> = tokens
            .windows(3)
            .filter(|three| three[0] == "mod" && three[2] == ";")
            .map(|three| three[1].as_str())
            .collect();
        let mut body = BTreeSet::new();
        let mut is_public = false;
        let mut at = 0;
        while at < tokens.len() {
            if tokens[at] == "pub" {
                is_public = true;
                at += 1;
                // `pub(in crate::aws)` names a module, and imports nothing.
                if tokens.get(at).is_some_and(|token| token == "(") {
                    while tokens.get(at).is_some_and(|token| token != ")") {
                        at += 1;
                    }
                    at += 1;
                }
                continue;
            }
            let is_handed_on = std::mem::take(&mut is_public);
            if tokens[at] == "use" {
                let mut paths = Vec::new();
                at = read_tree(&tokens, at + 1, &[], &mut paths);
                for path in paths {
                    file.note(&path, is_handed_on, &children);
                }
                continue;
            }
            let starts = at == 0 || tokens[at - 1] != "::";
            let follows = tokens.get(at + 1).is_some_and(|next| next == "::");
            if starts && follows {
                let mut path = vec![tokens[at].clone()];
                while tokens.get(at + 1).is_some_and(|next| next == "::")
                    && tokens.get(at + 2).is_some_and(|next| is_name(next))
                {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                file.note(&path, false, &children);
            }
            if is_used_at(&tokens, at) {
                body.insert(tokens[at].as_str());
            }
            at += 1;
        }
        file.use_handed_on(&body);
        file
    }

    /// What is handed on, and used in the same file besides, is imported too.
    fn use_handed_on(&mut self, body: &BTreeSet<&str>) {
        let used: Vec<Vec<String>> = self
            .handed_on
            .iter()
            .filter(|(name, _)| body.contains(name.as_str()))
            .map(|(_, path)| path.clone())
            .collect();
        self.used.extend(used);
    }

    fn note(&mut self, path: &[String], is_handed_on: bool, children: &BTreeSet<&str>) {
        let Some(full) = self.full(path, children) else {
            return;
        };
        match (is_handed_on, full.last()) {
            (true, Some(name)) => {
                self.handed_on.insert(name.clone(), full.clone());
            }
            _ => {
                self.used.insert(full);
            }
        }
    }

    /// The path from the crate's root; nothing for a path into another crate.
    fn full(&self, path: &[String], children: &BTreeSet<&str>) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let depth = self.module.len();
        let (base, rest) = match first.as_str() {
            "crate" | "plimsoll" => (&self.module[..0], rest),
            "self" => (&self.module[..], rest),
            "super" => {
                let ups = 1 + rest.iter().take_while(|part| *part == "super").count();
                (&self.module[..depth.checked_sub(ups)?], &rest[ups - 1..])
            }
            child if children.contains(child) => (&self.module[..], path),
            _ => return None,
        };
        Some(base.iter().chain(rest).cloned().collect())
    }
}

/// Reads one tree of a `use` from `at` on; gives back where it ends.
fn read_tree(
    tokens: &[String],
    mut at: usize,
    base: &[String],
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let mut path = base.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = read_tree(tokens, at, &path, paths);
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                return at + 1;
            }
            "::" => {}
            "as" => at += 1,
            "self" if !path.is_empty() => {}
            name if is_name(name) => path.push(name.to_owned()),
            "*" => {}
            _ => break,
        }
        at += 1;
    }
    paths.push(path);
    at
}

/// Whether the word there names something: a type, or a function that is called.
fn is_used_at(tokens: &[String], at: usize) -> bool {
    let is_type = tokens[at].starts_with(char::is_uppercase);
    let before = at
        .checked_sub(1)
        .map_or("", |before| tokens[before].as_str());
    let is_called = tokens.get(at + 1).is_some_and(|next| next == "(");
    is_type || (is_called && !matches!(before, "fn" | "." | "::"))
}

fn is_name(token: &str) -> bool {
    token
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// Whether a file of `src` is a test as a whole.
pub(crate) fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.contains("/tests/")
}

/// The text up to its test module: it is the last thing in a file.
pub(crate) fn without_tests(text: &str) -> &str {
    let test = text.find("#[cfg(test)]\nmod tests {");
    test.map_or(text, |at| &text[..at])
}

/// The words and signs of a source, without comments; strings are kept apart as one token.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or(line);
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let name = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let length = match name {
                Some(0) if rest.starts_with("::") => 2,
                Some(0) => first.len_utf8(),
                Some(length) => length,
                None => rest.len(),
            };
            let (token, after) = rest.split_at(length);
            if !token.trim().is_empty() {
                tokens.push(token.to_owned());
            }
            rest = after;
        }
    }
    tokens
}

#[test]
fn imports_are_read_from_trees_and_from_paths() {
    let text = "
        mod child;
        pub use child::Handed;
        use crate::{a::{self, B}, c::D as E};
        use super::Up; // use crate::comment::Not;
        fn f() { super::g::h(); child::i(); crate::j::K::new(); }
        #[cfg(test)]\nmod tests { use crate::not::This; }";
    let file = File::read("src/x/y.rs", &text.replace("\n        ", "\n"));
    let used: Vec<String> = file.used.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        used,
        [
            "a",
            "a::B",
            "c::D",
            "j::K::new",
            "x::Up",
            "x::g::h",
            "x::y::child::i"
        ]
    );
    assert_eq!(file.handed_on["Handed"].join("::"), "x::y::child::Handed");
}
