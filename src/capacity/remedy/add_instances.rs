//! More instances as a remedy: of a type that the cluster has already, by hand or by raising the
//! maximum of the Auto Scaling group behind a capacity provider.

use serde_json::json;

use super::checked::{checked, more};
use crate::capacity::facts::known::Known;
use crate::capacity::facts::room::Room;
use crate::capacity::fit::scaling::{is_larger, size, smallest_too_small};
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::decide::decide;
use crate::cause::Remedy;
use crate::snapshot::{CapacityProvider, Instance, Resources, ScalingGroup, Scheduling, last_part};

/// How many more are tried. Beyond these an instance or two more don't help.
const COUNTS: [u32; 3] = [1, 2, 4];
/// Types that are tried, the smallest first.
const MOST_TYPES: usize = 4;

/// The fewest instances, of the smallest type, that let the rollout fit.
///
/// A further instance is empty and takes nothing from the others, so that all it brings is its
/// slots for new tasks.
pub(in crate::capacity) fn offer(mut placement: ServicePlacement<'_, '_>) -> Option<Remedy> {
    if placement.deploy.service.scheduling == Scheduling::Daemon {
        // Each instance stands for itself, so a further one helps no other.
        return None;
    }
    let mut models = models(&placement);
    models.truncate(MOST_TYPES);
    let brought: Vec<Brought<'_>> = models
        .into_iter()
        .map(|one| bring(&placement, one))
        .collect();
    let (best, worst) = (placement.elsewhere_best, placement.elsewhere_worst.clone());
    for count in COUNTS {
        for one in &brought {
            let times = i64::from(count);
            placement.elsewhere_best = best + one.best * times;
            placement.elsewhere_worst.clone_from(&worst);
            placement.elsewhere_worst[one.provider] += one.worst * times;
            if decide(&placement).verdict.is_fit() {
                return Some(describe(&placement, one.kind, count));
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

fn bring<'a>(placement: &ServicePlacement<'_, '_>, model: Model<'a>) -> Brought<'a> {
    let fresh = fresh(model.instance);
    let room = Room::of(&fresh, [], placement.index.cluster.eni_limits);
    let (best, worst) = placement.slots_on_fresh(&room);
    let provider = placement
        .rules
        .provider(&placement.index.rooms[model.room])
        .unwrap_or(0);
    Brought {
        kind: model.kind,
        best,
        worst,
        provider,
    }
}

/// An instance of a type that the service may use.
#[derive(Clone, Copy)]
struct Model<'a> {
    kind: &'a str,
    /// Its place among the rooms.
    room: usize,
    instance: &'a Instance,
}

/// One of each type, the smallest first.
fn models<'a>(placement: &ServicePlacement<'_, 'a>) -> Vec<Model<'a>> {
    let rooms = &placement.index.rooms;
    let usable = |at: &usize| {
        placement.rules.provider(&rooms[*at]).is_some()
            && placement.rules.has_attributes(*at) == Known::Yes
            && placement.rules.matches(*at) == Known::Yes
    };
    let types = placement.index.by_type.iter();
    let first = types.filter_map(|(kind, own)| Some((*kind, *own.iter().find(|at| usable(at))?)));
    let mut models: Vec<Model<'_>> = first
        .map(|(kind, room)| Model {
            kind,
            room,
            instance: rooms[room].instance,
        })
        .collect();
    models.sort_by_key(|model| {
        let all = &model.instance.registered;
        (all.memory, all.cpu)
    });
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

fn describe<'a>(placement: &ServicePlacement<'_, 'a>, kind: &str, count: u32) -> Remedy {
    let price = Some("the price of that instance while it runs".to_owned());
    // A group that launches other types brings none of this one.
    let launches = |group: &&ScalingGroup| {
        let mut types = group.instance_types.iter();
        group.instance_types.is_empty() || types.any(|one| one == kind)
    };
    let behind = |one: &'a CapacityProvider| Some((one, one.group.as_ref().filter(launches)?));
    let Some((provider, group)) = scaled(placement).and_then(behind) else {
        let mut change = json!({"addInstances": count, "instanceType": kind});
        let place = match provider_of(placement, kind) {
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
    let small = too_small(placement, group);
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
fn too_small<'a>(placement: &ServicePlacement<'_, 'a>, group: &'a ScalingGroup) -> Vec<&'a str> {
    let needs = placement.deploy.needs;
    if smallest_too_small(placement.index, group, needs).is_none() {
        return Vec::new();
    }
    let kinds = group.instance_types.iter().map(String::as_str);
    kinds
        .filter(|kind| size(placement.index, kind).is_some_and(|size| is_larger(needs, size)))
        .collect()
}

/// The capacity provider that an instance of the type must belong to, where the service has any.
fn provider_of<'a>(placement: &ServicePlacement<'_, 'a>, kind: &str) -> Option<&'a str> {
    let mut models = models(placement).into_iter();
    let model = models.find(|one| one.kind == kind)?;
    let own = model.instance.capacity_provider.as_deref();
    own.filter(|_| !placement.rules.providers.is_empty())
}

/// The first capacity provider of the service whose group ECS itself scales.
fn scaled<'a>(placement: &ServicePlacement<'_, 'a>) -> Option<&'a CapacityProvider> {
    let items = placement.deploy.service.capacity_providers.iter();
    let mut names = items.map(|item| last_part(&item.provider));
    let own = |name: &str| {
        let mut providers = placement.index.cluster.providers.iter();
        providers.find(|one| last_part(&one.name) == name && one.managed_scaling)
    };
    names.find_map(own)
}
