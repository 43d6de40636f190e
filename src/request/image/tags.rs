//! The tags of a build: alone, or as the full references that docker/metadata-action prints.

use super::super::Facts;
use super::super::reader::Reader;
use super::repository::Repository;
use crate::image::{ImageRef, ReferenceError};

/// What `tags` says.
#[derive(Debug, Default)]
pub(in crate::request) struct Tags {
    /// Without what stood before them.
    pub(in crate::request) names: Vec<String>,
    /// The registry that full references name where `repository` has none.
    pub(in crate::request) registry: Option<String>,
}

/// Reads `tags`; the commit where there are none.
pub(super) fn tags(r: &mut Reader<'_>, repository: Option<&Repository>, facts: &Facts) -> Tags {
    let mut tags = Tags::default();
    for item in r.list("tags") {
        match read(&item, repository, tags.registry.as_deref()) {
            Ok((name, registry)) => {
                tags.names.push(name);
                tags.registry = tags.registry.or(registry);
            }
            Err(why) => {
                r.wrong("tags", &item, why);
                tags.names.push(item);
            }
        }
    }
    if tags.names.is_empty() {
        tags.names.extend(facts.sha.clone());
    }
    tags
}

/// The tag in one item, and the registry that it adds to a `repository` without one. `before` is what
/// the items before it added.
fn read(
    item: &str,
    repository: Option<&Repository>,
    before: Option<&str>,
) -> Result<(String, Option<String>), String> {
    if !item.contains(['/', ':', '@']) {
        check_tag(item)?;
        return Ok((item.to_owned(), None));
    }
    let problem = |error: ReferenceError| error.to_string();
    let reference: ImageRef = item.parse().map_err(problem)?;
    let (Some(tag), None) = (reference.tag(), reference.digest()) else {
        return Err("a tag is needed, alone or as `<repository>:<tag>`, and no digest".to_owned());
    };
    let Some(repository) = repository else {
        return Ok((tag.to_owned(), None));
    };
    let registry = repository.registry.as_deref().or(before);
    let named = registry.map(|registry| format!("{registry}/{}", repository.name));
    let same = match named.and_then(|named| named.parse::<ImageRef>().ok()) {
        Some(named) => named.is_same_repository(&reference),
        None => reference.ecr().is_some() && reference.path() == repository.name,
    };
    if !same {
        return Err(format!(
            "it names another repository than `repository`, which is `{repository}`: only that one is pushed to"
        ));
    }
    let adds = registry.is_none().then(|| reference.registry().to_owned());
    Ok((tag.to_owned(), adds))
}

/// Whether a text can be a tag.
pub(super) fn check_tag(tag: &str) -> Result<(), String> {
    crate::image::check_tag(tag).map_err(|_| {
        "a tag has up to 128 letters, digits, `_`, `.` or `-`, \
         and starts with a letter, a digit or `_`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{ImageSource, RawInputs, Request};
    use super::Facts;

    const URI: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app";

    /// The repository and the tags of a build, or what is wrong.
    fn built(repository: &str, tags: &str) -> Result<(String, Vec<String>), String> {
        let pairs = [
            ("service", "api"),
            ("repository", repository),
            ("tags", tags),
        ];
        let env = pairs.map(|(name, value)| {
            let name = format!("INPUT_{}", name.to_uppercase());
            (name, value.to_owned())
        });
        let raw = RawInputs::from_env(env);
        let request = Request::check(&raw, &Facts::default());
        let request = request.map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        match request.image {
            ImageSource::Build(spec) => Ok((spec.repository.to_string(), spec.tags)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_full_reference_of_the_repository_is_its_tag() {
        let both = format!("{URI}:main\n{URI}:sha-4f2a9c1,latest");
        let tags = ["main", "sha-4f2a9c1", "latest"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(built(URI, &both), Ok((URI.to_owned(), tags.clone())));
        // The references say in which registry it is.
        assert_eq!(built("team/app", &both), Ok((URI.to_owned(), tags)));
        // One registry of ECR has several hosts.
        let dual = "111122223333.dkr-ecr.eu-west-1.on.aws/team/app:v1";
        let tags = vec!["v1".to_owned()];
        assert_eq!(built(URI, dual), Ok((URI.to_owned(), tags.clone())));
        let local = "127.0.0.1:5000/app";
        assert_eq!(
            built(local, "127.0.0.1:5000/app:v1"),
            Ok((local.to_owned(), tags))
        );
    }

    #[test]
    fn a_reference_of_another_repository_is_refused() {
        let other = URI.replace("1111", "4444");
        for (repository, item) in [
            (URI, format!("{other}:v1")),
            (URI, format!("{URI}2:v1")),
            (URI, "ghcr.io/team/app:v1".to_owned()),
            ("team/app", "team/app:v1".to_owned()),
            ("team/app", "ghcr.io/team/app:v1".to_owned()),
            ("team/api", format!("{URI}:v1")),
        ] {
            let expected = format!(
                "`tags` is `{item}`: it names another repository than `repository`, which is `{repository}`: only that one is pushed to"
            );
            assert_eq!(built(repository, &item), Err(expected));
        }
        let two = built("team/app", &format!("{URI}:v1\n{other}:v1"));
        assert!(two.is_err_and(|why| why.contains(&other)));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for item in [URI, "api@v1", ":v1", "a b", "-x"] {
            assert!(built(URI, item).is_err(), "{item}");
        }
        let digest = format!("{URI}:v1@sha256:{}", "0".repeat(64));
        assert!(built(URI, &digest).is_err());
    }
}
