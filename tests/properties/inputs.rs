//! Inputs for a property: those that are kept, those with a part changed, and words in any order.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

/// Most words of an input that is put together.
const MOST_WORDS: usize = 24;
/// Most places at which a kept input is changed.
const MOST_CHANGES: usize = 5;

/// Tries `holds` on what is kept for `target`, and on as many drawn inputs as proptest is set to.
#[track_caller]
pub(crate) fn try_out(target: &str, holds: fn(&[u8])) {
    let kept = corpus(target);
    for (name, bytes) in &kept {
        if std::panic::catch_unwind(|| holds(bytes)).is_err() {
            panic!("fuzz/corpus/{target}/{name}");
        }
    }
    let kept: Vec<Vec<u8>> = kept.into_iter().map(|(_, bytes)| bytes).collect();
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let inputs = drawn(kept, dictionary(target)).prop_map(Shown);
    let tried = TestRunner::new(config).run(&inputs, |input| {
        holds(&input.0);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{target}: {error}");
    }
}

/// An input that a failure shows as text.
#[derive(Clone)]
struct Shown(Vec<u8>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// The files of `fuzz/corpus/<target>`, in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = home().join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder:?} is empty");
    files
}

/// The words of `fuzz/dictionaries/<target>.dict`, as libFuzzer reads them: one a line in quotes,
/// with `\\`, `\"` and `\xAB`.
fn dictionary(target: &str) -> Vec<Vec<u8>> {
    let file = home().join("dictionaries").join(format!("{target}.dict"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let quoted = text.lines().filter(|line| line.starts_with('"'));
    let words: Vec<Vec<u8>> = quoted.map(word).collect();
    assert!(!words.is_empty(), "{file:?} holds no word");
    words
}

fn word(line: &str) -> Vec<u8> {
    let inner = line
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut bytes = inner.expect(line).bytes();
    let mut word = Vec::new();
    while let Some(byte) = bytes.next() {
        word.push(match (byte, byte == b'\\') {
            (_, true) => match bytes.next().expect(line) {
                b'x' => {
                    let digits = [bytes.next().expect(line), bytes.next().expect(line)];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).expect(line)
                }
                other => other,
            },
            (byte, false) => byte,
        });
    }
    word
}

fn home() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Most often words, sometimes any text or any bytes.
fn piece(words: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> + Clone {
    prop_oneof![
        8 => select(words),
        1 => "[a-z ]{1,5}".prop_map(String::into_bytes),
        1 => ".{0,3}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ]
}

fn drawn(kept: Vec<Vec<u8>>, words: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let piece = piece(words);
    let together = prop::collection::vec(piece.clone(), 0..MOST_WORDS).prop_map(|all| all.concat());
    let change = (any::<Index>(), 0..4_usize, piece);
    let changed = (select(kept), prop::collection::vec(change, 1..MOST_CHANGES))
        .prop_map(|(input, changes)| changes.into_iter().fold(input, spliced));
    prop_oneof![together, changed]
}

/// `input` with some bytes at a place replaced.
fn spliced(mut input: Vec<u8>, (at, gone, piece): (Index, usize, Vec<u8>)) -> Vec<u8> {
    let at = at.index(input.len() + 1);
    let end = (at + gone).min(input.len());
    input.splice(at..end, piece);
    input
}
