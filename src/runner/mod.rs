pub mod commands;
pub mod files;
