//! Stories: whole deploys against the stand-in for AWS, in virtual time.

mod door;
mod ends;
mod reads;
mod setting;
