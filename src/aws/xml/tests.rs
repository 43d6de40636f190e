use proptest::prelude::*;

use super::Element;

#[test]
fn reads_what_aws_writes() {
    let text = br#"<?xml version="1.0" encoding="UTF-8"?>
        <R xmlns="http://example/doc"><!-- none --><List><member><Name>a &amp; b &#x26; &#60;c&gt; &unknown; &</Name><Max>3</Max></member>
        <member><Name><![CDATA[<raw & kept>]]></Name><Empty/></member></List></R>"#;
    let root = Element::read(text).expect("a document");
    let members = root.list("List");
    assert_eq!(members[0].text_of("Name"), "a & b & <c> &unknown; &");
    assert_eq!(members[0].number::<u32>("Max"), Some(3));
    assert_eq!(members[1].text_of("Name"), "<raw & kept>");
    assert_eq!(
        (
            members[1].text_of("Empty"),
            members[1].number::<u32>("Empty")
        ),
        ("", None)
    );
    assert_eq!(root.list("Nothing"), []);
}

#[test]
fn what_is_no_document_is_none() {
    let deep = "<a>".repeat(40) + &"</a>".repeat(40);
    for text in [
        "",
        "text",
        "<a>",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "<a",
        "{\"a\":1}",
        deep.as_str(),
    ] {
        assert_eq!(Element::read(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Element::read(b"<a>\xff</a>"), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Element::read(&bytes);
    }

    /// Pieces of markup in any order, whole and cut, are more telling than plain noise.
    #[test]
    fn no_markup_makes_it_panic(pieces in proptest::collection::vec(prop::sample::select(vec![
        "<a>", "</a>", "<a ", "b='", "'", "\"", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?xml", "?>", "<!DOCTYPE ", "[", "]>",
        "<!ENTITY x 'y'>", "&amp;", "&#x", "&#99999999999;", "&#xD800;", ";", "é", "\u{1F6A2}", " ", "\0", "<", ">",
    ]), 0..40)) {
        let _ = Element::read(pieces.concat().as_bytes());
    }

    #[test]
    fn text_comes_back(text in "[^\0-\u{8}\u{b}\u{c}\u{e}-\u{1f}\r\u{fffe}\u{ffff}]{0,60}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let root = Element::read(format!("<a><b>{escaped}</b></a>").as_bytes()).expect("a document");
        prop_assert_eq!(root.text_of("b"), text.trim());
    }
}
