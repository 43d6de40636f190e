//! XML: any bytes are read within bounds or refused, what is read says the same when it is written
//! again, and a simple document is read to the letter.

use plimsoll::aws::xml::Element;

/// The deepest and the largest tree that is read.
const DEEPEST: usize = 32;
const MOST_ELEMENTS: usize = 200_000;

/// `bytes` once as a document, and once as the steps of one that is written here.
pub(crate) fn holds(bytes: &[u8]) {
    if let Some(root) = Element::read(bytes) {
        assert!(depth(&root) <= DEEPEST && count(&root) <= MOST_ELEMENTS);
        let mut again = String::new();
        write(&root, &mut again);
        assert_eq!(
            Element::read(again.as_bytes()).as_ref(),
            Some(&root),
            "{again}"
        );
        what_is_asked_for_is_there(&root);
    }
    let (document, expected) = simple(bytes);
    let root = Element::read(document.as_bytes());
    let root = root.unwrap_or_else(|| panic!("not read: {document}"));
    assert_eq!(plain(&root), expected, "{document}");
}

fn depth(element: &Element) -> usize {
    1 + element.children().iter().map(depth).max().unwrap_or(0)
}

fn count(element: &Element) -> usize {
    1 + element.children().iter().map(count).sum::<usize>()
}

fn what_is_asked_for_is_there(element: &Element) {
    for child in element.children() {
        let first = element.children().iter().find(|one| one.name == child.name);
        assert_eq!(element.child(&child.name), first);
        assert_eq!(
            first.map(|one| one.text.as_str()),
            Some(element.text_of(&child.name))
        );
        assert_eq!(
            first.map(Element::children),
            Some(element.list(&child.name))
        );
        what_is_asked_for_is_there(child);
    }
}

/// Each character of a text by its number.
fn write(element: &Element, out: &mut String) {
    out.push_str(&format!("<{}>", element.name));
    let numbers = element.text.chars().map(|c| format!("&#{};", u32::from(c)));
    out.extend(numbers);
    element
        .children()
        .iter()
        .for_each(|child| write(child, out));
    out.push_str(&format!("</{}>", element.name));
}

/// An element as it was meant.
#[derive(Debug, Default, PartialEq)]
struct Plain {
    name: String,
    text: String,
    children: Vec<Plain>,
}

fn plain(element: &Element) -> Plain {
    Plain {
        name: element.name.clone(),
        text: element.text.clone(),
        children: element.children().iter().map(plain).collect(),
    }
}

/// A document that each byte adds something to, and what it says.
fn simple(bytes: &[u8]) -> (String, Plain) {
    let mut writer = Writer::default();
    writer.begin("root");
    for byte in bytes {
        writer.add(*byte);
    }
    while writer.open.len() > 1 {
        writer.end();
    }
    let root = writer.open.remove(0);
    writer.document.push_str("</root>");
    (writer.document, root.trimmed())
}

/// A document as far as it is written.
#[derive(Default)]
struct Writer {
    document: String,
    /// The elements that are open, outermost first.
    open: Vec<Plain>,
}

impl Writer {
    fn add(&mut self, byte: u8) {
        let character = char::from(byte).to_string();
        match byte {
            // An empty one still has to find its place in it.
            b'(' | b'{' if self.open.len() < DEEPEST - 1 => {
                let name = format!("e{}", self.open.len());
                self.begin(&name);
            }
            b')' | b'}' if self.open.len() > 1 => self.end(),
            b'/' => {
                self.document.push_str("<n:empty/>");
                self.put(Plain {
                    name: "empty".to_owned(),
                    ..Plain::default()
                });
            }
            b'!' => self.say("<!-- <root> & -->", ""),
            b'?' => self.say("<?go on?>", ""),
            b'[' => self.say("<![CDATA[<&lt;]]>", "<&lt;"),
            b'&' => self.say("&amp;&unknown;", "&&unknown;"),
            b'<' | b'>' | 0..=8 | 11 | 12 | 14..=31 | 127.. => {
                self.say(&format!("&#x{byte:X};"), &character);
            }
            // A line's end may come in as one of several.
            b'\r' => self.say(" ", " "),
            _ => self.say(&character, &character),
        }
    }

    fn begin(&mut self, name: &str) {
        self.document
            .push_str(&format!("<{name} a='&lt;' b = \">\">"));
        self.open.push(Plain {
            name: name.to_owned(),
            ..Plain::default()
        });
    }

    fn end(&mut self) {
        if let Some(done) = self.open.pop() {
            self.document.push_str(&format!("</{} >", done.name));
            self.put(done.trimmed());
        }
    }

    fn put(&mut self, child: Plain) {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(child);
        }
    }

    fn say(&mut self, written: &str, meant: &str) {
        self.document.push_str(written);
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(meant);
        }
    }
}

impl Plain {
    /// Blanks at an end of the text are no part of it.
    fn trimmed(mut self) -> Plain {
        self.text = self.text.trim().to_owned();
        self
    }
}
