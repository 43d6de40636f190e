//! What is reported to GitHub, in its words: states, descriptions, the mark of our comment.
//!
//! No call is made here.

use crate::report::markdown::prose;
use crate::report::{Outcome, ShownReport};
use crate::request::ServiceRef;

/// Longer descriptions are refused.
const DESCRIPTION_MAX: usize = 140;
/// Names in one description or mark; more are counted.
const NAMES_MAX: usize = 20;
/// Characters of an environment's name that a comment shows.
const ENVIRONMENT_SHOWN: usize = 100;
/// Longer comments are refused, in characters.
const COMMENT_MAX: usize = 65_536;

/// The states that a deployment ends in.
const STATES: [&str; 4] = ["success", "failure", "error", "inactive"];

/// How a run ended, for the deployment's last status.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// One of `STATES`.
    pub(super) state: &'static str,
    pub(super) description: String,
    /// Whether what was deployed can be visited.
    pub(super) is_up: bool,
}

impl Ended {
    /// What another deployment has replaced is `inactive` where that is fine: nothing went wrong,
    /// and the environment isn't this deployment's any more.
    pub(super) fn of(report: &ShownReport) -> Ended {
        let outcome = report.outcome.unwrap_or(Outcome::Error);
        let state = match outcome {
            Outcome::Superseded if report.superseded_is_fine => "inactive",
            Outcome::Error | Outcome::Interrupted | Outcome::Terminated => "error",
            outcome if outcome.is_good() => "success",
            _ => "failure",
        };
        Ended {
            state,
            description: description(&format!("{}: {}", outcome.as_str(), report.reason)),
            is_up: state == "success",
        }
    }

    /// What is reported of a run that can't report anything itself any more.
    pub(super) fn cut_off() -> Ended {
        Ended {
            state: "error",
            description: "the step was cut off before it could say how it ended".to_owned(),
            is_up: false,
        }
    }

    /// What was kept; none where no run ends in `state`.
    pub(super) fn kept(state: &str, text: &str) -> Option<Ended> {
        let state = STATES.into_iter().find(|known| *known == state)?;
        Some(Ended {
            state,
            description: description(text),
            is_up: false,
        })
    }
}

/// One line that GitHub takes as a description.
pub(super) fn description(text: &str) -> String {
    cut(&crate::shown::line(text), DESCRIPTION_MAX)
}

/// `web/api, web/worker`.
pub(super) fn names(services: &[ServiceRef]) -> String {
    ServiceRef::names(services, NAMES_MAX)
}

/// The first line of our comment, which nobody sees: by it the comment is found again. Names are
/// letters, digits, `-` and `_`.
///
/// What is deployed to several environments, accounts or regions under the same names has a comment
/// for each, as far as `place` tells them apart.
pub(super) fn marker(names: &str, place: &[&str]) -> String {
    let names = [&[names], place].concat().join(", ");
    // Two hyphens would end the HTML comment early; the second turn parts what the first left
    // between two pairs.
    let parted = "-\u{2060}-";
    let names = names.replace("--", parted).replace("--", parted);
    format!("<!-- plimsoll: {names} -->")
}

/// The comment: its mark, which environment it is about, and the summary, as long as a comment may be.
pub(super) fn comment(marker: &str, environment: Option<&str>, summary: &str) -> String {
    let about = environment.map(|name| format!("**{}**\n\n", prose(name, ENVIRONMENT_SHOWN)));
    cut(
        &format!("{marker}\n{}{summary}", about.unwrap_or_default()),
        COMMENT_MAX,
    )
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{COMMENT_MAX, Ended, comment, description, marker, names};
    use crate::redact::Redactor;
    use crate::report::{Outcome, Report};
    use crate::request::ServiceRef;

    #[test]
    fn each_outcome_has_its_state() {
        let states = |fine: bool| -> Vec<&str> {
            let all = Outcome::ALL.iter();
            all.map(|outcome| {
                let report = Report {
                    outcome: Some(*outcome),
                    superseded_is_fine: fine,
                    ..Report::default()
                };
                Ended::of(&report.shown(&Redactor::default())).state
            })
            .collect()
        };
        let (bad, good) = (["failure"; 7], ["success"; 4]);
        let ends = ["error"; 3];
        assert_eq!(states(false), [&good[..], &bad, &ends].concat());
        assert_eq!(states(true)[4], "inactive");
    }

    #[test]
    fn nothing_is_longer_than_github_takes() {
        assert_eq!(description(&"ä".repeat(141)).chars().count(), 140);
        assert_eq!(description("a\nb"), "a b");
        let long = comment("<!-- plimsoll: web/api -->", None, &"ä".repeat(70_000));
        assert_eq!(long.chars().count(), COMMENT_MAX);
        assert!(long.starts_with("<!-- plimsoll: web/api -->\n"));
    }

    #[test]
    fn a_mark_is_one_html_comment_whatever_the_names() {
        let one = ServiceRef {
            cluster: "arn:aws:ecs:eu-west-1:111122223333:cluster/web--->".to_owned(),
            service: "a--b-".to_owned(),
            place: None,
        };
        let marker = marker(&names(&[one]), &["a--b", "-->"]);
        assert_eq!(marker.matches("--").count(), 2, "{marker}");
        assert!(marker.starts_with("<!-- ") && marker.ends_with(" -->"));
    }
}
