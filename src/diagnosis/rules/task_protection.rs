//! Old tasks that are held by task protection.

use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, argument, code, codes, counted};
use crate::snapshot::{Task, TaskStatus, last_part};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::TaskProtection,
    description: "task protection holds old tasks, so the deployment can't end",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let old = |task: &&Task| task.started_by != seen.evidence.deployment;
    let running = |task: &&Task| task.last_status == TaskStatus::Running && task.protected;
    let held: Vec<&Task> = seen.evidence.tasks.iter().filter(old).filter(running).collect();
    let message = match held.len() {
        0 => "task protection holds old tasks, and ECS can't stop them".to_owned(),
        number => format!("task protection holds {}, and ECS can't stop them", counted(number, "old task")),
    };
    let finding = match seen.of(CauseKind::TaskProtection) {
        Some(observed) => observed.found(message, Vec::new()),
        None if held.is_empty() || seen.evidence.lacks_tasks() => return None,
        None => Finding::concluded(Certainty::Likely, CauseKind::TaskProtection, message)
            .with_evidence([format!("protected and running: {}", codes(held.iter().map(|task| task.id())))]),
    };
    let task = held.first().map_or("TASK", |task| task.id());
    let command = format!(
        "aws ecs update-task-protection --cluster {} --tasks {task} --no-protection-enabled",
        argument(last_part(&seen.evidence.service.cluster)),
    );
    Some(finding.with_remedies([
        advise("wait until their work is done or the protection expires (two hours unless they ask for more)"),
        advise(format!("or take the protection away: {}", code(&command))),
    ]))
}
