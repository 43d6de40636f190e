use super::PushFailureKind;

#[test]
fn tells_refusals_apart_by_the_registrys_words() {
    let check = |message: &str, kind: PushFailureKind| {
        assert_eq!(PushFailureKind::of(message), kind, "{message}");
    };
    check(
        "tag invalid: The image tag 'x' already exists in the 'repo' repository and cannot be overwritten because the repository is immutable.",
        PushFailureKind::TagImmutable,
    );
    check(
        "name unknown: The repository with name 'x' does not exist in the registry with id '123456789012'",
        PushFailureKind::RepositoryMissing,
    );
    check(
        "denied: User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-central-1:123456789012:repository/api because no identity-based policy allows it",
        PushFailureKind::Denied {
            action: Some("ecr:InitiateLayerUpload".to_owned()),
        },
    );
    check(
        "denied: Your authorization token has expired. Reauthenticate and try again.",
        PushFailureKind::Unauthorized,
    );
    check(
        "denied: requested access to the resource is denied",
        PushFailureKind::Denied { action: None },
    );
    check("no basic auth credentials", PushFailureKind::Unauthorized);
    check(
        "unauthorized: authentication required",
        PushFailureKind::Unauthorized,
    );
    check(
        "received unexpected HTTP status: 503 Service Unavailable",
        PushFailureKind::RegistryFailed,
    );
    check(
        "Get \"https://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
        PushFailureKind::Unreachable,
    );
    check("manifest invalid", PushFailureKind::Other);
}
