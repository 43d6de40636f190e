//! What a build failed for: whose matter it is, in one sentence, and what to do about it.
//!
//! Pure. What the engine's texts mean is read in `classify`; what isn't known there stays with the
//! engine's own text.

use std::fmt;

use super::progress::FailedStep;
use super::text::one_line;
use crate::image::EcrHost;

mod classify;
mod heredoc;
mod kind;
#[cfg(test)]
mod tests;

pub(super) use heredoc::first_heredoc;
pub use kind::BuildFailureKind;

/// What older engines put before the reason, once for each layer of BuildKit.
const PREFIXES: [&str; 5] = [
    "failed to solve with frontend dockerfile.v0: ",
    "failed to solve with frontend gateway.v0: ",
    "failed to create LLB definition: ",
    "failed to solve: ",
    "rpc error: code = Unknown desc = ",
];

/// A failed build: the kind, and the engine's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFailure {
    /// What failed, as far as the text tells.
    pub kind: BuildFailureKind,
    /// The step as BuildKit names it, e.g. `[2/3] RUN make`.
    pub step: Option<String>,
    /// The engine's text, one line. Untrusted.
    pub message: String,
    /// The failed step's last lines. Untrusted.
    pub log: Vec<String>,
    /// The Dockerfile has a heredoc above the line that can't be parsed.
    pub(super) after_heredoc: bool,
}

impl BuildFailure {
    /// `error` is what the engine ended the stream with.
    pub(super) fn new(error: &str, failed: Option<FailedStep>) -> Self {
        let kind = classify::classify(error, failed.as_ref());
        let whole = one_line(error);
        let detail = failed.as_ref().map_or("", |step| step.error.as_str());
        let mut message = if detail.len() > whole.len() {
            detail
        } else {
            whole.as_str()
        };
        while let Some(rest) = PREFIXES
            .iter()
            .find_map(|prefix| message.strip_prefix(prefix))
        {
            message = rest;
        }
        Self {
            kind,
            message: message.to_owned(),
            step: failed.as_ref().map(|step| step.name.clone()),
            log: failed.map(|step| step.log).unwrap_or_default(),
            after_heredoc: false,
        }
    }

    /// The line that the engine took for an instruction and doesn't know.
    pub(super) fn unknown_instruction(&self) -> Option<u32> {
        match self.kind {
            BuildFailureKind::Syntax { line } if self.message.contains("unknown instruction") => {
                line
            }
            _ => None,
        }
    }

    /// Whether the Dockerfile, the context or the inputs are to be changed: then a repeat ends the
    /// same. All else is an engine, a registry or a network that could not be used.
    pub fn is_the_users(&self) -> bool {
        match self.kind {
            BuildFailureKind::Syntax { .. }
            | BuildFailureKind::Dockerfile
            | BuildFailureKind::MissingFile { .. }
            | BuildFailureKind::MissingSecret { .. }
            | BuildFailureKind::Run { .. }
            | BuildFailureKind::Step
            | BuildFailureKind::UnknownTarget { .. }
            | BuildFailureKind::BaseImageMissing { .. }
            | BuildFailureKind::BaseImagePlatform { .. }
            | BuildFailureKind::WrongArchitecture => true,
            BuildFailureKind::BaseImageDenied { .. }
            | BuildFailureKind::RateLimited { .. }
            | BuildFailureKind::RegistryFailed { .. }
            | BuildFailureKind::DiskFull
            | BuildFailureKind::Network
            | BuildFailureKind::Engine
            | BuildFailureKind::Other => false,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let text = match &self.kind {
            BuildFailureKind::Syntax { .. } => return self.syntax_help(),
            BuildFailureKind::MissingFile { path } if self.is_from_elsewhere() => format!("check that the stage or image that `--from` names has `{path}`"),
            BuildFailureKind::MissingFile { path } => format!("check that `{path}` is in the build context, is not left out by `.dockerignore`, and was checked out or built before"),
            BuildFailureKind::MissingSecret { id } => format!("give its value in `build-secrets`, as the line `{id}=…`; a value that is empty, as that of a GitHub secret that isn't set, counts as none"),
            BuildFailureKind::Run { exit_code } => self.run_help(*exit_code),
            BuildFailureKind::UnknownTarget { .. } => "set `target` to the name of a stage (`FROM … AS name`) of the Dockerfile".to_owned(),
            BuildFailureKind::BaseImageDenied { image } if is_in_ecr(image) => format!("allow `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` on the repository of `{image}` to the role of this step, and in the repository's policy where it is another account's; it has to be in the region that is pushed to, as the build signs in to that one alone"),
            BuildFailureKind::BaseImageDenied { image } => format!("copy `{image}` to ECR in the region that is pushed to, or take it through a pull-through cache rule there: the build signs in to that region's ECR alone, and a `docker login` on the runner's host doesn't reach a container action"),
            BuildFailureKind::BaseImageMissing { image } => format!("check the name and tag of `{image}`; a private image that may not be read looks the same"),
            BuildFailureKind::BaseImagePlatform { image } => format!("take a tag of `{image}` that has the platform, or set `platform`"),
            BuildFailureKind::RateLimited { image: Some(_) } => "take the base image through a pull-through cache rule of ECR or from a copy there; Docker's official images are in `public.ecr.aws/docker/library` too".to_owned(),
            BuildFailureKind::RateLimited { image: None } => "repeat the run later, or take the file from a copy of your own".to_owned(),
            BuildFailureKind::RegistryFailed { image: Some(_) } => "repeat the run later; a copy of the base image in ECR, or a pull-through cache rule there, makes the build independent of it".to_owned(),
            BuildFailureKind::RegistryFailed { image: None } => "repeat the run later".to_owned(),
            BuildFailureKind::DiskFull => "free space on the engine's disk (`docker system prune`), or take a bigger runner".to_owned(),
            BuildFailureKind::Network => "check that the engine's host reaches the address, and its DNS, proxy and certificates".to_owned(),
            BuildFailureKind::WrongArchitecture => "build on a runner of the image's architecture, or install emulation (docker/setup-qemu-action) before this step; a script needs a first line such as `#!/bin/sh`".to_owned(),
            BuildFailureKind::Engine => "look at the engine's log; nothing was deployed, so the run can be repeated".to_owned(),
            BuildFailureKind::Dockerfile | BuildFailureKind::Step | BuildFailureKind::Other => return None,
        };
        Some(text)
    }

    fn syntax_help(&self) -> Option<String> {
        if self.after_heredoc {
            Some("heredocs (`RUN <<EOF`) need Docker 23 or later, or `# syntax=docker/dockerfile:1` as the Dockerfile's first line".to_owned())
        } else if self.message.contains("nknown flag") {
            Some("this engine's own Dockerfile frontend doesn't know the flag: name a newer one in the Dockerfile's first line, such as `# syntax=docker/dockerfile:1`, or update Docker".to_owned())
        } else {
            None
        }
    }

    fn run_help(&self, exit_code: i32) -> String {
        let log = self.log.join("\n").to_lowercase();
        if log.contains("no space left on device") {
            "the step's last lines tell of a full disk: free space on the engine's (`docker system prune`), or take a bigger runner".to_owned()
        } else if exit_code == 137 {
            "137 is a program that was killed, mostly for lack of memory: take a bigger runner, or let the step do less at once".to_owned()
        } else if self.log.is_empty() {
            "the step wrote nothing: run the command by hand to see why".to_owned()
        } else {
            "the step's last lines say why".to_owned()
        }
    }

    /// Whether the step copies out of a stage or an image.
    fn is_from_elsewhere(&self) -> bool {
        let step = self.step.as_deref().unwrap_or_default();
        step.contains(" --from=")
    }
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            BuildFailureKind::MissingFile { path } if self.is_from_elsewhere() => {
                write!(f, "`{path}` is not in what the step copies from")?;
            }
            kind => f.write_str(&kind.what())?,
        }
        if let Some(step) = &self.step {
            write!(f, " in step `{step}`")?;
        }
        // The engine's words on a failed command are the command and the exit code once more.
        match self.kind {
            BuildFailureKind::Run { .. } | BuildFailureKind::WrongArchitecture => Ok(()),
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
            Self::Dockerfile => "the Dockerfile can't be built".to_owned(),
            Self::MissingFile { path } => format!("`{path}` is not in the build context"),
            Self::MissingSecret { id } => format!("the build secret `{id}` is not given"),
            Self::Run { exit_code } => format!("the build failed with exit code {exit_code}"),
            Self::UnknownTarget { target } => format!("the Dockerfile has no stage `{target}`"),
            Self::BaseImageDenied { image } => {
                format!("the base image `{image}` may not be pulled")
            }
            Self::BaseImageMissing { image } => format!("the base image `{image}` does not exist"),
            Self::BaseImagePlatform { image } => {
                format!("the base image `{image}` does not exist for this platform")
            }
            Self::RateLimited { image: Some(image) } => format!(
                "the registry's pull limit is used up, so the base image `{image}` could not be pulled"
            ),
            Self::RateLimited { image: None } => {
                "a server that the build asks wants fewer requests".to_owned()
            }
            Self::RegistryFailed { image: Some(image) } => {
                format!("the registry has trouble, so the base image `{image}` could not be pulled")
            }
            Self::RegistryFailed { image: None } => {
                "a server that the build asks has trouble".to_owned()
            }
            Self::DiskFull => "the engine's disk is full".to_owned(),
            Self::Network => "the build could not reach a host on the network".to_owned(),
            Self::WrongArchitecture => {
                "the engine's host can't run a program of the image (exec format error)".to_owned()
            }
            Self::Engine => "the engine could not go on with the build".to_owned(),
            Self::Step | Self::Other => "the build failed".to_owned(),
        }
    }
}

fn is_in_ecr(image: &str) -> bool {
    let host = image.split('/').next();
    host.and_then(EcrHost::parse).is_some()
}
