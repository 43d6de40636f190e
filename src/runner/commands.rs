pub const END_GROUP: &str = "::endgroup::";
pub struct Fence(String);
impl Fence { pub fn new() -> Fence { Fence("x".into()) } pub fn open(&self) -> String { format!("::stop-commands::{}", self.0) } pub fn close(&self) -> String { format!("::{}::", self.0) } }
pub fn plain(text: &str) -> String { text.to_owned() }
pub fn warning(_t: Option<&str>, text: &str) -> String { format!("::warning::{text}") }
pub fn error(_t: Option<&str>, text: &str) -> String { format!("::error::{text}") }
pub fn add_mask(text: &str) -> String { format!("::add-mask::{text}") }
pub fn group(text: &str) -> String { format!("::group::{text}") }
pub fn debug(text: &str) -> String { format!("::debug::{text}") }
