//! Which image: one that exists, one to build, or the one that the task definition names.

mod repository;
mod tags;

pub use repository::Repository;
pub(super) use tags::Tags;

use super::Facts;
use super::build::{BuildSpec, build_spec};
use super::reader::Reader;
use repository::is_account;

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
    let tags = tags::tags(r, repository, facts);
    let spec = build_spec(r, tags);
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
