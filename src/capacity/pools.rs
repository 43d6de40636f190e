//! More instances as a remedy: of a type that the cluster has already, by hand or by raising the
//! maximum of the Auto Scaling group behind a capacity provider.

use std::collections::BTreeMap;

use serde_json::json;

use super::claim::Claim;
use super::remedies::{checked, fits_with_more, more};
use crate::cause::Remedy;
use crate::snapshot::{CapacityProvider, Instance, Resources, last_part};

/// How many more are tried. Beyond these it is no longer a matter of an instance or two.
const COUNTS: [u32; 3] = [1, 2, 4];
/// Types that are tried, the smallest first.
const MOST_TYPES: usize = 4;

/// The fewest instances, of the smallest type, that let the rollout fit.
pub(super) fn offer(claim: &Claim<'_, '_>) -> Option<Remedy> {
    let models = models(claim);
    COUNTS.iter().find_map(|count| {
        models
            .iter()
            .take(MOST_TYPES)
            .find_map(|(kind, at, model)| {
                let fresh: Vec<Instance> = (0..*count).map(|number| fresh(model, number)).collect();
                fits_with_more(claim, &fresh, *at).then(|| describe(claim, (kind, *count)))
            })
    })
}

/// One instance of each type that the service may use, the smallest first.
fn models<'a>(claim: &Claim<'_, 'a>) -> Vec<(&'a str, usize, &'a Instance)> {
    let mut by_type: BTreeMap<&str, (usize, &Instance)> = BTreeMap::new();
    for (at, room) in claim.ground.rooms.iter().enumerate() {
        let instance: &'a Instance = room.instance;
        let usable = claim.rules.provider(room).is_some()
            && claim.rules.has_attributes(at) == super::room::Tri::Yes
            && claim.rules.matches(at) == super::room::Tri::Yes;
        if let Some(kind) = room.kind.filter(|_| usable) {
            by_type.entry(kind).or_insert((at, instance));
        }
    }
    let mut models: Vec<_> = by_type
        .into_iter()
        .map(|(kind, (at, instance))| (kind, at, instance))
        .collect();
    models.sort_by_key(|(_, _, instance)| (instance.registered.memory, instance.registered.cpu));
    models
}

/// The model as it was when it had just registered.
fn fresh(model: &Instance, number: u32) -> Instance {
    let Resources {
        cpu, memory, gpus, ..
    } = model.registered;
    let registered = Resources {
        cpu,
        memory,
        gpus,
        ..model.registered.clone()
    };
    Instance {
        arn: format!("{}-more-{number}", model.arn),
        ec2_instance_id: None,
        status: "ACTIVE".to_owned(),
        agent_connected: true,
        remaining: registered.clone(),
        registered,
        running_tasks: 0,
        pending_tasks: 0,
        ..model.clone()
    }
}

fn describe(claim: &Claim<'_, '_>, (kind, count): (&str, u32)) -> Remedy {
    let price = Some("what an instance costs while it runs".to_owned());
    let Some((provider, group)) = scaled(claim).and_then(|one| Some((one, one.group.as_ref()?)))
    else {
        return checked(
            format!("add {} of type {kind} to the cluster", more(count)),
            json!({"addInstances": count, "instanceType": kind}),
            price,
        );
    };
    let maximum = group.max.saturating_add(count);
    checked(
        format!(
            "raise the maximum of the Auto Scaling group `{}` (capacity provider `{}`) from {} to {maximum}",
            group.name, provider.name, group.max
        ),
        json!({"autoScalingGroup": group.name, "maxSize": maximum}),
        price,
    )
}

/// The first capacity provider of the service whose group ECS itself scales.
fn scaled<'a>(claim: &Claim<'_, 'a>) -> Option<&'a CapacityProvider> {
    let items = claim.deploy.service.capacity_providers.iter();
    let mut names = items.map(|item| last_part(&item.provider));
    let own = |name: &str| {
        let mut providers = claim.ground.cluster.providers.iter();
        providers.find(|one| last_part(&one.name) == name && one.managed_scaling)
    };
    names.find_map(own)
}
