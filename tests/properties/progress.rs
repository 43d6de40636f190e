//! BuildKit's progress: steps are counted and reported once, log lines are whole, clean and bounded.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::docker::progress::{
    BuildEvent, BuildProgress, Log, MAX_LINES, Status, TAIL_LINES, Vertex,
};

/// The longest text of an event, the sign that it was cut included.
const LONGEST: usize = 2_000 + 10;

/// Each line of `bytes` is a part of a message: `v`, a step's digit, and what is known of it (`s`
/// started, `c` completed, `k` cached, `e` and an error); `l`, a step's digit, and what it wrote,
/// with `$` for a line's end; `w` and a warning. An empty line ends the message.
pub(crate) fn holds(bytes: &[u8]) {
    let mut progress = BuildProgress::default();
    let mut told = Told::default();
    for message in messages(bytes) {
        told.steps_of(&message);
        progress.feed(&message, &mut |event| told.hear(event));
    }
    told.check();
    let follows = |error: &String| error.contains("context canceled");
    let Some(failed) = progress.into_failed() else {
        return assert!(told.failures.iter().all(follows), "{:?}", told.failures);
    };
    assert!(told.errors.contains(&failed.cause), "{failed:?}");
    sound(&failed.error);
    assert!(failed.log.len() <= TAIL_LINES);
    let is_of = |lines: &Vec<String>| {
        let mut parts = lines.windows(failed.log.len().max(1));
        parts.any(|some| some == failed.log)
    };
    let is_told = failed.log.is_empty() || told.lines.values().any(is_of);
    assert!(is_told || told.cut, "{:?}", failed.log);
}

/// What was reported, and what the messages said.
#[derive(Default)]
struct Told {
    /// Steps that were said to begin, in this order.
    begun: Vec<usize>,
    ended: BTreeSet<usize>,
    /// The errors that were reported, and all that the messages held.
    failures: Vec<String>,
    errors: BTreeSet<String>,
    lines: BTreeMap<usize, Vec<String>>,
    /// Events, without the one that says that others are missing.
    count: usize,
    cut: bool,
    /// By the step's number what it wrote since it began, and its digest.
    written: BTreeMap<usize, Vec<u8>>,
    numbers: BTreeMap<String, usize>,
}

impl Told {
    /// Follows the messages by itself: which steps there are, and what each wrote.
    fn steps_of(&mut self, message: &Status) {
        for vertex in &message.vertexes {
            let number = self.numbers.len() + 1;
            if vertex.started.is_some() {
                self.numbers.entry(vertex.digest.clone()).or_insert(number);
            }
        }
        for log in &message.logs {
            if let Some(number) = self.numbers.get(&log.vertex) {
                self.written
                    .entry(*number)
                    .or_default()
                    .extend(&log.message);
            }
        }
        for vertex in &message.vertexes {
            self.errors.insert(vertex.error.clone());
            let Some(number) = self.numbers.get(&vertex.digest) else {
                continue;
            };
            let written = self.written.entry(*number).or_default();
            if vertex.completed.is_some() && written.last().is_some_and(|byte| *byte != b'\n') {
                written.push(b'\n');
            }
        }
    }

    fn hear(&mut self, event: BuildEvent) {
        self.count += usize::from(!matches!(event, BuildEvent::LogCut { .. }));
        let ends = match &event {
            BuildEvent::Cached { step, .. }
            | BuildEvent::Done { step, .. }
            | BuildEvent::Failed { step, .. } => Some(*step),
            _ => None,
        };
        let once = ends.is_none_or(|step| self.ended.insert(step));
        assert!(once, "a step ends twice: {event:?}");
        let text = match event {
            BuildEvent::Started { step, name } => {
                self.begun.push(step);
                name
            }
            BuildEvent::Cached { name, .. } => name,
            BuildEvent::Done { name, seconds, .. } => {
                assert!(seconds >= 0.0 && seconds.is_finite());
                name
            }
            BuildEvent::Failed { name, error, .. } => {
                sound(&error);
                self.failures.push(error);
                name
            }
            BuildEvent::Log { step, line } => {
                self.lines.entry(step).or_default().push(line.clone());
                line
            }
            BuildEvent::Warning { message } => message,
            BuildEvent::LogCut { after } => {
                assert!(!self.cut && after == MAX_LINES);
                self.cut = true;
                return;
            }
            BuildEvent::ContextSent { .. } => panic!("nothing was sent"),
        };
        sound(&text);
    }

    fn check(&self) {
        assert!(
            self.begun.is_sorted_by(|one, next| one < next),
            "{:?}",
            self.begun
        );
        assert!(
            self.begun
                .iter()
                .all(|step| (1..=self.numbers.len()).contains(step))
        );
        assert!(self.count <= MAX_LINES);
        if self.cut {
            return;
        }
        for (number, written) in &self.written {
            let whole = written.iter().rposition(|byte| *byte == b'\n');
            let expected: Vec<&[u8]> = match whole {
                Some(end) => written[..end].split(|byte| *byte == b'\n').collect(),
                None => Vec::new(),
            };
            let told = self.lines.get(number).map_or(&[][..], Vec::as_slice);
            assert_eq!(told.len(), expected.len(), "step {number}: {told:?}");
            for (told, expected) in told.iter().zip(expected) {
                // What is plain stays to the letter.
                if expected.len() <= LONGEST - 10
                    && expected.iter().all(|b| matches!(b, b' '..=b'~'))
                {
                    assert_eq!(told.as_bytes(), expected);
                }
            }
        }
    }
}

/// One bounded line, without what can't be seen or turns the line round.
fn sound(text: &str) {
    assert!(
        text.chars().count() <= LONGEST,
        "{} characters",
        text.chars().count()
    );
    let hidden = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.chars().any(hidden), "{text:?}");
}

fn messages(bytes: &[u8]) -> Vec<Status> {
    let mut messages = vec![Status::default()];
    for line in bytes.split(|byte| *byte == b'\n') {
        let last = messages.len() - 1;
        let message = &mut messages[last];
        match line {
            [] => messages.push(Status::default()),
            [b'v', step, rest @ ..] => message.vertexes.push(vertex(*step, rest)),
            [b'l', step, rest @ ..] => message.logs.push(Log {
                vertex: digest(*step),
                message: with_ends(rest),
            }),
            [b'w', rest @ ..] => message.warnings.push(with_ends(rest)),
            _ => {}
        }
    }
    messages
}

fn vertex(step: u8, rest: &[u8]) -> Vertex {
    let words = rest.iter().position(|byte| *byte == b'e');
    let (signs, error) = rest.split_at(words.unwrap_or(rest.len()));
    let at = |sign: u8| signs.iter().position(|byte| *byte == sign);
    // Later signs are later times, so that a step may also end before it began.
    let seconds = |place: usize| place as f64 * 1e300_f64.powi(i32::from(place == 5));
    Vertex {
        digest: digest(step),
        name: String::from_utf8_lossy(rest).into_owned(),
        cached: at(b'k').is_some(),
        started: at(b's').map(seconds),
        completed: at(b'c').map(seconds),
        error: String::from_utf8_lossy(error).into_owned(),
    }
}

fn digest(step: u8) -> String {
    format!("sha256:{step}")
}

fn with_ends(bytes: &[u8]) -> Vec<u8> {
    let put = |byte: &u8| if *byte == b'$' { b'\n' } else { *byte };
    bytes.iter().map(put).collect()
}
