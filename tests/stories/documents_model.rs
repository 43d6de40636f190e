//! Any definition that the public API model allows, with members that nobody knows at any depth:
//! described, given another image and registered, it differs in that image alone.
//!
//! The shapes are those of RegisterTaskDefinition in the API reference.

use plimsoll::request::{Facts, RawInputs, Request};
use plimsoll::taskdef::{Definition, apply, same_definition, set_image};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::before::body;
use crate::door::Story;

/// A shape of the API model.
enum Shape {
    Text,
    Whole,
    Flag,
    OneOf(&'static [&'static str]),
    List(&'static Shape),
    /// Names of the user's own, and texts.
    Map,
    /// Members; a `!` behind a name says that AWS requires it.
    Structure(&'static [(&'static str, Shape)]),
}

use Shape::{Flag, List, OneOf, Structure, Text, Whole};

const TEXTS: Shape = List(&Text);
const ROLE: Shape = OneOf(&["arn:aws:iam::111122223333:role/app", "app"]);
const NAME_AND_VALUE: Shape = Structure(&[("name", Text), ("value", Text)]);
const SECRET: Shape = Structure(&[("name!", Text), ("valueFrom!", Text)]);

/// All 42 members of ContainerDefinition but `name` and `image`.
#[rustfmt::skip]
const CONTAINER: &[(&str, Shape)] = &[
    ("repositoryCredentials", Structure(&[("credentialsParameter!", Text)])),
    ("cpu", Whole), ("memory", Whole), ("memoryReservation", Whole),
    ("links", TEXTS),
    ("portMappings", List(&Structure(&[("containerPort", Whole), ("protocol", OneOf(&["tcp", "udp"])), ("name", Text), ("appProtocol", OneOf(&["http", "http2", "grpc"])), ("containerPortRange", Text)]))),
    ("essential", Flag),
    ("restartPolicy", Structure(&[("enabled!", Flag), ("ignoredExitCodes", List(&Whole)), ("restartAttemptPeriod", Whole)])),
    ("entryPoint", TEXTS), ("command", TEXTS),
    ("environment", List(&NAME_AND_VALUE)),
    ("environmentFiles", List(&Structure(&[("value!", Text), ("type!", OneOf(&["s3"]))]))),
    ("mountPoints", List(&Structure(&[("sourceVolume", Text), ("containerPath", Text), ("readOnly", Flag)]))),
    ("volumesFrom", List(&Structure(&[("sourceContainer", Text), ("readOnly", Flag)]))),
    ("linuxParameters", Structure(&[
        ("capabilities", Structure(&[("add", TEXTS), ("drop", TEXTS)])),
        ("devices", List(&Structure(&[("hostPath!", Text), ("containerPath", Text), ("permissions", List(&OneOf(&["read", "write", "mknod"])))]))),
        ("initProcessEnabled", Flag), ("sharedMemorySize", Whole),
        ("tmpfs", List(&Structure(&[("containerPath!", Text), ("size!", Whole), ("mountOptions", TEXTS)]))),
        ("maxSwap", Whole), ("swappiness", Whole),
    ])),
    ("secrets", List(&SECRET)),
    ("dependsOn", List(&Structure(&[("containerName!", Text), ("condition!", OneOf(&["START", "COMPLETE", "SUCCESS", "HEALTHY"]))]))),
    ("startTimeout", Whole), ("stopTimeout", Whole),
    ("versionConsistency", OneOf(&["enabled", "disabled"])),
    ("hostname", Text), ("user", Text), ("workingDirectory", Text),
    ("disableNetworking", Flag), ("privileged", Flag), ("readonlyRootFilesystem", Flag),
    ("dnsServers", TEXTS), ("dnsSearchDomains", TEXTS),
    ("extraHosts", List(&Structure(&[("hostname!", Text), ("ipAddress!", Text)]))),
    ("dockerSecurityOptions", TEXTS),
    ("interactive", Flag), ("pseudoTerminal", Flag),
    ("dockerLabels", Shape::Map),
    ("ulimits", List(&Structure(&[("name!", OneOf(&["nofile", "core"])), ("softLimit!", Whole), ("hardLimit!", Whole)]))),
    ("logConfiguration", Structure(&[("logDriver!", OneOf(&["awslogs", "splunk"])), ("options", Shape::Map), ("secretOptions", List(&SECRET))])),
    ("healthCheck", Structure(&[("command!", TEXTS), ("interval", Whole), ("timeout", Whole), ("retries", Whole), ("startPeriod", Whole)])),
    ("systemControls", List(&Structure(&[("namespace", Text), ("value", Text)]))),
    ("resourceRequirements", List(&Structure(&[("value", Text), ("type!", OneOf(&["GPU", "InferenceAccelerator"]))]))),
    ("firelensConfiguration", Structure(&[("type!", OneOf(&["fluentd", "fluentbit"])), ("options", Shape::Map)])),
    ("credentialSpecs", TEXTS),
];

/// RegisterTaskDefinition's members but `family`, `containerDefinitions` and `tags`.
#[rustfmt::skip]
const DEFINITION: &[(&str, Shape)] = &[
    ("taskRoleArn", ROLE), ("executionRoleArn", ROLE),
    ("networkMode", OneOf(&["bridge", "host", "awsvpc", "none"])),
    ("volumes", List(&Structure(&[
        ("name", Text),
        ("host", Structure(&[("sourcePath", Text)])),
        ("dockerVolumeConfiguration", Structure(&[("scope", OneOf(&["task", "shared"])), ("autoprovision", Flag), ("driver", Text), ("driverOpts", Shape::Map), ("labels", Shape::Map)])),
        ("efsVolumeConfiguration", Structure(&[("fileSystemId!", Text), ("rootDirectory", OneOf(&["/", "/a"])), ("transitEncryption", OneOf(&["ENABLED", "DISABLED"])), ("transitEncryptionPort", Whole), ("authorizationConfig", Structure(&[("accessPointId", Text), ("iam", OneOf(&["ENABLED", "DISABLED"]))]))])),
        ("fsxWindowsFileServerVolumeConfiguration", Structure(&[("fileSystemId!", Text), ("rootDirectory!", Text), ("authorizationConfig!", Structure(&[("credentialsParameter!", Text), ("domain!", Text)]))])),
        ("configuredAtLaunch", Flag),
    ]))),
    ("placementConstraints", List(&Structure(&[("type", OneOf(&["memberOf"])), ("expression", Text)]))),
    ("requiresCompatibilities", List(&OneOf(&["EC2", "EXTERNAL", "MANAGED_INSTANCES"]))),
    ("cpu", OneOf(&["256", "1 vCPU", ".5 vcpu"])), ("memory", OneOf(&["512", "2GB"])),
    ("pidMode", OneOf(&["host", "task"])), ("ipcMode", OneOf(&["host", "task", "none"])),
    ("proxyConfiguration", Structure(&[("type", OneOf(&["APPMESH"])), ("containerName!", Text), ("properties", List(&NAME_AND_VALUE))])),
    ("inferenceAccelerators", List(&Structure(&[("deviceName!", Text), ("deviceType!", Text)]))),
    ("ephemeralStorage", Structure(&[("sizeInGiB!", Whole)])),
    ("runtimePlatform", Structure(&[("cpuArchitecture", OneOf(&["X86_64", "ARM64"])), ("operatingSystemFamily", OneOf(&["LINUX"]))])),
    ("enableFaultInjection", Flag),
];

/// What one prints: empty, spaces, quotes, characters of any width.
fn text() -> BoxedStrategy<String> {
    prop_oneof![2 => Just(String::new()), 3 => "[ -~]{1,12}", 1 => "[äß€😀\\t\\n\"\\\\]{1,4}"]
        .boxed()
}

/// Any JSON, for members that nobody knows yet; numbers that no float holds among it.
fn anything() -> BoxedStrategy<Value> {
    let number = prop_oneof!["-?[1-9][0-9]{0,40}", "-?[1-9]\\.[0-9]{1,20}", "0"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|digits| serde_json::from_str(&digits).unwrap()),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let members = prop::collection::vec(("zz[a-z]{1,4}", inner.clone()), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::Array),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

fn value(shape: &'static Shape) -> BoxedStrategy<Value> {
    match shape {
        Text => text().prop_map(Value::String).boxed(),
        Whole => prop_oneof![Just(0_i64), 1..100_000_i64]
            .prop_map(Value::from)
            .boxed(),
        Flag => any::<bool>().prop_map(Value::Bool).boxed(),
        OneOf(words) => prop::sample::select(*words).prop_map(Value::from).boxed(),
        List(item) => prop::collection::vec(value(item), 0..3)
            .prop_map(Value::Array)
            .boxed(),
        Shape::Map => prop::collection::vec(("[a-z.-]{1,8}", text()), 0..3)
            .prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, text)| (name, text.into()))
                    .collect::<Map<_, _>>()
                    .into()
            })
            .boxed(),
        Structure(members) => structure(members, 0.6).prop_map(Value::Object).boxed(),
    }
}

/// Some of the members, and some that nobody knows, in any order.
fn structure(
    members: &'static [(&'static str, Shape)],
    often: f64,
) -> BoxedStrategy<Map<String, Value>> {
    let known: Vec<_> = members
        .iter()
        .map(|(name, shape)| match name.strip_suffix('!') {
            Some(name) => value(shape)
                .prop_map(move |value| Some((name, value)))
                .boxed(),
            None => prop::option::weighted(often, value(shape))
                .prop_map(move |value| Some((*name, value?)))
                .boxed(),
        })
        .collect();
    let unknown = prop::option::weighted(0.3, ("zz[a-zA-Z]{1,6}", anything()));
    (known, unknown)
        .prop_map(|(known, unknown)| {
            let known = known
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_owned(), value));
            known.chain(unknown).collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(|members| members.into_iter().collect())
        .boxed()
}

/// A definition of one to three containers, the first called `app`.
fn document() -> BoxedStrategy<Value> {
    let containers = prop::collection::vec(structure(CONTAINER, 0.3), 1..4);
    (structure(DEFINITION, 0.5), containers)
        .prop_map(|(mut members, containers)| {
            let names = ["app", "side", "proxy"];
            let containers = containers
                .into_iter()
                .zip(names)
                .map(|(mut container, name)| {
                    container.insert("image".to_owned(), json!(format!("{name}:1")));
                    container.insert("name".to_owned(), json!(name));
                    Value::Object(container)
                });
            members.insert("containerDefinitions".to_owned(), containers.collect());
            members.insert("family".to_owned(), json!("any"));
            members.insert("memory".to_owned(), json!("512"));
            Value::Object(members)
        })
        .boxed()
}

const RESPONSE_ONLY: [&str; 9] = [
    "compatibilities",
    "deleteRequestedAt",
    "deregisteredAt",
    "registeredAt",
    "registeredBy",
    "requiresAttributes",
    "revision",
    "status",
    "taskDefinitionArn",
];

/// `described` as it has to be registered, put together without the code under test.
fn wanted(described: &Value, image: &str) -> String {
    let mut wanted = Map::new();
    for (name, value) in described.as_object().unwrap() {
        if !RESPONSE_ONLY.contains(&name.as_str()) {
            wanted.insert(name.clone(), value.clone());
        }
    }
    wanted["containerDefinitions"][0]["image"] = json!(image);
    Value::Object(wanted).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_definition_changes_in_its_image_alone(
        document in document(),
        response in prop::collection::vec(anything(), RESPONSE_ONLY.len()),
        first in any::<bool>(),
    ) {
        let own = RESPONSE_ONLY.iter().map(|name| (*name).to_owned()).zip(response);
        let mut described: Map<String, Value> = if first { own.clone().collect() } else { Map::new() };
        described.extend(document.as_object().unwrap().clone());
        described.extend(own);
        let described = Value::Object(described);
        let text = format!("{described:#}");
        // JSON is YAML, too.
        for file in ["t.json", "t.yaml"] {
            let mut definition = Definition::parse(file, text.as_bytes()).unwrap();
            prop_assert!(same_definition(definition.as_value(), &document));
            set_image(&mut definition, "app", "new:2").unwrap();
            prop_assert_eq!(definition.register_body().to_string(), wanted(&described, "new:2"), "{}", file);
            prop_assert!(!same_definition(&described, definition.as_value()));
        }
    }

    /// Whatever stands in `environment-variables` stands in the container then, and a second run
    /// with the same text changes nothing more.
    #[test]
    fn any_text_of_environment_variables_round_trips(
        document in document(),
        pairs in prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_.-]{0,6}", "[^\\n]{0,16}", 1..6),
        ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\n\n", "\n  \n  "]), 6),
        removed in prop::collection::btree_set("[0-9][A-Z]{1,3}", 0..3),
    ) {
        let mut document = document;
        document["containerDefinitions"][0]["secrets"] = json!([]);
        let mut text = String::new();
        for ((name, value), end) in pairs.iter().zip(&ends) {
            text.push_str(&format!("{name}={value}{end}"));
        }
        for name in &removed {
            text.push_str(&format!("-{name}\n"));
        }
        let raw = RawInputs::default().with("service", "api").with("environment-variables", &text);
        let edits = Request::check(&raw, &Facts::default()).unwrap().edits;
        let mut definition = Definition::from_value("t", document).unwrap();
        apply(&mut definition, &["app".to_owned()], &edits).unwrap();
        let once = definition.as_value().clone();
        let list = once["containerDefinitions"][0]["environment"].as_array().unwrap();
        for (name, value) in &pairs {
            let set = list.iter().filter(|item| item["name"] == name.as_str());
            // White space at the end of a line is the editor's, as it is for the peer's action.
            prop_assert!(set.clone().count() > 0);
            prop_assert!(set.clone().all(|item| item["value"] == value.trim_end()), "{name}={value:?}: {list:?}");
        }
        prop_assert!(list.iter().all(|item| !removed.contains(item["name"].as_str().unwrap_or_default())));
        apply(&mut definition, &["app".to_owned()], &edits).unwrap();
        prop_assert_eq!(definition.as_value(), &once);
    }

    /// Any text is either refused with its line, or read as lines that say the same again.
    #[test]
    fn no_text_of_environment_variables_is_half_read(text in "[-=A-C \\n\\r\\t\"'#]{0,30}|(?s:.{0,30})") {
        let check = |text: &str| {
            let raw = RawInputs::default().with("service", "api").with("environment-variables", text);
            Request::check(&raw, &Facts::default())
        };
        match check(&text) {
            Ok(request) => {
                let edits = request.edits.environment;
                let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
                prop_assert_eq!(edits.len(), lines, "{:?}", text);
                let again: Vec<String> = edits.iter().map(|edit| match edit {
                    plimsoll::request::Edit::Set { name, value } => format!("{name}={}", value.expose()),
                    plimsoll::request::Edit::Remove { name } => format!("-{name}"),
                }).collect();
                prop_assert_eq!(check(&again.join("\n")).unwrap().edits.environment, edits);
            }
            Err(problems) => prop_assert!(problems.iter().all(|problem| problem.to_string().contains("line "))),
        }
    }
}

/// The same through the real client: what the stand-in describes and what it is sent.
#[tokio::test(start_paused = true)]
async fn any_definition_survives_the_way_through_aws() {
    let mut runner = TestRunner::deterministic();
    for case in 0..60 {
        let mut document = document().new_tree(&mut runner).unwrap().current();
        document["tags"] =
            json!([{"key": "case", "value": case.to_string()}, {"key": "aws:own", "value": "x"}]);
        let story = Story::new(|world| {
            world.add_task_definition(document);
        });
        let mut described = story
            .sim
            .with(|world| world.find_task_definition("any").unwrap().document.clone());
        described["tags"] = json!([{"key": "case", "value": case.to_string()}]);
        let told = story
            .input("service", "")
            .input("register-only", "true")
            .input("task-definition", "any")
            .input("container-name", "app")
            .input("image", "ghcr.io/acme/app:2")
            .deploy()
            .await;
        assert_eq!(told.outcome(), "planned", "{described:#}\n{}", told.log);
        let sent = body(&told, "RegisterTaskDefinition");
        assert_eq!(sent.to_string(), wanted(&described, "ghcr.io/acme/app:2"));
        let changes = told.report.definition.unwrap().changes;
        assert_eq!(changes.len(), 1, "{changes:?}");
    }
}
