//! Whether ECS would take a definition at all: what RegisterTaskDefinition refuses, said before an
//! image is built for it.
//!
//! Only what a person is likely to get wrong, and what is certain. All else is ECS's to say.

use super::Definition;
use super::suits::Unsuited;
use crate::capacity::{is_fargate_size, next_fargate_size};
use crate::request::is_role_arn;

/// The largest Fargate task that is known: ECS may have larger ones by now.
const LARGEST_FARGATE: i64 = 16384;

/// Everything about `definition` that ECS would refuse.
pub fn unsound(definition: &Definition) -> Vec<Unsuited> {
    let mut problems = Vec::new();
    problems.extend(role(definition, "taskRoleArn"));
    problems.extend(role(definition, "executionRoleArn"));
    if definition
        .view()
        .requires_compatibilities()
        .contains(&"FARGATE")
    {
        problems.extend(fargate(definition));
    }
    problems
}

/// "The short name or full Amazon Resource Name (ARN) of the IAM role" (API reference).
fn role(definition: &Definition, member: &str) -> Option<Unsuited> {
    let role = definition.as_value().get(member)?.as_str()?;
    let is_name = !role.is_empty()
        && role.len() <= 512
        && role
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b));
    if is_name || is_role_arn(role) {
        return None;
    }
    let (what, help) = if role.is_empty() {
        (
            "empty".to_owned(),
            format!("leave `{member}` out where there is no such role"),
        )
    } else {
        let help = "write it as `arn:aws:iam::<account>:role/<name>`".to_owned();
        (format!("`{role}`"), help)
    };
    Some(Unsuited::new(
        format!("`{member}` of the task definition is {what}, which is no IAM role"),
        help,
    ))
}

/// Fargate has its own network mode, and sizes that go together.
fn fargate(definition: &Definition) -> Vec<Unsuited> {
    let mut problems = Vec::new();
    let definition = definition.view();
    let mode = definition.network_mode();
    if mode != "awsvpc" {
        problems.push(Unsuited::new(
            format!("the task definition is for Fargate, which knows the network mode `awsvpc` only; it has `{mode}`"),
            "set `networkMode` to `awsvpc`, or take `FARGATE` out of `requiresCompatibilities`",
        ));
    }
    let (Some(cpu), Some(memory)) = (definition.cpu().known(), definition.memory().known()) else {
        problems.push(Unsuited::new(
            "the task definition is for Fargate, which needs `cpu` and `memory` of the task as a whole".to_owned(),
            "give both next to `containerDefinitions`, for instance `\"cpu\": \"256\", \"memory\": \"512\"`",
        ));
        return problems;
    };
    if cpu <= LARGEST_FARGATE && !is_fargate_size(cpu, memory) {
        let help = next_fargate_size(cpu, memory).map_or_else(
            || "take more CPU units with that much memory".to_owned(),
            |(cpu, memory)| {
                format!("the smallest size that holds it has {cpu} CPU units and {memory} MiB")
            },
        );
        problems.push(Unsuited::new(
            format!("Fargate has no task size of {cpu} CPU units with {memory} MiB"),
            help,
        ));
    }
    problems
}
