//! Why a forecast can't be sure, one sentence each.

use super::addresses;
use super::claim::Claim;
use super::decision::plural;
use super::ground::Source;
use super::growth::Growth;

/// What stands between a forecast and certainty.
#[derive(Debug)]
pub(super) struct Reasons {
    /// Whether the worst case is one: nothing outside it could go wrong.
    pub sure: bool,
    pub sentences: Vec<String>,
}

/// All that is in doubt, the weightiest first.
pub(super) fn reasons(claim: &Claim<'_, '_>, grows: &Growth) -> Reasons {
    let doubts = &claim.doubts;
    let mut sentences = unread(claim);
    if let Growth::May(why) = grows {
        sentences.push(why.clone());
    }
    if claim.reachable == 0 && claim.is_read() {
        sentences.push("there is no container instance just now".to_owned());
    }
    let mut say = |count: u32, what: &str, why: &str| {
        if count > 0 {
            sentences.push(format!("{count} {} {why}", plural(count, what)));
        }
    };
    say(
        // Where nothing was read, nothing could be found.
        if claim.is_read() { doubts.missing } else { 0 },
        "task",
        "of the service could not be found on the instances that were read",
    );
    say(
        doubts.agents,
        "instance",
        "not ready just now: the agent has no connection, or is registering",
    );
    say(
        doubts.resources,
        "instance",
        "with resources that can't be read",
    );
    say(
        doubts.leaving,
        "instance",
        "with tasks on their way down, whose room may come back",
    );
    say(
        doubts.enis,
        "instance",
        "with an unknown number of network interfaces free",
    );
    say(
        doubts.attributes,
        "instance",
        "without attributes that the new revision may not ask for",
    );
    say(
        doubts.constraints,
        "instance",
        "of which only ECS knows whether the placement constraints hold",
    );
    say(
        doubts.old_sizes,
        "instance",
        "with old tasks whose size or ports are not known",
    );
    say(doubts.unsteady, "old task", "not running, or unhealthy");
    say(doubts.protected, "old task", "under scale-in protection");
    sentences.extend(claim.deploy.needs.problems.iter().cloned());
    if claim.moving > 0 {
        let count = claim.moving;
        sentences.push(format!(
            "{count} old {} on instances that drain: ECS may first start it anew elsewhere, which takes room",
            plural(count, "task")
        ));
    }
    if claim.loss > 0 && !claim.ground.comers.is_empty() {
        sentences
            .push("the services that are deployed together may take each other's room".to_owned());
    }
    let lacking = addresses::doubt(claim);
    let mut sure = doubts.missing == 0 && doubts.protected == 0 && claim.is_read();
    sure &= lacking.is_none();
    sentences.extend(lacking);
    Reasons { sure, sentences }
}

/// What could not be read, with the missing IAM action.
pub(super) fn unread(claim: &Claim<'_, '_>) -> Vec<String> {
    let one = |unread: &super::ground::Unread| {
        let what = match unread.what {
            Source::Instances => "the container instances",
            Source::Tasks => "the tasks",
            Source::TaskDefinitions => "the task definition of the tasks that run",
            Source::Constraint => "which instances match the placement constraints",
            Source::CapacityProviders => "the capacity providers",
            Source::ScalingGroups => "the Auto Scaling groups",
            Source::InstanceTypes => "the instance types",
            Source::Subnets => "the subnets",
            Source::Quotas => "the quotas",
        };
        match &unread.action {
            Some(action) => format!("{what} can't be read: `{action}` is not allowed"),
            None => format!("{what} can't be read: {}", unread.why),
        }
    };
    claim.ground.cluster.unread.iter().map(one).collect()
}
