//! `.dockerignore`: which files of a directory belong to the build context.
//!
//! The rules are those of moby's pattern matcher, not those of `.gitignore`: patterns are rooted,
//! `*` and `?` don't cross a slash, `**` does, the last pattern that matches decides, `!` takes a
//! file back in (under an excluded directory too), and a pattern that matches a directory covers
//! all that is under it.
//! Paths are bytes: a file's name need not be UTF-8.

mod pattern;
#[cfg(test)]
mod tests;

use pattern::Pattern;

/// Why a `.dockerignore` can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DockerignoreError {
    #[error("line {line}: `!` stands alone; it is followed by the pattern to take back in")]
    LoneException { line: usize },
    #[error(
        "line {line}: `{pattern}` is malformed: a `[` without its `]`, an empty or reversed range, or a `\\` at the end"
    )]
    Malformed { line: usize, pattern: String },
    #[error("there are more than {MAX_PATTERNS} patterns")]
    TooMany,
}

/// More patterns than any real file holds; each path is held against all of them.
const MAX_PATTERNS: usize = 10_000;

/// A parsed `.dockerignore`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dockerignore {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    /// The pattern stood behind a `!`.
    exception: bool,
    pattern: Pattern,
}

/// What the patterns said of a directory, for the paths under it.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// For each pattern, whether it matches the directory or one above it.
    matched: Vec<bool>,
    excluded: bool,
}

impl Matches {
    /// Whether the path itself is left out.
    pub fn excluded(&self) -> bool {
        self.excluded
    }
}

impl Dockerignore {
    /// Reads the file's text. A byte order mark, comments (`#` in the first column), blank lines
    /// and a lone `.` are skipped; leading and trailing slashes don't matter.
    ///
    /// # Errors
    ///
    /// [`DockerignoreError`]: a line isn't a pattern, or there are more than `MAX_PATTERNS`.
    pub fn parse(text: &[u8]) -> Result<Self, DockerignoreError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if line.starts_with(b"#") {
                continue;
            }
            if let Some(rule) = parse_line(trimmed(line), index + 1)? {
                rules.push(rule);
            }
        }
        if rules.len() > MAX_PATTERNS {
            return Err(DockerignoreError::TooMany);
        }
        Ok(Self { rules })
    }

    /// Decides about one path, given what was decided about the directory that holds it
    /// (`Matches::default()` for the context itself). `path` is relative, with `/` between parts.
    pub fn matches(&self, path: &[u8], parent: &Matches) -> Matches {
        let mut here = Matches {
            matched: Vec::with_capacity(self.rules.len()),
            excluded: false,
        };
        for (index, rule) in self.rules.iter().enumerate() {
            let above = parent.matched.get(index).copied().unwrap_or(false);
            let matched = above || rule.pattern.matches(path);
            here.matched.push(matched);
            if matched {
                here.excluded = !rule.exception;
            }
        }
        here
    }

    /// Whether the path is left out, all by itself.
    pub fn excludes(&self, path: &[u8]) -> bool {
        let mut seen = Matches::default();
        for (at, byte) in path.iter().enumerate() {
            if *byte == b'/' {
                seen = self.matches(&path[..at], &seen);
            }
        }
        self.matches(path, &seen).excluded
    }

    /// Whether a `!` pattern could take something under this excluded directory back in; if not,
    /// the directory need not be read.
    pub fn may_hold_exceptions(&self, directory: &[u8]) -> bool {
        self.rules
            .iter()
            .any(|rule| rule.exception && rule.pattern.may_match_under(directory))
    }
}

fn parse_line(line: &[u8], number: usize) -> Result<Option<Rule>, DockerignoreError> {
    let (exception, pattern) = match line.strip_prefix(b"!") {
        Some(rest) => (true, trimmed(rest)),
        None => (false, line),
    };
    if pattern.is_empty() {
        return if exception {
            Err(DockerignoreError::LoneException { line: number })
        } else {
            Ok(None)
        };
    }
    let cleaned = clean(pattern);
    match Pattern::parse(&cleaned) {
        Some(pattern) => Ok(Some(Rule { exception, pattern })),
        None => Err(DockerignoreError::Malformed {
            line: number,
            pattern: String::from_utf8_lossy(pattern).into_owned(),
        }),
    }
}

/// Without blanks at both ends, whatever kind they are (a pasted no-break space too), as Go's
/// `strings.TrimSpace` does it.
fn trimmed(line: &[u8]) -> &[u8] {
    let head = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let line = &line[head.len() - head.trim_start().len()..];
    let tail = line.utf8_chunks().last();
    let tail = tail.filter(|chunk| chunk.invalid().is_empty());
    let tail = tail.map_or("", |chunk| chunk.valid());
    &line[..line.len() - (tail.len() - tail.trim_end().len())]
}

/// What Go's `filepath.Clean` does, and the leading slash dropped: `.` and empty parts go, `..`
/// takes back the part before it, and `.` stands for nothing at all.
fn clean(pattern: &[u8]) -> Vec<u8> {
    let rooted = pattern.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in pattern.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    match parts.is_empty() {
        true if rooted => b"/".to_vec(),
        true => b".".to_vec(),
        false => parts.join(&b'/'),
    }
}
