//! `tests/properties/reference.rs`, for libFuzzer.
#![no_main]

#[path = "../../tests/properties/reference.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
