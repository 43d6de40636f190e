//! The platform of an image: `os/architecture[/variant]`.

use std::fmt;
use std::str::FromStr;

/// Why a text is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no platform; it reads `os/architecture` or `os/architecture/variant`, e.g. `linux/amd64`"
)]
pub struct PlatformError(pub String);

/// What an image was made for, in the words that image configurations use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// What nearly every container instance runs.
    pub fn linux_amd64() -> Self {
        Self::of("linux", "amd64", None)
    }

    /// From the three members of an image configuration; an empty variant is none.
    pub fn of(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let (architecture, implied) = match architecture.to_ascii_lowercase().as_str() {
            "x86_64" | "x86-64" => ("amd64".to_owned(), None),
            "aarch64" => ("arm64".to_owned(), None),
            "armhf" => ("arm".to_owned(), Some("v7")),
            "armel" => ("arm".to_owned(), Some("v6")),
            "i386" => ("386".to_owned(), None),
            other => (other.to_owned(), None),
        };
        let variant = variant
            .filter(|variant| !variant.is_empty())
            .or(implied)
            .map(str::to_ascii_lowercase);
        Self {
            os: os.to_ascii_lowercase(),
            architecture,
            variant,
        }
    }

    pub fn os(&self) -> &str {
        &self.os
    }

    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    pub fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// Whether an image made for `self` runs where `wanted` is asked for.
    ///
    /// A variant that one side leaves out is no difference, save on 32-bit ARM, where none means
    /// `v7`. `arm64` is `arm64/v8`, and `amd64` is `amd64/v1`.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && self.full_variant() == wanted.full_variant()
    }

    fn full_variant(&self) -> Option<&str> {
        let usual = match self.architecture.as_str() {
            "arm" => Some("v7"),
            "arm64" => Some("v8"),
            "amd64" => Some("v1"),
            _ => None,
        };
        self.variant.as_deref().or(usual)
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.trim().split('/').collect();
        let sound = |part: &&str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if !parts.iter().all(sound) {
            return Err(PlatformError(text.to_owned()));
        }
        match parts[..] {
            [os, architecture] => Ok(Self::of(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::of(os, architecture, Some(variant))),
            _ => Err(PlatformError(text.to_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Platform;

    #[test]
    fn parses_prints_and_compares() {
        let check = |image: &str, wanted: &str, satisfies: bool| {
            let image: Platform = image.parse().unwrap();
            let wanted: Platform = wanted.parse().unwrap();
            assert_eq!(image.satisfies(&wanted), satisfies, "{image} for {wanted}");
            assert_eq!(image.to_string().parse::<Platform>().unwrap(), image);
        };
        check("linux/amd64", "linux/amd64", true);
        check("linux/x86_64", "Linux/AMD64", true);
        check("linux/arm64", "linux/amd64", false);
        check("linux/arm64/v8", "linux/arm64", true);
        check("linux/aarch64", "linux/arm64/v8", true);
        check("linux/arm/v6", "linux/arm", false);
        check("linux/armhf", "linux/arm/v7", true);
        check("linux/amd64/v3", "linux/amd64", false);
        check("windows/amd64", "linux/amd64", false);
    }

    #[test]
    fn refuses_what_is_no_platform() {
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "linux/amd64,linux/arm64",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
