//! Whether anything can still move, as far as the look at the cluster says.

use super::{Look, State};
use crate::capacity::{Movement, Source};
use crate::cause::Cause;
use crate::wording::{self, Subject};

/// What the capacity calculation says of our rollout.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mobility {
    /// Nothing against it, or nobody looked.
    Open,
    /// It can't end any more: why, with the numbers and with remedies that were checked.
    Stuck(Box<Cause>),
    /// The steps that ECS could take just now, and hasn't yet.
    Could(Vec<String>),
    /// Nothing that is known moves, and nothing is proven: why not.
    Unknown(Vec<String>),
}

/// What the look at the cluster says of our rollout.
pub(super) fn mobility(state: &State, look: &Look) -> Mobility {
    let cluster = look.cluster.as_ref();
    match cluster.and_then(|cluster| cluster.movement(&state.target.deployment)) {
        Some(Movement::Stuck(forecast)) => wording::as_cause(forecast, Subject::Rollout)
            .map_or(Mobility::Open, |cause| Mobility::Stuck(Box::new(cause))),
        Some(Movement::Could(could)) => {
            Mobility::Could(could.iter().copied().map(wording::next_step).collect())
        }
        Some(Movement::Unknown(forecast)) => Mobility::Unknown(wording::reasons(forecast)),
        Some(Movement::UnderWay(_)) | None => Mobility::Open,
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
