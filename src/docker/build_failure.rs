//! What kind of failure a build ended with, read from BuildKit's words.
//!
//! Pure. BuildKit hands out texts, not codes, and has reworded them between releases; what isn't
//! known stays `Other` with the engine's own text.

use std::fmt;

use super::progress::FailedStep;
use super::text::one_line;
use crate::image::EcrHost;

#[cfg(test)]
mod tests;

/// Why a build failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildFailureKind {
    /// The Dockerfile can't be parsed; the line where the engine names one.
    Syntax {
        line: Option<u32>,
    },
    /// `COPY` or `ADD` names what the context doesn't hold.
    MissingFile {
        path: String,
    },
    /// A `RUN` ended with this exit code.
    Run {
        exit_code: i32,
    },
    UnknownTarget {
        target: String,
    },
    /// The registry refused to hand out a base image.
    BaseImageDenied {
        image: String,
    },
    BaseImageMissing {
        image: String,
    },
    /// The base image isn't there for the platform.
    BaseImagePlatform {
        image: String,
    },
    /// Docker Hub's limit, mostly.
    RateLimited {
        image: String,
    },
    DiskFull,
    Network,
    /// A step for another architecture, without an emulator for it.
    WrongArchitecture,
    Other,
}

/// A failed build: the kind, and the engine's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFailure {
    pub kind: BuildFailureKind,
    /// The step as BuildKit names it, e.g. `[2/3] RUN make`.
    pub step: Option<String>,
    /// The engine's text, one line. Untrusted.
    pub message: String,
    /// The failed step's last lines. Untrusted.
    pub log: Vec<String>,
}

impl BuildFailure {
    /// `error` is what the engine ended the stream with.
    pub(super) fn new(error: &str, failed: Option<FailedStep>) -> Self {
        let error = one_line(error);
        let step = failed.as_ref().map(|step| step.name.clone());
        let detail = failed.as_ref().map_or("", |step| step.error.as_str());
        Self {
            kind: classify(&error, detail, step.as_deref()),
            message: if detail.len() > error.len() {
                detail.to_owned()
            } else {
                error
            },
            step,
            log: failed.map(|step| step.log).unwrap_or_default(),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match &self.kind {
            BuildFailureKind::Syntax { .. } => "the engine's own Dockerfile frontend is used unless a `# syntax=` line names another; heredocs need Docker 23 or later".to_owned(),
            BuildFailureKind::MissingFile { path } => format!("check that `{path}` is in the build context, is not left out by `.dockerignore`, and was checked out or built before"),
            BuildFailureKind::Run { .. } if self.log.is_empty() => "the step wrote nothing: run the command by hand to see why".to_owned(),
            BuildFailureKind::Run { .. } => "the step's last lines say why".to_owned(),
            BuildFailureKind::UnknownTarget { .. } => "set `target` to the name of a stage (`FROM … AS name`) of the Dockerfile".to_owned(),
            BuildFailureKind::BaseImageDenied { image } if is_in_ecr(image) => format!("allow `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` on the repository of `{image}` to the role of this step, and in the repository's policy where it is another account's; it has to be in the region that is pushed to, as the build signs in to that one alone"),
            BuildFailureKind::BaseImageDenied { image } => format!("copy `{image}` to ECR in the region that is pushed to, or take it through a pull-through cache rule there: the build signs in to that region's ECR alone, and a `docker login` on the runner's host doesn't reach a container action"),
            BuildFailureKind::BaseImageMissing { image } => format!("check the name and tag of `{image}`; a private image that may not be read looks the same"),
            BuildFailureKind::BaseImagePlatform { image } => format!("take a tag of `{image}` that has the platform, or set `platform`"),
            BuildFailureKind::RateLimited { .. } => "take the base image through a pull-through cache rule of ECR or from a copy there; Docker's official images are in `public.ecr.aws/docker/library` too".to_owned(),
            BuildFailureKind::DiskFull => "free space on the engine's disk (`docker system prune`), or take a bigger runner".to_owned(),
            BuildFailureKind::Network => "check that the engine's host reaches the address, and its DNS and proxy".to_owned(),
            BuildFailureKind::WrongArchitecture => "build on a runner of the image's architecture, or install emulation (docker/setup-qemu-action) before this step".to_owned(),
            BuildFailureKind::Other => return None,
        };
        Some(text)
    }
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.what())?;
        if let Some(step) = &self.step {
            write!(f, " in step `{step}`")?;
        }
        // The engine's words on a failed command are the command and the exit code once more.
        match self.kind {
            BuildFailureKind::Run { .. } => Ok(()),
            _ => write!(f, ": {}", self.message),
        }
    }
}

impl BuildFailureKind {
    fn what(&self) -> String {
        match self {
            Self::Syntax { line: Some(line) } => {
                format!("the Dockerfile is malformed at line {line}")
            }
            Self::Syntax { line: None } => "the Dockerfile is malformed".to_owned(),
            Self::MissingFile { path } => format!("`{path}` is not in the build context"),
            Self::Run { exit_code } => format!("the build failed with exit code {exit_code}"),
            Self::UnknownTarget { target } => format!("the Dockerfile has no stage `{target}`"),
            Self::BaseImageDenied { image } => {
                format!("the base image `{image}` may not be pulled")
            }
            Self::BaseImageMissing { image } => format!("the base image `{image}` does not exist"),
            Self::BaseImagePlatform { image } => {
                format!("the base image `{image}` does not exist for this platform")
            }
            Self::RateLimited { image } => format!(
                "the registry's pull limit is used up, so the base image `{image}` could not be pulled"
            ),
            Self::DiskFull => "the engine's disk is full".to_owned(),
            Self::Network => "the build could not reach a host on the network".to_owned(),
            Self::WrongArchitecture => {
                "a step runs programs of an architecture that the engine's host can't run"
                    .to_owned()
            }
            Self::Other => "the build failed".to_owned(),
        }
    }
}

fn classify(error: &str, detail: &str, step: Option<&str>) -> BuildFailureKind {
    let has = |needle: &str| error.contains(needle) || detail.contains(needle);
    if has("no space left on device") {
        return BuildFailureKind::DiskFull;
    }
    if has("exec format error") {
        return BuildFailureKind::WrongArchitecture;
    }
    if let Some(exit_code) =
        number_after(detail, "exit code: ").or_else(|| number_after(error, "exit code: "))
    {
        return BuildFailureKind::Run { exit_code };
    }
    if has("target stage") && has("could not be found") {
        let target = between(error, "target stage ", " could not be found");
        return BuildFailureKind::UnknownTarget {
            target: target.unwrap_or_default().trim_matches('"').to_owned(),
        };
    }
    let looked_for_a_file = has("failed to compute cache key")
        || has("failed to calculate checksum")
        || has("no source files were specified");
    let path = missing_path(error).or_else(|| missing_path(detail));
    if let Some(path) = path.filter(|_| looked_for_a_file) {
        return BuildFailureKind::MissingFile {
            path: path.to_owned(),
        };
    }
    if let Some(kind) = step
        .and_then(base_image)
        .and_then(|image| base_image_failure(&has, image))
    {
        return kind;
    }
    if is_network(&has) {
        return BuildFailureKind::Network;
    }
    if [
        "parse error",
        "unknown instruction",
        "failed to create LLB definition",
        "failed to parse stage name",
        "dockerfile.v0",
        "failed to parse",
    ]
    .iter()
    .any(|needle| has(needle))
    {
        let line = number_after(error, "parse error line ")
            .or_else(|| number_after(error, "parse error on line "))
            .or_else(|| number_after(error, "Dockerfile:"));
        return BuildFailureKind::Syntax {
            line: line.and_then(|line| u32::try_from(line).ok()),
        };
    }
    BuildFailureKind::Other
}

fn is_in_ecr(image: &str) -> bool {
    let host = image.split('/').next();
    host.and_then(EcrHost::parse).is_some()
}

fn base_image_failure(has: &dyn Fn(&str) -> bool, image: String) -> Option<BuildFailureKind> {
    let any = |needles: &[&str]| needles.iter().any(|needle| has(needle));
    if any(&["toomanyrequests", "429 Too Many Requests"]) {
        Some(BuildFailureKind::RateLimited { image })
    } else if any(&[
        "no match for platform",
        "does not match the specified platform",
    ]) {
        Some(BuildFailureKind::BaseImagePlatform { image })
    } else if is_network(has) {
        Some(BuildFailureKind::Network)
    } else if any(&[
        "pull access denied",
        "insufficient_scope",
        "unauthorized",
        "authorization failed",
        "401 Unauthorized",
        "403 Forbidden",
        "no basic auth credentials",
        "denied: ",
    ]) {
        Some(BuildFailureKind::BaseImageDenied { image })
    } else if any(&["not found", "manifest unknown", "does not exist"]) {
        Some(BuildFailureKind::BaseImageMissing { image })
    } else {
        None
    }
}

fn is_network(has: &dyn Fn(&str) -> bool) -> bool {
    [
        "dial tcp",
        "i/o timeout",
        "connection refused",
        "connection reset by peer",
        "no such host",
        "TLS handshake timeout",
        "Temporary failure in name resolution",
        "Client.Timeout exceeded",
        "server misbehaving",
    ]
    .iter()
    .any(|needle| has(needle))
}

/// The image in `[internal] load metadata for <image>` and `[n/m] FROM <image>@…`.
fn base_image(step: &str) -> Option<String> {
    let named = step
        .split_once("load metadata for ")
        .or_else(|| step.split_once("FROM "))?
        .1;
    let image = named.split(['@', ' ']).next()?;
    (!image.is_empty()).then(|| image.to_owned())
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

fn number_after(text: &str, marker: &str) -> Option<i32> {
    let rest = &text[text.find(marker)? + marker.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}
