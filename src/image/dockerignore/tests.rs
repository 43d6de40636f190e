use super::{Dockerignore, DockerignoreError};

fn parse(text: &str) -> Dockerignore {
    Dockerignore::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn check(text: &str, excluded: &[&str], kept: &[&str]) {
    let rules = parse(text);
    for path in excluded {
        assert!(
            rules.excludes(path.as_bytes()),
            "{text:?} must leave out {path}"
        );
    }
    for path in kept {
        assert!(
            !rules.excludes(path.as_bytes()),
            "{text:?} must keep {path}"
        );
    }
}

#[test]
fn patterns_are_rooted_and_cover_what_is_below() {
    check(
        "node_modules",
        &["node_modules", "node_modules/a/b"],
        &["web/node_modules", "node_modules2"],
    );
    check("/dist/", &["dist", "dist/x"], &["a/dist"]);
    check("./a/../b//c/", &["b/c", "b/c/d"], &["b", "a"]);
    check(
        ".git",
        &[".git", ".git/config"],
        &[".gitignore", "sub/.git"],
    );
    check("../a", &[], &["a"]);
}

#[test]
fn single_wildcards_stay_within_a_part() {
    check("*", &["a", "a/b", ".env"], &[]);
    check("*.md", &["a.md", "a.md/x"], &["d/a.md", "a.mdx"]);
    check(
        "*/temp*",
        &["d/temp", "d/temporary.txt"],
        &["temp", "a/b/temp"],
    );
    check("temp?", &["tempa", "tempé"], &["temp", "temp/", "tempab"]);
    check("a[b-d]e", &["ace"], &["ae", "aae"]);
    check("a[^b-d]e", &["aze"], &["ace"]);
    check("a[!b]", &["a!", "ab"], &["ac"]);
    check("[\\]a]", &["]", "a"], &["b"]);
    check("a\\*b", &["a*b"], &["axb"]);
    check("abc.def", &["abc.def"], &["abcZdef"]);
    check("a(b)c+{1}|$", &["a(b)c+{1}|$"], &["abc"]);
}

#[test]
fn double_wildcards_cross_slashes() {
    check("**", &["a", "a/b"], &[]);
    check("**/*.go", &["a.go", "x/y/a.go"], &["a.goo"]);
    check(
        "**/dir",
        &["dir", "a/dir", "a/dir/file"],
        &["xdir", "a/xdir"],
    );
    check("**file", &["file", "myfile", "a/b/myfile"], &["file2"]);
    check("dir/**", &["dir/a", "dir/a/b"], &["dir", "dirx/a"]);
    check(
        "a**/*.txt",
        &["a/f.txt", "a/d/f.txt", "ab/f.txt"],
        &["b/f.txt", "a/f.md"],
    );
    check("**/**/*.txt", &["f.txt", "a/b/f.txt"], &["f.txt2"]);
    check(
        "**/dir2/**",
        &["dir2/x", "a/dir2/x/y"],
        &["a/dir2", "adir2/x"],
    );
    check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]);
}

#[test]
fn the_last_match_decides_and_exceptions_come_back() {
    check("*.md\n!README.md", &["x.md"], &["README.md"]);
    check(
        "*.md\n!README*.md\nREADME-secret.md",
        &["README-secret.md"],
        &["README.md"],
    );
    check(
        "*.md\nREADME-secret.md\n!README*.md",
        &["x.md"],
        &["README-secret.md"],
    );
    check(
        "docs/\n!docs/README.md",
        &["docs", "docs/x"],
        &["docs/README.md"],
    );
    check(
        "**\n!util/web",
        &["util", "util/x"],
        &["util/web", "util/web/foo"],
    );
    check(
        "**\n!util/web\nutil/web/foo",
        &["util/web/foo"],
        &["util/web/bar"],
    );
    check("!a\na", &["a"], &[]);
    check("*\n! src", &["a"], &["src/x"]);
}

#[test]
fn comments_blanks_and_marks_are_no_patterns() {
    check(
        "\u{feff}a\n# b\n\n   \n\t c \t\r\n.\n",
        &["a", "c"],
        &["b", "# b", "d"],
    );
    check(" # a", &["# a"], &["a"]);
    check(
        "a\u{a0}\n\u{2003}!\u{85}b\u{b}\n*b",
        &["a", "b", "cb"],
        &["c"],
    );
    check("*\n!\u{a0}b\u{b}", &["a"], &["b"]);
    check("", &[], &["a", ".git"]);
}

#[test]
fn malformed_patterns_name_their_line() {
    for text in [
        "[", "a[", "[]a]", "[-]", "[x-]", "[a-b-c]", "[^bc", "a\\", "[z-a]",
    ] {
        assert!(
            matches!(
                Dockerignore::parse(format!("ok\n{text}").as_bytes()),
                Err(DockerignoreError::Malformed { line: 2, .. })
            ),
            "{text}"
        );
    }
    assert_eq!(
        Dockerignore::parse(b"a\n\n!"),
        Err(DockerignoreError::LoneException { line: 3 })
    );
}

#[test]
fn an_excluded_directory_is_read_only_where_something_may_come_back() {
    let rules = parse("**\n!docs/api/*.md\n!a?/x");
    let check = |directory: &str, expected: bool| {
        assert_eq!(
            rules.may_hold_exceptions(directory.as_bytes()),
            expected,
            "{directory}"
        );
    };
    // `!a?/x` has no literal part before its wildcard, so any directory may hold it.
    check("docs", true);
    check("anything", true);
    let rules = parse("**\n!docs/api/*.md");
    for (directory, expected) in [
        ("docs", true),
        ("docs/api", true),
        ("docs/api/v1", true),
        ("doc", false),
        ("docs/web", false),
        ("src", false),
    ] {
        assert_eq!(
            rules.may_hold_exceptions(directory.as_bytes()),
            expected,
            "{directory}"
        );
    }
}

#[test]
fn names_that_are_no_text_match_wildcards_only() {
    let rules = parse("*.bin");
    assert!(rules.excludes(b"\xff\xfe.bin"));
    assert!(!rules.excludes(b"\xff\xfe.txt"));
}
