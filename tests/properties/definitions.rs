//! Task definitions: a text is refused with its place, or read as a document that says the same
//! when it is written.

use plimsoll::definition::RESPONSE_ONLY;
use plimsoll::taskdef::{BadDocument, Definition, changes, same_definition, set_image, unsound};
use serde_json::Value;

/// The longest message about a text: a place in it, a member's path and a sentence.
const LONGEST_MESSAGE: usize = 1_500;

/// `bytes` as a JSON file.
pub(crate) fn json(bytes: &[u8]) {
    let Some(definition) = read("t.json", bytes) else {
        return;
    };
    written(&definition);
    changed_in_its_image_alone(&definition);
}

/// `bytes` as a YAML file.
pub(crate) fn yaml(bytes: &[u8]) {
    let Some(definition) = read("t.yaml", bytes) else {
        return;
    };
    written(&definition);
    // JSON is YAML: as such a file it is the same document, numbers to their last digit.
    let text = definition.as_value().to_string();
    if is_plain(&text) {
        let again = read("t.yaml", text.as_bytes()).expect("what was read once");
        assert_eq!(again.as_value().to_string(), text);
    }
}

/// YAML takes only what can be printed (specification, 5.1), and our escapes for it are JSON's;
/// keys of more than 1,024 characters have to be written in another way (7.4.2).
fn is_plain(json: &str) -> bool {
    json.len() <= 1_000 && json.chars().all(|c| matches!(c, ' '..='~'))
}

fn read(file: &str, bytes: &[u8]) -> Option<Definition> {
    match Definition::parse(file, bytes) {
        Ok(definition) => Some(definition),
        Err(problem) => {
            tells_the_place(&problem, bytes);
            None
        }
    }
}

fn tells_the_place(problem: &BadDocument, bytes: &[u8]) {
    let (line, column) = problem.at.expect("a text was read");
    // YAML 1.1 has more line ends than JSON, and the end of the text may be counted as the start of a
    // line that isn't there any more.
    let is_end = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let lines = String::from_utf8_lossy(bytes).split(is_end).count() + 1;
    assert!((1..=lines).contains(&line), "{problem}");
    assert!((1..=bytes.len() + 1).contains(&column), "{problem}");
    assert!(!problem.why.is_empty());
    let message = problem.to_string();
    assert!(
        message.chars().count() <= LONGEST_MESSAGE,
        "{} characters: {message:.200}",
        message.len()
    );
}

fn written(definition: &Definition) {
    let document = definition.as_value();
    for text in [document.to_string(), format!("{document:#}")] {
        let again = read("t.json", text.as_bytes()).expect("what was written");
        assert_eq!(again.as_value().to_string(), document.to_string());
    }
    assert!(!definition.family().is_empty());
    assert!(
        definition
            .containers()
            .iter()
            .all(|one| !one.name().is_empty())
    );

    let body = definition.register_body();
    let members = body.as_object().expect("an object");
    assert!(
        RESPONSE_ONLY
            .iter()
            .all(|name| !members.contains_key(*name))
    );
    let kept =
        |(name, value): (&String, &Value)| name == "tags" || document.get(name) == Some(value);
    assert!(members.iter().all(kept));
    let left_out = |name: &String| name == "tags" || RESPONSE_ONLY.contains(&name.as_str());
    let all = document.as_object().expect("an object").keys();
    assert!(
        all.filter(|name| !left_out(name))
            .all(|name| members.contains_key(name))
    );

    assert!(same_definition(document, &body), "{document}");
    assert_eq!(changes(definition, definition, true), Vec::new());
    // No document is too strange to be looked through.
    let _ = unsound(definition);
}

fn changed_in_its_image_alone(definition: &Definition) {
    let name = definition.containers()[0].name().to_owned();
    let mut changed = definition.clone();
    set_image(&mut changed, &name, "example.test/new@sha256:00").expect("it is there");
    let container = changed.container(&name).expect("it is there");
    assert_eq!(container.image(), Some("example.test/new@sha256:00"));
    let all = changes(definition, &changed, true);
    if definition
        .container(&name)
        .and_then(plimsoll::definition::ContainerDefinition::image)
        == Some("example.test/new@sha256:00")
    {
        assert_eq!(all, Vec::new());
    } else {
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].path.ends_with("].image"), "{all:?}");
    }
    let before = definition.as_value().to_string();
    assert!(same_definition(
        definition.as_value(),
        &before.parse().expect("JSON")
    ));
}
