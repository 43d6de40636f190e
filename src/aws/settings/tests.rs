use super::*;

#[test]
fn keys_of_aws_are_letters_and_signs_without_a_blank() {
    for good in [
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPx=",
        "",
        "  ",
    ] {
        assert_eq!(wrong_secret(good), None, "{good:?}");
    }
    for (bad, why) in [
        ("AKIA\n", "line end"),
        (" AKIA", "begins or ends"),
        ("AK IA", "character"),
        ("AK\u{1}IA", "character"),
        ("AKÍA", "character"),
    ] {
        assert!(
            wrong_secret(bad).is_some_and(|said| said.contains(why)),
            "{bad:?}"
        );
    }
}

#[test]
fn an_endpoint_is_an_address_with_its_scheme() {
    for good in [
        "http://127.0.0.1:4566",
        "https://vpce-1.ecs.eu-west-1.vpce.amazonaws.com/",
    ] {
        assert!(!wrong_endpoint(good), "{good}");
    }
    for bad in [
        "legacy",
        "0",
        "localhost:4566",
        "http://",
        "ftp://x",
        "http://a b",
        "http://x\n",
    ] {
        assert!(wrong_endpoint(bad), "{bad:?}");
    }
}

#[test]
fn a_switch_that_would_be_passed_over_is_refused_and_an_empty_one_is_not() {
    for good in ["true", "False", "", " "] {
        assert_eq!(wrong_switch(good), None, "{good:?}");
    }
    assert!(wrong_switch("1").is_some() && wrong_switch("true\n").is_some());
}

#[test]
fn secrets_are_named_and_not_shown() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let problems = of_environment(&[
        pair("AWS_SECRET_ACCESS_KEY", "hunter2\n"),
        pair("AWS_SESSION_TOKEN", "hunter2\n"),
        pair("AWS_USE_FIPS_ENDPOINT", "yes"),
        pair("AWS_RETRY_MODE", "legacy"),
    ]);
    assert_eq!(
        problems,
        [
            "`AWS_SECRET_ACCESS_KEY`: it begins or ends with a blank or a line end: set it without",
            "`AWS_USE_FIPS_ENDPOINT` is `yes`: allowed are `true` and `false`",
        ]
    );
}
