//! `tests/properties/xml.rs`, for libFuzzer.
#![no_main]

#[path = "../../tests/properties/xml.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
