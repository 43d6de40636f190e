//! The tables of inputs and outputs in the reference are the code's.

use std::fmt::Write;

use plimsoll::report::OUTPUTS;
use plimsoll::request::inputs::{INPUTS, Kind, Unit};

use crate::files;

const NAME: &str = "docs/reference.md";

/// The table of inputs in Markdown, a heading row for each group.
fn inputs() -> String {
    let mut text = "| input | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    let mut group = None;
    for input in INPUTS {
        if group.replace(input.group) != Some(input.group) {
            writeln!(text, "| **{}** | | | |", input.group.title()).unwrap();
        }
        let default = match input.default {
            "" => String::new(),
            default => format!("`{default}` "),
        };
        writeln!(
            text,
            "| `{}` | {} | {default}| {} |",
            input.name,
            type_of(input.kind),
            cell(input.help)
        )
        .unwrap();
    }
    text
}

/// As the list of types over the table has it.
fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Flag => "flag",
        Kind::Choice(_) => "choice",
        Kind::Duration(Unit::Seconds) => "seconds",
        Kind::Duration(Unit::Minutes) => "minutes",
        Kind::Count => "number",
        Kind::List => "list",
        Kind::Lines => "lines",
    }
}

fn outputs() -> String {
    let mut text = "| output | meaning |\n|---|---|\n".to_owned();
    for (name, description) in OUTPUTS {
        writeln!(text, "| `{name}` | {} |", cell(description)).unwrap();
    }
    text
}

/// A `|` would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `document` with `table` between the markers `<!-- block -->` and `<!-- /block -->`.
fn with_block(document: &str, block: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {block} -->\n"), format!("<!-- /{block} -->"));
    let Some((before, rest)) = document.split_once(&open) else {
        panic!("{NAME} has no line `{}`", open.trim());
    };
    let Some((_, after)) = rest.split_once(&close) else {
        panic!("{NAME} has no `{close}` after `{}`", open.trim());
    };
    format!("{before}{open}{table}{close}{after}")
}

#[test]
fn the_tables_are_those_of_the_code() {
    let document = files::read(NAME);
    let wanted = with_block(
        &with_block(&document, "inputs", &inputs()),
        "outputs",
        &outputs(),
    );
    files::check(NAME, &wanted);
}
