//! `tests/properties/definitions.rs`, for libFuzzer.
#![no_main]

#[path = "../../tests/properties/definitions.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::yaml(bytes));
