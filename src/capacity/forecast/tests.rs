//! The forecast against brute force, and the cases that it exists for.

mod cases;
mod exhaustive;
mod waves;
