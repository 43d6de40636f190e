use proptest::prelude::*;

use super::*;

/// What the runner reads: on Linux lines end at LF alone, and whichever of `=` and `<<` comes first
/// says how the value is written.
fn read_back(text: &str) -> Vec<(String, String)> {
    let mut outputs = Vec::new();
    let mut lines = text.split_terminator('\n');
    while let Some(line) = lines.next() {
        let (name, end) = line.split_once("<<").expect(line);
        assert!(!name.contains('='));
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        outputs.push((name.to_owned(), value.join("\n")));
    }
    outputs
}

proptest! {
    #[test]
    fn outputs_come_back_as_they_were(value in "(?s).{0,80}", other in "(=|<<|\n|\r|EOF|x){0,12}") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("output");
        write_outputs(&file, &[("reason", value.clone()), ("image", other.clone())]).unwrap();
        write_outputs(&file, &[("outcome", "succeeded".to_owned())]).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let expected = [("reason", value), ("image", other), ("outcome", "succeeded".to_owned())];
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        prop_assert_eq!(read_back(&text), expected);
    }
}

#[test]
fn a_summary_is_added_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary");
    append_summary(&file, "# One").unwrap();
    append_summary(&file, &"ä line of text\n".repeat(20_000)).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("# One\nä line of text\n") && text.ends_with(&format!("of text{CUT}"))
    );
    assert!(text.len() <= SUMMARY_BYTES + "# One\n".len());
    std::fs::write(&file, "x".repeat(1024 * 1024)).unwrap();
    let error = append_summary(&file, "more").unwrap_err().to_string();
    assert!(
        error.ends_with("has no room left: 1048576 bytes"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gone/output");
    let error = write_outputs(&file, &[("reason", String::new())])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("gone/output` can't be written: No such file"),
        "{error}"
    );
    let long = "€".repeat(OUTPUT_BYTES);
    write_outputs(&folder.path().join("o"), &[("reason", long)]).unwrap();
    assert!(folder.path().join("o").metadata().unwrap().len() < OUTPUT_BYTES as u64 + 200);
}
