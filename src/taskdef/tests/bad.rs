//! Documents that aren't task definitions: each gets a message with file, line, column and member,
//! and none a panic.

use proptest::prelude::*;

use super::{DESCRIBED, Definition, MAX_BYTES};

fn problem(file: &str, text: impl AsRef<[u8]>) -> String {
    Definition::parse(file, text.as_ref())
        .unwrap_err()
        .to_string()
}

/// The message for each text, a line each.
fn told(file: &str, texts: &[&[u8]]) -> String {
    let lines = texts.iter().map(|text| problem(file, text));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn json_that_is_no_document() {
    insta::assert_snapshot!(told("t.json", &[
        b"",
        b" \n\t",
        b"{\n  \"family\": \"f\",\n",
        b"{\"family\": \"f\", \"containerDefinitions\": [{\"name\": \"a\", \"ima",
        b"{}",
        b"[]",
        b"null",
        b"\"{}\"",
        b"{\"family\": \"f\",}",
        b"{\"family\": 'f'}",
        b"// a comment\n{}",
        b"{} {}",
        b"{\"x\":\t01}",
        b"{\"x\": \"a\tb\"}",
        b"{\"x\": \"\0\"}",
        b"\0",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\n \"a\xff",
        b"{\"$serde_json::private::Number\": \"1\"}",
    ]), @r"
    `t.json`, line 1, column 1: the file is empty
    `t.json`, line 1, column 1: the file is empty
    `t.json`, line 3, column 1: EOF while parsing a value
    `t.json`, line 1, column 59, `containerDefinitions[0]`: EOF while parsing a string
    `t.json`, line 1, column 1, `containerDefinitions`: the task definition has no list of containers
    `t.json`, line 1, column 2: an object is needed, this is an array
    `t.json`, line 1, column 1: a task definition is an object
    `t.json`, line 1, column 4: an object is needed, this is a string
    `t.json`, line 1, column 16: trailing comma
    `t.json`, line 1, column 12, `family`: expected value
    `t.json`, line 1, column 1: expected value
    `t.json`, line 1, column 4: trailing characters
    `t.json`, line 1, column 8, `x`: invalid number
    `t.json`, line 1, column 9, `x`: control character (\u0000-\u001F) found while parsing a string
    `t.json`, line 1, column 8, `x`: control character (\u0000-\u001F) found while parsing a string
    `t.json`, line 1, column 1: expected value
    `t.json`, line 1, column 1: the file starts with a byte order mark; save it as plain UTF-8
    `t.json`, line 1, column 1: the file isn't UTF-8
    `t.json`, line 2, column 4: the file isn't UTF-8
    `t.json`, line 1, column 1: no member may be named like a mark of the JSON library
    ");
}

#[test]
fn json_that_is_no_task_definition() {
    insta::assert_snapshot!(told("t.json", &[
        br#"{"family": "f", "family": "g"}"#,
        br#"{"taskDefinition": {"family": "f", "containerDefinitions": [{"name": "a", "cpu": 1, "cpu": 1}]}}"#,
        br#"{"taskDefinition": []}"#,
        br#"{"containerDefinitions": {"name": "a"}}"#,
        b"{\"containerDefinitions\": [\n{\"name\": \"a\",\n\"image\": 7}]}",
        br#"{"family": "f", "cpu": 256, "containerDefinitions": []}"#,
        br#"{"containerDefinitions": [{"name": "a", "memory": "512"}]}"#,
        br#"{"containerDefinitions": [{"name": "a", "essential": "true"}]}"#,
        br#"{"containerDefinitions": [{"name": "a", "environment": [{"name": "N", "value": 1e3}]}]}"#,
        br#"{"containerDefinitions": [{"name": "a", "environment": {"N": "v"}}]}"#,
        br#"{"containerDefinitions": [{"name": "a", "command": "serve"}]}"#,
        br#"{"containerDefinitions": [{"name": "a", "dockerLabels": {"a.b": true}}]}"#,
        b"{\"family\": \"f\",\n \"containerDefinitions\": []}",
        b"{\"family\": \"f\", \"containerDefinitions\": [\n {\"name\": \"a\"},\n {\"image\": \"i\"}]}",
        b"{\"family\": \"f\", \"containerDefinitions\": [\n {\"name\": \"a\"},\n {\"name\": \"a\"}]}",
        b"{\"family\": \"f\", \"containerDefinitions\": [\n {\"name\": \"\"}]}",
        b"{\"containerDefinitions\": [{\"name\": \"a\"}]}",
        b"{\"taskDefinition\": {\"containerDefinitions\": [{\"name\": \"a\"}],\n\"family\": \"\"}}",
        b"{\"family\": \"f\", \"containerDefinitions\": [null]}",
    ]), @r"
    `t.json`, line 1, column 24, `family`: the member stands here twice
    `t.json`, line 1, column 89, `containerDefinitions[0].cpu`: the member stands here twice
    `t.json`, line 1, column 21, `taskDefinition`: an object is needed, this is an array
    `t.json`, line 1, column 32, `containerDefinitions`: an array is needed, this is an object
    `t.json`, line 3, column 10, `containerDefinitions[0].image`: a string is needed, this is a number: put it in quotes
    `t.json`, line 1, column 26, `cpu`: a string is needed, this is a number: put it in quotes
    `t.json`, line 1, column 55, `containerDefinitions[0].memory`: a number is needed, this is a string: write it without quotes
    `t.json`, line 1, column 59, `containerDefinitions[0].essential`: a boolean is needed, this is a string: write it without quotes
    `t.json`, line 1, column 82, `containerDefinitions[0].environment[0].value`: a string is needed, this is a number: put it in quotes
    `t.json`, line 1, column 59, `containerDefinitions[0].environment`: an array is needed, this is an object
    `t.json`, line 1, column 58, `containerDefinitions[0].command`: an array is needed, this is a string
    `t.json`, line 1, column 68, `containerDefinitions[0].dockerLabels.a.b`: a string is needed, this is a boolean: put it in quotes
    `t.json`, line 2, column 27, `containerDefinitions`: the list of containers is empty
    `t.json`, line 3, column 9, `containerDefinitions[1].name`: the container has no name
    `t.json`, line 3, column 13, `containerDefinitions[1].name`: another container has the same name
    `t.json`, line 2, column 12, `containerDefinitions[0].name`: the container has no name
    `t.json`, line 1, column 1, `family`: the task definition names no family
    `t.json`, line 2, column 12, `family`: the task definition names no family
    `t.json`, line 1, column 41, `containerDefinitions[0].name`: the container has no name
    ");
}

#[test]
fn yaml_that_is_no_task_definition() {
    insta::assert_snapshot!(told("t.yml", &[
        b"family: f\nfamily: g\n",
        b"containerDefinitions:\n\t- name: a\n",
        b"containerDefinitions:\n  - name: 7\n",
        b"containerDefinitions:\n  - name: a\n    dockerLabels:\n      on: true\n",
        b"family: f\ncontainerDefinitions:\n  - name: a\n  - name: a\n",
        b"family: f\ncontainerDefinitions:\n  name: a\n",
        b"family: f\n",
        b"- a",
        b"~",
        b"text",
        b"family: [f\n",
        b"family: \"f\n",
        b"family: f\n---\nfamily: g\n",
        b"a: &a [x]\nc: *nowhere\n",
        b"a: &a {x: 1}\nb:\n  <<: *a\n",
        b"family: !Ref Family\n",
        b"a: !!binary aGk=\n",
        b"x: [.nan]\n",
        b"? [a, b]\n: c\n",
        b"a: \0\n",
        b"\xef\xbb\xbffamily: f\n",
        b"a: &a [*a]\n",
    ]), @r"
    `t.yml`, line 1, column 1, `family`: the member stands here twice
    `t.yml`, line 2, column 1, `containerDefinitions`: found character that cannot start any token, while scanning for the next token
    `t.yml`, line 2, column 11, `containerDefinitions[0].name`: a string is needed, this is a number: put it in quotes
    `t.yml`, line 4, column 11, `containerDefinitions[0].dockerLabels.on`: a string is needed, this is a boolean: put it in quotes
    `t.yml`, line 4, column 11, `containerDefinitions[1].name`: another container has the same name
    `t.yml`, line 3, column 3, `containerDefinitions`: an array is needed, this is an object
    `t.yml`, line 1, column 1, `containerDefinitions`: the task definition has no list of containers
    `t.yml`, line 1, column 1: an object is needed, this is an array
    `t.yml`, line 1, column 1: a task definition is an object
    `t.yml`, line 1, column 1: an object is needed, this is a string
    `t.yml`, line 1, column 9, `family`: a string is needed, this is an array
    `t.yml`, line 2, column 1, `family`: found unexpected end of stream, while scanning a quoted scalar at line 1 column 9
    `t.yml`, line 1, column 1: deserializing from YAML containing more than one document is not supported
    `t.yml`, line 2, column 4, `c`: unknown anchor
    `t.yml`, line 3, column 3, `b`: merge keys (`<<`) aren't read: write the members themselves
    `t.yml`, line 1, column 9, `family`: a tag (`!…`) stands here, and JSON has none: write the value itself
    `t.yml`, line 1, column 1, `containerDefinitions`: the task definition has no list of containers
    `t.yml`, line 1, column 5, `x[0]`: JSON has no such number
    `t.yml`, line 1, column 3: invalid type: sequence, expected a string
    `t.yml`, line 1, column 1: control characters are not allowed at position 3
    `t.yml`, line 1, column 1: the file starts with a byte order mark; save it as plain UTF-8
    `t.yml`, line 1, column 4, `a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][…`: recursion limit exceeded
    ");
}

#[test]
fn what_is_too_large_is_not_read() {
    let long = vec![b' '; 10 * 1024 * 1024];
    insta::assert_snapshot!(problem("t.json", &long), @"`t.json`, line 1, column 1: the file is longer than the 1048576 bytes that are read");
    let whole = |bytes: usize| {
        let start = r#"{"family": "f", "containerDefinitions": [{"name": "a"}], "zz": [0"#;
        format!("{start}{}]}}", ",0".repeat((bytes - start.len() - 2) / 2))
    };
    assert!(Definition::parse("t.json", whole(MAX_BYTES).as_bytes()).is_ok());
    assert!(Definition::parse("t.yaml", whole(MAX_BYTES).as_bytes()).is_ok());
    assert!(Definition::parse("t.json", whole(MAX_BYTES + 2).as_bytes()).is_err());
}

/// Ten thousand levels, in every way that a text can open them.
#[test]
fn what_is_too_deep_is_refused() {
    let mut told = String::new();
    for (file, open, before) in [
        ("t.json", "[", "{\"x\": "),
        ("t.json", "{\"a\":", ""),
        ("t.yaml", "[", "x: "),
        ("t.yaml", "{a: ", ""),
        ("t.yaml", "- ", "x:\n "),
        ("t.yaml", "? ", ""),
    ] {
        let error = problem(file, format!("{before}{}", open.repeat(10_000)));
        told.push_str(&format!("{open} {}\n", error.rsplit(": ").next().unwrap()));
    }
    insta::assert_snapshot!(told, @r#"
    [ recursion limit exceeded
    {"a": recursion limit exceeded
    [ recursion limit exceeded
    {a:  recursion limit exceeded
    -  recursion limit exceeded
    ?  map, expected a string
    "#);
    let mut block = String::new();
    for level in 0..700 {
        block.push_str(&format!("{}a:\n", " ".repeat(level)));
    }
    let error = problem("t.yaml", block);
    assert!(error.ends_with("recursion limit exceeded"), "{error}");
}

/// Anchors stand for a value again and again: many of many, one large list, one long text.
#[test]
fn yaml_that_grows_without_end_is_refused() {
    let mut doubling = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        doubling.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let wide = format!(
        "a: &a [{}]\nb: [{}]\n",
        vec!["x"; 100_000].join(","),
        vec!["*a"; 100_000].join(",")
    );
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(500_000),
        vec!["*a"; 1000].join(",")
    );
    for text in [doubling, wide, long] {
        let error = problem("t.yaml", text);
        let known = [
            "anchors make the document grow",
            "repetition limit exceeded",
        ];
        assert!(known.iter().any(|word| error.contains(word)), "{error}");
    }
}

proptest! {
    /// A file that was cut off is refused, wherever that was.
    #[test]
    fn a_part_of_a_definition_is_refused(cut in 0..DESCRIBED.trim_end().len()) {
        let error = Definition::parse("t.json", &DESCRIBED.as_bytes()[..cut]).unwrap_err();
        prop_assert!(error.at.is_some());
    }
}
