//! Image references: `[registry/]path[:tag][@digest]`, parsed by the grammar of the distribution
//! project and never split on `:` alone, since a port and a digest hold one too.

use std::fmt;
use std::str::FromStr;

#[cfg(test)]
mod tests;

/// The registry that a reference without one means.
pub const DOCKER_HUB: &str = "docker.io";

/// The longest name (registry and path together) that registries take.
const MAX_NAME: usize = 255;

/// The longest tag that registries take.
const MAX_TAG: usize = 128;

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("an image reference is empty")]
    Empty,
    #[error(
        "`{0}` holds an upper case letter in the repository's path; repositories are lower case"
    )]
    UpperCase(String),
    #[error("`{0}` is no image reference; it reads `[registry/]repository[:tag][@digest]`")]
    Name(String),
    #[error("the name in `{0}` is longer than {MAX_NAME} characters")]
    TooLong(String),
    #[error(
        "`{0}` is no tag; a tag is 1 to {MAX_TAG} letters, digits, `_`, `.` and `-`, and starts with none of the last two"
    )]
    Tag(String),
    #[error("`{0}` is no digest; it reads `sha256:` and 64 lower case hexadecimal digits")]
    Digest(String),
}

/// The SHA-256 of a manifest: `sha256:` and 64 lower case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let hex = text.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ReferenceError::Digest(text.to_owned()))
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A parsed reference. Without tag and digest it names a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageRef {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl ImageRef {
    /// Host and port, e.g. `123456789012.dkr.ecr.eu-central-1.amazonaws.com`, `127.0.0.1:5000`,
    /// `docker.io`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository's path in its registry, e.g. `team/api`, `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same repository without tag and digest.
    pub fn repository(&self) -> Self {
        Self {
            tag: None,
            digest: None,
            ..self.clone()
        }
    }

    /// `repository:tag`.
    ///
    /// # Errors
    ///
    /// [`ReferenceError::Tag`], if the text can't be a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        check_tag(tag)?;
        Ok(Self {
            tag: Some(tag.to_owned()),
            ..self.repository()
        })
    }

    /// `repository@digest`: exact, whatever becomes of a tag.
    pub fn pinned(&self, digest: &Digest) -> Self {
        Self {
            digest: Some(digest.clone()),
            ..self.repository()
        }
    }

    /// Whether both name one repository. A registry of ECR has several hosts.
    pub fn is_same_repository(&self, other: &Self) -> bool {
        let place = |image: &Self| image.ecr().map(|host| (host.account, host.region));
        let same_registry = match (place(self), place(other)) {
            (Some(one), Some(other)) => one == other,
            _ => self.registry == other.registry,
        };
        same_registry && self.path == other.path
    }

    /// The registry as an ECR one, where it is one.
    pub fn ecr(&self) -> Option<EcrHost> {
        EcrHost::parse(&self.registry)
    }
}

impl FromStr for ImageRef {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        // A colon after the last slash starts the tag; one before it belongs to a port.
        let last_part = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last_part..].split_once(':') {
            Some((part, tag)) => (&rest[..last_part + part.len()], Some(tag)),
            None => (rest, None),
        };
        if let Some(tag) = tag {
            check_tag(tag)?;
        }
        let (registry, path) = split_registry(name);
        check_name(text, &registry, &path)?;
        Ok(Self {
            registry,
            path,
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for ImageRef {
    /// The short form that Docker prints for images on Docker Hub, the full one elsewhere; what is
    /// printed parses to the same reference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = format!("{}/{}", self.registry, self.path);
        let short = match self.registry.as_str() {
            DOCKER_HUB => self.path.strip_prefix("library/").unwrap_or(&self.path),
            _ => &full,
        };
        let same = split_registry(short) == (self.registry.clone(), self.path.clone());
        f.write_str(if same { short } else { &full })?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// Whether a text can be a tag.
///
/// # Errors
///
/// [`ReferenceError::Tag`], if it can't.
pub fn check_tag(tag: &str) -> Result<(), ReferenceError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let sound = tag.len() <= MAX_TAG
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
    if sound {
        Ok(())
    } else {
        Err(ReferenceError::Tag(tag.to_owned()))
    }
}

/// The first part is a registry when it can't be a user of Docker Hub: it holds a dot, a colon or
/// an upper case letter, or is `localhost`.
fn split_registry(name: &str) -> (String, String) {
    let (registry, path) = match name.split_once('/') {
        Some((first, path))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first, path)
        }
        _ => (DOCKER_HUB, name),
    };
    match registry {
        DOCKER_HUB | "index.docker.io" if !path.contains('/') => {
            (DOCKER_HUB.to_owned(), format!("library/{path}"))
        }
        DOCKER_HUB | "index.docker.io" => (DOCKER_HUB.to_owned(), path.to_owned()),
        _ => (registry.to_owned(), path.to_owned()),
    }
}

fn check_name(text: &str, registry: &str, path: &str) -> Result<(), ReferenceError> {
    if !is_registry(registry) {
        return Err(ReferenceError::Name(text.to_owned()));
    }
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ReferenceError::UpperCase(text.to_owned()));
    }
    if !path.split('/').all(is_path_component) {
        return Err(ReferenceError::Name(text.to_owned()));
    }
    if registry.len() + 1 + path.len() > MAX_NAME {
        return Err(ReferenceError::TooLong(text.to_owned()));
    }
    Ok(())
}

/// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
fn is_registry(registry: &str) -> bool {
    let (host, port) = match registry
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, "")) => return is_ipv6(address),
        Some((address, port)) if is_ipv6(address) => ("localhost", port.strip_prefix(':')),
        Some(_) => return false,
        None => match registry.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (registry, Some("0")),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(label)
        && port.is_some_and(|port| {
            port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
        })
}

fn is_ipv6(address: &str) -> bool {
    !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
}

/// Lower case letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = component.bytes().next().is_some_and(plain)
        && component.bytes().next_back().is_some_and(plain);
    ends && component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

/// The host of a private ECR registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrHost {
    /// Twelve digits.
    pub account: String,
    /// E.g. `eu-central-1`.
    pub region: String,
    /// Whether it is the host of ECR's FIPS endpoint.
    pub fips: bool,
}

impl EcrHost {
    /// `<account>.dkr.ecr[-fips].<region>.<suffix>` and the dual-stack form
    /// `<account>.dkr-ecr[-fips].<region>.on.aws`; the pattern is that of Amazon's ECR credential
    /// helper.
    pub fn parse(host: &str) -> Option<Self> {
        const SUFFIXES: &[&str] = &[
            "amazonaws.com",
            "amazonaws.com.cn",
            "amazonaws.eu",
            "on.aws",
            "on.amazonwebservices.com.cn",
            "sc2s.sgov.gov",
            "c2s.ic.gov",
            "cloud.adc-e.uk",
            "csp.hci.ic.gov",
        ];
        let (account, rest) = host.split_once('.')?;
        let rest = rest
            .strip_prefix("dkr.ecr")
            .or_else(|| rest.strip_prefix("dkr-ecr"))?;
        let (fips, rest) = match rest.strip_prefix("-fips") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (region, suffix) = rest.strip_prefix('.')?.split_once('.')?;
        let region_sound = region
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
            && region
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let account_sound = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        (account_sound && region_sound && SUFFIXES.contains(&suffix)).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            fips,
        })
    }
}
