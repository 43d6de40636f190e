//! Settings as people and other steps leave them behind: whatever stands in them, the run says how it
//! ended, and what the SDK can't take is named.
//!
//! `PLIMSOLL_SEED` and `PLIMSOLL_WORLDS` draw other values, and more of them.

mod places;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use places::{Place, all};

use crate::stage::{Ended, Stage, usual};

/// A run that is still asking somebody then is ended by a signal.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs at once; each waits most of its time.
const AT_ONCE: usize = 4;

/// Random values, where `PLIMSOLL_WORLDS` doesn't say otherwise.
const RANDOM: u64 = 60;

/// Values that have come from somewhere, or may.
fn values() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " ",
        "legacy",
        "0",
        "-1",
        "99999999999999999999999999999999999999",
        "value\n",
        "a\u{1}\u{1b}[31m\u{7f}b",
        "\"a' b`",
        "a\u{202e}é🚢",
    ];
    let texts = texts.iter().map(|text| text.as_bytes().to_vec());
    texts
        .chain([b"a\xff\xfe\x80b".to_vec(), vec![b'x'; 100_000]])
        .collect()
}

/// How the run with `value` at `place` ended, if it ended as none may.
fn fault(place: &Place, value: &[u8]) -> Option<String> {
    let (stage, name) = (place.stage)(value);
    let mut running = stage.start();
    let ended = match running.within(PATIENCE) {
        true => running.end(),
        false => running.signal("TERM"),
    };
    let shown: String = String::from_utf8_lossy(value).chars().take(40).collect();
    let said = |what: &str| Some(format!("{name}={shown:?}: {what}\n{}", ended.log));
    if ended.log.contains("panicked") || ended.log.contains("a bug in Plimsoll") {
        return said("a panic");
    }
    if !matches!(ended.code, Some(0..=8 | 143)) {
        return said(&format!("ended with {:?}", ended.code));
    }
    let outcomes = plimsoll::report::Outcome::ALL.iter();
    let is_said = |word: &str| ended.log.lines().any(|line| line.starts_with(word));
    if !outcomes
        .into_iter()
        .any(|one| is_said(&format!("{}: ", one.as_str())))
    {
        return said("no outcome in the log");
    }
    None
}

fn check(cases: &[(Place, Vec<u8>)]) {
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((place, value)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    faults.lock().unwrap().extend(fault(place, value));
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

#[test]
fn no_value_of_any_setting_is_a_panic_or_a_silent_end() {
    let values = values();
    let cases: Vec<(Place, Vec<u8>)> = all()
        .into_iter()
        .flat_map(|place| {
            values
                .iter()
                .map(move |value| (place.clone(), value.clone()))
        })
        .collect();
    assert!(cases.len() > 1000, "{}", cases.len());
    check(&cases);
}

#[test]
fn random_values_of_settings_are_no_panic_either() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let mut state: u64 = number("PLIMSOLL_SEED").unwrap_or(1);
    let count = number("PLIMSOLL_WORLDS").unwrap_or(RANDOM);
    let mut below = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let pieces = [
        "true",
        "http://",
        "127.0.0.1",
        ":",
        "/",
        "0",
        "-",
        "\n",
        "\t",
        "=",
        "[",
        "]",
        "arn:aws:",
        "é",
        "%",
        "\u{1}",
        " ",
        "x",
    ];
    let places = all();
    let cases: Vec<(Place, Vec<u8>)> = (0..count)
        .map(|_| {
            let place = places[below(places.len())].clone();
            let pieces = (0..below(8)).map(|_| pieces[below(pieces.len())].as_bytes());
            let mut value: Vec<u8> = pieces.flatten().copied().collect();
            if below(8) == 0 {
                value.push(u8::try_from(128 + below(128)).unwrap());
            }
            (place, value)
        })
        .collect();
    check(&cases);
}

fn plan(stage: Stage) -> Stage {
    stage.redeploy().input("dry-run", "true")
}

fn config(text: &str) -> Stage {
    let stage = Stage::new(usual);
    let path = stage.path("config");
    std::fs::write(&path, text).unwrap();
    plan(stage).env("AWS_CONFIG_FILE", path.to_str().unwrap())
}

#[test]
fn retries_are_the_runs_own_whatever_the_settings_say() {
    for (name, value) in [
        ("AWS_RETRY_MODE", ""),
        ("AWS_RETRY_MODE", "legacy"),
        ("AWS_MAX_ATTEMPTS", ""),
        ("AWS_MAX_ATTEMPTS", "0"),
    ] {
        let stage = plan(Stage::new(usual)).odd(name.as_bytes(), value.as_bytes());
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "{name}={value}: {}", ended.log);
    }
    for text in [
        "retry_mode = legacy",
        "retry_mode =",
        "max_attempts = 0",
        "max_attempts =",
    ] {
        let ended = config(&format!("[default]\n{text}\n")).run();
        assert_eq!(ended.code, Some(0), "{text}: {}", ended.log);
    }
}

fn refused(what: &str, stage: &Stage, words: &[&str]) -> Ended {
    let ended = stage.run();
    assert_eq!(ended.code, Some(2), "{what}: {}", ended.log);
    assert_eq!(stage.output("outcome"), "invalid", "{what}");
    assert_eq!(stage.report()["outcome"], "invalid", "{what}");
    for word in words {
        assert!(
            stage.output("reason").contains(word),
            "{what}: {word} in {}",
            ended.log
        );
    }
    assert!(
        stage.sim.calls().is_empty(),
        "{what}: {:?}",
        stage.sim.calls()
    );
    ended
}

#[test]
fn a_setting_that_can_not_be_used_is_named() {
    for (name, value, why) in [
        (
            "AWS_ACCESS_KEY_ID",
            &b"AKIAIOSFODNN7EXAMPLE\n"[..],
            "a line end",
        ),
        ("AWS_SECRET_ACCESS_KEY", b"hunter2hunter2\n", "a line end"),
        (
            "AWS_SESSION_TOKEN",
            b"hunter2\x01hunter2",
            "a character that no key",
        ),
        ("AWS_USE_FIPS_ENDPOINT", b"yes", "`true` and `false`"),
        ("AWS_REGION", b"-", "a region is written like"),
        ("AWS_ENDPOINT_URL", b"localhost:4566", "an address such as"),
        ("AWS_ENDPOINT_URL_ECS", b"legacy", "an address such as"),
        ("AWS_ENDPOINT_URL_AUTO_SCALING", b"0", "an address such as"),
        ("AWS_CONFIG_FILE", b"/dev/zero", "no regular file"),
        ("SSL_CERT_FILE", b"", "no certificate is there"),
        ("AWS_PROFILE", b"prod\xff", "isn't text"),
        ("AWS_ENDPOINT_URL", b"http://127.0.0.1\xff", "isn't text"),
    ] {
        let stage = plan(Stage::new(usual)).odd(name.as_bytes(), value);
        let named = match name {
            "AWS_REGION" => "`aws-region`".to_owned(),
            name => format!("`{name}`"),
        };
        let ended = refused(name, &stage, &[&named, why]);
        assert!(!ended.log.contains("hunter2"), "{name}: {}", ended.log);
    }
}

#[test]
fn a_key_of_awss_files_that_can_not_be_used_is_named_with_its_profile() {
    for (text, words) in [
        (
            "aws_access_key_id = AK\u{1}IA\naws_secret_access_key = hunter2",
            ["`aws_access_key_id` of profile `default`", "a character"],
        ),
        (
            "endpoint_url = legacy",
            ["`endpoint_url` in AWS's config file", "an address such as"],
        ),
        (
            "use_fips_endpoint = yes",
            [
                "`use_fips_endpoint` of profile `default`",
                "`true` and `false`",
            ],
        ),
        ("no key", ["AWS's config files can't be read", "line 2"]),
    ] {
        let stage = config(&format!("[default]\n{text}\n")).env("AWS_ENDPOINT_URL", "");
        let ended = refused(text, &stage, &words);
        assert!(!ended.log.contains("hunter2"), "{text}: {}", ended.log);
    }
    let stage = config("");
    std::fs::write(stage.path("config"), b"[default]\nregion = \xff\n").unwrap();
    refused("no text", &stage, &["`AWS_CONFIG_FILE`", "isn't text"]);
}

/// A workflow can't leave a variable out, only empty.
#[test]
fn an_empty_endpoint_is_not_given() {
    for name in [
        "AWS_ENDPOINT_URL_ECS",
        "AWS_ENDPOINT_URL_ECR",
        "AWS_ENDPOINT_URL_EC2",
    ] {
        let stage = plan(Stage::new(usual)).odd(name.as_bytes(), b"");
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "{name}: {}", ended.log);
    }
}

/// It was left out in silence, and the run deployed.
#[test]
fn an_input_that_is_no_text_is_refused() {
    for (name, value) in [
        ("INPUT_DRY-RUN", &b"true\xff"[..]),
        ("INPUT_ALLOWED-ACCOUNT-IDS", b"111122223333\xff"),
        ("INPUT_NO-SUCH-INPUT", b"\xff"),
    ] {
        let stage = Stage::new(usual).redeploy().odd(name.as_bytes(), value);
        refused(name, &stage, &[&format!("`{name}`"), "isn't text"]);
    }
    let stage = Stage::new(usual).redeploy().odd(b"INPUT_\xff", b"x");
    refused("a name", &stage, &["isn't text"]);
}
