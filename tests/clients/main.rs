//! Clients and servers that nobody here wrote, held against Plimsoll and against the stand-in.
//!
//! `script/clients` installs them. Without them these tests fail; they are never skipped.

#[cfg(test)]
mod census;
#[cfg(test)]
mod model;
#[cfg(test)]
mod moto;
#[cfg(test)]
mod python;
#[cfg(test)]
mod tools;

#[cfg(test)]
mod installed;
