//! An essential container that ends by itself: the crash loop.

use crate::aws_text::Says;
use crate::aws_text::stop_reason::exit_meaning;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::observations_of_kind::ObservationsOfKind;
use crate::diagnosis::words::{advise, age, argument, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::ContainerExit,
    description: "an essential container ends by itself or can't be started",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::ContainerExit)?;
    let container = observed.container();
    let name = container.map(|one| one.name.as_str());
    let who = name.map_or_else(
        || "an essential container".to_owned(),
        |name| format!("the essential container {}", code(name)),
    );
    let exit = container.and_then(|one| one.exit_code);
    let message = match exit {
        Some(exit) => {
            let meaning = exit_meaning(exit).map(|meaning| format!(": {meaning}")).unwrap_or_default();
            format!("{who} ended with exit code {exit}{}{meaning}", lived(&observed))
        }
        None if observed.says(Says::NotStarted) => {
            format!("{who} could not be started")
        }
        None => format!("{who} ended, and AWS gives no exit code"),
    };
    let log = name.map(|name| seen.log_of(name)).unwrap_or_default();
    let mut remedies = Vec::new();
    if log.is_empty() {
        let group = name.and_then(|name| seen.definition.container(name)?.log()?.option("awslogs-group"));
        remedies.push(advise(match group {
            Some(group) => format!("read its log: {}", code(&format!("aws logs tail {} --since 1h", argument(group)))),
            None => "read its log; the task definition has no `awslogs` group for it, so see where its log driver sends it".to_owned(),
        }));
    }
    remedies.push(advise(match exit {
        Some(126 | 127) => "check `command`, `entryPoint` and the image's own entry point".to_owned(),
        Some(0) => format!("keep {who} running, or set `essential` to `false` if it is meant to end"),
        Some(137) => {
            "look for what killed it: a memory limit without a report, or an end slower than `stopTimeout`".to_owned()
        }
        Some(255) => "compare the image's platform with the instance's CPU architecture".to_owned(),
        _ => format!("run the image {} elsewhere with the same settings", image(&observed)),
    }));
    Some(observed.found(message, remedies).with_evidence(log))
}

/// How long it ran, where that is known.
fn lived(observed: &ObservationsOfKind<'_, '_>) -> String {
    let times = observed.task().and_then(|task| Some((task.started?, task.stopping.or(task.stopped)?)));
    times.map(|(from, to)| format!(", {} after its start", age(to.since(from)))).unwrap_or_default()
}

fn image(observed: &ObservationsOfKind<'_, '_>) -> String {
    let image = observed.container().map(|one| one.image.as_str()).filter(|image| !image.is_empty());
    image.map_or_else(|| "of the container".to_owned(), code)
}
