//! Each client is there, and runs.

use crate::tools::{command, log};

#[test]
fn each_client_runs() {
    let home = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("act", "--version"),
        ("aws", "--version"),
        ("ecs", "--version"),
        ("moto_server", "--help"),
        ("python", "--version"),
    ] {
        let output = command(name, home.path()).arg(arguments).output().unwrap();
        assert!(output.status.success(), "{name}: {}", log(&output));
    }
}
