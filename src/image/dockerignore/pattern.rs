//! One pattern of a `.dockerignore`, matched in time linear in path times pattern.

/// A piece of a pattern. Multi-byte characters count as one, as they do in Go.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Char(char),
    /// `?`: any character but a slash.
    One,
    /// `*`: any run without a slash.
    Run,
    /// `**` or `**/` with something after it: nothing, or anything that ends in a slash. Always
    /// followed by `Directories`, which does the second.
    MaybeDirectories,
    Directories,
    /// `**` at the end: anything.
    Rest,
    /// `[a-z]`, `[^a-z]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    /// The part before the first wildcard, whole path components only.
    literal_prefix: Vec<u8>,
    /// Set where moby compares the path's end as text: `**name`, with nothing else special in it.
    suffix: Option<Vec<u8>>,
}

impl Pattern {
    /// From a cleaned pattern; `None` where Go's `filepath.Match` calls it malformed.
    pub(super) fn parse(cleaned: &[u8]) -> Option<Self> {
        let chars: Vec<char> = decode(cleaned);
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            at += 1;
            match c {
                '*' if chars.get(at) == Some(&'*') => {
                    at += 1;
                    at += usize::from(chars.get(at) == Some(&'/'));
                    let last = at == chars.len();
                    if last {
                        pieces.push(Piece::Rest);
                    } else {
                        pieces.extend([Piece::MaybeDirectories, Piece::Directories]);
                    }
                }
                '*' => pieces.push(Piece::Run),
                '?' => pieces.push(Piece::One),
                '\\' => {
                    pieces.push(Piece::Char(*chars.get(at)?));
                    at += 1;
                }
                '[' => {
                    let (class, next) = parse_class(&chars, at)?;
                    pieces.push(class);
                    at = next;
                }
                other => pieces.push(Piece::Char(other)),
            }
        }
        Some(Self {
            literal_prefix: literal_prefix(cleaned),
            suffix: literal_suffix(cleaned),
            pieces,
        })
    }

    pub(super) fn matches(&self, path: &[u8]) -> bool {
        if let Some(suffix) = &self.suffix {
            // `**/foo` matches `foo` too.
            return path.ends_with(suffix)
                || suffix.strip_prefix(b"/").is_some_and(|bare| bare == path);
        }
        self.run(&decode(path))
    }

    /// Whether some path under `directory` could match.
    pub(super) fn may_match_under(&self, directory: &[u8]) -> bool {
        let prefix = &self.literal_prefix;
        let within = |inner: &[u8], outer: &[u8]| {
            outer.is_empty()
                || inner == outer
                || (inner.starts_with(outer) && inner[outer.len()] == b'/')
        };
        within(prefix, directory) || within(directory, prefix)
    }

    /// Follows all ways through the pattern at once: `reached[i]` says that the first `i` pieces
    /// can match what was read so far.
    fn run(&self, path: &[char]) -> bool {
        let mut reached = vec![false; self.pieces.len() + 1];
        reached[0] = true;
        self.skip_optional(&mut reached);
        for &c in path {
            let mut next = vec![false; reached.len()];
            for (i, piece) in self.pieces.iter().enumerate() {
                if !reached[i] {
                    continue;
                }
                match piece {
                    Piece::Char(wanted) => next[i + 1] |= *wanted == c,
                    Piece::One => next[i + 1] |= c != '/',
                    Piece::Run => next[i] |= c != '/',
                    Piece::Rest => next[i] = true,
                    Piece::MaybeDirectories => {}
                    Piece::Directories => {
                        next[i] = true;
                        next[i + 1] |= c == '/';
                    }
                    Piece::Class { negated, ranges } => {
                        let within = ranges.iter().any(|(low, high)| (*low..=*high).contains(&c));
                        next[i + 1] |= within != *negated;
                    }
                }
            }
            self.skip_optional(&mut next);
            reached = next;
        }
        reached[self.pieces.len()]
    }

    /// Pieces that can match nothing let the next one be reached.
    fn skip_optional(&self, reached: &mut [bool]) {
        for (i, piece) in self.pieces.iter().enumerate() {
            match piece {
                _ if !reached[i] => {}
                Piece::Run | Piece::Rest => reached[i + 1] = true,
                Piece::MaybeDirectories => {
                    reached[i + 1] = true;
                    reached[i + 2] = true;
                }
                _ => {}
            }
        }
    }
}

/// The part of `[…]` behind its bracket, and where the pattern goes on.
fn parse_class(chars: &[char], mut at: usize) -> Option<(Piece, usize)> {
    let negated = chars.get(at) == Some(&'^');
    at += usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        if chars.get(at) == Some(&']') && !ranges.is_empty() {
            return Some((Piece::Class { negated, ranges }, at + 1));
        }
        let (low, next) = class_char(chars, at)?;
        at = next;
        let mut high = low;
        if chars.get(at) == Some(&'-') {
            (high, at) = class_char(chars, at + 1)?;
        }
        if low > high {
            return None;
        }
        ranges.push((low, high));
    }
}

fn class_char(chars: &[char], at: usize) -> Option<(char, usize)> {
    match chars.get(at)? {
        '-' | ']' => None,
        '\\' => Some((*chars.get(at + 1)?, at + 2)),
        other => Some((*other, at + 1)),
    }
}

fn literal_prefix(cleaned: &[u8]) -> Vec<u8> {
    let Some(wild) = cleaned.iter().position(|byte| b"*?[\\".contains(byte)) else {
        return cleaned.to_vec();
    };
    let end = cleaned[..wild].iter().rposition(|byte| *byte == b'/');
    cleaned[..end.unwrap_or(0)].to_vec()
}

fn literal_suffix(cleaned: &[u8]) -> Option<Vec<u8>> {
    let suffix = cleaned.strip_prefix(b"**")?;
    let literal = !suffix.iter().any(|byte| b"*?[]\\".contains(byte));
    literal.then(|| suffix.to_vec())
}

/// Invalid UTF-8 is taken byte by byte, each as a character of its own that no pattern names.
fn decode(bytes: &[u8]) -> Vec<char> {
    let mut chars = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chars.extend(chunk.valid().chars());
        chars.extend(chunk.invalid().iter().map(|byte| private_char(*byte)));
    }
    chars
}

/// A character of the last private plane for a byte that is no text.
fn private_char(byte: u8) -> char {
    char::from_u32(0x0010_FF00 + u32::from(byte) % 0xFE).unwrap_or(char::REPLACEMENT_CHARACTER)
}
