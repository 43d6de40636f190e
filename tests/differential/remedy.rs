//! A remedy, applied to the plan of a world: the rollout must complete there.

use plimsoll::cause::Remedy;
use plimsoll_sim::Sim;
use serde_json::Value;

use crate::plan::{Machine, Plan, State};
use crate::run::{begin, run};

/// Applies the remedy to the one deployed service of the plan and runs the world.
pub(crate) fn helps(plan: &Plan, remedy: &Remedy) -> Result<(), String> {
    let sim = Sim::new(plan.build());
    // Instance ids are the world's: those of the plan's machines come after those of its pools.
    let ids: Vec<String> =
        sim.with(|world| world.instances().iter().map(|one| one.id.clone()).collect());
    let mut changed = plan.clone();
    apply(&mut changed, &remedy.change, &ids)?;
    let sim = Sim::new(changed.build());
    sim.with(|world| begin(world, &changed));
    let (ran, _) = run(&sim, &changed, &[]);
    match ran.completed[0] {
        true => Ok(()),
        false => Err(format!(
            "the remedy `{}` ({}) didn't help",
            remedy.text, remedy.change
        )),
    }
}

fn apply(plan: &mut Plan, change: &Value, ids: &[String]) -> Result<(), String> {
    let whole = |name: &str| change[name].as_i64();
    let small = |name: &str| whole(name).and_then(|number| u32::try_from(number).ok());
    let offset = ids.len() - plan.machines.len();
    let party = &mut plan.deployed[0];
    if let (Some(minimum), Some(maximum)) =
        (small("minimumHealthyPercent"), small("maximumPercent"))
    {
        party.percentages = (minimum, maximum);
        party.rebalancing &= change["availabilityZoneRebalancing"] != "DISABLED";
    } else if whole("hostPort").is_some() {
        (party.new.tcp, party.new.udp) = (None, None);
    } else if whole("cpu").or(whole("memory")).is_some() {
        party.new.cpu = whole("cpu").unwrap_or(party.new.cpu);
        party.new.memory = whole("memory").unwrap_or(party.new.memory);
    } else if let Some(id) = change["containerInstance"].as_str() {
        let at = ids
            .iter()
            .position(|one| one == id)
            .ok_or("no such instance")?;
        plan.machines[at - offset].state = State::Open;
    } else if let Some(count) = whole("addInstances") {
        let kind = change["instanceType"].as_str().unwrap_or_default();
        let provider = change["capacityProvider"].as_str();
        let tiers = [party.tier, party.new.tier];
        let usable = |one: &&Machine| {
            one.kind == kind
                && provider.is_none_or(|name| one.provider == Some(name))
                && tiers.iter().flatten().all(|tier| one.tier == Some(tier))
        };
        let model = plan.machines.iter().find(usable).cloned();
        let model = model.or_else(|| {
            let pool = plan
                .pools
                .iter()
                .find(|pool| pool.kind == kind && provider.is_none_or(|name| pool.name == name))?;
            Some(Machine {
                kind: pool.kind,
                provider: Some(pool.name),
                ..Machine::default()
            })
        });
        let model = model.ok_or("no instance of that type")?;
        let more = Machine {
            state: State::Open,
            ..model
        };
        plan.later.extend((0..count).map(|_| more.clone()));
    } else if let (Some(name), Some(max)) = (change["autoScalingGroup"].as_str(), small("maxSize"))
    {
        let pool = plan
            .pools
            .iter_mut()
            .find(|pool| pool.name == name)
            .ok_or("no such group")?;
        pool.max = max;
    } else {
        return Err(format!("a remedy that nobody can apply: {change}"));
    }
    Ok(())
}
