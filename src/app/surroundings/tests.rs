use std::os::unix::ffi::OsStringExt as _;
use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn surroundings(pairs: &[(&str, &str)]) -> Surroundings {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Surroundings {
        style: Style::Action,
        environment: Environment {
            pairs: pairs.collect(),
            unreadable: Vec::new(),
        },
        report_path: None,
    }
}

#[test]
fn a_later_step_is_told_the_path_on_the_host() {
    let check = |workspace: Option<&str>, path: &str| {
        let pairs: Vec<(&str, &str)> = workspace
            .map(|workspace| ("RUNNER_WORKSPACE", workspace))
            .into_iter()
            .collect();
        surroundings(&pairs).on_the_host(Path::new(path))
    };
    let inside = "/github/runner_temp/plimsoll-report.json";
    assert_eq!(
        check(Some("/home/ci/jobs/shop"), inside),
        "/home/ci/jobs/_temp/plimsoll-report.json"
    );
    assert_eq!(check(None, inside), inside);
    assert_eq!(
        check(Some("/home/ci/jobs/shop"), "/elsewhere/report.json"),
        "/elsewhere/report.json"
    );
}

#[test]
fn a_variable_that_is_no_text_is_named_where_the_run_would_read_it() {
    let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
    let all = [
        (&b"INPUT_DRY-RUN"[..], &b"true\xff"[..]),
        (b"AWS_PROFILE", b"\xfe"),
        (b"https_proxy", b"\xff"),
        (b"INPUT_\xff", b"x"),
        (b"LESSCHARSET", b"\xff"),
        (b"HOME", b"/root"),
    ];
    let read = Environment::of(all.map(|(name, value)| (bytes(name), bytes(value))));
    assert_eq!(
        read.unreadable,
        [
            "AWS_PROFILE",
            "INPUT_DRY-RUN",
            "INPUT_\u{fffd}",
            "https_proxy"
        ]
    );
    assert_eq!(read.pairs, [("HOME".to_owned(), "/root".to_owned())]);
}

#[test]
fn keys_in_the_environment_end_when_whoever_put_them_there_says_so() {
    let keys = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    let at = |text: &'static str| ("AWS_CREDENTIAL_EXPIRATION", text);
    let end = |pairs: &[(&str, &str)]| surroundings(pairs).keys_end();
    let six = humantime::parse_rfc3339("2026-11-20T18:00:00Z").ok();
    assert!(six.is_some());
    assert_eq!(end(&[keys, at("2026-11-20T18:00:00Z")]), six);
    assert_eq!(end(&[keys, at("2026-11-20T18:00:00+00:00")]), six);
    assert_eq!(end(&[keys, at("soon")]), None);
    assert_eq!(end(&[keys]), None);
    assert_eq!(end(&[at("2026-11-20T18:00:00Z")]), None);
    let far = end(&[keys, at("9999-12-31T23:59:59Z")]);
    assert!(far.is_some_and(|end| end > UNIX_EPOCH + Duration::from_secs(1)));
}
