//! Which image: one that exists, one to build, or the one that the task definition names.

mod tags;

use super::Facts;
use super::options::Network;
use super::reader::Reader;
use crate::secret::Secret;

/// Where the image comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageSource {
    /// A full reference that exists.
    Existing(String),
    /// A tag that exists in the repository.
    Tag {
        repository: Repository,
        tag: String,
    },
    /// Container and reference, in the order given; no container twice.
    Images(Vec<(String, String)>),
    Build(Box<BuildSpec>),
    /// Whatever the task definition names already.
    AsIs,
}

/// An ECR repository as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `111122223333.dkr.ecr.eu-central-1.amazonaws.com`, where a URI was given.
    pub registry: Option<String>,
    /// `team/app`.
    pub name: String,
}

impl Repository {
    /// The account in the URI.
    pub fn account(&self) -> Option<&str> {
        let first = self.registry.as_deref()?.split('.').next()?;
        is_account(first).then_some(first)
    }

    /// The region in the URI: what stands after `ecr`, `ecr-fips` or `dkr-ecr`.
    pub fn region(&self) -> Option<&str> {
        let mut parts = self.registry.as_deref()?.split('.');
        parts.find(|part| matches!(*part, "ecr" | "ecr-fips" | "dkr-ecr" | "dkr-ecr-fips"))?;
        parts.next()
    }
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.registry {
            Some(registry) => write!(f, "{registry}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// What to build, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildSpec {
    pub repository: Repository,
    /// At least one; the first decides about `skip_existing`.
    pub tags: Vec<String>,
    /// A directory.
    pub context: String,
    /// Path of the Dockerfile, from the working directory; absent means the context's own.
    pub file: Option<String>,
    pub target: Option<String>,
    /// `os/architecture`, perhaps with a variant.
    pub platform: String,
    pub build_args: Vec<(String, Secret)>,
    /// Id and value of what `RUN --mount=type=secret` may read.
    pub build_secrets: Vec<(String, Secret)>,
    pub labels: Vec<(String, String)>,
    /// References of images that carry their cache.
    pub cache_from: Vec<String>,
    /// Whether the image carries its cache (`cache-to: type=inline`).
    pub inline_cache: bool,
    pub no_cache: bool,
    pub pull: bool,
    pub network: Network,
    /// Host name and address.
    pub add_hosts: Vec<(String, String)>,
    pub skip_existing: bool,
}

/// The three inputs of which one names an image that exists.
const EXISTING: [&str; 3] = ["image", "image-tag", "images"];

pub(super) fn source(
    r: &mut Reader<'_>,
    repository: Option<&Repository>,
    facts: &Facts,
) -> ImageSource {
    let given: Vec<&str> = EXISTING
        .into_iter()
        .filter(|name| r.is_given(name))
        .collect();
    if let [first, rest @ ..] = given.as_slice()
        && !rest.is_empty()
    {
        let others: Vec<String> = rest.iter().map(|name| format!("`{name}`")).collect();
        let value = r.text(first).unwrap_or_default();
        let why = format!(
            "{} is given too; only one of the three may be",
            others.join(" and ")
        );
        r.wrong(first, value, why);
    }
    // The build's inputs are checked even where nothing is built: a slip should show at once.
    let spec = build_spec(r, repository, facts);
    if let Some(reference) = r.text("image") {
        check_reference(r, "image", reference);
        return ImageSource::Existing(reference.to_owned());
    }
    if let Some(tag) = r.text("image-tag") {
        if let Err(why) = tags::check_tag(tag) {
            r.wrong("image-tag", tag, why);
        }
        if !r.is_given("repository") {
            r.missing(
                "repository",
                format!("`image-tag` is a tag in it (`{tag}`)"),
            );
        }
        return match repository {
            Some(repository) => ImageSource::Tag {
                repository: repository.clone(),
                tag: tag.to_owned(),
            },
            None => ImageSource::AsIs,
        };
    }
    if r.is_given("images") {
        return ImageSource::Images(images(r));
    }
    match repository {
        Some(repository) => {
            if spec.tags.is_empty() {
                r.missing(
                    "tags",
                    "there is no `GITHUB_SHA` to take its place; name one tag to push",
                );
            }
            let registry = repository.registry.clone();
            ImageSource::Build(Box::new(BuildSpec {
                repository: Repository {
                    registry: registry.or(spec.repository.registry),
                    name: repository.name.clone(),
                },
                ..spec
            }))
        }
        None => ImageSource::AsIs,
    }
}

/// The `repository` input; absent where it isn't given, or isn't one.
pub(super) fn repository(r: &mut Reader<'_>) -> Option<Repository> {
    let text = r.text("repository")?;
    let (registry, path) = match text.split_once('/') {
        Some((host, path)) if is_registry(host) => (Some(host.to_owned()), path),
        _ => (None, text),
    };
    let (name, tail) = match path.find(['@', ':']) {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    if let Some(host) = other_registry(path).filter(|_| registry.is_none()) {
        let why = format!(
            "a repository of private ECR is needed, and `{host}` is another registry's host; \
             one in ECR that is called so is given by its URI"
        );
        r.wrong("repository", text, why);
    } else if !tail.is_empty() {
        let bare = text.strip_suffix(tail).unwrap_or(text);
        let why = match tail.strip_prefix(':') {
            Some(tag) => {
                format!("write `repository: {bare}`, and `{tag}` in `tags` or `image-tag`")
            }
            None => format!("write `repository: {bare}`, or the whole in `image`"),
        };
        r.wrong("repository", text, why);
    } else if !is_repository(name) {
        let why = "a repository's name (`team/app`: lower case, digits, `.`, `_`, `-`, `/`) or URI \
                   (`<account>.dkr.ecr.<region>.amazonaws.com/team/app`) is needed";
        r.wrong("repository", text, why);
    }
    Some(Repository {
        registry,
        name: name.to_owned(),
    })
}

/// Everything but the repository, which isn't known to be given; of it only the registry that the
/// tags name.
fn build_spec(r: &mut Reader<'_>, repository: Option<&Repository>, facts: &Facts) -> BuildSpec {
    let tags = tags::tags(r, repository, facts);
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
        build_args: pairs(r, "build-args", '=')
            .into_iter()
            .map(|(name, value)| (name, Secret::new(value)))
            .collect(),
        build_secrets: pairs(r, "build-secrets", '=')
            .into_iter()
            .map(|(id, value)| (id, Secret::new(value)))
            .collect(),
        labels: pairs(r, "labels", '='),
        cache_from: cache_from(r),
        inline_cache: inline_cache(r),
        no_cache: r.flag("no-cache"),
        pull: r.flag("pull"),
        network: r.choice("network").unwrap_or(Network::Default),
        add_hosts: add_hosts(r),
        skip_existing: r.flag("skip-existing"),
    }
}

fn context(r: &mut Reader<'_>) -> String {
    let context = r.text("context").unwrap_or_default();
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

fn images(r: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut images: Vec<(String, String)> = Vec::new();
    for item in r.list("images") {
        match item.split_once('=') {
            Some((container, reference)) if !container.trim().is_empty() => {
                let (container, reference) = (container.trim(), reference.trim());
                check_reference(r, "images", reference);
                if images.iter().any(|(name, _)| name == container) {
                    r.wrong(
                        "images",
                        &item,
                        format!("container `{container}` is named twice"),
                    );
                }
                images.push((container.to_owned(), reference.to_owned()));
            }
            _ => r.wrong("images", &item, "`container=reference` is needed"),
        }
    }
    images
}

/// `name=value` lines. Values may hold the separator; a name stands once.
fn pairs(r: &mut Reader<'_>, input: &str, separator: char) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (number, line) in r.lines(input) {
        match line.split_once(separator) {
            Some((name, value)) if !name.is_empty() => {
                if pairs.iter().any(|(other, _)| other == name) {
                    r.hidden(input, number, format!("`{name}` is given twice"));
                }
                pairs.push((name.to_owned(), value.to_owned()));
            }
            _ => r.hidden(input, number, format!("`name{separator}value` is needed")),
        }
    }
    pairs
}

/// A first look only; whether the reference names anything is the registry's to say.
fn check_reference(r: &mut Reader<'_>, input: &str, reference: &str) {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if reference.contains("://") || reference.contains(char::is_whitespace) || reference.is_empty()
    {
        r.wrong(
            input,
            reference,
            "a reference is needed, such as `<registry>/<name>:<tag>`",
        );
    } else if !last.contains([':', '@']) {
        r.wrong(
            input,
            reference,
            "the reference has no tag and no digest; add one",
        );
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the part before the first `/` is a host. A repository's own name may hold dots too, so a
/// dot alone isn't enough.
fn is_registry(host: &str) -> bool {
    host.contains(':')
        || host == "localhost"
        || host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        || host
            .split_once('.')
            .is_some_and(|(first, _)| is_account(first))
}

/// The first part of a path where it is a host by its looks. A name in ECR may begin so too, as that
/// of a pull-through cache does; it is rare enough to be asked for in full.
fn other_registry(path: &str) -> Option<&str> {
    const ENDS: [&str; 6] = [".aws", ".com", ".dev", ".io", ".net", ".org"];
    let (host, _) = path.split_once('/')?;
    ENDS.iter().any(|end| host.ends_with(end)).then_some(host)
}

/// ECR's grammar of names: 2 to 256 characters, parts of lower case letters and digits, with single
/// separators inside.
fn is_repository(name: &str) -> bool {
    let word = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !part.is_empty() && part.bytes().all(inner)
    };
    (2..=256).contains(&name.len())
        && name
            .split('/')
            .all(|part| part.replace("__", "_").split(['.', '_', '-']).all(word))
}
