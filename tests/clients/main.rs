//! Clients and servers that nobody here wrote, held against Plimsoll and against the stand-in.
//!
//! `script/clients` installs them. Without them these tests fail; they are never skipped.

#[cfg(test)]
mod aws_cli;
#[cfg(test)]
mod census;
#[cfg(test)]
mod ecs_deploy;
#[cfg(test)]
mod installed;
#[cfg(test)]
mod model;
#[cfg(test)]
mod moto;
#[cfg(test)]
mod python;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tools;
