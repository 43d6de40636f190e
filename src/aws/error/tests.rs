use aws_credential_types::provider::error::CredentialsError;

use super::{AwsError, AwsErrorKind, ErrorAnswer, NotAssumed};

fn answer<'a>(code: &'a str, message: &'a str) -> ErrorAnswer<'a> {
    ErrorAnswer {
        status: 400,
        code,
        message,
    }
}

#[test]
fn a_signature_of_another_time_is_about_the_clock() {
    let text = "Signature expired: 20261120T165000Z is now earlier than 20261120T165500Z (20261120T170000Z - 5 min.)";
    let answer = answer("InvalidSignatureException", text);
    let error = AwsError::answered("ecs:DescribeServices", "service `api`", answer);
    assert!(error.help().unwrap().contains("clock"));
}

#[test]
fn what_is_to_be_allowed_is_what_aws_names() {
    let help = |text: &str| {
        let answer = answer("AccessDeniedException", text);
        let error = AwsError::answered("ecs:RegisterTaskDefinition", "family `api`", answer);
        error.help().unwrap()
    };
    for (text, action) in [
        (
            "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: ecs:TagResource on resource: *",
            "ecs:TagResource",
        ),
        (
            "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: iam:PassRole on resource: arn:x",
            "iam:PassRole",
        ),
        (
            "is not authorized to perform: `a` b",
            "ecs:RegisterTaskDefinition",
        ),
        ("no", "ecs:RegisterTaskDefinition"),
    ] {
        assert_eq!(
            help(text),
            format!("allow `{action}` in the policy of the role in use")
        );
    }
}

#[test]
fn a_role_that_could_not_be_assumed_says_so_through_the_sdk() {
    for (passing, kind) in [
        (true, AwsErrorKind::Unanswered),
        (false, AwsErrorKind::NoCredentials),
    ] {
        let why = NotAssumed {
            text: "the role can't be assumed".to_owned(),
            help: vec!["first".to_owned(), "second".to_owned()],
            passing,
        };
        let wrapped = CredentialsError::provider_error(why);
        let error = AwsError::unsigned("ec2:DescribeSubnets", "the subnets", &wrapped);
        assert_eq!(error.kind, kind);
        assert_eq!(error.text, "the role can't be assumed");
        assert_eq!(error.help().as_deref(), Some("first; second"));
    }
}
