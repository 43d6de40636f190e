//! The census of AWS's API: what Plimsoll does with each member of the answers that it reads and of
//! the requests that it writes, and with each word of their enums.
//!
//! The list is `census/*.txt`. Here it is held against the pinned model; `script/search` holds it
//! against the newest one.

use crate::model::python_tests;
use crate::python::python;
use crate::tools::log;

#[test]
fn each_member_of_awss_api_is_in_the_census() {
    let output = python("census", &["census.py"]);
    assert!(output.status.success(), "{}", log(&output));
}

#[test]
fn what_is_wrong_in_a_census_is_found() {
    python_tests("census");
}
