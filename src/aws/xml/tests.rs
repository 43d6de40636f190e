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
