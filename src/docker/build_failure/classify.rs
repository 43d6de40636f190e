//! What kind of failure a build ended with, read from BuildKit's words.
//!
//! Pure. BuildKit hands out texts, not codes, and has reworded them between releases. It repeats in
//! them what others wrote (a command, a path, an address, an image's name), which says nothing about
//! why it failed and is taken out first.

use http::StatusCode;

use super::kind::BuildFailureKind as Kind;
use crate::docker::progress::FailedStep;
use crate::docker::words::{http_status, is_dropped, is_unreachable, unquoted};

/// The failed step's last lines in which its program may say that it can't be run.
const LAST_LINES: usize = 3;

/// One failure in the engine's words: the whole, and without what it repeats.
struct Said<'a> {
    /// Of the stream, then of the step.
    raw: [&'a str; 2],
    words: [String; 2],
    /// How the command ended, where one was run.
    end: Option<&'a str>,
}

/// `error` is what the stream ended with.
pub(super) fn classify(error: &str, failed: Option<&FailedStep>) -> Kind {
    let step = failed.map_or("", |step| step.name.as_str());
    let image = base_image(step);
    let said = Said::new([error, failed.map_or("", |step| &step.cause)], image);
    if let Some(exit_code) = said.end.and_then(exit_code) {
        let log = failed.map_or(&[][..], |step| &step.log);
        return match cannot_run(exit_code, log) {
            true => Kind::WrongArchitecture,
            false => Kind::Run { exit_code },
        };
    }
    if said.has(&["dockerfile parse error"]) {
        return Kind::Syntax { line: said.line() };
    }
    if let Some(kind) = missing(&said) {
        return kind;
    }
    if said.has(LOST) {
        return Kind::Engine;
    }
    if let Some(kind) = server_or_host(&said, image) {
        return kind;
    }
    if let Some(kind) = image.and_then(|image| refused(&said, image)) {
        return kind;
    }
    if said.has(ENGINE) {
        return Kind::Engine;
    }
    match failed {
        Some(_) if is_instruction(step) => Kind::Step,
        Some(_) => Kind::Other,
        // No step failed: the frontend doesn't know what to make of the Dockerfile.
        None if !said.words[0].is_empty() => Kind::Dockerfile,
        None => Kind::Other,
    }
}

/// The engine's words about the connections between its own parts. They may end as those about a
/// registry's do.
const LOST: &[&str] = &[
    "rpc error: code = Unavailable",
    "rpc error: code = Canceled",
    "rpc error: code = DeadlineExceeded",
    "rpc error: code = Internal",
    "no active session",
    "error reading from server",
];

/// The engine's words about its host, its storage, and an end that it was set.
const ENGINE: &[&str] = &[
    "context deadline exceeded",
    "context canceled",
    "transport is closing",
    "cannot allocate memory",
    "input/output error",
    "read-only file system",
    "too many open files",
    "failed to mount",
    "failed to prepare",
    "failed to create endpoint",
    "failed to create shim",
    "failed to register layer",
    "database not open",
    "runc did not terminate",
    "shutting down",
    "closing daemon",
    "lease does not exist",
];

impl<'a> Said<'a> {
    fn new(raw: [&'a str; 2], image: Option<&str>) -> Self {
        let end = raw.into_iter().rev().find_map(end_of_command);
        let words = raw.map(|raw| {
            let text = end_of_command(raw).unwrap_or(raw);
            let text = unquoted(text);
            match image {
                Some(image) => text.replace(image, ""),
                None => text,
            }
        });
        Self { raw, words, end }
    }

    fn has(&self, needles: &[&str]) -> bool {
        let said = |needle: &&str| self.words.iter().any(|words| words.contains(*needle));
        needles.iter().any(said)
    }

    fn status(&self) -> Option<StatusCode> {
        self.words.iter().find_map(|words| http_status(words))
    }

    fn line(&self) -> Option<u32> {
        let markers = ["parse error line ", "parse error on line "];
        let mut found = markers
            .iter()
            .flat_map(|marker| self.words.iter().map(move |words| (words, marker)));
        found.find_map(|(words, marker)| number_after(words, marker))
    }
}

/// What the user named and isn't there.
fn missing(said: &Said<'_>) -> Option<Kind> {
    if said.has(&["target stage"]) && said.has(&["could not be found"]) {
        let found = said
            .raw
            .into_iter()
            .find_map(|raw| between(raw, "target stage ", " could not be found"));
        return Some(Kind::UnknownTarget {
            target: found.unwrap_or_default().trim_matches('"').to_owned(),
        });
    }
    let looked_for_a_file = said.has(&[
        "failed to compute cache key",
        "failed to calculate checksum",
        "no source files were specified",
    ]);
    if let Some(path) = said.raw.into_iter().find_map(missing_path)
        && looked_for_a_file
    {
        return Some(Kind::MissingFile {
            path: path.to_owned(),
        });
    }
    // `secret a not found: not found`, which newer engines say once only.
    let id = said
        .raw
        .into_iter()
        .filter(|raw| raw.starts_with("secret ") || raw.contains(": secret "))
        .find_map(|raw| between(raw, "secret ", ": not found"))?;
    let id = id.trim_end_matches(" not found").trim_matches('"');
    (said.end.is_none() && !id.is_empty() && !id.contains(' '))
        .then(|| Kind::MissingSecret { id: id.to_owned() })
}

/// A server, a way to it or a disk that could not be used.
fn server_or_host(said: &Said<'_>, image: Option<&str>) -> Option<Kind> {
    let image = image.map(str::to_owned);
    let status = said.status();
    if said.has(&["no space left on device", "disk quota exceeded"]) {
        Some(Kind::DiskFull)
    } else if said.has(&["toomanyrequests"]) || status == Some(StatusCode::TOO_MANY_REQUESTS) {
        Some(Kind::RateLimited { image })
    } else if said.words.iter().any(|words| is_unreachable(words)) {
        Some(Kind::Network)
    } else if status.is_some_and(|status| status.is_server_error())
        || said.words.iter().any(|words| is_dropped(words))
    {
        Some(Kind::RegistryFailed { image })
    } else {
        None
    }
}

/// A registry that answers, and has no image for us.
fn refused(said: &Said<'_>, image: &str) -> Option<Kind> {
    let image = image.to_owned();
    let status = said.status();
    if said.has(&[
        "no match for platform",
        "does not match the specified platform",
    ]) {
        Some(Kind::BaseImagePlatform { image })
    } else if said.has(&[
        "pull access denied",
        "insufficient_scope",
        "unauthorized",
        "authorization failed",
        "no basic auth credentials",
        "denied: ",
    ]) || matches!(
        status,
        Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    ) {
        Some(Kind::BaseImageDenied { image })
    } else if said.has(&["not found", "manifest unknown", "does not exist"]) {
        Some(Kind::BaseImageMissing { image })
    } else {
        None
    }
}

/// A program of another architecture says so itself, in the step's log: its end is an exit code like
/// any other (1 and 255 of runc, 126 of a shell).
fn cannot_run(exit_code: i32, log: &[String]) -> bool {
    let says_so = |line: &String| {
        line.trim_end()
            .to_lowercase()
            .ends_with("exec format error")
    };
    matches!(exit_code, 1 | 126 | 255) && log.iter().rev().take(LAST_LINES).any(says_so)
}

/// What stands behind the command that the engine repeats:
/// `executor failed running [/bin/sh -c …]: <end>` (20.10),
/// `process "/bin/sh -c …" did not complete successfully: <end>` (23 and later).
fn end_of_command(text: &str) -> Option<&str> {
    if let Some((_, rest)) = text.split_once("executor failed running [") {
        return rest.rsplit_once("]: ").map(|(_, end)| end);
    }
    let (_, rest) = text.split_once("process \"")?;
    let mut is_escaped = false;
    let quote = rest.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    rest[quote + 1..].strip_prefix(" did not complete successfully: ")
}

fn exit_code(end: &str) -> Option<i32> {
    let digits = end.strip_prefix("exit code: ")?;
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    digits[..length].parse().ok()
}

/// The image in `[internal] load metadata for <image>`, `[n/m] FROM <image>@…`, `FROM <image>` and
/// `resolve image config for <frontend>`.
fn base_image(step: &str) -> Option<&str> {
    let rest = without_number(step);
    let named = [
        "load metadata for ",
        "FROM ",
        "resolve image config for docker-image://",
        "resolve image config for ",
        "docker-image://",
    ]
    .iter()
    .find_map(|words| rest.strip_prefix(words))?;
    let image = named.split(['@', ' ']).next()?;
    (!image.is_empty()).then_some(image)
}

/// A step of the Dockerfile, `[2/3] RUN make` or `[build 2/3] COPY a /`, or the address of an `ADD`.
fn is_instruction(step: &str) -> bool {
    let is_numbered = step.starts_with('[') && !step.starts_with("[internal]");
    is_numbered || step.starts_with("https://") || step.starts_with("http://")
}

fn without_number(step: &str) -> &str {
    match step
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        Some((_, rest)) => rest,
        None => step,
    }
}

/// The path in `"/nope.txt": not found`, which older engines write without the colon.
fn missing_path(text: &str) -> Option<&str> {
    let end = text
        .find("\": not found")
        .or_else(|| text.find("\" not found"))?;
    text[..end].rsplit('"').next()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

fn number_after(text: &str, marker: &str) -> Option<u32> {
    let rest = &text[text.find(marker)? + marker.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}
