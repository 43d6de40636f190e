//! Every rule has its section in the guide and its story, and the other way round.

use std::collections::BTreeSet;

use plimsoll::cause::CauseKind;
use plimsoll::diagnosis::{RULES, link, rule};

const GUIDE: &str = include_str!("../../docs/diagnoses.md");
const STORIES: [&str; 4] = [
    include_str!("stories/placement.rs"),
    include_str!("stories/capacity.rs"),
    include_str!("stories/start.rs"),
    include_str!("stories/run.rs"),
];

fn rules() -> BTreeSet<String> {
    RULES.iter().map(|rule| rule.ident().to_owned()).collect()
}

#[test]
fn every_kind_has_one_rule() {
    let kinds: Vec<CauseKind> = RULES.iter().map(|rule| rule.kind).collect();
    assert_eq!(kinds, CauseKind::ALL);
    for kind in CauseKind::ALL {
        assert_eq!(rule(*kind).kind, *kind);
    }
}

#[test]
fn every_rule_has_its_section_in_the_guide() {
    let sections: Vec<&str> = GUIDE.split("\n## ").skip(1).collect();
    let names: BTreeSet<String> = sections
        .iter()
        .filter_map(|text| text.lines().next())
        .map(str::to_owned)
        .collect();
    assert_eq!(names, rules());
    for section in sections {
        let name = section.lines().next().unwrap_or_default();
        for part in ["**Looks like**", "**Means**", "**Do**"] {
            assert!(section.contains(part), "{name} lacks {part}");
        }
        let kind = CauseKind::ALL
            .iter()
            .find(|kind| kind.as_str() == name)
            .unwrap();
        assert!(
            section.contains(link(*kind)),
            "{name} lacks {}",
            link(*kind)
        );
        assert!(
            section.contains(rule(*kind).description),
            "{name} lacks its description"
        );
    }
}

#[test]
fn every_rule_has_its_story() {
    let told: BTreeSet<String> = STORIES
        .iter()
        .flat_map(|file| file.lines())
        .filter_map(|line| line.strip_prefix("fn ")?.strip_suffix("() {"))
        .map(|name| name.replace('_', "-"))
        .collect();
    let missing: Vec<String> = rules().difference(&told).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn links_lead_to_aws() {
    for rule in RULES {
        assert!(
            rule.link.starts_with("https://docs.aws.amazon.com/"),
            "{}",
            rule.link
        );
        assert!(!rule.description.ends_with('.'), "{}", rule.description);
    }
}
