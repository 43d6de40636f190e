//! The way in by OIDC: the runner's token, STS, and credentials that end.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story fails by panicking, in its helpers too"
)]

#[cfg(test)]
mod door;

use bytes::Bytes;
use plimsoll_sim::{Answer, RoleSpec, Sim, World};

const T0: i64 = 1_790_000_000_000;
const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";

fn sim() -> Sim {
    let mut world = World::new(T0);
    world.add_cluster("web");
    world.add_oidc_provider(
        "https://token.actions.githubusercontent.com",
        &["sts.amazonaws.com"],
    );
    world.add_role(RoleSpec::default());
    Sim::new(world)
}

fn send(sim: &Sim, now: i64, request: http::request::Builder, body: &str) -> (u16, String) {
    let request = request.body(Bytes::from(body.to_owned())).unwrap();
    match door::answer(sim, now, &request) {
        Answer::Response(response) | Answer::Late(_, response) => (
            response.status().as_u16(),
            String::from_utf8(response.body().to_vec()).unwrap(),
        ),
        Answer::Dropped => panic!("the connection was lost"),
    }
}

fn token(sim: &Sim, audience: &str) -> String {
    let request = http::Request::get(format!(
        "http://runner/_runner/idtoken?api-version=2.0&audience={audience}"
    ))
    .header("authorization", "Bearer request-token-of-the-job");
    let (status, body) = send(sim, T0, request, "");
    assert_eq!(status, 200, "{body}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    body["value"].as_str().unwrap().to_owned()
}

fn assume(sim: &Sim, now: i64, fields: &str) -> (u16, String) {
    let form = format!("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&{fields}");
    send(sim, now, http::Request::post("http://sts/"), &form)
}

/// Code and message of a refusal of `fields` beside the usual role, session and token.
fn refused(sim: &Sim, fields: &str) -> String {
    let token = token(sim, "sts.amazonaws.com");
    let usual = [
        ("RoleArn", ROLE),
        ("RoleSessionName", "run"),
        ("WebIdentityToken", &token),
    ];
    let usual = usual
        .iter()
        .filter(|(name, _)| !fields.contains(name))
        .map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = usual.chain([fields.to_owned()]).collect();
    let (status, body) = assume(sim, T0, &all.join("&"));
    let part = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>")).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    format!("{status} {}: {}", part("Code"), part("Message"))
}

/// DescribeClusters with the newest session's credentials.
fn ask(sim: &Sim, now: i64, token: &str) -> (u16, String) {
    let key = sim.with(|world| world.sessions().last().unwrap().access_key.clone());
    let request = http::Request::post("http://ecs/")
        .header(
            "x-amz-target",
            "AmazonEC2ContainerServiceV20141113.DescribeClusters",
        )
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={key}/20260921/eu-west-1/ecs/aws4_request, …")
                .replace('…', "x"),
        )
        .header("x-amz-security-token", token);
    send(sim, now, request, "{}")
}

#[test]
fn credentials_hold_to_their_end_and_no_longer() {
    let sim = sim();
    let fields = format!(
        "RoleArn={ROLE}&RoleSessionName=run&DurationSeconds=900&WebIdentityToken={}",
        token(&sim, "sts.amazonaws.com")
    );
    let (status, body) = assume(&sim, T0, &fields);
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains("<Expiration>2026-09-21T14:28:20Z</Expiration>"),
        "{body}"
    );
    let token = sim.with(|world| world.sessions()[0].token.clone());
    assert_eq!(ask(&sim, T0 + 899_000, &token).0, 200);
    let (status, body) = ask(&sim, T0 + 899_000, "another");
    assert_eq!(status, 400);
    assert!(body.contains("UnrecognizedClientException"), "{body}");
    let (status, body) = ask(&sim, T0 + 900_000, &token);
    assert_eq!(status, 400);
    assert!(body.contains("ExpiredTokenException"), "{body}");
    // The token itself had five minutes.
    let (_, body) = assume(&sim, T0 + 901_000, &fields);
    assert!(
        body.contains("<Code>ExpiredTokenException</Code>"),
        "{body}"
    );
}

#[test]
fn sts_refuses_in_its_own_words() {
    let sim = sim();
    let cases = [
        (
            "RoleArn=deploy",
            "400 ValidationError: Request ARN is invalid",
        ),
        (
            "RoleArn=arn:aws:iam::111122223333:role/other",
            "403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        (
            "WebIdentityToken=a.b",
            "400 InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ),
        (
            "DurationSeconds=3601",
            "400 ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (
            "DurationSeconds=60",
            "400 ValidationError: 1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200",
        ),
        (
            "Nonsense=1",
            "400 ValidationError: Unknown parameter: Nonsense",
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(refused(&sim, fields), expected, "{fields}");
    }
    let other = format!("WebIdentityToken={}", token(&sim, "another"));
    assert_eq!(
        refused(&sim, &other),
        "400 InvalidIdentityToken: Incorrect token audience"
    );
    sim.with(|world| world.runner.issuer = "https://github.example/_services/token".to_owned());
    assert_eq!(
        refused(&sim, "DurationSeconds=900"),
        "400 InvalidIdentityToken: No OpenIDConnect provider found in your account for https://github.example/_services/token"
    );
}

#[test]
fn the_token_endpoint_wants_its_bearer_and_an_audience() {
    let sim = sim();
    let path = "http://runner/_runner/idtoken?api-version=2.0";
    let (status, _) = send(&sim, T0, http::Request::get(path), "");
    assert_eq!(status, 401);
    let bearer =
        http::Request::get(path).header("authorization", "Bearer request-token-of-the-job");
    assert_eq!(send(&sim, T0, bearer, "").0, 400);
}

/// AssumeRole of `prod` as the role whose session is the newest.
fn chained(sim: &Sim, fields: &str) -> (u16, String) {
    let session = sim.with(|world| world.sessions()[0].clone());
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={}/20260921/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00",
        session.access_key
    );
    let request = http::Request::post("http://sts/")
        .header("authorization", credential)
        .header("x-amz-security-token", session.token);
    let form = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/prod&RoleSessionName=run&{fields}"
    );
    send(sim, T0, request, &form)
}

#[test]
fn a_role_is_assumed_as_another_within_an_hour_and_with_tags_where_it_may() {
    let sim = sim();
    let prod = |trusted: bool, may_be_tagged: bool| RoleSpec {
        name: "prod".to_owned(),
        subjects: Vec::new(),
        max_session_secs: 43_200,
        trusted_roles: trusted.then(|| "deploy".to_owned()).into_iter().collect(),
        may_be_tagged,
        ..RoleSpec::default()
    };
    let first = format!(
        "RoleArn={ROLE}&RoleSessionName=run&WebIdentityToken={}",
        token(&sim, "sts.amazonaws.com")
    );
    assert_eq!(assume(&sim, T0, &first).0, 200);
    let caller = "arn:aws:sts::111122223333:assumed-role/deploy/run";
    let denied = |action: &str| {
        format!(
            "<Message>User: {caller} is not authorized to perform: {action} on resource: arn:aws:iam::111122223333:role/prod</Message>"
        )
    };
    let tag = "Tags.member.1.Key=Repository&Tags.member.1.Value=octo-org/hello";
    for (trusted, may_be_tagged, fields, status, says) in [
        (false, true, "", 403, denied("sts:AssumeRole")),
        (true, false, tag, 403, denied("sts:TagSession")),
        (
            true,
            true,
            "DurationSeconds=3601",
            400,
            "exceeds the 1 hour session limit for roles assumed by role chaining".to_owned(),
        ),
        (
            true,
            true,
            "Tags.member.1.Key=Actor&Tags.member.1.Value=a[bot]",
            400,
            "tags.1.member.value".to_owned(),
        ),
        (
            true,
            true,
            "WebIdentityToken=a",
            400,
            "Unknown parameter: WebIdentityToken".to_owned(),
        ),
        (
            true,
            true,
            tag,
            200,
            "arn:aws:sts::111122223333:assumed-role/prod/run".to_owned(),
        ),
    ] {
        sim.with(|world| {
            world.remove_role("prod");
            world.add_role(prod(trusted, may_be_tagged));
        });
        let (got, body) = chained(&sim, fields);
        assert!(
            got == status && body.contains(&says),
            "{fields}: {got} {body}"
        );
    }
    let tags = sim.with(|world| world.sessions().last().unwrap().tags.clone());
    assert_eq!(
        tags,
        [("Repository".to_owned(), "octo-org/hello".to_owned())]
    );
}
