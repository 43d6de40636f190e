//! What holds for any bytes: each property is one function, which `fuzz/` hands to libFuzzer.
//!
//! Here each one is tried for a moment, without libFuzzer: on the inputs of `fuzz/corpus`, on
//! changed ones, and on words of `fuzz/dictionaries` in any order. Nothing here knows what a
//! property is about.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a property fails by panicking"
)]

mod commands;
mod definitions;
mod diagnosis;
mod dockerignore;
mod inputs;
mod markdown;
mod progress;
mod reference;
mod xml;

use inputs::try_out;

#[test]
fn a_definition_in_json_says_the_same_again() {
    try_out("definition_json", definitions::json);
}

#[test]
fn a_definition_in_yaml_is_the_json_that_it_stands_for() {
    try_out("definition_yaml", definitions::yaml);
}

#[test]
fn dockerignore_agrees_with_dockers_documentation() {
    try_out("dockerignore", dockerignore::holds);
}

#[test]
fn a_reference_is_the_sum_of_its_parts() {
    try_out("reference", reference::holds);
}

#[test]
fn any_xml_is_read_within_bounds_and_simple_xml_to_the_letter() {
    try_out("xml", xml::holds);
}

#[test]
fn a_build_log_is_whole_clean_and_bounded() {
    try_out("progress", progress::holds);
}

#[test]
fn whatever_aws_says_becomes_bounded_sentences() {
    try_out("diagnosis", diagnosis::holds);
}

#[test]
fn no_text_becomes_more_than_words_in_markdown() {
    try_out("markdown", markdown::holds);
}

#[test]
fn no_text_becomes_a_workflow_command() {
    try_out("commands", commands::holds);
}
