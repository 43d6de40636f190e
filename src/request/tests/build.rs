//! The inputs of a build, in the forms that docker/build-push-action documents.

use super::*;

fn spec(pairs: &[(&str, &str)]) -> BuildSpec {
    let given = [("service", "api"), ("repository", "app")];
    let ImageSource::Build(build) = good(&[given.as_slice(), pairs].concat()).image else {
        panic!("no build")
    };
    *build
}

fn secrets(text: &str) -> Vec<(String, String)> {
    let given = spec(&[("build-secrets", text)]).build_secrets.into_iter();
    given
        .map(|(id, value)| (id, value.expose().to_owned()))
        .collect()
}

fn owned(id: &str, value: &str) -> (String, String) {
    (id.to_owned(), value.to_owned())
}

#[test]
fn quotes_stand_around_the_whole_and_hold_several_lines() {
    assert_eq!(secrets("\"k=v w\""), [owned("k", "v w")]);
    assert_eq!(
        secrets("token=a\n\"key=-----BEGIN\nMII=\n-----END\"\n\"json={\"\"a\"\":1}\""),
        [
            owned("token", "a"),
            owned("key", "-----BEGIN\nMII=\n-----END"),
            owned("json", "{\"a\":1}"),
        ]
    );
    assert_eq!(secrets("npm="), [owned("npm", "")]);
    let args = spec(&[("build-args", "\"A=x y\"\nB=\"x y\"\nHOME")]).build_args;
    let value = |text: &str| Some(Secret::new(text));
    assert_eq!(
        args,
        [
            ("A".into(), value("x y")),
            ("B".into(), value("\"x y\"")),
            ("HOME".into(), None),
        ]
    );
    let labels = spec(&[("labels", "\"a=one\ntwo\"\nb=c, \"d\"")]).labels;
    assert_eq!(labels, [owned("a", "one\ntwo"), owned("b", "c, \"d\"")]);
}

#[test]
fn a_name_that_holds_a_quote_or_a_blank_is_refused_and_no_value_is_shown() {
    check(
        &[
            ("service", "api"),
            ("repository", "app"),
            ("build-args", "A=1\n'B=x y'\nC = 3\nA=4"),
            ("build-secrets", " \"k=hunter2 w\" \"\nhunter2\nid=x"),
            ("labels", "\"a=b"),
        ],
        r#"
        `build-args`, line 2: the name has a quote in it; quotes stand around the whole line, as in `"name=a b"`, and a quote inside is written `""`
        `build-args`, line 3: the name has a blank in it; `name=value` is needed, and a value of several lines stands in quotes, `"name=first line` … `last line"`
        `build-args`, line 4: `A` is given twice
        `build-secrets`, line 1: the name has a quote in it; quotes stand around the whole line, as in `"name=a b"`, and a quote inside is written `""`
        `build-secrets`, line 2: `id=value` is needed
        `labels`, line 1: a quote is opened here and not closed; a quote inside of quotes is written `""`
        "#,
    );
}

#[test]
fn a_context_of_buildx_is_answered_with_what_to_write() {
    for (context, folder) in [
        ("{{defaultContext}}:sub", "sub"),
        ("{{defaultContext}}:services/api", "services/api"),
        ("{{defaultContext}}", "."),
    ] {
        check(
            &[("service", "api"), ("context", context)],
            &format!(
                "`context` is `{context}`: the context is the checked-out workspace here: write `context: {folder}`, after `actions/checkout`"
            ),
        );
    }
}

#[test]
fn a_build_has_an_hour_unless_it_is_given_another_time() {
    let hour = Duration::from_secs(3600);
    assert_eq!(spec(&[]).timeout, hour);
    let timeout = |text: &str| spec(&[("build-timeout", text)]).timeout;
    assert_eq!(timeout("20m"), hour / 3);
    assert_eq!(timeout("90"), Duration::from_secs(90));
    check(
        &[("service", "api"), ("build-timeout", "5s")],
        "`build-timeout` is `5s`: a time such as `90s`, `2m` or `1h` is needed, from `10s` to `24h`; a bare number counts seconds",
    );
}

#[test]
fn a_build_is_what_repository_alone_asks_for() {
    let request = good(&[
        ("service", "api"),
        (
            "repository",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app",
        ),
        ("tags", "v1, latest\nmain"),
        ("build-args", "A=b=c,d\nB="),
        ("add-hosts", "db:::1, x=10.0.0.1"),
        ("cache-to", "type=inline"),
        ("cache-from", "type=registry,ref=r/a:cache\nr/a:main"),
    ]);
    let ImageSource::Build(build) = &request.image else {
        panic!("{:?}", request.image)
    };
    assert_eq!(
        (build.repository.account(), build.repository.region()),
        (Some("111122223333"), Some("us-east-1"))
    );
    assert_eq!(build.tags, ["v1", "latest", "main"]);
    let args = [
        ("A".into(), Some(Secret::new("b=c,d"))),
        ("B".into(), Some(Secret::new(""))),
    ];
    assert_eq!(build.build_args, args);
    assert_eq!(
        build.add_hosts,
        [("db".into(), "::1".into()), ("x".into(), "10.0.0.1".into())]
    );
    assert_eq!(build.cache_from, ["r/a:cache", "r/a:main"]);
    assert!(build.inline_cache && build.skip_existing);
    assert!(
        !format!("{request:?}").contains("b=c"),
        "build args don't print"
    );
    let request = good(&[("service", "api"), ("repository", "my.team/app")]);
    let ImageSource::Build(build) = &request.image else {
        panic!("{:?}", request.image)
    };
    assert_eq!(
        (build.repository.registry.as_deref(), build.tags.as_slice()),
        (None, ["4f2a9c1".to_owned()].as_slice())
    );
}
