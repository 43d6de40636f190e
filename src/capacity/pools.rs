//! More instances as a remedy: of a type that the cluster has already, by hand or by raising the
//! maximum of the Auto Scaling group behind a capacity provider.

use serde_json::json;

use super::claim::Claim;
use super::forecast::decide;
use super::growth::{is_larger, size, smallest_too_small};
use super::remedies::{checked, more};
use super::room::{Room, Tri};
use crate::cause::Remedy;
use crate::snapshot::{CapacityProvider, Instance, Resources, ScalingGroup, Scheduling, last_part};

/// How many more are tried. Beyond these it is no longer a matter of an instance or two.
const COUNTS: [u32; 3] = [1, 2, 4];
/// Types that are tried, the smallest first.
const MOST_TYPES: usize = 4;

/// The fewest instances, of the smallest type, that let the rollout fit.
///
/// A further instance is empty and takes nothing from the others, so that all it brings is its
/// seats for new tasks.
pub(super) fn offer(mut claim: Claim<'_, '_>) -> Option<Remedy> {
    if claim.deploy.service.scheduling == Scheduling::Daemon {
        // Each instance stands for itself, so a further one helps no other.
        return None;
    }
    let mut models = models(&claim);
    models.truncate(MOST_TYPES);
    let brought: Vec<Brought<'_>> = models.into_iter().map(|one| bring(&claim, one)).collect();
    let (best, worst) = (claim.elsewhere_best, claim.elsewhere_worst.clone());
    for count in COUNTS {
        for one in &brought {
            let times = i64::from(count);
            claim.elsewhere_best = best + one.best * times;
            claim.elsewhere_worst.clone_from(&worst);
            claim.elsewhere_worst[one.provider] += one.worst * times;
            if decide(&claim).verdict.is_fit() {
                return Some(describe(&claim, (one.kind, count)));
            }
        }
    }
    None
}

/// What one further instance of a type brings.
struct Brought<'a> {
    kind: &'a str,
    /// New tasks that fit on it, in the best and in the worst case.
    best: i64,
    worst: i64,
    /// The place of its capacity provider among the service's.
    provider: usize,
}

fn bring<'a>(
    claim: &Claim<'_, '_>,
    (kind, at, model): (&'a str, usize, &'a Instance),
) -> Brought<'a> {
    let fresh = fresh(model);
    let room = Room::of(&fresh, [], claim.ground.cluster.eni_limits);
    let (best, worst) = claim.seats_on_fresh(&room);
    let provider = claim.rules.provider(&claim.ground.rooms[at]).unwrap_or(0);
    Brought {
        kind,
        best,
        worst,
        provider,
    }
}

/// One instance of each type that the service may use, the smallest first.
fn models<'a>(claim: &Claim<'_, 'a>) -> Vec<(&'a str, usize, &'a Instance)> {
    let rooms = &claim.ground.rooms;
    let usable = |at: &usize| {
        claim.rules.provider(&rooms[*at]).is_some()
            && claim.rules.has_attributes(*at) == Tri::Yes
            && claim.rules.matches(*at) == Tri::Yes
    };
    let types = claim.ground.by_type.iter();
    let first = types.filter_map(|(kind, own)| Some((*kind, *own.iter().find(|at| usable(at))?)));
    let mut models: Vec<_> = first
        .map(|(kind, at)| (kind, at, rooms[at].instance))
        .collect();
    models.sort_by_key(|(_, _, instance)| (instance.registered.memory, instance.registered.cpu));
    models
}

/// The model as it was when it had just registered.
fn fresh(model: &Instance) -> Instance {
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

fn describe<'a>(claim: &Claim<'_, 'a>, (kind, count): (&str, u32)) -> Remedy {
    let price = Some("what an instance costs while it runs".to_owned());
    // A group that launches other types brings none of this one.
    let launches = |group: &&ScalingGroup| {
        let mut types = group.instance_types.iter();
        group.instance_types.is_empty() || types.any(|one| one == kind)
    };
    let behind = |one: &'a CapacityProvider| Some((one, one.group.as_ref().filter(launches)?));
    let Some((provider, group)) = scaled(claim).and_then(behind) else {
        let mut change = json!({"addInstances": count, "instanceType": kind});
        let place = match provider_of(claim, kind) {
            Some(name) => {
                change["capacityProvider"] = json!(name);
                format!("the Auto Scaling group of the capacity provider `{name}`")
            }
            None => "the cluster".to_owned(),
        };
        let text = format!("add {} of type {kind} to {place}", more(count));
        return checked(text, change, price);
    };
    let mut change = json!({"autoScalingGroup": group.name});
    let mut steps = Vec::new();
    let of_group = format!(
        "the Auto Scaling group `{}` (capacity provider `{}`)",
        group.name, provider.name
    );
    // ECS scales the group only for a task that its smallest type can hold.
    let small = too_small(claim, group);
    if !small.is_empty() {
        let names: Vec<String> = small.iter().map(|kind| format!("`{kind}`")).collect();
        let names = names.join(", ");
        steps.push(format!(
            "take {names} out of the instance types of {of_group}"
        ));
        change["removeInstanceTypes"] = json!(small);
    }
    if group.desired.saturating_add(count) > group.max {
        let maximum = group.max.saturating_add(count);
        let which = if small.is_empty() { &of_group } else { "it" };
        steps.push(format!(
            "raise the maximum of {which} from {} to {maximum}",
            group.max
        ));
        change["maxSize"] = json!(maximum);
    }
    if steps.is_empty() {
        // It may grow, so that something else holds it back: by hand it grows all the same.
        let desired = group.desired.saturating_add(count);
        steps.push(format!(
            "set the desired capacity of {of_group} to {desired}"
        ));
        change["desiredCapacity"] = json!(desired);
    }
    checked(steps.join(", and "), change, price)
}

/// The instance types of the group that the task is too large for, where they keep ECS from scaling.
fn too_small<'a>(claim: &Claim<'_, 'a>, group: &'a ScalingGroup) -> Vec<&'a str> {
    let needs = claim.deploy.needs;
    if smallest_too_small(claim.ground, group, needs).is_none() {
        return Vec::new();
    }
    let kinds = group.instance_types.iter().map(String::as_str);
    kinds
        .filter(|kind| size(claim.ground, kind).is_some_and(|size| is_larger(needs, size)))
        .collect()
}

/// The capacity provider that an instance of the type must belong to, where the service has any.
fn provider_of<'a>(claim: &Claim<'_, 'a>, kind: &str) -> Option<&'a str> {
    let mut models = models(claim).into_iter();
    let (.., model) = models.find(|(one, ..)| *one == kind)?;
    let own = model.capacity_provider.as_deref();
    own.filter(|_| !claim.rules.providers.is_empty())
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
