//! AWS's own model of its services, held against what is recorded at the tests' doors.
//!
//! The check itself is `model/check.py`; `script/model` runs it over what the tests recorded. Here
//! it has to find what is wrong in exchanges that were made wrong on purpose.

use std::path::Path;

use crate::tools::{command, log};

/// Runs the Python tests of a folder beside this file.
pub(crate) fn python_tests(folder: &str) {
    let home = tempfile::tempdir().unwrap();
    let output = command("python", home.path())
        .args(["-B", "-m", "unittest", "--verbose"])
        .current_dir(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/clients")
                .join(folder),
        )
        .output()
        .unwrap();
    let log = log(&output);
    assert!(output.status.success(), "{log}");
    assert!(log.contains("\nOK\n"), "{log}");
    assert!(!log.contains("Ran 0 tests"), "{log}");
}

#[test]
fn what_is_wrong_by_awss_model_is_found() {
    python_tests("model");
}
