//! With a real Docker engine and a real registry: what is built, refused, pushed and read back.
//!
//! `eval "$(script/engine)"` gives both. Without them these tests fail; they are never skipped.

mod build;
mod context;
mod push;
mod world;
