//! Edits of a task definition: each changes what it names, in the containers that are meant, and
//! nothing else; and each is named in the log, the summary and the report.

use plimsoll::report::{json as report_json, summary};
use plimsoll_sim::ServiceSpec;
use serde_json::{Value, json};

use crate::before::{HOST, body, refused, succeeds};
use crate::door::{Story, Told};
use crate::setting::{definition, images, instance, redeploy, service};

/// Two containers with something of everything that an edit may touch, and empty values too.
fn two() -> Value {
    let mut document = definition("api", 64, 128);
    let app = &mut document["containerDefinitions"][0];
    app["environment"] = json!([{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}]);
    app["secrets"] =
        json!([{"name": "KEY", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/key"}]);
    app["dockerLabels"] = json!({"one": "1", "two": "", "three": "3"});
    app["environmentFiles"] = json!([{"value": "arn:aws:s3:::b/a.env", "type": "s3"}]);
    app["logConfiguration"] =
        json!({"logDriver": "awslogs", "options": {"awslogs-group": "/a", "tag": ""}});
    app["entryPoint"] = json!([]);
    let mut side = app.clone();
    side["name"] = json!("side");
    side["essential"] = json!(false);
    side["image"] = json!(format!("{HOST}/side:v1"));
    side["portMappings"] = json!([]);
    document["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(side);
    document
}

fn edit(inputs: &[(&str, &str)]) -> Story {
    let story = redeploy(|world| {
        images(world);
        world.add_image("side", "v1", "amd64");
        instance(world);
        service(world, two(), ServiceSpec::default());
    });
    let story = story
        .input("task-definition", "api")
        .input("register-only", "true")
        .input("show-values", "true");
    inputs
        .iter()
        .fold(story, |story, (name, value)| story.input(name, value))
}

async fn registered(inputs: &[(&str, &str)]) -> Told {
    planned(edit(inputs)).await
}

/// Replaces what differs, one pointer and value each, and holds the rest against what is sent
/// without any edit, to the letter.
async fn changes(inputs: &[(&str, &str)], differs: &[(&str, Value)]) {
    let plain = body(&registered(&[]).await, "RegisterTaskDefinition");
    let sent = body(&registered(inputs).await, "RegisterTaskDefinition");
    let mut expected = plain;
    for (pointer, value) in differs {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let members = expected
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        members.insert(name.to_owned(), value.clone());
    }
    assert_eq!(sent.to_string(), expected.to_string(), "{inputs:?}");
}

const APP: &str = "/containerDefinitions/0";

fn app(member: &str) -> String {
    format!("{APP}/{member}")
}

#[tokio::test(start_paused = true)]
async fn each_edit_changes_what_it_names_and_nothing_else() {
    changes(
        &[("environment-variables", "A=x=y=\nNEW=\n-EMPTY")],
        &[(
            &app("environment"),
            json!([{"name": "A", "value": "x=y="}, {"name": "NEW", "value": ""}]),
        )],
    )
    .await;
    changes(
        &[("secrets", "-KEY\nTOKEN=arn:aws:ssm:eu-west-1:111122223333:parameter/a=b")],
        &[(&app("secrets"), json!([{"name": "TOKEN", "valueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/a=b"}]))],
    )
    .await;
    changes(
        &[("docker-labels", "-one\nfour=a=b\nthree=")],
        &[(
            &app("dockerLabels"),
            json!({"two": "", "three": "", "four": "a=b"}),
        )],
    )
    .await;
    for command in [
        r#"["serve", "--name", "a b", ""]"#,
        r#"serve --name "a b" ''"#,
    ] {
        changes(
            &[("command", command)],
            &[(&app("command"), json!(["serve", "--name", "a b", ""]))],
        )
        .await;
    }
    changes(
        &[
            ("log-configuration-log-driver", "awsfirelens"),
            ("log-configuration-options", "-awslogs-group\nName=a=b"),
        ],
        &[(
            &app("logConfiguration"),
            json!({"logDriver": "awsfirelens", "options": {"tag": "", "Name": "a=b"}}),
        )],
    )
    .await;
    changes(
        &[("env-files", "arn:aws:s3:::b/b.env\narn:aws-cn:s3:::c/c.env")],
        &[(&app("environmentFiles"), json!([{"value": "arn:aws:s3:::b/b.env", "type": "s3"}, {"value": "arn:aws-cn:s3:::c/c.env", "type": "s3"}]))],
    )
    .await;
    changes(
        &[("env-files", "-arn:aws:s3:::b/a.env")],
        &[(&app("environmentFiles"), json!([]))],
    )
    .await;
    let (task, execution) = (
        "arn:aws:iam::111122223333:role/team/app",
        "arn:aws-cn:iam::111122223333:role/run",
    );
    changes(
        &[("task-role-arn", task), ("execution-role-arn", execution)],
        &[
            ("/taskRoleArn", json!(task)),
            ("/executionRoleArn", json!(execution)),
        ],
    )
    .await;
    // What isn't there can't be removed, and is no error.
    changes(
        &[
            ("environment-variables", "-NOT-THERE"),
            ("docker-labels", "-none"),
        ],
        &[],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn several_containers_are_edited_alike() {
    let told = registered(&[
        ("container-name", "side, app"),
        ("environment-variables", "A=2"),
    ])
    .await;
    let sent = body(&told, "RegisterTaskDefinition");
    let both: Vec<&Value> = (0..2)
        .map(|index| &sent["containerDefinitions"][index])
        .collect();
    assert_eq!(both[0]["environment"], both[1]["environment"]);
    assert_eq!(both[0]["environment"][0]["value"], "2");
    assert_eq!(both[0]["image"], both[1]["image"]);
    // Where the image tells its container, the edits go there, too.
    let told = registered(&[
        ("repository", ""),
        ("image-tag", ""),
        ("image", &format!("{HOST}/side:v1")),
        ("environment-variables", "A=2"),
    ])
    .await;
    let sent = body(&told, "RegisterTaskDefinition");
    assert_eq!(
        sent["containerDefinitions"][0]["environment"][0]["value"],
        "1"
    );
    assert_eq!(
        sent["containerDefinitions"][1]["environment"][0]["value"],
        "2"
    );
}

#[tokio::test(start_paused = true)]
async fn edits_that_cannot_be_made_are_refused() {
    for (inputs, words) in [
        (
            vec![("environment-variables", "KEY=1")],
            "container `app` has `KEY` under `secrets` already, and ECS allows one of the two: add `-KEY` to `secrets`",
        ),
        (
            vec![("container-name", "app,web")],
            "the task definition has no container `web`; it has `app`, `side`",
        ),
        (
            vec![("image-tag", ""), ("images", "web=ghcr.io/acme/web:1")],
            "the task definition has no container `web`; it has `app`, `side`",
        ),
    ] {
        refused(edit(&inputs), &[words]).await;
    }
}

/// The log, the summary and the report of a plan.
fn said_of(told: &Told) -> [String; 3] {
    let summary = summary::render(&told.shown());
    let report = report_json::render(&told.shown())["taskDefinition"]["changes"].to_string();
    [told.log.clone(), summary, report]
}

#[tokio::test(start_paused = true)]
async fn a_change_is_named_in_the_log_the_summary_and_the_report() {
    let inputs = |show: &'static str| {
        vec![
            ("show-values", show),
            ("environment-variables", "A=hunter2\n-EMPTY\nNEW=hunter3"),
            (
                "secrets",
                "KEY=arn:aws:ssm:eu-west-1:111122223333:parameter/hunter4",
            ),
            ("docker-labels", "two=zwei"),
            ("command", "serve --now"),
        ]
    };
    let hidden = registered(&inputs("false")).await;
    let shown = registered(&inputs("true")).await;
    for text in said_of(&hidden) {
        for word in ["hunter", "\"1\"", " 1 →"] {
            assert!(!text.contains(word), "`{word}` in\n{text}");
        }
    }
    for text in said_of(&shown) {
        assert!(
            text.contains("hunter2") && text.contains("hunter3"),
            "{text}"
        );
        assert!(
            !text.contains("hunter4") && !text.contains("parameter/key"),
            "{text}"
        );
    }
    for text in said_of(&hidden).iter().chain(&said_of(&shown)) {
        for path in [
            "environment[A]",
            "environment[EMPTY]",
            "environment[NEW]",
            "secrets[KEY]",
            "dockerLabels.two",
            "command",
            "image",
        ] {
            let path = format!("containerDefinitions[app].{path}");
            assert!(text.contains(&path), "`{path}` is missing in\n{text}");
        }
        assert!(!text.contains("side"), "{text}");
    }
    let lines = hidden
        .log
        .lines()
        .filter(|line| line.contains("containerDefinitions[app]") && !line.contains("].image"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    0:00    containerDefinitions[app].environment[A]: changed (not shown)
    0:00    containerDefinitions[app].environment[EMPTY]: removed
    0:00    containerDefinitions[app].environment[NEW]: added (not shown)
    0:00    containerDefinitions[app].secrets[KEY]: changed (not shown)
    0:00    containerDefinitions[app].dockerLabels.two: "" → zwei
    0:00    containerDefinitions[app].command: added ["serve","--now"]
    "#);
    let [_, summary, _] = said_of(&hidden);
    let rows = summary
        .lines()
        .filter(|line| line.contains("containerDefinitions[app]") && !line.contains("].image"));
    insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"), @r#"
    | `containerDefinitions[app].environment[A]` | `***` | `***` |
    | `containerDefinitions[app].environment[EMPTY]` | `***` | – |
    | `containerDefinitions[app].environment[NEW]` | – | `***` |
    | `containerDefinitions[app].secrets[KEY]` | `***` | `***` |
    | `containerDefinitions[app].dockerLabels.two` | – | `zwei` |
    | `containerDefinitions[app].command` | – | `["serve","--now"]` |
    "#);
}

#[tokio::test(start_paused = true)]
async fn what_comes_from_a_document_cannot_break_the_log_or_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let mut document = definition("api", 64, 128);
    let label = "x\n::error::a | b `c` <img src=x>";
    document["containerDefinitions"][0]["dockerLabels"] =
        json!({ label: "\n::set-output name=a::b" });
    std::fs::write(folder.path().join("task.json"), document.to_string()).unwrap();
    let story = edit(&[("task-definition", "task.json")]).workspace(folder.path());
    let told = planned(story).await;
    let [log, summary, _] = said_of(&told);
    assert!(log.contains("dockerLabels"), "{log}");
    for text in [&log, &summary] {
        assert!(text.lines().all(|line| !line.starts_with("::")), "{text}");
    }
    let row = summary.lines().find(|line| line.contains("<img")).unwrap();
    insta::assert_snapshot!(row, @"| `containerDefinitions[app].dockerLabels.x ::error::a ¦ b 'c' <img src=x>` | – | `::set-output name=a::b` |");
}

async fn planned(story: Story) -> Told {
    let told = story.deploy().await;
    assert_eq!(told.outcome(), "planned", "{}", told.log);
    told
}

#[tokio::test(start_paused = true)]
async fn a_value_may_hold_what_it_likes() {
    let told = succeeds(edit(&[
        ("register-only", "false"),
        (
            "environment-variables",
            "URL=postgres://u:p@h/db?a=b&c=d\nJSON={\"a\": [1, 2]}\nSPACED=  a  b",
        ),
    ]))
    .await;
    let sent =
        body(&told, "RegisterTaskDefinition")["containerDefinitions"][0]["environment"].clone();
    insta::assert_snapshot!(sent, @r#"[{"name":"A","value":"1"},{"name":"EMPTY","value":""},{"name":"URL","value":"postgres://u:p@h/db?a=b&c=d"},{"name":"JSON","value":"{\"a\": [1, 2]}"},{"name":"SPACED","value":"  a  b"}]"#);
}
