//! Python with botocore, as `script/clients` has installed it.

use std::path::Path;
use std::process::Output;

use crate::tools;

/// Runs it in a folder of `tests/clients` to its end.
pub(crate) fn python(folder: &str, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let mut command = tools::command("python", home.path());
    // Nothing compiled is left in the folder.
    command.arg("-B").args(arguments);
    command.current_dir(tests.join(folder)).output().unwrap()
}
