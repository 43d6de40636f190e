//! The files that the runner reads once the step has ended: outputs and the job summary.
//!
//! A file that can't be written is an error to tell, never a reason to panic or to fail a deploy.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::token;

/// The longest value of one output: the runner takes 1 MiB for a whole job.
const OUTPUT_BYTES: usize = 32 * 1024;

/// What a summary adds at most: nobody reads more, and other steps have their part.
const SUMMARY_BYTES: usize = 64 * 1024;

/// The runner throws a larger summary away as a whole.
const SUMMARY_FILE_BYTES: u64 = 1024 * 1024;

const CUT: &str = "\n\n… the rest is in the report\n";

/// Appends the outputs to the file that `GITHUB_OUTPUT` names. Each value stands between two equal
/// words that nobody can guess, so that no value can set another output.
///
/// # Errors
/// The file can't be written; the error names it.
pub fn write_outputs(file: &Path, outputs: &[(&'static str, String)]) -> io::Result<()> {
    let text: String = outputs
        .iter()
        .map(|(name, value)| assigned(name, up_to(value, OUTPUT_BYTES)))
        .collect();
    append(file, &text)
}

pub(super) fn assigned(name: &str, value: &str) -> String {
    let end = token::random();
    format!("{name}<<{end}\n{value}\n{end}\n")
}

/// Appends `markdown` to the file that `GITHUB_STEP_SUMMARY` names, cut at the end of a line where
/// it is too long.
///
/// # Errors
/// The file can't be written, or is full; the error names it.
pub fn append_summary(file: &Path, markdown: &str) -> io::Result<()> {
    let there = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let mut text = up_to(markdown, SUMMARY_BYTES).to_owned();
    if text.len() < markdown.len() {
        let short = up_to(&text, SUMMARY_BYTES - CUT.len());
        let line_end = short.rfind('\n').unwrap_or(short.len());
        text.truncate(line_end);
        text.push_str(CUT);
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if there.saturating_add(text.len() as u64) > SUMMARY_FILE_BYTES {
        let why = format!(
            "the job summary `{}` has no room left: {there} bytes",
            file.display()
        );
        return Err(io::Error::other(why));
    }
    append(file, &text)
}

pub(super) fn append(file: &Path, text: &str) -> io::Result<()> {
    let write = || {
        OpenOptions::new()
            .append(true)
            .create(true)
            // A pipe that nobody reads is an error, and nothing to wait for.
            .custom_flags(libc::O_NONBLOCK)
            .open(file)?
            .write_all(text.as_bytes())
    };
    write().map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("`{}` can't be written: {error}", file.display()),
        )
    })
}

/// The longest start of `text` within `bytes`.
fn up_to(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
