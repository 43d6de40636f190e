//! Lines of the log: a text from outside is never a workflow command, and a command of ours stays
//! the one that it is.

use plimsoll::redact::Redactor;
use plimsoll::runner::commands::{Fence, add_mask, debug, error, group, notice, plain, warning};

/// What the runner makes of one line: name, properties as they stand, data.
type Command = (String, String, String);

/// As much as a line of the live log holds, and as an annotation does.
const LONGEST_LINE: usize = 1024;
const LONGEST_ANNOTATION: usize = 4096;

/// The first line of `bytes` is the title, the whole is the text.
pub(crate) fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let title = text.split('\n').next().unwrap_or_default();

    // No secret is known: what is shown is the text itself.
    let shown = |text: &str| Redactor::default().shown(text);
    let line = plain(&shown(&text));
    assert_eq!(heard(&line), Vec::new(), "{line:?}");
    assert!(line.chars().all(visible), "{line:?}");
    assert!(line.chars().count() <= LONGEST_LINE);
    assert_eq!(plain(&shown(&line)), line);

    for (name, line) in [
        ("error", error(Some(title), &shown(&text))),
        ("warning", warning(Some(title), &shown(&text))),
        ("notice", notice(None, &shown(&text))),
        ("debug", debug(&shown(&text))),
        ("group", group(&shown(&text))),
        ("add-mask", add_mask(&text)),
    ] {
        only_command(name, title, &line);
    }
    // A mask is taken to the letter.
    let (_, _, mask) = heard(&add_mask(&text)).remove(0);
    assert_eq!(mask, text);

    // Nothing that somebody else wrote opens the runner's ears.
    let fence = Fence::new();
    let close = heard(&fence.close()).remove(0).0;
    assert!(heard(&text).iter().all(|(name, ..)| *name != close));
}

fn only_command(expected: &str, title: &str, line: &str) {
    let commands = heard(line);
    let [(name, properties, data)] = commands.as_slice() else {
        panic!("{} commands in {line:?}", commands.len());
    };
    assert_eq!(name, expected, "{line:?}");
    if properties.is_empty() {
        return;
    }
    let said = properties.strip_prefix("title=").expect("a title alone");
    assert!(!said.contains([',', ':', '\n', '\r']), "{line:?}");
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    if title.chars().all(plain) && title.len() < LONGEST_LINE {
        // The runner trims the properties as a whole.
        assert_eq!(unescaped(said).trim_end(), title.trim_end(), "{line:?}");
    }
    assert!(
        data.chars().all(|c| visible(c) || "\n\r".contains(c)),
        "{line:?}"
    );
    assert!(data.chars().count() <= LONGEST_ANNOTATION);
}

/// Neither a control character nor one that turns or hides what stands around it.
fn visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Every command that the runner finds in `text`, as its own parser does it: lines end at CR too,
/// `::` counts after any blanks, `##[` anywhere.
fn heard(text: &str) -> Vec<Command> {
    text.split(['\n', '\r'])
        .filter_map(|line| version_2(line).or_else(|| version_1(line)))
        .collect()
}

fn version_2(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    Some((
        name.to_owned(),
        properties.trim().to_owned(),
        unescaped(data),
    ))
}

fn version_1(line: &str) -> Option<Command> {
    let (info, data) = line.split_once("##[")?.1.split_once(']')?;
    Some((info.to_owned(), String::new(), data.to_owned()))
}

/// The runner puts these back one after the other, the sign itself last.
fn unescaped(text: &str) -> String {
    let escapes = [
        ("%0D", "\r"),
        ("%0A", "\n"),
        ("%3A", ":"),
        ("%2C", ","),
        ("%25", "%"),
    ];
    let put_back = |text: String, (escape, sign): (&str, &str)| text.replace(escape, sign);
    escapes.into_iter().fold(text.to_owned(), put_back)
}
