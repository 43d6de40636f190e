//! What the README shows is what the demo prints.

use crate::stage::{Stage, usual};

const README: &str = include_str!("../../README.md");

/// The lines of a picture of the README.
fn picture(name: &str) -> Vec<String> {
    let (_, rest) = README
        .split_once(&format!("<!-- picture: {name} -->\n```text\n"))
        .unwrap();
    let (picture, _) = rest.split_once("\n```\n<!-- /picture -->").unwrap();
    picture.lines().map(timeless).collect()
}

/// A line without what depends on the wall's time: when it was printed, how old an event is.
fn timeless(line: &str) -> String {
    let is_time = |text: &str| text.chars().all(|c| c.is_ascii_digit() || " :".contains(c));
    let line = match line.split_at_checked(6) {
        Some((time, rest)) if is_time(time) && time.contains(':') => rest,
        _ => line,
    };
    let words = line.split(' ');
    let is_age = |word: &str| {
        let number = word.strip_suffix('s').unwrap_or_default();
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    };
    let words: Vec<&str> = words
        .map(|word| if is_age(word) { "…" } else { word })
        .collect();
    words.join(" ")
}

#[test]
fn the_readmes_pictures_are_what_the_demo_prints() {
    let stage = Stage::new(usual);
    let ended = stage.run_command(&["demo"]);
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let printed: Vec<String> = ended.log.lines().map(timeless).collect();
    for name in ["blocked", "stuck", "works"] {
        let shown = picture(name);
        assert!(shown.len() > 5, "{name}: {shown:?}");
        // How far the tasks are at a look depends on when the look is; the rest doesn't.
        let is_look = |line: &&String| name == "works" && line.contains("new tasks running");
        let shown: Vec<&String> = shown.iter().filter(|line| !is_look(line)).collect();
        let mut rest = printed.iter();
        for line in shown {
            assert!(
                rest.any(|one| one == line),
                "{name}: the demo doesn't print, or not in this order: {line}\n{}",
                ended.log
            );
        }
    }
}
