//! What to build, and how: the inputs that docker/build-push-action has too, read as it reads them.
//!
//! Nothing is looked up here: a build argument without a value stays one.

use std::time::Duration;

use super::image::{Repository, Tags};
use super::options::Network;
use super::reader::Reader;
use crate::secret::Secret;

/// In that action the context as its checkout has it; here the workspace is just that.
const DEFAULT_CONTEXT: &str = "{{defaultContext}}";

/// What to build, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildSpec {
    /// Where the image is pushed to.
    pub repository: Repository,
    /// At least one; the first decides about `skip_existing`.
    pub tags: Vec<String>,
    /// A directory.
    pub context: String,
    /// Path of the Dockerfile, from the working directory; absent means the context's own.
    pub file: Option<String>,
    /// `target`.
    pub target: Option<String>,
    /// `os/architecture`, perhaps with a variant.
    pub platform: String,
    /// Without a value it is that of the environment's variable of the same name.
    pub build_args: Vec<(String, Option<Secret>)>,
    /// Id and value of what `RUN --mount=type=secret` may read; the value may be empty.
    pub build_secrets: Vec<(String, Secret)>,
    /// `labels`, name and value.
    pub labels: Vec<(String, String)>,
    /// References of images that carry their cache.
    pub cache_from: Vec<String>,
    /// Whether the image carries its cache (`cache-to: type=inline`).
    pub inline_cache: bool,
    /// `no-cache`.
    pub no_cache: bool,
    /// `pull`.
    pub pull: bool,
    /// `network`.
    pub network: Network,
    /// Host name and address.
    pub add_hosts: Vec<(String, String)>,
    /// `skip-existing`.
    pub skip_existing: bool,
    /// How long the build may take.
    pub timeout: Duration,
}

/// Everything but the repository, which isn't known to be given; of it only the registry that the
/// tags name.
pub(super) fn build_spec(r: &mut Reader<'_>, tags: Tags) -> BuildSpec {
    BuildSpec {
        repository: Repository {
            registry: tags.registry,
            name: String::new(),
        },
        tags: tags.names,
        context: context(r),
        file: r.text("file").map(str::to_owned),
        target: r.text("target").map(str::to_owned),
        platform: platform(r),
        build_args: build_args(r),
        build_secrets: build_secrets(r),
        labels: labels(r),
        cache_from: cache_from(r),
        inline_cache: inline_cache(r),
        no_cache: r.flag("no-cache"),
        pull: r.flag("pull"),
        network: r.choice("network").unwrap_or(Network::Default),
        add_hosts: add_hosts(r),
        skip_existing: r.flag("skip-existing"),
        timeout: r.duration("build-timeout"),
    }
}

fn build_args(r: &mut Reader<'_>) -> Vec<(String, Option<Secret>)> {
    let named = named(r, "build-args");
    named
        .into_iter()
        .map(|(_, name, value)| (name, value.map(Secret::new)))
        .collect()
}

fn build_secrets(r: &mut Reader<'_>) -> Vec<(String, Secret)> {
    let mut secrets = Vec::new();
    for (line, id, value) in named(r, "build-secrets") {
        match value {
            Some(value) => secrets.push((id, Secret::new(value))),
            None => r.hidden("build-secrets", line, "`id=value` is needed"),
        }
    }
    secrets
}

fn labels(r: &mut Reader<'_>) -> Vec<(String, String)> {
    let named = named(r, "labels");
    named
        .into_iter()
        .map(|(_, name, value)| (name, value.unwrap_or_default()))
        .collect()
}

/// Items `name=value` or `name`, with their lines. A name stands once. One with a quote or a blank
/// in it is a slip that would go unseen: the value would be another's, and this one's nothing.
fn named(r: &mut Reader<'_>, input: &str) -> Vec<(usize, String, Option<String>)> {
    let mut found: Vec<(usize, String, Option<String>)> = Vec::new();
    for item in r.quoted(input) {
        let (name, value) = match item.text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (item.text.as_str(), None),
        };
        if name.is_empty() {
            r.hidden(input, item.line, "`name=value` is needed");
        } else if name.contains(['"', '\'']) {
            let why = "the name has a quote in it; quotes stand around the whole line, as in `\"name=a b\"`, and a quote inside is written `\"\"`";
            r.hidden(input, item.line, why);
        } else if name.contains(char::is_whitespace) {
            let why = "the name has a blank in it; `name=value` is needed, and a value of several lines stands in quotes, `\"name=first line` … `last line\"`";
            r.hidden(input, item.line, why);
        } else if found.iter().any(|(_, other, _)| other == name) {
            r.hidden(input, item.line, format!("`{name}` is given twice"));
        }
        found.push((item.line, name.to_owned(), value));
    }
    found
}

fn context(r: &mut Reader<'_>) -> String {
    let context = r.text("context").unwrap_or_default();
    if let Some(rest) = context.strip_prefix(DEFAULT_CONTEXT) {
        let folder = rest.trim_start_matches(':').trim_start_matches('/');
        let folder = if folder.is_empty() { "." } else { folder };
        let why = format!(
            "the context is the checked-out workspace here: write `context: {folder}`, after `actions/checkout`"
        );
        r.wrong("context", context, why);
        return folder.to_owned();
    }
    if context.contains("://") || context.starts_with("git@") {
        r.wrong(
            "context",
            context,
            "a directory is needed; check the sources out first",
        );
    }
    context.to_owned()
}

fn platform(r: &mut Reader<'_>) -> String {
    let platform = r.text("platform").unwrap_or_default();
    if platform.contains(',') || platform.contains('\n') {
        r.wrong(
            "platform",
            platform,
            "exactly one platform is built, such as `linux/amd64`",
        );
    } else if !is_platform(platform) {
        r.wrong(
            "platform",
            platform,
            "`linux/amd64` or `linux/arm64` is needed",
        );
    }
    platform.to_owned()
}

/// ECS on Linux runs these two.
fn is_platform(text: &str) -> bool {
    matches!(text, "linux/amd64" | "linux/arm64" | "linux/arm64/v8")
}

fn cache_from(r: &mut Reader<'_>) -> Vec<String> {
    let mut references = Vec::new();
    for (_, line) in r.lines("cache-from") {
        let reference = match line.split_once('=') {
            None => Some(line),
            Some(_) => registry_reference(line),
        };
        match reference {
            Some(reference) => references.push(reference.to_owned()),
            None => {
                let why = "a reference, or `type=registry,ref=<reference>`, is needed; \
                           other kinds of cache aren't there yet";
                r.wrong("cache-from", line, why);
            }
        }
    }
    references
}

/// The reference in `type=registry,ref=<reference>`.
fn registry_reference(line: &str) -> Option<&str> {
    let mut reference = None;
    for (name, value) in line
        .split(',')
        .map(|part| part.split_once('=').unwrap_or((part, "")))
    {
        match (name.trim(), value.trim()) {
            ("type", "registry") => {}
            ("ref", value) if !value.is_empty() => reference = Some(value),
            _ => return None,
        }
    }
    reference
}

fn inline_cache(r: &mut Reader<'_>) -> bool {
    let lines = r.lines("cache-to");
    for (_, line) in &lines {
        if *line != "type=inline" {
            r.wrong("cache-to", line, "only `type=inline` is there yet");
        }
    }
    !lines.is_empty()
}

fn add_hosts(r: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut hosts = Vec::new();
    for item in r.list("add-hosts") {
        // The address may be an IPv6 one, so the first separator counts.
        match item.split_once(['=', ':']) {
            Some((name, address)) if !name.is_empty() && !address.is_empty() => {
                hosts.push((name.to_owned(), address.to_owned()));
            }
            _ => r.wrong("add-hosts", &item, "`name:address` is needed"),
        }
    }
    hosts
}
