use super::{SingleTask, room_for_single_task};
use crate::capacity::{EniLimits, TaskNeeds, rooms};
use crate::snapshot::{Instance, Resources};

fn instance(id: &str, cpu: Option<i64>, memory: Option<i64>) -> Instance {
    let left = Resources {
        cpu,
        memory,
        ..Resources::default()
    };
    Instance {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:container-instance/web/{id}"),
        status: "ACTIVE".to_owned(),
        agent_connected: true,
        registered: left.clone(),
        remaining: left,
        ..Instance::default()
    }
}

fn check(instances: &[Instance], want: &str) {
    let needs = TaskNeeds {
        cpu: 6144,
        memory: 16384,
        ..TaskNeeds::default()
    };
    let rooms = rooms(instances, &[], &EniLimits::default());
    let got = match room_for_single_task(&needs, &rooms, |_| true) {
        SingleTask::Fits(ids) => format!("fits {}", ids.join(" ")),
        SingleTask::Nowhere(why) => {
            let why: Vec<String> = why
                .iter()
                .map(|one| format!("{}: {}", one.instance, crate::wording::blocker(one)))
                .collect();
            why.join("; ")
        }
        SingleTask::Unknown(why) => {
            let kinds: Vec<&str> = why.iter().map(|one| one.kind.as_str()).collect();
            format!("unknown {}", kinds.join(" "))
        }
    };
    assert_eq!(got.trim(), want);
}

#[test]
fn one_task_more() {
    check(
        &[instance("a", Some(2048), Some(15360))],
        "a: 6144 CPU units needed, 2048 free, 4096 short; a: 16384 MiB needed, 15360 free, 1024 short",
    );
    check(
        &[
            instance("a", Some(-10), Some(99999)),
            instance("b", Some(8192), Some(31744)),
        ],
        "fits b",
    );
    check(&[instance("a", None, Some(20000))], "unknown cpu");
    check(&[], "unknown");
}

#[test]
fn an_agent_lost_for_one_look_is_no_proof() {
    let mut one = instance("a", Some(8192), Some(31744));
    one.agent_connected = false;
    check(&[one.clone()], "unknown agent");
    one.status = "DRAINING".to_owned();
    check(&[one], "a: the instance is DRAINING, not ACTIVE");
}
