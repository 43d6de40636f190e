//! The named cases.
