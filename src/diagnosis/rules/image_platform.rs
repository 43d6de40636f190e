//! An image for another CPU architecture than the task runs on.

use crate::aws_text::{Says, names};
use crate::cause::CauseKind;
use crate::diagnosis::rules::{Rule, image_pull};
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::ImagePlatform,
    description: "the image is built for another platform than the task runs on",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let Some(observed) = seen.of(CauseKind::ImagePlatform) else { return from_log(seen) };
    let image = image_pull::image_of(&observed).map_or_else(|| "the image".to_owned(), code);
    let message = if observed.says(Says::WrongArchitecture) {
        let name = observed.container().map_or("", |one| one.name.as_str());
        format!("the program of container {} is built for another CPU architecture than it runs on", code(name))
    } else {
        let platform = names::platform(observed.text());
        format!("{image} has no variant for {}", code(platform.unwrap_or("the platform of the task")))
    };
    Some(observed.found(message, Vec::new()).with_remedies(remedies(seen)))
}

/// What a container that ended wrote itself, where AWS gives only an exit code.
fn from_log(seen: &Observations<'_>) -> Option<Finding> {
    let exits = seen.of(CauseKind::ContainerExit)?;
    let name = exits.container()?.name.as_str();
    let log = seen.log_of(name);
    let line = log.iter().find(|line| Says::WrongArchitecture.is_in(line))?;
    let message = format!(
        "the program of container {} is most likely built for another CPU architecture than it runs on",
        code(name),
    );
    let mut finding = Finding::concluded(Certainty::Seen, CauseKind::ImagePlatform, message);
    finding.tasks = exits.tasks();
    let evidence = std::iter::once(line.clone()).chain(exits.evidence());
    Some(finding.with_evidence(evidence).with_remedies(remedies(seen)))
}

fn remedies(seen: &Observations<'_>) -> [crate::cause::Remedy; 2] {
    let asked = seen.definition.cpu_architecture();
    let instance = seen.evidence.instances.iter().find_map(|one| one.attribute("ecs.cpu-architecture"));
    let runs_on = asked.or(instance).unwrap_or("X86_64");
    let platform = if runs_on.to_ascii_lowercase().starts_with("arm") { "linux/arm64" } else { "linux/amd64" };
    let other = if platform == "linux/arm64" { "X86_64" } else { "ARM64" };
    [
        advise(format!("build the image for {}", code(platform))),
        advise(format!(
            "or set `runtimePlatform.cpuArchitecture` to `{other}` (now {}), where there is such capacity",
            asked.map_or_else(|| "not set".to_owned(), code),
        )),
    ]
}
