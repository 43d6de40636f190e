//! Whether anything can still move, and what explains that it doesn't.

use std::time::Duration;

use super::{Look, State, Waiting};
use crate::capacity::{Movement, Source};
use crate::cause::{Cause, CauseKind, Remedy};
use crate::diagnosis::{Evidence, diagnose};
use crate::durations;
use crate::snapshot::{Service, Timestamp};
use crate::wording::{self, Subject};

/// What the capacity calculation says of a look.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgement {
    /// Why the rollout can't end any more, with the numbers and with remedies that were checked;
    /// none where that isn't certain, or where the look has no survey.
    pub(super) proof: Option<Vec<Cause>>,
    /// The steps that ECS could take just now, and hasn't yet.
    pub(super) could: Vec<String>,
    /// Why nothing is proven, where nothing that is known moves.
    pub(super) doubts: Vec<String>,
}

/// What the look at the cluster says of our rollout.
pub(super) fn judge(state: &State, look: &Look) -> Judgement {
    let cluster = look.cluster.as_ref();
    match cluster.and_then(|cluster| cluster.movement(&state.target.deployment)) {
        Some(Movement::Stuck(forecast)) => Judgement {
            proof: wording::as_cause(forecast, Subject::Rollout).map(|cause| vec![cause]),
            ..Judgement::default()
        },
        Some(Movement::Could(could)) => Judgement {
            could: could.iter().copied().map(wording::next_step).collect(),
            ..Judgement::default()
        },
        Some(Movement::Unknown(forecast)) => Judgement {
            doubts: wording::reasons(forecast),
            ..Judgement::default()
        },
        Some(Movement::UnderWay(_)) | None => Judgement::default(),
    }
}

/// An Auto Scaling group of the service that wants more instances than have registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScaleOut {
    /// Its latest activity isn't over.
    UnderWay,
    /// Its latest activity is over, and an instance isn't here yet.
    Launched { desired: u32 },
}

/// Whether an instance is on its way: a group wants more than are here, and its latest activity
/// didn't fail.
pub(super) fn scale_out(look: &Look) -> Option<ScaleOut> {
    let survey = look.cluster.as_ref().map(|cluster| &cluster.survey)?;
    let is_unread = |what| survey.unread.iter().any(|one| one.what == what);
    if is_unread(Source::Instances) {
        return None;
    }
    let found = survey.providers.iter().filter_map(|provider| {
        let group = provider.group.as_ref()?;
        // One that is drained is on its way out, and the group wants another for it.
        let here = survey.instances.iter().filter(|instance| {
            instance.capacity_provider.as_ref() == Some(&provider.name)
                && instance.status != "DRAINING"
        });
        let lacks = u32::try_from(here.count()).unwrap_or(u32::MAX) < group.desired;
        let launched = Some(ScaleOut::Launched {
            desired: group.desired,
        });
        let latest = group.activities.first().map(|(status, _)| status.as_str());
        match latest {
            _ if !lacks => None,
            Some("Failed" | "Cancelled") => None,
            Some("Successful") => launched,
            // Nobody can tell whether anything is under way: not for ever.
            None if is_unread(Source::ScalingGroups) => launched,
            _ => Some(ScaleOut::UnderWay),
        }
    });
    let all: Vec<ScaleOut> = found.collect();
    let under_way = all.iter().find(|one| **one == ScaleOut::UnderWay);
    under_way.or(all.first()).copied()
}

/// ECS could go on and doesn't: it waits between two attempts, longer each time.
pub(super) fn hesitation(could: &[String], still: Duration) -> Cause {
    let minutes = durations::minutes(still);
    Cause {
        kind: CauseKind::Throttled,
        message: format!("there is room for the next step, and ECS has not taken it for {minutes}"),
        clause: None,
        evidence: could.to_vec(),
        remedies: vec![Remedy {
            text: "start the attempts anew with `force-new-deployment: true`; after failed placements ECS waits up to 27 minutes before the next one".to_owned(),
            change: serde_json::json!({"forceNewDeployment": true}),
            cost: None,
            checked: false,
        }],
    }
}

/// No rule found a cause: what is waited for, why nothing is proven, and what was looked at.
pub(super) fn nothing_found(look: &Look, waiting: &[Waiting], doubts: &[String]) -> Cause {
    let on_instance = waiting
        .iter()
        .any(|waiting| matches!(waiting, Waiting::Instance { .. }));
    let (kind, message) = if on_instance {
        (
            CauseKind::CapacityProvider,
            "the capacity provider has brought no instance for the tasks in PROVISIONING",
        )
    } else {
        (
            CauseKind::Unknown,
            "no cause was found in what could be looked at",
        )
    };
    let mut evidence: Vec<String> = waiting
        .iter()
        .map(|waiting| format!("waited for: {waiting}"))
        .collect();
    evidence.extend(doubts.iter().cloned());
    let seen = |what: &str, is_there: bool| {
        format!(
            "{what}{}",
            if is_there { "" } else { " (could not be read)" }
        )
    };
    let looked = [
        "the service and its events".to_owned(),
        seen("its tasks", look.tasks.is_some()),
        seen("the service deployment", look.service_deployment.is_some()),
    ];
    evidence.push(format!("looked at: {}", looked.join(", ")));
    let remedies = on_instance.then(|| Remedy {
        text: "look at the maximum size and the latest scaling activities of the Auto Scaling group behind the capacity provider".to_owned(),
        change: serde_json::Value::Null,
        cost: None,
        checked: false,
    });
    Cause {
        kind,
        message: message.to_owned(),
        clause: None,
        evidence,
        remedies: remedies.into_iter().collect(),
    }
}

/// The cause inside a sentence that says already that the rollout doesn't go on.
pub fn in_one_line(cause: &Cause) -> String {
    cause.clause().to_owned()
}

/// Everything that explains the state of the rollout, what was proven first.
pub(super) fn causes(
    state: &State,
    service: &Service,
    look: &Look,
    (proven, hesitation): (&[Cause], Option<&Cause>),
    now: Timestamp,
) -> Vec<Cause> {
    let tasks = look.tasks.as_deref().unwrap_or(&state.stopped);
    let survey = look.cluster.as_ref().map(|cluster| &cluster.survey);
    diagnose(&Evidence {
        tasks,
        service_deployment: look.service_deployment.as_ref(),
        targets: &look.targets,
        logs: &look.logs,
        definition: Some(&state.document),
        instances: survey
            .map(|survey| survey.instances.as_slice())
            .unwrap_or_default(),
        providers: survey
            .map(|survey| survey.providers.as_slice())
            .unwrap_or_default(),
        capacity: proven,
        hesitation,
        ..Evidence::new(service, &state.target.deployment, now)
    })
}
