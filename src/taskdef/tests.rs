mod bad;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::definition::RESPONSE_ONLY;
use crate::request::{Facts, RawInputs, Request};

const DESCRIBED: &str = include_str!("../../tests/data/task-definition.json");

fn definition(text: &str) -> Definition {
    Definition::parse("task.json", text.as_bytes()).unwrap()
}

/// Two containers, with everything that an edit may touch.
fn two() -> Definition {
    definition(
        r#"{"family": "web", "networkMode": "awsvpc", "containerDefinitions": [
            {"name": "app", "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app:1",
             "portMappings": [{"containerPort": 80}],
             "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}],
             "secrets": [{"name": "KEY", "valueFrom": "arn:old"}],
             "dockerLabels": {"x": "1", "y": "2", "z": "3"},
             "logConfiguration": {"logDriver": "awslogs", "options": {"tag": ""}}},
            {"name": "proxy", "image": "localhost:5000/envoy@sha256:00", "essential": false}]}"#,
    )
}

/// The edits that these inputs ask for, made in `app`.
fn edited(inputs: &[(&str, &str)]) -> Result<Definition, EditError> {
    let raw = inputs
        .iter()
        .fold(RawInputs::default(), |raw, (name, value)| {
            raw.with(name, value)
        });
    let request = Request::check(&raw.with("service", "api"), &Facts::default()).unwrap();
    let mut definition = two();
    apply(&mut definition, &["app".to_owned()], &request.edits)?;
    Ok(definition)
}

/// What the edits change, a line each.
fn check(inputs: &[(&str, &str)], expected: &[&str]) {
    let lines: Vec<String> = changes(&two(), &edited(inputs).unwrap(), true)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_described_definition_loses_nine_members_and_changes_its_image() {
    let before = definition(DESCRIBED);
    let mut after = before.clone();
    set_image(&mut after, "sample", "r/sample@sha256:11").unwrap();
    let lines: Vec<String> = changes(&before, &after, false)
        .iter()
        .map(ToString::to_string)
        .collect();
    let old = "111122223333.dkr.ecr.ap-northeast-2.amazonaws.com/sample:latest";
    let expected = format!("containerDefinitions[sample].image: {old} → r/sample@sha256:11");
    assert_eq!(lines, [expected]);
    let body = after.register_body();
    assert!(
        RESPONSE_ONLY
            .iter()
            .all(|member| body.get(member).is_none())
    );
    assert!(same_definition(after.as_value(), &body));
    assert!(!same_definition(before.as_value(), &body));
}

#[test]
fn edits_change_what_they_name() {
    check(
        &[
            ("environment-variables", "A=x=y\n-B\nC=3"),
            ("secrets", "KEY=arn:new\nKEY2=arn:2"),
        ],
        &[
            "containerDefinitions[app].environment[A]: 1 → x=y",
            "containerDefinitions[app].environment[B]: removed",
            "containerDefinitions[app].environment[C]: added 3",
            "containerDefinitions[app].secrets[KEY]: changed (not shown)",
            "containerDefinitions[app].secrets[KEY2]: added (not shown)",
        ],
    );
    check(
        &[
            ("docker-labels", "-x\nw=a=b"),
            ("command", "serve --now"),
            ("log-configuration-options", "awslogs-group=/g"),
            ("env-files", "arn:aws:s3:::b/a.env"),
            ("task-role-arn", "arn:aws:iam::111122223333:role/app"),
        ],
        &[
            "containerDefinitions[app].dockerLabels.x: removed",
            "containerDefinitions[app].dockerLabels.w: added a=b",
            "containerDefinitions[app].logConfiguration.options.awslogs-group: added /g",
            r#"containerDefinitions[app].command: added ["serve","--now"]"#,
            r#"containerDefinitions[app].environmentFiles: added [{"value":"arn:aws:s3:::b/a.env","type":"s3"}]"#,
            "taskRoleArn: added arn:aws:iam::111122223333:role/app",
        ],
    );
    let kept = edited(&[("docker-labels", "-x")]).unwrap();
    let labels = &kept.as_value()["containerDefinitions"][0]["dockerLabels"];
    assert_eq!(
        labels.to_string(),
        r#"{"y":"2","z":"3"}"#,
        "the order stays"
    );
    check(
        &[
            ("environment-variables", "-NOT-THERE"),
            ("docker-labels", "-n"),
        ],
        &[],
    );
}

#[test]
fn values_that_may_be_secret_stay_hidden() {
    let after = edited(&[
        ("environment-variables", "A=hunter2"),
        ("secrets", "KEY=arn:n"),
    ]);
    let told = format!("{:?}", changes(&two(), &after.unwrap(), false));
    assert!(told.contains("environment[A]") && !told.contains("hunter2") && !told.contains("arn:"));
    let mut more = two().register_body();
    let extra =
        json!({"name": "new", "image": "i:1", "environment": [{"name": "P", "value": "hunter2"}]});
    more["containerDefinitions"]
        .as_array_mut()
        .unwrap()
        .push(extra);
    let more = Definition::from_value("web", more).unwrap();
    let lines: Vec<String> = changes(&two(), &more, true)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(lines, ["containerDefinitions[new]: added i:1"]);
    // What is new as a whole holds none of it either.
    let mut more = two().register_body();
    more["containerDefinitions"][1]["logConfiguration"] = json!({"logDriver": "splunk",
        "options": {"splunk-token": "hunter2"}, "secretOptions": [{"name": "t", "valueFrom": "arn:n"}]});
    more["zzList"] = json!([[{"environment": [{"name": "P", "value": "hunter2"}]}]]);
    let more = Definition::from_value("web", more).unwrap();
    let told = format!("{:?}", changes(&two(), &more, false));
    assert!(
        told.contains("splunk-token") && told.contains("zzList"),
        "{told}"
    );
    assert!(
        !told.contains("hunter2") && !told.contains("arn:n"),
        "{told}"
    );
}

/// A log router takes its credentials under any name.
#[test]
fn log_options_are_shown_by_name_or_where_values_are() {
    let options = |key: &str| {
        let mut body = two().register_body();
        body["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awsfirelens",
            "options": {"Name": "datadog", "apikey": key, "awslogs-group": format!("/{key}")}});
        Definition::from_value("web", body).unwrap()
    };
    let told = |show_values| {
        let all = changes(&options("hunter2"), &options("hunter3"), show_values);
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        lines
            .join("\n")
            .replace("containerDefinitions[app].logConfiguration.", "")
    };
    let name = options("x").as_value()["containerDefinitions"][0]["name"].clone();
    assert_eq!(name, "app");
    assert_eq!(
        told(false),
        "options.apikey: changed (not shown)\noptions.awslogs-group: /hunter2 → /hunter3"
    );
    assert!(told(true).contains("options.apikey: hunter2 → hunter3"));
    let whole = format!("{:?}", changes(&two(), &options("hunter2"), false));
    assert!(
        whole.contains("datadog") && !whole.contains("\\\"apikey\\\":\\\"hunter2"),
        "{whole}"
    );
}

#[test]
fn edits_that_ecs_would_refuse_are_refused_here() {
    let twice = edited(&[("environment-variables", "KEY=1")])
        .unwrap_err()
        .to_string();
    assert_eq!(
        twice,
        "container `app` has `KEY` under `secrets` already, and ECS allows one of the two: add `-KEY` to `secrets`"
    );
    assert!(edited(&[("environment-variables", "KEY=1"), ("secrets", "-KEY")]).is_ok());
    let request = [("log-configuration-options", "a=b")];
    let raw = RawInputs::default()
        .with("service", "a")
        .with(request[0].0, request[0].1);
    let edits = Request::check(&raw, &Facts::default()).unwrap().edits;
    let error = apply(&mut two(), &["proxy".to_owned()], &edits).unwrap_err();
    assert_eq!(error, EditError::NoLogDriver("proxy".to_owned()));
}

#[test]
fn containers_are_found_by_name_then_alone_then_by_image() {
    let named = |names: &[&str], repository: Option<&str>| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        resolve(&two(), &names, repository).map_err(|error| error.to_string())
    };
    assert_eq!(named(&["proxy", "app"], None).unwrap(), ["proxy", "app"]);
    assert_eq!(named(&[], Some("team/app")).unwrap(), ["app"]);
    assert_eq!(named(&[], Some("localhost:5000/envoy")).unwrap(), ["proxy"]);
    insta::assert_snapshot!(named(&["ap"], None).unwrap_err(), @"the task definition has no container `ap`; it has `app`, `proxy`");
    insta::assert_snapshot!(named(&[], None).unwrap_err(), @"the task definition has 2 containers: name one in `container-name`; there are `app`, `proxy`");
    insta::assert_snapshot!(named(&[], Some("app")).unwrap_err(), @"the task definition has 2 containers, and none alone runs an image from `app`: name one in `container-name`; there are `app`, `proxy`");
    assert_eq!(
        resolve(&definition(DESCRIBED), &[], None).unwrap(),
        ["sample"]
    );
}

#[test]
fn yaml_is_read_as_json_is() {
    let yaml = "family: f\ncontainerDefinitions:\n  - name: a\n    cpu: 18446744073709551616\n    environment:\n      - {name: N, value: \"80\"}\n      - {name: M, value: ''}\n    zz: [~, {}, no]\n";
    let body = Definition::parse("t.yaml", yaml.as_bytes())
        .unwrap()
        .register_body();
    insta::assert_snapshot!(body, @r#"{"family":"f","containerDefinitions":[{"name":"a","cpu":18446744073709551616,"environment":[{"name":"N","value":"80"},{"name":"M","value":""}],"zz":[null,{},"no"]}]}"#);
    let numbers = "family: f\ncontainerDefinitions: [{name: a}]\nzz: [1.10, 1e3, 100000000000000000000000000000000000000000000000001, -0, 0x1F, .5, 012, 1_000, 1e400]\n";
    let body = Definition::parse("t.yaml", numbers.as_bytes())
        .unwrap()
        .register_body();
    insta::assert_snapshot!(body["zz"], @r#"[1.10,1e+3,100000000000000000000000000000000000000000000000001,-0,31,0.5,"012","1_000","1e400"]"#);
    let shared = "x: &env [{name: N, value: v}]\nfamily: f\ncontainerDefinitions:\n  - {name: a, environment: *env}\n  - {name: b, environment: *env}\n";
    let shared = Definition::parse("t.yml", shared.as_bytes()).unwrap();
    assert_eq!(
        shared.as_value()["containerDefinitions"][1]["environment"][0]["value"],
        "v"
    );
}

#[test]
fn an_envelope_brings_its_tags() {
    let inner = r#"{"family": "f", "revision": 0, "containerDefinitions": [{"name": "a", "cpu": 18446744073709551616}]}"#;
    let body = |tags: &str| {
        definition(&format!(r#"{{"taskDefinition": {inner}, "tags": {tags}}}"#))
            .register_body()
            .to_string()
    };
    insta::assert_snapshot!(body(r#"[{"key": "k", "value": ""}]"#), @r#"{"family":"f","containerDefinitions":[{"name":"a","cpu":18446744073709551616}],"tags":[{"key":"k","value":""}]}"#);
    insta::assert_snapshot!(body("[]"), @r#"{"family":"f","containerDefinitions":[{"name":"a","cpu":18446744073709551616}]}"#);
}

#[test]
fn what_ecs_fills_in_is_the_same_definition() {
    let given = json!({"family": "f", "networkMode": "awsvpc", "containerDefinitions": [
        {"name": "a", "image": "i", "portMappings": [{"containerPort": 80}], "environment": [{"name": "B", "value": ""}, {"name": "A", "value": "1"}]}]});
    let mut told = json!({"taskDefinitionArn": "arn", "revision": 3, "family": "f", "networkMode": "awsvpc", "volumes": [], "placementConstraints": [],
        "containerDefinitions": [{"name": "a", "image": "i", "cpu": 0, "essential": true, "mountPoints": [],
            "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": ""}]}]});
    assert!(same_definition(&told, &given));
    told["containerDefinitions"][0]["environment"][1]["value"] = json!(" ");
    assert!(!same_definition(&told, &given));
}

/// Any JSON: big integers, empty and falsy values, members that nobody knows.
fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof!["-?[1-9][0-9]{0,40}", "-?[1-9]\\.[0-9]{1,20}(e[1-9])?", "0"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|text| serde_json::from_str(&text).unwrap()),
        ".{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("[a-zA-Z]{1,8}", value), 0..4).prop_map(|members| {
        members
            .into_iter()
            .map(|(name, value)| (format!("zz{name}"), value))
            .collect()
    })
}

proptest! {
    /// Described, edited, registered: the image alone differs, to the letter, minus nine members.
    #[test]
    fn whatever_is_in_a_definition_survives(
        unknown in members(any_json()),
        inside in members(any_json()),
        response in prop::collection::vec(any_json(), RESPONSE_ONLY.len()),
        place in 0..9_usize,
        twin in any_json(),
    ) {
        let mut container = inside;
        container.insert("name".into(), json!("app"));
        container.insert("image".into(), json!("OLD"));
        container.insert("zzAfter".into(), twin);
        let mut expected = unknown;
        expected.insert("containerDefinitions".into(), json!([container, {"name": "side", "image": "OLD-SIDE"}]));
        expected.insert("family".into(), json!("f"));
        // The nine members stand anywhere, falsy or not.
        let mut described = Map::new();
        for (index, (name, value)) in expected.iter().enumerate() {
            if index == place % expected.len() {
                described.extend(RESPONSE_ONLY.iter().map(|n| (*n).to_owned()).zip(response.clone()));
            }
            described.insert(name.clone(), value.clone());
        }
        let text = serde_json::to_string_pretty(&described).unwrap();
        let mut definition = Definition::parse("t.json", text.as_bytes()).unwrap();
        set_image(&mut definition, "app", "NEW").unwrap();
        let wanted = Value::Object(expected).to_string().replace("\"image\":\"OLD\"", "\"image\":\"NEW\"");
        prop_assert_eq!(definition.register_body().to_string(), wanted);
    }

    /// Any two definitions can be compared, and a definition never differs from itself.
    #[test]
    fn any_two_definitions_compare(a in members(any_json()), b in members(any_json())) {
        let whole = |mut members: Map<String, Value>| {
            members.insert("containerDefinitions".into(), json!([{"name": "app"}]));
            members.insert("family".into(), json!("f"));
            Definition::from_value("t", Value::Object(members)).unwrap()
        };
        let (a, b) = (whole(a), whole(b));
        prop_assert_eq!(changes(&a, &a, true), Vec::new());
        prop_assert_eq!(changes(&a, &b, true).is_empty(), same_definition(a.as_value(), b.as_value()));
    }
}
