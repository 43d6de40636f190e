//! The context on its way: what is wrong with it, and how much memory it takes.
