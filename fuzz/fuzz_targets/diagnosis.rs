//! `tests/properties/diagnosis.rs`, for libFuzzer.
#![no_main]

#[path = "../../tests/properties/diagnosis.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
