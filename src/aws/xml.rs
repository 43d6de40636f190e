//! The XML that the query protocol answers, as a small tree of elements.
//!
//! Only elements and their text count; attributes, comments and declarations are left out. Answers
//! are untrusted bytes: what is not well-formed, or larger than any real answer, is no tree.

use xmlparser::{ElementEnd, Token, Tokenizer};

/// AWS's answers nest about ten levels deep.
const DEPTH_MAX: usize = 32;
/// A hundred instance types come to some 30,000 elements.
const ELEMENTS_MAX: usize = 200_000;

/// An element with what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The local name, without a prefix.
    pub name: String,
    /// All its own text, trimmed.
    pub text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads one document: at most 32 levels and 200,000 elements. `None` where it isn't one.
    pub fn read(bytes: &[u8]) -> Option<Element> {
        let mut open: Vec<Element> = Vec::new();
        let mut root = None;
        let mut count = 0;
        for token in Tokenizer::from(std::str::from_utf8(bytes).ok()?) {
            match token.ok()? {
                Token::ElementStart { local, .. } => {
                    count += 1;
                    if open.len() >= DEPTH_MAX || count > ELEMENTS_MAX || root.is_some() {
                        return None;
                    }
                    open.push(Element {
                        name: local.as_str().to_owned(),
                        ..Element::default()
                    });
                }
                Token::ElementEnd {
                    end: ElementEnd::Open,
                    ..
                } => {}
                Token::ElementEnd { end, .. } => {
                    let mut done = open.pop()?;
                    if let ElementEnd::Close(_, name) = end
                        && name.as_str() != done.name
                    {
                        return None;
                    }
                    done.text = done.text.trim().to_owned();
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => root = Some(done),
                    }
                }
                Token::Text { text } => open
                    .last_mut()
                    .into_iter()
                    .for_each(|one| one.text.push_str(&unescaped(text.as_str()))),
                Token::Cdata { text, .. } => open
                    .last_mut()
                    .into_iter()
                    .for_each(|one| one.text.push_str(text.as_str())),
                _ => {}
            }
        }
        root.filter(|_| open.is_empty())
    }

    /// All elements that stand directly in this one, in their order.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of this name; empty where there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| &child.text)
    }

    /// A number in the first child of this name.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text_of(name).parse().ok()
    }

    /// The members of a list: `<list><member>…</member></list>`, or `item` in EC2's answers.
    pub fn list(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| &list.children)
    }
}

/// The five entities of XML and numbered characters; anything else stays as it stands.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        match known {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests;
