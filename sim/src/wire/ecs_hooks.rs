//! ContinueServiceDeployment, and what DescribeServiceDeployments tells of stages, hooks and
//! alarms.

use serde_json::{Value, json};

use crate::world::{Hook, Refusal, Service, ServiceDeployment, World, seconds};

pub(super) fn go_on(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let (arn, hook) = (text("serviceDeploymentArn"), text("hookId"));
    world.continue_service_deployment((arn, hook), body["action"] != "ROLLBACK")?;
    Ok(json!({"serviceDeploymentArn": arn}))
}

/// Adds stage, hooks and alarms of a service deployment to what is shown of it.
pub(super) fn show(shown: &mut Value, service: &Service, record: &ServiceDeployment) {
    let stage = &record.stage;
    if record.finished.is_none() {
        shown["lifecycleStage"] = json!(stage.name);
        shown["lifecycleHookDetails"] = stage.hooks.iter().map(hook).collect();
    }
    if service.configuration.is_native() {
        let target = &mut shown["targetServiceRevision"];
        target["requestedProductionTrafficWeight"] = json!(stage.weight);
        target["requestedTestTrafficWeight"] = json!(stage.test_weight);
        for source in shown["sourceServiceRevisions"]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            source["requestedProductionTrafficWeight"] = json!(100.0 - stage.weight);
        }
    }
    let configured = service.configuration.alarms.as_ref();
    let status = match (
        configured.filter(|alarms| alarms.enable),
        record.triggered_alarms.is_empty(),
        record.finished.is_some(),
    ) {
        (None, ..) => "DISABLED",
        (_, false, _) => "TRIGGERED",
        (_, true, true) => "MONITORING_COMPLETE",
        (_, true, false) => "MONITORING",
    };
    let names = configured.map(|alarms| alarms.names.clone());
    shown["alarms"] = json!({
        "status": status,
        "alarmNames": names.unwrap_or_default(),
        "triggeredAlarmNames": record.triggered_alarms,
    });
}

fn hook(hook: &Hook) -> Value {
    let mut shown = json!({
        "hookId": hook.id,
        "targetType": if hook.target.is_some() { "AWS_LAMBDA" } else { "PAUSE" },
        "status": hook.status,
        "expiresAt": seconds(hook.expires),
        "timeoutAction": if hook.continues { "CONTINUE" } else { "ROLLBACK" },
    });
    if let Some(arn) = &hook.target {
        shown["targetArn"] = json!(arn);
    }
    shown
}
