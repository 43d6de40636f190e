//! AWS's own model of its services, held against what is recorded at the tests' doors.
//!
//! The check itself is `model/check.py`; `script/model` runs it over what the tests recorded. Here
//! it has to find what is wrong in exchanges that were made wrong on purpose.

use crate::python::python;
use crate::tools::log;

/// Runs the Python tests in a folder of `tests/clients`.
pub(crate) fn python_tests(folder: &str) {
    let output = python(folder, &["-m", "unittest", "--verbose"]);
    let log = log(&output);
    assert!(output.status.success(), "{log}");
    assert!(log.ends_with("\nOK\n"), "{log}");
    assert!(!log.contains("Ran 0 tests"), "{log}");
}

#[test]
fn what_is_wrong_by_awss_model_is_found() {
    python_tests("model");
}
