mod build;
mod one_off;
mod role;

use std::time::Duration;

use super::*;
use crate::secret::Secret;

fn facts() -> Facts {
    Facts {
        sha: Some("4f2a9c1".into()),
        region: Some("eu-central-1".into()),
        ..Facts::default()
    }
}

/// `pairs` as the runner passes them.
fn raw(pairs: &[(&str, &str)]) -> RawInputs {
    let env = pairs.iter().map(|(name, value)| {
        (
            format!("INPUT_{}", name.to_uppercase()),
            (*value).to_owned(),
        )
    });
    RawInputs::from_env(env)
}

fn good(pairs: &[(&str, &str)]) -> Request {
    Request::check(&raw(pairs), &facts()).unwrap()
}

/// All problems of `pairs`, a line each.
fn check(pairs: &[(&str, &str)], expected: &str) {
    let problems = Request::check(&raw(pairs), &facts()).unwrap_err();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn the_least_request_takes_the_defaults() {
    let request = good(&[("service", "api")]);
    assert_eq!(request.image, ImageSource::AsIs);
    assert_eq!(request.task_definition, TaskDefinitionSource::Service);
    assert_eq!(
        request.services,
        [ServiceRef {
            cluster: "default".into(),
            service: "api".into(),
            place: None,
        }]
    );
    assert_eq!(request.update, UpdateOptions::default());
    assert!(request.edits.is_empty());
    assert!(request.rollout.wait && request.job_summary && !request.dry_run);
    assert_eq!(request.rollout.limit, Duration::from_secs(1800));
    assert_eq!(request.rollout.poll, Duration::from_secs(5));
    assert_eq!(request.rollout.stuck_after, Duration::from_secs(120));
    assert_eq!(request.region.as_deref(), Some("eu-central-1"));
}

#[test]
fn every_default_is_allowed() {
    for input in inputs::INPUTS
        .iter()
        .filter(|input| !input.default.is_empty())
    {
        let request = good(&[("service", "api"), (input.name, input.default)]);
        assert_eq!(request, good(&[("service", "api")]), "{}", input.name);
    }
}

/// The runner passes every default as a variable; a request must not read differently for it.
#[test]
fn the_runners_defaults_are_no_choice_of_the_users() {
    let mut pairs: Vec<(&str, &str)> = inputs::INPUTS
        .iter()
        .map(|input| (input.name, input.default))
        .collect();
    check(
        &pairs,
        "`service` isn't given: name at least one, or set `register-only: true` to stop after the registration",
    );
    pairs.push(("service", "api"));
    assert_eq!(good(&pairs), good(&[("service", "api")]));
}

#[test]
fn all_problems_are_named_at_once_in_the_order_of_the_table() {
    check(
        &[
            ("on-stuck", "abort"),
            ("wait-for-minutes", "soon"),
            ("platform", "linux/amd64,linux/arm64"),
            ("image", "repo/app:1"),
            ("image-tag", "v1"),
            ("dry-run", "yes"),
        ],
        "`image` is `repo/app:1`: `image-tag` is given too; only one of the three may be
         `platform` is `linux/amd64,linux/arm64`: exactly one platform is built, such as `linux/amd64`
         `service` isn't given: name at least one, or set `register-only: true` to stop after the registration
         `wait-for-minutes` is `soon`: a time such as `90s`, `2m` or `1h` is needed, from `1s` to `24h`; a bare number counts minutes
         `on-stuck` is `abort`: allowed are `fail`, `rollback`, `wait`
         `dry-run` is `yes`: allowed are `true` and `false`",
    );
}

#[test]
fn wrong_values_are_named() {
    #[rustfmt::skip]
    let table = [
        ("aws-region", "EU", "`aws-region` is `EU`: a region is written like `eu-central-1`"),
        ("allowed-account-ids", "12345678901", "`allowed-account-ids` is `12345678901`: an account id has 12 digits; write it in quotes to keep leading zeros"),
        ("image-tag", "v1", "`repository` isn't given: `image-tag` is a tag in it (`v1`)"),
        ("image", "repo/app", "`image` is `repo/app`: the reference has no tag and no digest; add one"),
        ("repository", "public.ecr.aws/x/app:v1", "`repository` is `public.ecr.aws/x/app:v1`: a repository of private ECR is needed, and `public.ecr.aws` is another registry's host; one in ECR that is called so is given by its URI"),
        ("repository", "111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1", "`repository` is `111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/app:v1`: write `repository: 111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/app`, and `v1` in `tags` or `image-tag`"),
        ("tags", "-x", "`tags` is `-x`: a tag has up to 128 letters, digits, `_`, `.` or `-`, and starts with a letter, a digit or `_`"),
        ("images", "app", "`images` is `app`: `container=reference` is needed"),
        ("context", "https://x.test/a.git", "`context` is `https://x.test/a.git`: a directory is needed; check the sources out first"),
        ("cache-to", "type=gha,mode=max", "`cache-to` is `type=gha,mode=max`: only `type=inline` is there yet"),
        ("cache-from", "type=gha", "`cache-from` is `type=gha`: a reference, or `type=registry,ref=<reference>`, is needed; other kinds of cache aren't there yet"),
        ("build-args", "=hunter2", "`build-args`, line 1: `name=value` is needed"),
        ("environment-variables", "A=1\nhunter2", "`environment-variables`, line 2: `NAME=value`, or `-NAME` to remove one, is needed"),
        ("environment-variables", "A=1\n\nA=2", "`environment-variables`, line 3: `A` is given twice"),
        ("environment-variables", "-A=1", "`environment-variables`, line 1: `-NAME` removes an entry and takes no value"),
        ("command", "[1]", "`command` is `[1]`: it starts with `[` and isn't a JSON list of strings, such as `[\"serve\", \"--port\", \"80\"]`"),
        ("command", "sh -c 'x", "`command` is `sh -c 'x`: a quote isn't closed"),
        ("task-role-arn", "app", "`task-role-arn` is `app`: a role's ARN is needed (`arn:aws:iam::<account>:role/<name>`)"),
        ("task-definition", "web:0", "`task-definition` is `web:0`: a revision is a number from 1, as in `web:42`"),
        ("cluster", "a/b", "`cluster` is `a/b`: a cluster's name (letters, digits, `-`, `_`) or ARN is needed"),
        ("desired-count", "-1", "`desired-count` is `-1`: a whole number from 0 is needed"),
        ("propagate-tags", "service", "`propagate-tags` is `service`: allowed are `NONE`, `SERVICE`, `TASK_DEFINITION`"),
        ("max-parallel", "0", "`max-parallel` is `0`: a whole number from 1 is needed"),
        ("poll-interval", "1m", "`poll-interval` is `1m`: a time such as `90s`, `2m` or `1h` is needed, from `1s` to `15s`; a bare number counts seconds"),
        ("stuck-after", "1M", "`stuck-after` is `1M`: a time such as `90s`, `2m` or `1h` is needed, from `10s` to `24h`; a bare number counts seconds"),
        ("stuck-after", "50000ms", "`stuck-after` is `50000ms`: a time such as `90s`, `2m` or `1h` is needed, from `10s` to `24h`; a bare number counts seconds"),
    ];
    for (input, value, expected) in table {
        check(&[("service", "api"), (input, value)], expected);
    }
    check(
        &[("service", "api, web/api\nx/api api api")],
        "`service` is `x/api api api`: a name, `cluster/service` or a service's ARN is needed",
    );
    check(
        &[("service", "api,default/api")],
        "`service` is `default/api`: the service is named twice",
    );
    check(
        &[("register-only", "true"), ("image", "r/a:1")],
        "`task-definition` isn't given: without `service` there is no running revision to start from; give a file, a family, `family:revision` or an ARN",
    );
    check(
        &[
            ("service", "a"),
            ("secrets", "A=arn:x"),
            ("environment-variables", "A=1"),
        ],
        "`secrets`, line 1: `A` stands in `environment-variables` too; choose one",
    );
}

#[test]
fn images_that_exist_build_nothing() {
    let both = [
        ("service", "api"),
        ("repository", "localhost:5000/app"),
        ("image-tag", "v1"),
    ];
    let ImageSource::Tag { repository, tag } = good(&both).image else {
        panic!()
    };
    assert_eq!(
        (repository.to_string().as_str(), tag.as_str()),
        ("localhost:5000/app", "v1")
    );
    let images = good(&[
        ("service", "api"),
        ("images", "app=r/a:1, log=r/b@sha256:00"),
    ])
    .image;
    let expected = [
        ("app".into(), "r/a:1".into()),
        ("log".into(), "r/b@sha256:00".into()),
    ];
    assert_eq!(images, ImageSource::Images(expected.to_vec()));
}

#[test]
fn services_and_task_definitions_by_any_name() {
    let long = "arn:aws:ecs:eu-central-1:111122223333:service/blue/api";
    let short = "arn:aws:ecs:eu-central-1:111122223333:service/old";
    let text = format!("api\nweb/worker,{long}\n{short}");
    let request = good(&[("cluster", "main"), ("service", &text)]);
    let told: Vec<String> = request
        .services
        .iter()
        .map(|s| format!("{}/{}", s.cluster, s.service))
        .collect();
    assert_eq!(told, ["main/api", "web/worker", "blue/api", "main/old"]);
    let arn = "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7";
    let table = [
        ("web", TaskDefinitionSource::Family("web".into())),
        (
            "web:7",
            TaskDefinitionSource::Revision {
                family: "web".into(),
                revision: 7,
            },
        ),
        (arn, TaskDefinitionSource::Arn(arn.into())),
        (
            "deploy/task.json",
            TaskDefinitionSource::File("deploy/task.json".into()),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(
            good(&[("service", "a"), ("task-definition", text)]).task_definition,
            expected
        );
    }
}

#[test]
fn edits_keep_their_values_and_hide_them() {
    let request = good(&[
        ("service", "api"),
        (
            "environment-variables",
            "URL=postgres://u:p@h/db?a=b\n-OLD\nEMPTY=",
        ),
        ("command", "sh -c 'exec app --flag=1'"),
        ("env-files", "-arn:aws:s3:::b/a.env"),
    ]);
    let set = |name: &str, value: &str| Edit::Set {
        name: name.into(),
        value: Secret::new(value),
    };
    let removed = Edit::Remove { name: "OLD".into() };
    let expected = [
        set("URL", "postgres://u:p@h/db?a=b"),
        removed,
        set("EMPTY", ""),
    ];
    assert_eq!(request.edits.environment, expected);
    assert_eq!(
        request.edits.command.clone().unwrap(),
        ["sh", "-c", "exec app --flag=1"]
    );
    assert_eq!(
        request.edits.env_files,
        Some(EnvFiles::Remove(vec!["arn:aws:s3:::b/a.env".into()]))
    );
    assert!(!format!("{request:?}").contains("postgres"));
}

#[test]
fn variables_of_no_input_are_warned_about() {
    let raw = RawInputs::from_env(
        [
            "INPUT_AWS_REGION",
            "INPUT_SERVICES",
            "INPUT_ZEBRA-STRIPES",
            "INPUT_ARGS",
            "PATH",
        ]
        .map(|name| (name.to_owned(), "x".to_owned())),
    );
    insta::assert_snapshot!(raw.warnings.join("\n"), @r"
    there is no input `aws_region`; did you mean `aws-region`?
    there is no input `services`; did you mean `service`?
    there is no input `zebra-stripes`; it is ignored
    ");
}

#[test]
fn flags_and_variables_say_the_same() {
    let matches = cli::deploy_command()
        .try_get_matches_from([
            "deploy",
            "--service",
            "api",
            "--service",
            "web/worker",
            "--no-cache",
            "--pull",
            "false",
            "--environment-variables",
            "-OLD",
            "--environment-variables",
            "A=1",
            "--command",
            "-v",
        ])
        .unwrap();
    let by_flags = Request::check(&RawInputs::from_matches(&matches), &facts()).unwrap();
    let by_variables = good(&[
        ("service", "api\nweb/worker"),
        ("no-cache", "true"),
        ("pull", "false"),
        ("environment-variables", "-OLD\nA=1"),
        ("command", "-v"),
    ]);
    assert_eq!(by_flags, by_variables);
    cli::deploy_command().debug_assert();
    cli::plan_command().debug_assert();
}

proptest::proptest! {
    /// Whatever stands in the inputs: a request or problems, and no line breaks in those.
    #[test]
    fn no_text_breaks_the_check(values in proptest::collection::vec("(?s).{0,40}", inputs::INPUTS.len())) {
        let pairs: Vec<(&str, &str)> =
            inputs::INPUTS.iter().map(|i| i.name).zip(values.iter().map(String::as_str)).collect();
        if let Err(problems) = Request::check(&raw(&pairs), &facts()) {
            for problem in problems {
                let line = problem.to_string();
                proptest::prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }

    /// Any environment value without line ends comes out as it went in, save for its trailing blanks.
    #[test]
    fn environment_values_round_trip(value in "[^\r\n\u{b}\u{c}\u{85}\u{2028}\u{2029}]{0,60}[^\\s]") {
        let text = format!("NAME={value}\nLAST=1");
        let request = good(&[("service", "a"), ("environment-variables", &text)]);
        let set = Edit::Set { name: "NAME".into(), value: Secret::new(value) };
        proptest::prop_assert_eq!(&request.edits.environment[0], &set);
    }
}
