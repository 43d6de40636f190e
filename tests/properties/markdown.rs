//! Markdown: a text from outside is never more than words, and always the same words, alone and
//! in a whole summary.
//!
//! What GitHub makes of it, comrak says; what GitHub links after that is looked for in the words.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use plimsoll::capacity::{
    Basis, Blocker, Bounds, FixedCapacity, Forecast, ForecastVerdict, Free, InstanceView, Lack,
    Obstacle, TaskNeeds,
};
use plimsoll::cause::{Cause, CauseKind, Remedy};
use plimsoll::redact::Redactor;
use plimsoll::report::markdown::{code, prose};
use plimsoll::report::summary;
use plimsoll::report::{DefinitionReport, ImageReport, Outcome, Report, ServiceReport};
use plimsoll::rollout::Sample;
use plimsoll::snapshot::{Task, Timestamp};
use plimsoll::taskdef::Change;
use serde_json::Value;

/// As much of a text as is shown in one place here.
const LONGEST: usize = 5_000;

fn render(report: &Report) -> String {
    summary::render(&report.shown(&Redactor::default()))
}

fn plan(report: &Report, max: usize) -> String {
    summary::plan(&report.shown(&Redactor::default()), max)
}

/// GitHub's own extensions.
fn github() -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.table = true;
    extension.autolink = true;
    extension.strikethrough = true;
    extension.tasklist = true;
    extension.footnotes = true;
    extension.math_dollars = true;
    extension.math_code = true;
    extension.alerts = true;
    options
}

/// What GitHub makes of `markdown`: each thing that is more than words, and the words.
#[derive(Debug, Default, PartialEq)]
struct Rendered {
    /// Links, images, HTML, emphasis and so on, outside of what is ours.
    forged: Vec<String>,
    /// The words outside of code, one item a node.
    words: Vec<String>,
    /// Headings, lists, tables and strong words, in their order.
    shape: Vec<String>,
    /// Words and code of each table cell, row by row.
    rows: Vec<Vec<String>>,
    charts: Vec<String>,
}

fn rendered(markdown: &str) -> Rendered {
    let arena = Arena::new();
    let mut rendered = Rendered::default();
    for node in parse_document(&arena, markdown, &github()).descendants() {
        let data = node.data.borrow();
        match &data.value {
            NodeValue::Text(text) => rendered.words.push(text.to_string()),
            NodeValue::TableRow(_) => rendered.rows.push(Vec::new()),
            NodeValue::TableCell => {
                let texts =
                    node.descendants()
                        .filter_map(|inner| match &inner.data.borrow().value {
                            NodeValue::Text(text) => Some(text.to_string()),
                            NodeValue::Code(code) => Some(code.literal.clone()),
                            _ => None,
                        });
                rendered.rows.last_mut().unwrap().push(texts.collect());
            }
            NodeValue::Link(link) if is_ours(&link.url) => {}
            NodeValue::HtmlBlock(html) if is_fold(&html.literal) => {}
            NodeValue::CodeBlock(block) if block.info == "mermaid" => {
                rendered.charts.push(block.literal.clone());
            }
            NodeValue::Heading(heading) => {
                rendered.shape.push(format!("heading {}", heading.level));
            }
            NodeValue::List(_) => rendered.shape.push("list".to_owned()),
            NodeValue::Item(_) => rendered.shape.push("item".to_owned()),
            NodeValue::Table(_) => rendered.shape.push("table".to_owned()),
            NodeValue::Strong => rendered.shape.push("strong".to_owned()),
            NodeValue::Document
            | NodeValue::Paragraph
            | NodeValue::Code(_)
            | NodeValue::SoftBreak => {}
            // The note about what was left out.
            NodeValue::Emph if markdown.contains("_Left out because of the size limit") => {}
            other => rendered.forged.push(format!("{other:?}")),
        }
    }
    rendered
}

fn is_ours(url: &str) -> bool {
    url.starts_with("https://docs.aws.amazon.com/")
        || url.starts_with("https://eu-west-1.console.aws.amazon.com/")
}

fn is_fold(html: &str) -> bool {
    let html = html.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || " ():".contains(c);
    html == "</details>"
        || ["<details>", "<details open>"].iter().any(|tag| {
            let title = html
                .strip_prefix(tag)
                .and_then(|rest| rest.strip_prefix("<summary>"));
            let title = title.and_then(|rest| rest.strip_suffix("</summary>"));
            title.is_some_and(|title| title.chars().all(plain))
        })
}

/// What GitHub would link after the rendering: mentions, references, addresses.
fn linked_later(words: &str) -> bool {
    let lower = words.to_lowercase();
    let signs = words.char_indices().filter(|(_, c)| matches!(c, '@' | '#'));
    let follows = |(at, _): (usize, char)| {
        words[at + 1..]
            .chars()
            .next()
            .is_some_and(char::is_alphanumeric)
    };
    signs.into_iter().any(follows)
        || lower.contains("://")
        || lower.contains("www.")
        || lower.match_indices("gh-").any(|(at, _)| {
            lower[at + 3..]
                .chars()
                .next()
                .is_some_and(|c| c.is_ascii_digit())
        })
}

/// An instance without an attribute of this name.
fn lacks(text: &str) -> Blocker {
    Blocker {
        kind: CauseKind::Attribute,
        instance: text.to_owned(),
        lack: Lack::Attribute {
            name: text.to_owned(),
            wanted: Vec::new(),
            there: None,
        },
        certain: true,
    }
}

/// A group of this name that doesn't grow.
fn at_maximum(text: &str) -> Basis {
    let why = FixedCapacity::AtMaximum {
        provider: text.to_owned(),
        group: text.to_owned(),
        desired: 1,
        max: 1,
    };
    Basis::FixedCapacity { why }
}

/// A report in which everything that can come from outside is `text`.
fn report_of(text: &str) -> Report {
    let remedy = Remedy {
        text: text.to_owned(),
        change: Value::Null,
        cost: Some(text.to_owned()),
        checked: true,
    };
    let view = InstanceView {
        id: text.to_owned(),
        ec2_instance_id: Some(text.to_owned()),
        instance_type: Some(text.to_owned()),
        status: text.to_owned(),
        agent_connected: true,
        free: Free::default(),
        fits: false,
        why: vec![lacks(text); 3],
    };
    let forecast = Forecast {
        verdict: ForecastVerdict::Blocked(Obstacle::SubnetAddresses {
            zones: vec![text.to_owned()],
            free: 0,
        }),
        kind: None,
        basis: vec![at_maximum(text); 2],
        bounds: Bounds {
            desired: 1,
            minimum_percent: 100,
            maximum_percent: 200,
            lower: 1,
            upper: 2,
        },
        needs: TaskNeeds::default(),
        blockers: Vec::new(),
        instances: vec![view; 12],
        left_out: 3,
        remedies: vec![remedy.clone(); 2],
    };
    let stopped = Task {
        arn: text.to_owned(),
        stopped_reason: text.to_owned(),
        ..Task::default()
    };
    let sample = |at: i64, running: u32| Sample {
        at: Timestamp(at * 1000),
        desired: 2,
        running,
        pending: 0,
        failed: 0,
        old_running: 2,
        event: Some(text.to_owned()),
    };
    let service = ServiceReport {
        cluster: text.to_owned(),
        service: text.to_owned(),
        outcome: Some(Outcome::Stuck),
        reason: text.to_owned(),
        forecast: Some(forecast),
        causes: vec![Cause {
            kind: CauseKind::Cpu,
            message: text.to_owned(),
            clause: None,
            evidence: vec![text.to_owned(); 2],
            remedies: vec![remedy],
        }],
        stopped: vec![stopped],
        timeline: vec![sample(0, 0), sample(60, 1), sample(700, 2)],
        ..ServiceReport::default()
    };
    Report {
        outcome: Some(Outcome::Stuck),
        reason: text.to_owned(),
        help: vec![text.to_owned()],
        region: "eu-west-1".to_owned(),
        image: Some(ImageReport {
            reference: text.to_owned(),
            ..ImageReport::default()
        }),
        definition: Some(DefinitionReport {
            family: text.to_owned(),
            changes: vec![Change {
                path: text.to_owned(),
                before: None,
                after: Some(text.to_owned()),
            }],
            ..DefinitionReport::default()
        }),
        services: vec![service],
        ..Report::default()
    }
}

/// What may be seen of `text` in one line.
fn seen(text: &str) -> String {
    // The blanks that part what GitHub would take for a mention are ours.
    let shown = plimsoll::shown::line(text);
    let visible = shown.chars();
    // A bar in code stands as another sign.
    visible
        .map(|c| if c == '|' { '¦' } else { c })
        .filter(|c| !c.is_whitespace() && !"`'".contains(*c))
        .collect()
}

/// `bytes` as a text that comes from outside.
pub(crate) fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    a_text_stays_text(&text);
    no_text_forges_a_part_of_a_summary(&text);
}

/// In a cell, an item and a heading: words stay words, and the same words.
fn a_text_stays_text(text: &str) {
    let shown = prose(text, LONGEST);
    let table = rendered(&format!(
        "| a | b | c |\n|---|---|---|\n| {shown} | {} | x |\n",
        code(text, LONGEST)
    ));
    assert_eq!(table.forged, Vec::<String>::new(), "{shown:?}");
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[1][2], "x", "{shown:?}");
    if text.chars().count() <= LONGEST {
        assert_eq!(seen(&table.rows[1][0]), seen(text), "{shown:?}");
    }
    for (head, shape) in [
        ("- ", vec!["list", "item"]),
        ("### ❌ stuck: ", vec!["heading 3"]),
        ("", vec![]),
    ] {
        let it = rendered(&format!("{head}{shown}\n"));
        assert_eq!(it.forged, Vec::<String>::new(), "{head}{shown:?}");
        assert_eq!(it.shape, shape, "{head}{shown:?}");
        nothing_is_linked_later(&it);
    }
}

fn no_text_forges_a_part_of_a_summary(text: &str) {
    let forms: [fn(&Report) -> String; 2] = [render, |report| plan(report, 32 * 1024)];
    for form in forms {
        let calm = rendered(&form(&report_of("calm")));
        let markdown = form(&report_of(text));
        let it = rendered(&markdown);
        assert_eq!(it.forged, Vec::<String>::new(), "{markdown}");
        assert_eq!(it.charts, calm.charts);
        assert_eq!(headings(&it), headings(&calm), "{markdown}");
        nothing_is_linked_later(&it);
    }
}

fn headings(it: &Rendered) -> Vec<&String> {
    let parts = it.shape.iter();
    parts.filter(|part| part.starts_with("heading")).collect()
}

fn nothing_is_linked_later(it: &Rendered) {
    let harmless = |words: &String| is_ours(words) || !linked_later(words);
    assert!(it.words.iter().all(harmless), "{:?}", it.words);
}

#[test]
fn what_is_ours_reads_well() {
    insta::assert_snapshot!(prose("set `minimumHealthyPercent` to 0, see https://docs.aws.amazon.com/x.html.", 99),
        @"set `minimumHealthyPercent` to 0, see <https://docs.aws.amazon.com/x.html>.");
    insta::assert_snapshot!(prose("a_b_c, 5 > 3 - 1, it's 100 % (x: y)", 99), @"a_b_c, 5 \\> 3 - 1, it's 100 % (x: y)");
    insta::assert_snapshot!(prose("``     a < b ``", 99).replace('\u{200b}', "·"), @r"a \< b ·");
    insta::assert_snapshot!(prose("one ` and a very long text", 9), @"one ' and…");
}

#[test]
fn an_empty_code_span_joins_nothing_to_a_link() {
    for text in [
        "https:``//evil.example/x",
        "gh-``7",
        "www`` `` .evil.example",
    ] {
        a_text_stays_text(text);
    }
}

#[test]
fn the_worst_that_can_happen_stays_within_bounds_and_says_what_is_missing() {
    for text in [
        "@#|`<".repeat(2000),
        "😀".repeat(5000),
        "a b-c.".repeat(3000),
    ] {
        let mut report = report_of(&text);
        let service = &mut report.services[0];
        let forecast = service.forecast.as_mut().unwrap();
        let view = &mut forecast.instances[0];
        view.why = vec![lacks(&text.chars().take(500).collect::<String>())];
        view.status.clear();
        for name in [
            &mut view.id,
            view.ec2_instance_id.as_mut().unwrap(),
            view.instance_type.as_mut().unwrap(),
        ] {
            *name = text.chars().take(100).collect();
        }
        forecast.instances = vec![forecast.instances[0].clone(); 10_000];
        forecast.basis = vec![at_maximum(&text); 500];
        service.causes = vec![service.causes[0].clone(); 50];
        service.causes[0].evidence = vec![text.clone(); 500];
        let end = service.timeline[2].clone();
        service.timeline.resize(500, end);
        report.help = vec![text.clone(); 100];
        let definition = report.definition.as_mut().unwrap();
        definition.changes = vec![definition.changes[0].clone(); 500];
        for many in [1, 1000] {
            // The reference has no place in the report twice over, and is enough.
            report.services.truncate(1);
            let mut small = report.services[0].clone();
            small.forecast.as_mut().unwrap().instances.truncate(12);
            small.timeline.truncate(3);
            small.causes.truncate(2);
            small.causes[0].evidence.truncate(20);
            small.forecast.as_mut().unwrap().basis.truncate(12);
            report.services.resize(many, small);
            let summary = render(&report);
            assert!(
                summary.len() <= summary::SUMMARY_MAX_BYTES,
                "{} bytes",
                summary.len()
            );
            assert!(summary.starts_with("### ❌ stuck: "));
            assert!(summary.contains("**Why** (cpu)"), "the first cause stays");
            assert!(
                summary.contains("_Left out because of the size limit: "),
                "{}",
                &summary[summary.len() - 500..]
            );
            assert_eq!(rendered(&summary).forged, Vec::<String>::new());
            for max in [3000, 20_000, 60_000] {
                let plan = plan(&report, max);
                assert!(
                    plan.len() <= max && (max > 20_000 || plan.contains("Left out")),
                    "{} of {max}",
                    plan.len()
                );
            }
        }
    }
}
