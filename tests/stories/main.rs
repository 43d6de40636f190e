//! Stories: whole deploys against the stand-in for AWS, in virtual time.

mod door;
mod ends;
mod forecast;
mod looking;
mod setting;
