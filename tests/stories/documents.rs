//! Where a task definition comes from, what of it is kept, and when nothing has to be registered.

use plimsoll_sim::{ServiceSpec, World};
use serde_json::{Value, json};

use crate::before::{HOST, body, refused, succeeds, writes};
use crate::door::{Story, Told};
use crate::setting::{definition, images, instance, redeploy, roomy, service};

/// Members that nobody knows, at every depth, a number that no float holds, and what is empty.
fn rich() -> Value {
    let mut document = definition("api", 64, 128);
    document["zzNew"] =
        json!({"deep": [{"zz": "", "no": false, "none": 0, "list": [], "map": {}}]});
    document["zzBig"] = serde_json::from_str("123456789012345678901234567890.10").unwrap();
    document["containerDefinitions"][0]["environment"] =
        json!([{"name": "B", "value": ""}, {"name": "A", "value": "a=b"}]);
    document["containerDefinitions"][0]["zzNew"] = json!([[], {}, "", 0, false]);
    document["containerDefinitions"][0]["command"] = json!(["sh", "-c", ""]);
    document["tags"] = json!([{"key": "team", "value": ""}, {"key": "aws:cloudformation:stack-name", "value": "s"}]);
    document
}

fn rich_service() -> Story {
    redeploy(|world| {
        images(world);
        instance(world);
        service(world, rich(), ServiceSpec::default());
    })
}

/// What was registered, as text, with the image that ran before.
fn sent(told: &Told) -> String {
    let mut sent = body(told, "RegisterTaskDefinition");
    let image = &mut sent["containerDefinitions"][0]["image"];
    assert!(image.as_str().unwrap().contains("/api@sha256:"), "{image}");
    *image = json!(format!("{HOST}/api:v1"));
    sent.to_string()
}

/// What DescribeTaskDefinition answers for revision 1.
fn described(told: &Told) -> Value {
    told.sim.with(|world| {
        let found = world.find_task_definition("api:1").unwrap();
        json!({"taskDefinition": found.document, "tags": found.tags})
    })
}

/// The definition of an answer, without the nine members that only answers have.
fn registrable(answer: &Value) -> String {
    let mut document = answer["taskDefinition"].clone();
    let members = document.as_object_mut().unwrap();
    for name in [
        "compatibilities",
        "deleteRequestedAt",
        "deregisteredAt",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    ] {
        members.shift_remove(name);
    }
    members.insert("tags".to_owned(), json!([{"key": "team", "value": ""}]));
    document.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_revision_is_kept_to_the_letter_whatever_names_it() {
    for source in [
        "",
        "api",
        "api:1",
        "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:1",
    ] {
        let told = succeeds(rich_service().input("task-definition", source)).await;
        assert_eq!(sent(&told), registrable(&described(&told)), "{source}");
        let lines: Vec<&str> = told
            .log
            .lines()
            .filter(|line| line.contains("containerDefinitions"))
            .collect();
        assert_eq!(lines.len(), 1, "the image alone changes\n{}", told.log);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_kept_to_the_letter_in_every_shape() {
    let answer = described(&succeeds(rich_service()).await);
    let whole = registrable(&answer);
    let mut flat = answer["taskDefinition"].clone();
    flat["revision"] = json!(0);
    flat["deleteRequestedAt"] = Value::Null;
    flat["tags"] = answer["tags"].clone();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    put("given.json", whole.clone());
    put("answer.json", format!("{answer:#}\n"));
    put("flat.json", format!("{flat:#}"));
    // JSON is YAML, too, and its numbers and empty values stay.
    put("answer.yaml", format!("# ours\n{answer:#}\n"));
    put("given.YML", whole.clone());
    for file in [
        "given.json",
        "./answer.json",
        "flat.json",
        "answer.yaml",
        "given.YML",
    ] {
        let story = rich_service().workspace(folder.path());
        let told = succeeds(story.input("task-definition", file)).await;
        assert_eq!(sent(&told), whole, "{file}");
    }
    let absolute = folder.path().join("given.json");
    let told = succeeds(rich_service().input("task-definition", absolute.to_str().unwrap())).await;
    assert_eq!(sent(&told), whole);
}

const YAML: &str = "\
x-shared: &environment
  - {name: PORT, value: '8080'}
family: api
networkMode: bridge
containerDefinitions:
  - name: app
    image: app:1
    memory: 128
    environment: *environment
    zzRatio: 1.10
    command: [sh, -c, \"\"]
tags:
  - {key: team, value: web}
";

#[tokio::test(start_paused = true)]
async fn a_file_in_yaml_is_read_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("task.yaml"), YAML).unwrap();
    let story = redeploy(|world| roomy(world, 1)).workspace(folder.path());
    let told = succeeds(story.input("task-definition", "task.yaml")).await;
    insta::assert_snapshot!(sent(&told), @r#"{"x-shared":[{"name":"PORT","value":"8080"}],"family":"api","networkMode":"bridge","containerDefinitions":[{"name":"app","image":"111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1","memory":128,"environment":[{"name":"PORT","value":"8080"}],"zzRatio":1.10,"command":["sh","-c",""]}],"tags":[{"key":"team","value":"web"}]}"#);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_task_definition_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    put(
        "cut.json",
        b"{\n  \"family\": \"api\",\n  \"containerDefinitions\": [{\"name\"",
    );
    put("bom.yaml", b"\xef\xbb\xbffamily: api\n");
    put("large.json", &vec![b' '; 10 * 1024 * 1024]);
    put(
        "map.yml",
        b"family: api\ncontainerDefinitions:\n  name: app\n",
    );
    std::fs::create_dir(folder.path().join("folder.json")).unwrap();
    for (file, words) in [
        (
            "cut.json",
            "`cut.json`, line 3, column 34, `containerDefinitions[0].name`: EOF",
        ),
        ("bom.yaml", "byte order mark"),
        ("large.json", "longer than the 1048576 bytes that are read"),
        (
            "map.yml",
            "`map.yml`, line 3, column 3, `containerDefinitions`: an array is needed, this is an object",
        ),
        ("folder.json", "`folder.json` can't be read"),
        // It has no end.
        ("/dev/zero", "longer than the 1048576 bytes that are read"),
    ] {
        let story = redeploy(|world| roomy(world, 1)).workspace(folder.path());
        let told = refused(story.input("task-definition", file), &[words]).await;
        assert_eq!(told.calls("RegisterTaskDefinition"), 0);
    }
}

/// `v2` by its digest, in a definition of so much memory.
fn with_v2(world: &mut World, memory: i64) -> Value {
    let digest = world.add_image("api", "v2", "amd64");
    let mut document = definition("api", 256, memory);
    document["containerDefinitions"][0]["image"] = json!(format!("{HOST}/api@{digest}"));
    document
}

#[tokio::test(start_paused = true)]
async fn the_familys_latest_revision_is_used_again_where_it_says_the_same() {
    let after = |memory: i64| {
        redeploy(move |world| {
            roomy(world, 1);
            let left_over = with_v2(world, memory);
            world.add_task_definition(left_over);
        })
    };
    let told = succeeds(after(512)).await;
    assert_eq!(writes(&told), ["UpdateService"]);
    let report = told.report.definition.as_ref().unwrap();
    assert_eq!((report.revision, report.registered), (2, false));
    assert_eq!(
        report.changes.len(),
        1,
        "against what runs: {:?}",
        report.changes
    );
    assert!(
        told.log
            .contains("task definition: api:2 as it is, 1 change"),
        "{}",
        told.log
    );
    // Another one is not.
    let told = succeeds(after(513)).await;
    assert_eq!(writes(&told), ["RegisterTaskDefinition", "UpdateService"]);
    assert_eq!(told.report.definition.unwrap().revision, 3);
    // The forecast is that of the revision which is used, and a plan says it too.
    let told = after(512).input("dry-run", "true").deploy().await;
    assert_eq!(
        (told.outcome(), told.report.definition.unwrap().revision),
        ("planned", 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_leaves_out_what_ecs_fills_in_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let story = || {
        let story = redeploy(|world| {
            images(world);
            instance(world);
            instance(world);
            let mut document = with_v2(world, 512);
            document["cpu"] = json!("1 vCPU");
            document["memory"] = json!("0.5GB");
            document["containerDefinitions"][0]["environment"] =
                json!([{"name": "B", "value": ""}, {"name": "A", "value": "1"}]);
            document["containerDefinitions"][0]["healthCheck"] =
                json!({"command": ["CMD", "true"]});
            let file = document.to_string();
            std::fs::write(folder.path().join("task.json"), file).unwrap();
            service(world, document, ServiceSpec::default());
        });
        story
            .workspace(folder.path())
            .input("task-definition", "task.json")
    };
    let told = story().deploy().await;
    assert_eq!(told.outcome(), "unchanged", "{}", told.log);
    assert!(writes(&told).is_empty() && !told.report.service_changed);
    let told = succeeds(story().input("force-new-deployment", "true")).await;
    assert_eq!(writes(&told), ["UpdateService"]);
    // Tags that the file asks for are asked for; a file without any says nothing about them.
    let text = std::fs::read_to_string(folder.path().join("task.json")).unwrap();
    let tagged = text.replacen('{', r#"{"tags":[{"key":"team","value":"web"}],"#, 1);
    let tagged_story = story();
    std::fs::write(folder.path().join("task.json"), tagged).unwrap();
    let told = succeeds(tagged_story).await;
    assert_eq!(writes(&told), ["RegisterTaskDefinition", "UpdateService"]);
    assert!(
        told.log.contains("tags[team].value") || told.log.contains("tags[team]: added"),
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn going_back_by_hand_shows_what_changes() {
    let story = Story::new(|world| {
        images(world);
        instance(world);
        instance(world);
        world.add_task_definition(definition("api", 256, 512));
        let newer = with_v2(world, 640);
        service(world, newer, ServiceSpec::default());
    });
    let told = succeeds(story.input("task-definition", "api:1")).await;
    assert_eq!(writes(&told), ["UpdateService"]);
    let told = told
        .log
        .lines()
        .filter(|line| line.contains("task definition") || line.contains("containerDefinitions"));
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r"
    0:00  task definition: api:1 as it is, 2 changes
    0:00    containerDefinitions[app].image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/api@sha256:ba790156fb248f37fda6e33110b2d5a3b6659d2b36c44d81cdb87b18a6b11e6d → 111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1
    0:00    containerDefinitions[app].memory: 640 → 512
    ");
}

#[tokio::test(start_paused = true)]
async fn a_file_needs_no_revision_to_compare_with() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("task.json"),
        definition("api", 64, 128).to_string(),
    )
    .unwrap();
    let told = redeploy(|world| roomy(world, 1))
        .workspace(folder.path())
        .input("task-definition", "task.json")
        .input("wait-for-service-stability", "false")
        .deny("ecs:DescribeTaskDefinition")
        .deploy()
        .await;
    assert_eq!(told.outcome(), "started", "{}", told.log);
    assert_eq!(writes(&told), ["RegisterTaskDefinition", "UpdateService"]);
    for line in [
        "task definition: not compared with the revision that runs: `ecs:DescribeTaskDefinition`",
        "task definition: not compared with the family's latest revision either",
    ] {
        assert_eq!(told.log.matches(line).count(), 1, "{}", told.log);
    }
    // A family that is new is nothing to speak of.
    std::fs::write(
        folder.path().join("new.json"),
        definition("new", 64, 128).to_string(),
    )
    .unwrap();
    let told = redeploy(|world| roomy(world, 1)).workspace(folder.path());
    let told = succeeds(told.input("task-definition", "new.json")).await;
    assert!(!told.log.contains("not compared"), "{}", told.log);
    assert_eq!(
        told.report.definition.unwrap().arn.rsplit('/').next(),
        Some("new:1")
    );
}
