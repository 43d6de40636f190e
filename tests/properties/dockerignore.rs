//! `.dockerignore` against a plain model of what Docker's documentation says, and of the rules of
//! Go's `filepath.Match` and `filepath.Clean` that it refers to.
//!
//! The model is slow and short, and was not made of the code that it is held against. What the
//! documentation leaves open (`**` within a name) it doesn't answer.

use std::collections::BTreeSet;

use plimsoll::image::dockerignore::{Dockerignore, Matches};

/// Longer inputs say nothing more, and the model is slow.
const LONGEST: usize = 2_000;

/// The lines that begin with `>` are paths that are asked about; the others are the file.
pub(crate) fn holds(bytes: &[u8]) {
    if bytes.len() > LONGEST {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let asked = |line: &&str| line.starts_with('>');
    let file: Vec<&str> = text.split('\n').filter(|line| !asked(line)).collect();
    let file = file.join("\n");
    let paths: Vec<&str> = text
        .split('\n')
        .filter(asked)
        .map(|line| &line[1..])
        .filter(|path| is_path(path))
        .collect();
    let read = Dockerignore::parse(file.as_bytes());
    let model = model::read(&file);
    match (&read, &model) {
        (Err(_), Err(())) => {}
        (Ok(rules), Ok(model)) => {
            for path in paths {
                if let Some(expected) = model::excludes(model, path) {
                    let excluded = rules.excludes(path.as_bytes());
                    assert_eq!(excluded, expected, "{path:?} with {file:?}");
                }
                nothing_is_lost_by_leaving_a_directory_out(rules, path);
            }
        }
        _ => panic!("{file:?}: {read:?}, and by the documentation {model:?}"),
    }
}

/// A path as a directory's listing gives it.
fn is_path(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn nothing_is_lost_by_leaving_a_directory_out(rules: &Dockerignore, path: &str) {
    let mut seen = Matches::default();
    for (at, _) in path.match_indices('/') {
        let directory = &path.as_bytes()[..at];
        seen = rules.matches(directory, &seen);
        if seen.excluded() && !rules.may_hold_exceptions(directory) {
            assert!(rules.excludes(path.as_bytes()), "{path:?} is in {rules:?}");
        }
    }
}

mod model {
    use super::BTreeSet;

    /// One line: whether it takes back in, and what it matches.
    pub(super) type Line = (bool, Vec<Term>);

    /// "The pattern syntax is: { term }", and Docker's `**`.
    #[derive(Clone, Debug, PartialEq)]
    pub(super) enum Term {
        Character(char),
        /// `?`
        Any,
        /// `*`
        Many,
        /// `[^` and the ranges that stand in it, or not `^`.
        Class(bool, Vec<(char, char)>),
        /// `**` as a whole part of the path, not the last one, with the slash behind it.
        Directories,
        /// `**` as the last part.
        Everything,
        /// `**` as a piece of a part: not documented.
        Open,
    }

    pub(super) fn read(file: &str) -> Result<Vec<Line>, ()> {
        let file = file.strip_prefix('\u{feff}').unwrap_or(file);
        let mut lines = Vec::new();
        for line in file.split('\n') {
            // "If a line starts with # in column 1, then this line is considered as a comment."
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (exception, pattern) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            match (pattern, exception) {
                ("", true) => return Err(()),
                ("", false) => {}
                _ => lines.push((exception, terms(&cleaned(pattern))?)),
            }
        }
        Ok(lines)
    }

    /// "The last line that matches a particular file determines whether it is included or
    /// excluded", and a directory's files go with it.
    pub(super) fn excludes(lines: &[Line], path: &str) -> Option<bool> {
        if lines.iter().any(|(_, terms)| terms.contains(&Term::Open)) {
            return None;
        }
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        let covered: Vec<&str> = above.chain([path]).collect();
        let matching = |(_, terms): &&Line| covered.iter().any(|path| matches(terms, path));
        let last = lines.iter().rev().find(matching);
        Some(last.is_some_and(|(exception, _)| !exception))
    }

    /// `filepath.Clean`, rule by rule until none applies, and without the slash at the start.
    fn cleaned(pattern: &str) -> String {
        let mut path = pattern.to_owned();
        loop {
            let before = path.clone();
            // 1. Replace multiple slashes with a single one.
            while path.contains("//") {
                path = path.replace("//", "/");
            }
            // 2. Eliminate each `.`.
            path = path.replace("/./", "/");
            path = path.strip_prefix("./").map_or(path.clone(), str::to_owned);
            path = path
                .strip_suffix("/.")
                .map_or(path.clone(), |path| format!("{path}/"));
            // 4. Eliminate `..` that begin a rooted path.
            path = path
                .strip_prefix("/../")
                .map_or(path.clone(), |path| format!("/{path}"));
            path = if path == "/.." { "/".to_owned() } else { path };
            if path == before {
                // 3. Eliminate an inner `..` along with the part before it.
                path = without_inner(&path);
            }
            if path == before {
                break;
            }
        }
        let path = if path.len() > 1 {
            path.trim_end_matches('/')
        } else {
            &path
        };
        match path {
            "" | "." => ".".to_owned(),
            "/" => "/".to_owned(),
            path => path.strip_prefix('/').unwrap_or(path).to_owned(),
        }
    }

    fn without_inner(path: &str) -> String {
        let parts: Vec<&str> = path.split('/').collect();
        let inner = |two: &[&str]| two[1] == ".." && !matches!(two[0], ".." | "" | ".");
        match parts.windows(2).position(inner) {
            Some(at) => [&parts[..at], &parts[at + 2..]].concat().join("/"),
            None => path.to_owned(),
        }
    }

    fn terms(pattern: &str) -> Result<Vec<Term>, ()> {
        let mut terms = Vec::new();
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let at_start = matches!(
                terms.last(),
                None | Some(Term::Character('/') | Term::Directories)
            );
            let (term, length) = match c {
                '*' if rest == "**" && at_start => (Term::Everything, 2),
                '*' if rest.starts_with("**/") && at_start => (Term::Directories, 3),
                '*' if rest.starts_with("**") => (Term::Open, 2),
                '*' => (Term::Many, 1),
                '?' => (Term::Any, 1),
                '\\' => {
                    let next = rest.chars().nth(1).ok_or(())?;
                    (Term::Character(next), 1 + next.len_utf8())
                }
                '[' => class(rest)?,
                other => (Term::Character(other), other.len_utf8()),
            };
            terms.push(term);
            rest = &rest[length..];
        }
        // A name that `**` is only a piece of is read as a whole in one way or the other.
        Ok(terms)
    }

    /// "'[' [ '^' ] { character-range } ']'  character class (must be non-empty)"
    fn class(text: &str) -> Result<(Term, usize), ()> {
        let mut rest = &text[1..];
        let negated = rest.starts_with('^');
        rest = &rest[usize::from(negated)..];
        let mut ranges = Vec::new();
        while ranges.is_empty() || !rest.starts_with(']') {
            let low = one(&mut rest)?;
            let high = match rest.strip_prefix('-') {
                Some(after) => {
                    rest = after;
                    one(&mut rest)?
                }
                None => low,
            };
            ranges.push((low, high));
        }
        // Go refuses a range that is turned round.
        if ranges.iter().any(|(low, high)| low > high) {
            return Err(());
        }
        let length = text.len() - rest.len() + 1;
        Ok((Term::Class(negated, ranges), length))
    }

    /// "c  matches character c (c != '\\', '-', ']')" or "'\\' c  matches character c"
    fn one(rest: &mut &str) -> Result<char, ()> {
        let mut characters = rest.chars();
        let c = match characters.next() {
            None | Some('-' | ']') => return Err(()),
            Some('\\') => characters.next().ok_or(())?,
            Some(other) => other,
        };
        *rest = characters.as_str();
        Ok(c)
    }

    /// "Match requires pattern to match all of name, not just a substring."
    fn matches(terms: &[Term], path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        let mut places = BTreeSet::from([0]);
        for term in terms {
            places = places
                .iter()
                .flat_map(|at| after(term, &path, *at))
                .collect();
        }
        places.contains(&path.len())
    }

    /// Where a match of `term` that begins at `at` can end.
    fn after(term: &Term, path: &[char], at: usize) -> Vec<usize> {
        let rest = &path[at..];
        let next = |fits: bool| if fits { vec![at + 1] } else { Vec::new() };
        let first = rest.first().copied();
        match term {
            Term::Character(wanted) => next(first == Some(*wanted)),
            Term::Any => next(first.is_some_and(|c| c != '/')),
            Term::Many => {
                let run = rest.iter().take_while(|c| **c != '/').count();
                (at..=at + run).collect()
            }
            Term::Class(negated, ranges) => next(first.is_some_and(|c| {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            })),
            // "Matches any number of directories (including zero)."
            Term::Directories => {
                let slashes = (at..path.len()).filter(|place| path[*place] == '/');
                [at].into_iter()
                    .chain(slashes.map(|place| place + 1))
                    .collect()
            }
            Term::Everything => (at..=path.len()).collect(),
            Term::Open => Vec::new(),
        }
    }
}
