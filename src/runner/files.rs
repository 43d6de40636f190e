use std::path::Path;
pub fn write_outputs(_f: &Path, _o: &[(&'static str, String)]) -> std::io::Result<()> { Ok(()) }
pub fn append_summary(_f: &Path, _o: &str) -> std::io::Result<()> { Ok(()) }
