//! demo
pub fn command() -> clap::Command { clap::Command::new("demo") }
pub async fn run(_m: &clap::ArgMatches, _e: Vec<(String,String)>, _s: &mut crate::app::Signals) -> u8 { 0 }
