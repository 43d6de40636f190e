//! `role-to-assume` and what belongs to it.

use super::*;

#[test]
fn a_role_is_an_arn_and_the_rest_has_defaults() {
    let arn = "arn:aws-us-gov:iam::111122223333:role/ci/deploy";
    let request = good(&[("service", "api"), ("role-to-assume", arn)]);
    let role = request.role.unwrap();
    assert_eq!((role.arn.as_str(), role.account()), (arn, "111122223333"));
    assert_eq!(role.session_name, "plimsoll");
    assert_eq!(role.duration, Duration::from_secs(3600));
    assert_eq!(role.audience, "sts.amazonaws.com");
    assert_eq!(good(&[("service", "api")]).role, None);
}

#[test]
fn what_is_wrong_with_a_role_is_said_before_sts_is_asked() {
    let service = ("service", "api");
    check(
        &[
            service,
            ("role-to-assume", "deploy"),
            ("role-session-name", "a/b"),
            ("role-duration-seconds", "300"),
            ("audience", "two words"),
        ],
        "`role-to-assume` is `deploy`: a role's ARN is needed, such as `arn:aws:iam::111122223333:role/deploy`
         `role-session-name` is `a/b`: a session name has 2 to 64 letters, digits and characters of `_+=,.@-`
         `role-duration-seconds` is `300`: a time such as `90s`, `2m` or `1h` is needed, from `15m` to `12h`; a bare number counts seconds
         `audience` is `two words`: an audience is one word, such as `sts.amazonaws.com`",
    );
    for arn in [
        "arn:aws:iam::11112222333:role/deploy",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:user/deploy",
        "arn:aws:iam:eu-west-1:111122223333:role/deploy",
        "arn:gcp:iam::111122223333:role/deploy",
        "arn:aws:iam::111122223333:role/de ploy",
    ] {
        let problems = Request::check(&raw(&[service, ("role-to-assume", arn)]), &facts());
        assert_eq!(problems.unwrap_err().len(), 1, "{arn}");
    }
}

#[test]
fn a_role_of_another_account_than_those_allowed_is_refused() {
    check(
        &[
            ("service", "api"),
            ("role-to-assume", "arn:aws:iam::111122223333:role/deploy"),
            ("allowed-account-ids", "999988887777"),
        ],
        "`role-to-assume` is `arn:aws:iam::111122223333:role/deploy`: its account isn't one of `allowed-account-ids`",
    );
}

#[test]
fn what_belongs_to_a_role_is_nothing_without_one() {
    check(
        &[
            ("service", "api"),
            ("role-duration-seconds", "2h"),
            ("role-to-assume", ""),
        ],
        "`role-duration-seconds` is `2h`: it belongs to `role-to-assume`, which isn't given",
    );
}

#[test]
fn roles_lead_to_the_one_that_deploys() {
    let arn = |account: &str, name: &str| format!("arn:aws:iam::{account}:role/{name}");
    let (hub, prod) = (arn("111122223333", "hub"), arn("999988887777", "prod"));
    let both = format!("{hub}\n\n  {prod}\n");
    // Only the account where something is done has to be allowed.
    let role = good(&[
        ("service", "api"),
        ("role-to-assume", &both),
        ("allowed-account-ids", "999988887777"),
    ])
    .role
    .unwrap();
    assert_eq!(
        (role.first(), role.account()),
        (hub.as_str(), "999988887777")
    );
    assert_eq!(role.rest().collect::<Vec<_>>(), [prod.as_str()]);
    check(
        &[
            ("service", "api"),
            ("role-to-assume", &both),
            ("role-duration-seconds", "2h"),
        ],
        "`role-duration-seconds` is `2h`: a role that is assumed as another role has an hour at most (it is renewed)",
    );
    let many = [hub.as_str(); 5].join("\n");
    check(
        &[("service", "api"), ("role-to-assume", &many)],
        "`role-to-assume` is `arn:aws:iam::111122223333:role/hub`: no more than three roles can lead to the one that deploys",
    );
}
