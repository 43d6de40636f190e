use serde_json::{Value, json};

use super::{Gpus, TaskNeeds, cpu_units, memory_mib};

fn real() -> Value {
    serde_json::from_str(include_str!("../../../../tests/data/task-definition.json")).unwrap()
}

/// CPU units, MiB, TCP ports, UDP ports, network interfaces.
type Size<'a> = (i64, i64, &'a [u16], &'a [u16], u32);

fn check(document: &Value, want: Size<'_>) {
    let needs = TaskNeeds::of(document);
    let tcp: Vec<u16> = needs.tcp_ports.iter().copied().collect();
    let udp: Vec<u16> = needs.udp_ports.iter().copied().collect();
    let got: Size<'_> = (needs.cpu, needs.memory, &tcp, &udp, needs.enis);
    assert_eq!(got, want, "{document}");
    assert_eq!(needs.problems, [], "{document}");
}

#[test]
fn a_real_task_definition() {
    check(&real(), (6144, 16384, &[], &[], 1));
    let needs = TaskNeeds::of(&real());
    let asks = |name: &str| {
        needs
            .attributes
            .iter()
            .any(|one| one.name == name && one.certain)
    };
    assert!(
        asks("ecs.cpu-architecture") && !asks("ecs.os-type") && asks("ecs.capability.task-eni")
    );
}

#[test]
fn counting_as_the_agent_does() {
    let one = |mode: &str, container: Value| json!({"networkMode": mode, "containerDefinitions": [container]});
    let ports = |mode: &str| {
        one(
            mode,
            json!({"cpu": 10, "memory": 128, "portMappings": [
                {"containerPort": 80, "hostPort": 8080},
                {"containerPort": 53, "hostPort": 53, "protocol": "udp"},
                {"containerPort": 9000, "hostPort": 0},
                {"containerPort": 9001},
            ]}),
        )
    };
    check(&ports("bridge"), (10, 128, &[8080], &[53], 0));
    check(&ports("host"), (10, 128, &[8080, 9000, 9001], &[53], 0));
    check(&ports("awsvpc"), (10, 128, &[], &[], 1));
    check(&ports("none"), (10, 128, &[], &[], 0));
    // The reservation counts where there is one above zero.
    check(
        &one("bridge", json!({"memory": 512, "memoryReservation": 256})),
        (0, 256, &[], &[], 0),
    );
    check(
        &one("bridge", json!({"memory": 512, "memoryReservation": 0})),
        (0, 512, &[], &[], 0),
    );
    // Sidecars add up, and the task's own size goes before the sum.
    let mut two = json!({"containerDefinitions": [{"cpu": 100, "memory": 300}, {"cpu": "28", "memory": 212}]});
    check(&two, (128, 512, &[], &[], 0));
    two["cpu"] = json!(".5 vCPU");
    two["memory"] = json!("2GB");
    check(&two, (512, 2048, &[], &[], 0));
    // Not for Windows containers, where the task's size is ignored.
    two["runtimePlatform"] = json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_FULL"});
    check(&two, (128, 512, &[], &[], 0));
}

#[test]
fn gpus() {
    let with = |values: &[Value]| {
        let requirements: Vec<Value> = values
            .iter()
            .map(|value| json!({"type": "GPU", "value": value}))
            .collect();
        TaskNeeds::of(&json!({"containerDefinitions": [{"resourceRequirements": requirements}]}))
            .gpus
    };
    assert_eq!(with(&[json!("1"), json!(2)]), Gpus::Count(3));
    assert_eq!(with(&[json!("1"), json!("ALL")]), Gpus::All);
}

#[test]
fn sizes_in_words() {
    for (given, units) in [
        ("1024", Some(1024)),
        ("1 vCPU", Some(1024)),
        (".25vcpu", Some(256)),
        ("x", None),
        ("-1", None),
    ] {
        assert_eq!(cpu_units(&json!(given)), units, "{given}");
    }
    for (given, mib) in [
        ("512", Some(512)),
        ("0.5 GB", Some(512)),
        ("30gb", Some(30720)),
        ("infGB", None),
        ("", None),
    ] {
        assert_eq!(memory_mib(&json!(given)), mib, "{given}");
    }
}

#[test]
fn nonsense_is_a_problem_never_a_panic() {
    for document in [
        json!(null),
        json!([]),
        json!({"containerDefinitions": 3}),
        json!({"containerDefinitions": [{"cpu": "many"}]}),
        json!({"containerDefinitions": [{"memory": -5}]}),
        json!({"containerDefinitions": [{"cpu": i64::MAX}, {"cpu": i64::MAX}]}),
        json!({"containerDefinitions": [{"portMappings": [{"hostPort": 70000}]}]}),
        json!({"cpu": "lots", "containerDefinitions": [{}]}),
    ] {
        assert_ne!(TaskNeeds::of(&document).problems, [], "{document}");
    }
}

#[test]
fn attributes_of_the_current_revision_are_certain_while_only_the_image_changes() {
    let mut next = real();
    next.as_object_mut().unwrap().remove("requiresAttributes");
    next["containerDefinitions"][0]["image"] =
        json!("111122223333.dkr.ecr.ap-northeast-2.amazonaws.com/sample:next");
    let certain = |document: &Value| {
        let needs = TaskNeeds::of(document).with_attributes_of(&real(), document);
        let eni = needs
            .attributes
            .iter()
            .find(|one| one.name == "ecs.capability.task-eni");
        eni.unwrap().certain
    };
    assert!(certain(&next));
    next["networkMode"] = json!("bridge");
    assert!(!certain(&next));
}
