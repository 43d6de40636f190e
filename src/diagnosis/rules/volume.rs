//! A volume that could not be made or mounted.

use crate::aws_text::Says;
use crate::cause::CauseKind;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, codes};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Volume,
    description: "a volume could not be made or mounted",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Volume)?;
    let names: Vec<&str> = seen.definition.volumes().collect();
    let named = if names.is_empty() { String::new() } else { format!(" (volumes {})", codes(names)) };
    let systems: Vec<&str> = seen.definition.file_systems().collect();
    let (message, remedies) = if observed.says(Says::FileSystem) {
        let which = if systems.is_empty() { String::new() } else { format!(" {}", codes(systems)) };
        (
            format!("the EFS file system{which} could not be mounted"),
            vec![
                advise("give the file system a mount target in each Availability Zone of the service's subnets"),
                advise("allow NFS (TCP `2049`) from the task's security group in that of the mount targets"),
                advise(format!(
                    "check the access point and IAM authorization for {}",
                    seen.definition.task_role().map_or_else(|| "the task role".to_owned(), code),
                )),
            ],
        )
    } else if observed.says(Says::EphemeralStorage) {
        (
            "AWS didn't provide the task's ephemeral storage in time".to_owned(),
            vec![advise("wait: ECS goes on trying by itself")],
        )
    } else {
        (
            format!("a volume of the task could not be made or mounted{named}"),
            vec![advise("check `volumes` and `mountPoints` of the task definition against AWS's text")],
        )
    };
    Some(observed.found(message, remedies))
}
