//! Stories: whole deploys against the stand-in for AWS, in virtual time.

mod before;
mod door;
mod ends;
mod faults;
mod forecast;
mod looking;
mod setting;
