//! Fenced blocks of a Markdown file.

/// What stands between two fences.
pub(crate) struct Block {
    pub(crate) file: String,
    /// Of the opening fence, from 1.
    pub(crate) line: usize,
    /// The word after the opening fence; may be empty.
    pub(crate) language: String,
    /// Without the fences and their indentation.
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// All blocks of a file with this text, in order.
pub(crate) fn blocks(file: &str, markdown: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    for (index, line) in markdown.lines().enumerate() {
        let bare = line.trim_start();
        match &mut open {
            None => {
                if let Some(language) = bare.strip_prefix("```") {
                    let block = Block {
                        file: file.to_owned(),
                        line: index + 1,
                        language: language.trim().to_owned(),
                        text: String::new(),
                    };
                    open = Some((block, line.len() - bare.len()));
                }
            }
            Some(_) if bare == "```" => found.extend(open.take().map(|(block, _)| block)),
            Some((block, indent)) => {
                block.text.push_str(line.get(*indent..).unwrap_or_default());
                block.text.push('\n');
            }
        }
    }
    assert!(open.is_none(), "{file}: a block that doesn't end");
    found
}
