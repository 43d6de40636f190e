//! The action's outputs, from the report.

use super::ShownReport;
use crate::redact::HIDDEN;
use crate::snapshot::Timestamp;

/// Every output with its description, as `action.yml` declares them.
pub const OUTPUTS: &[(&str, &str)] = &[
    (
        "outcome",
        "How it ended: succeeded, started, unchanged, planned, failed, invalid, blocked, stuck, rolled-back, superseded, timed-out, error or cancelled",
    ),
    ("reason", "One line that says why"),
    (
        "service-changed",
        "Whether a service was changed: true or false",
    ),
    (
        "forecast",
        "Whether the rollout fits: fits, blocked or unknown",
    ),
    (
        "image",
        "The image that was deployed, pinned to its digest where the registry can be asked",
    ),
    (
        "image-digest",
        "The digest of the image, without an account id",
    ),
    ("image-tag", "The first tag of the image"),
    ("task-definition-arn", "ARN of the revision"),
    (
        "task-definition-family",
        "Family of the revision, without an account id",
    ),
    ("task-definition-revision", "Number of the revision"),
    ("deployment-id", "Id of the ECS deployment"),
    ("console-url", "The service in the AWS console"),
    ("report", "Path of the JSON report"),
    ("duration-seconds", "How long the run took"),
];

/// The outputs with their values; what is not known is empty.
pub fn outputs(
    report: &ShownReport,
    report_path: Option<&str>,
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let image = report.image.clone().unwrap_or_default();
    let definition = report.definition.clone().unwrap_or_default();
    let deployment = report
        .services
        .first()
        .map(|service| service.deployment_id.clone())
        .unwrap_or_default();
    OUTPUTS
        .iter()
        .map(|(name, _)| {
            let value = match *name {
                "outcome" => report
                    .outcome
                    .map(|outcome| outcome.as_str().to_owned())
                    .unwrap_or_default(),
                "reason" => report.reason.replace(['\n', '\r'], " "),
                "service-changed" => report.service_changed.to_string(),
                "forecast" => super::json::worst_forecast(report)
                    .unwrap_or_default()
                    .to_owned(),
                "image" => image.reference.clone(),
                "image-digest" => image.digest.clone(),
                "image-tag" => image.tag.clone(),
                "task-definition-arn" => definition.arn.clone(),
                "task-definition-family" => definition.family.clone(),
                "task-definition-revision" => {
                    if definition.revision > 0 {
                        definition.revision.to_string()
                    } else {
                        String::new()
                    }
                }
                "deployment-id" => deployment.clone(),
                "console-url" => report.console_url().unwrap_or_default(),
                "report" => report_path.unwrap_or_default().to_owned(),
                "duration-seconds" => now.since(report.started).as_secs().to_string(),
                _ => String::new(),
            };
            (*name, value)
        })
        .collect()
}

/// What to use in place of an output that may hold an account id or another masked value.
const INSTEAD: &[(&str, &[&str])] = &[
    ("image", &["image-digest", "image-tag"]),
    (
        "task-definition-arn",
        &["task-definition-family", "task-definition-revision"],
    ),
];

/// What to say of the outputs in whose values a secret of this run stood: `***` stands there now.
pub fn hidden(outputs: &[(&'static str, String)]) -> Vec<String> {
    let holds = |value: &str| value.contains(HIDDEN);
    let usable = |name: &&&str| {
        let known = outputs.iter().find(|(known, _)| known == *name);
        known.is_some_and(|(_, value)| !value.is_empty() && !holds(value))
    };
    outputs
        .iter()
        .filter(|(name, value)| *name != "reason" && holds(value))
        .map(|(name, _)| {
            let others = INSTEAD.iter().find(|(of, _)| of == name);
            let others: Vec<String> = others
                .iter()
                .flat_map(|(_, others)| others.iter())
                .filter(usable)
                .map(|other| format!("`{other}`"))
                .collect();
            let way_out = match others.is_empty() {
                true => "take it from the task definition or the service instead".to_owned(),
                false => format!("use {} instead", others.join(" and ")),
            };
            format!(
                "the output `{name}` holds a value that this run keeps secret, so `{HIDDEN}` stands in its place: {way_out}"
            )
        })
        .collect()
}
