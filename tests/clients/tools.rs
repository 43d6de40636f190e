//! Where the clients are, and how one of them is run to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program that `script/clients` has installed, by its name: `act`, `aws`, `ecs`, `moto_server`,
/// `python`.
pub(crate) fn program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let path = target.join("clients/venv/bin").join(name);
    assert!(
        path.exists(),
        "{} is not there: run `script/clients` first",
        path.display()
    );
    path
}

/// Both streams of a program that has ended.
pub(crate) fn log(output: &Output) -> String {
    let streams = [&output.stdout, &output.stderr];
    streams
        .map(|stream| String::from_utf8_lossy(stream))
        .concat()
}

/// A command in a clean environment, at home in `home`: nothing of the person who runs the tests gets in.
pub(crate) fn command(name: &str, home: &Path) -> Command {
    let mut command = Command::new(program(name));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home);
    command
}
