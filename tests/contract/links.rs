//! Links inside the project lead somewhere.

use std::path::Path;

use crate::files;

/// Every Markdown file that is read on the repository's pages.
const FOLDERS: &[&str] = &["", "docs", "docs/decisions"];

pub(crate) fn documents() -> Vec<String> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(files::root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                found.push(Path::new(folder).join(name).display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// The text without what stands in fences and in backticks.
fn prose(markdown: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            text.extend(line.split('`').step_by(2));
            text.push('\n');
        }
    }
    text
}

/// The anchors that GitHub gives a file's headings.
fn anchors(markdown: &str) -> Vec<String> {
    let mut inside = false;
    let mut found: Vec<String> = Vec::new();
    for line in markdown.lines() {
        inside ^= line.starts_with("```");
        let title = line.trim_start_matches('#');
        if inside || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
        let slug: String = title.trim().to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let before = found.iter().filter(|other| **other == slug).count();
        found.push(if before == 0 {
            slug
        } else {
            format!("{slug}-{before}")
        });
    }
    found
}

#[test]
fn each_decision_is_in_the_list_of_decisions() {
    let list = files::read("docs/decisions/README.md");
    let missing: Vec<String> = documents()
        .into_iter()
        .filter_map(|path| path.strip_prefix("docs/decisions/").map(str::to_owned))
        .filter(|name| name != "README.md" && !list.contains(name.as_str()))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn links_inside_the_project_lead_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in documents() {
        let text = prose(&files::read(&file));
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            seen += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = Path::new(&file).parent().unwrap();
            let path = if path.is_empty() {
                file.clone()
            } else {
                folder.join(path).display().to_string()
            };
            let there = files::root().join(&path).exists();
            if !there
                || (!anchor.is_empty() && !anchors(&files::read(&path)).iter().any(|a| a == anchor))
            {
                wrong.push(format!("{file}: {target}"));
            }
        }
    }
    assert!(seen > 20, "the links were not found");
    assert!(
        wrong.is_empty(),
        "links that lead nowhere:\n{}",
        wrong.join("\n")
    );
}
