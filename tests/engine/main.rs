//! With a real Docker engine and a real registry: what is built, refused, pushed and read back.
//!
//! `eval "$(script/engine)"` gives both. Without them these tests fail; they are never skipped.

#[cfg(test)]
mod build;
#[cfg(test)]
mod context;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod own_images;
#[cfg(test)]
mod push;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod troubled;
#[cfg(test)]
mod world;
