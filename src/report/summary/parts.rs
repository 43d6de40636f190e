//! Parts of a summary, and which of them stay where not all have room. Nothing here knows what a
//! part is about.

/// Names of left out parts that are listed.
const NAMED_MAX: usize = 6;

/// One part; parts are shown in the order in which they stand.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The parts with the greatest rank go first; those of rank 0 never go.
    rank: u8,
    /// How it is named where it is left out; our own words.
    name: String,
    text: String,
}

impl Part {
    pub(super) fn new(rank: u8, name: impl Into<String>, text: String) -> Part {
        Part {
            rank,
            name: name.into(),
            text,
        }
    }
}

/// The parts, a blank line between two, in at most `max` bytes; what had to go is said at the end.
/// Of two parts of one rank the later goes first.
pub(super) fn fit(mut parts: Vec<Part>, max: usize) -> String {
    parts.retain(|part| !part.text.is_empty());
    let size = |part: &Part| part.text.len() + 2;
    let mut total: usize = parts.iter().map(size).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&at| (parts[at].rank, at));
    let mut gone = Vec::new();
    let listed = |gone: &[usize]| note(gone.iter().map(|&at| parts[at].name.as_str()));
    while total + listed(&gone).len() > max {
        let Some(at) = order.pop().filter(|&at| parts[at].rank > 0) else {
            break;
        };
        total -= size(&parts[at]);
        gone.push(at);
        gone.sort_unstable();
    }
    let mut text = String::with_capacity(max);
    for (at, part) in parts.iter().enumerate() {
        if gone.binary_search(&at).is_err() {
            text.push_str(part.text.trim_end_matches('\n'));
            text.push_str("\n\n");
        }
    }
    text.push_str(&listed(&gone));
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
    text
}

fn note<'a>(gone: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in gone {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return String::new();
    }
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let mut text = format!("_Left out because of the size limit: {}", names.join(", "));
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text.push_str("; the JSON report has it all._\n");
    text
}

/// How much of a list is shown.
#[derive(Clone, Copy)]
pub(super) struct RowLimit {
    /// Lines.
    pub(super) rows: usize,
    /// Bytes of all lines together.
    pub(super) bytes: usize,
}

impl RowLimit {
    pub(super) const fn new(rows: usize, bytes: usize) -> RowLimit {
        RowLimit { rows, bytes }
    }

    /// As many rows as fit into so many bytes.
    pub(super) const fn bytes(bytes: usize) -> RowLimit {
        RowLimit::new(usize::MAX, bytes)
    }
}

/// The first of `items` as `line` writes them, one a line, as far as `limit` goes. How many are left
/// over, too.
pub(super) fn first_of<T>(
    items: &[T],
    line: impl Fn(&T) -> String,
    limit: RowLimit,
) -> (String, usize) {
    let mut text = String::new();
    for (count, item) in items.iter().take(limit.rows).enumerate() {
        let line = line(item);
        if text.len() + line.len() >= limit.bytes {
            return (text, items.len() - count);
        }
        text.push_str(&line);
        text.push('\n');
    }
    (text, items.len().saturating_sub(limit.rows))
}

/// `text` behind one line that unfolds it. `title` is HTML of ours: nothing from outside.
pub(super) fn folded(title: &str, text: &str) -> String {
    details("<details>", title, text)
}

/// As [`folded`], open from the start.
pub(super) fn unfolded(title: &str, text: &str) -> String {
    details("<details open>", title, text)
}

fn details(tag: &str, title: &str, text: &str) -> String {
    // Without the blank lines GitHub reads what is inside as HTML.
    let text = text.trim_end_matches('\n');
    format!("{tag}<summary>{title}</summary>\n\n{text}\n\n</details>\n")
}
