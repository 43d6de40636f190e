//! What kinds of reasons a build fails for. A plain value.

/// Why a build failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildFailureKind {
    /// The Dockerfile can't be parsed; the line where the engine names one.
    Syntax {
        line: Option<u32>,
    },
    /// The Dockerfile was parsed, and what it says can't be built: it is empty, its stages need each
    /// other, a base image has no name.
    Dockerfile,
    /// `COPY` or `ADD` names what isn't there.
    MissingFile {
        path: String,
    },
    /// A step requires a build secret that wasn't given.
    MissingSecret {
        id: String,
    },
    /// A `RUN` ended with this exit code.
    Run {
        exit_code: i32,
    },
    /// One of the Dockerfile's steps, for a reason that isn't known.
    Step,
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
    /// Docker Hub's limit, mostly. No image where it is another server that a step asks.
    RateLimited {
        image: Option<String>,
    },
    /// The registry answers with a 5xx or closes the connection.
    RegistryFailed {
        image: Option<String>,
    },
    DiskFull,
    Network,
    /// A step runs a program that the engine's host can't run.
    WrongArchitecture,
    /// The engine, by what it says of itself.
    Engine,
    Other,
}
