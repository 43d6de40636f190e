//! STS by the query protocol: GetCallerIdentity, AssumeRole, and AssumeRoleWithWebIdentity, which is
//! unsigned.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::forms::{escaped, iso, unknown};
use super::{Api, Operation, respond};
use crate::world::{Assumption, Chained, Refusal, Session, World};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The one operation that needs no signature: the token is what it shows.
pub(super) const UNSIGNED: &str = "AssumeRoleWithWebIdentity";

/// Seconds of a session where none are asked for, and what may be asked for.
const USUAL_SECS: i64 = 3600;
const SECS: std::ops::RangeInclusive<i64> = 900..=43_200;

/// Acts on an operation; the inside of its result comes back.
pub(super) fn handle(world: &mut World, operation: &Operation) -> Result<String, Refusal> {
    let body = &operation.body;
    match operation.name.as_str() {
        "GetCallerIdentity" => {
            check(body, &[])?;
            identity(world, operation)
        }
        UNSIGNED => {
            let known = [
                "RoleArn",
                "RoleSessionName",
                "WebIdentityToken",
                "DurationSeconds",
            ];
            check(body, &known)?;
            assume(world, body)
        }
        "AssumeRole" => {
            let tags = tags(body)?;
            let of_tags: Vec<String> = (1..=tags.len()).flat_map(tag_fields).collect();
            let known = ["RoleArn", "RoleSessionName", "DurationSeconds"];
            let of_tags = of_tags.iter().map(String::as_str);
            check(body, &known.into_iter().chain(of_tags).collect::<Vec<_>>())?;
            assume_as(world, operation, tags)
        }
        name => Err(unknown(Api::Sts, name)),
    }
}

fn check(body: &Value, known: &[&str]) -> Result<(), Refusal> {
    let known = |name: &str| ["Action", "Version"].contains(&name) || known.contains(&name);
    let mut names = body.as_object().into_iter().flat_map(|body| body.keys());
    match names.find(|name| !known(name)) {
        Some(name) => Err(invalid(format!("Unknown parameter: {name}"))),
        None => Ok(()),
    }
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", text)
}

fn identity(world: &World, operation: &Operation) -> Result<String, Refusal> {
    let account = &world.account;
    let session = world.session(&operation.access_key, &operation.session_token)?;
    let arn = session.map_or_else(
        || format!("arn:aws:sts::{account}:assumed-role/deploy/session"),
        |session| session.arn.clone(),
    );
    let name = arn.rsplit('/').next().unwrap_or_default();
    Ok(format!(
        "<Arn>{arn}</Arn><UserId>AROA0000000000000000A:{name}</UserId><Account>{account}</Account>"
    ))
}

fn assume(world: &mut World, body: &Value) -> Result<String, Refusal> {
    let (role_arn, session_name, seconds) = asked(body)?;
    let session = world.assume_role(Assumption {
        role_arn,
        session_name,
        token: body["WebIdentityToken"].as_str().unwrap_or_default(),
        seconds,
    })?;
    Ok(given(&session, session_name))
}

/// As the one who signed: keys that STS didn't give are those of the role `deploy`.
fn assume_as(
    world: &mut World,
    operation: &Operation,
    tags: Vec<(String, String)>,
) -> Result<String, Refusal> {
    let (role_arn, session_name, seconds) = asked(&operation.body)?;
    let session = world.session(&operation.access_key, &operation.session_token)?;
    let caller = session.map_or_else(
        || format!("arn:aws:sts::{}:assumed-role/deploy/session", world.account),
        |session| session.arn.clone(),
    );
    let session = world.assume_role_as(Chained {
        caller: &caller,
        role_arn,
        session_name,
        seconds,
        tags,
    })?;
    Ok(given(&session, session_name))
}

/// The fields of a tag.
fn tag_fields(number: usize) -> [String; 2] {
    ["Key", "Value"].map(|part| format!("Tags.member.{number}.{part}"))
}

fn tags(body: &Value) -> Result<Vec<(String, String)>, Refusal> {
    let mut tags = Vec::new();
    for number in 1.. {
        let [key, value] = tag_fields(number);
        let (Some(name), Some(text)) = (body[&key].as_str(), body[&value].as_str()) else {
            break;
        };
        let fits = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        if name.is_empty()
            || name.len() > 128
            || text.chars().count() > 256
            || !text.chars().all(fits)
        {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'tags.{number}.member.value' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*"
            )));
        }
        tags.push((name.to_owned(), text.to_owned()));
    }
    Ok(tags)
}

/// Role, name and seconds of the session that is asked for.
fn asked(body: &Value) -> Result<(&str, &str, i64), Refusal> {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let (role_arn, session_name) = (text("RoleArn"), text("RoleSessionName"));
    if role_arn.len() < 20 || !role_arn.starts_with("arn:") || role_arn.split(':').count() < 6 {
        return Err(invalid("Request ARN is invalid"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session_name.len()) || !session_name.chars().all(fits) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let seconds = match body["DurationSeconds"].as_str() {
        None => Some(USUAL_SECS),
        Some(text) => text.parse().ok(),
    };
    let seconds = seconds.filter(|seconds| SECS.contains(seconds)).ok_or_else(|| {
        let bound = "Member must have value between 900 and 43200";
        invalid(format!(
            "1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy constraint: {bound}",
            text("DurationSeconds")
        ))
    })?;
    Ok((role_arn, session_name, seconds))
}

fn given(session: &Session, session_name: &str) -> String {
    format!(
        "<AssumedRoleUser><AssumedRoleId>AROA0000000000000000A:{session_name}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
        session.arn,
        session.access_key,
        session.secret_key,
        session.token,
        iso(session.end / 1000),
    )
}

pub(super) fn response(world: &mut World, operation: &Operation, inside: &str) -> Response<Bytes> {
    let (id, name) = (world.requests.uuid(), &operation.name);
    let body = format!(
        "<{name}Response xmlns=\"{NAMESPACE}\"><{name}Result>{inside}</{name}Result>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{name}Response>"
    );
    respond(world, (200, "text/xml"), Bytes::from(body))
}

pub(super) fn refusal(
    world: &mut World,
    (status, kind): (u16, &str),
    unsigned: bool,
    message: &str,
) -> Response<Bytes> {
    let id = world.requests.uuid();
    let kind = match kind {
        "ThrottlingException" => "Throttling",
        "ServerException" => "InternalFailure",
        // Of the caller's own credentials; of the token that it shows the name is the long one.
        "ExpiredTokenException" if !unsigned => "ExpiredToken",
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "UnrecognizedClientException" => "InvalidClientTokenId",
        other => other,
    };
    let side = if status >= 500 { "Receiver" } else { "Sender" };
    let message = escaped(message);
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type><Code>{kind}</Code>\
         <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    let forbidden = [
        "AccessDenied",
        "ExpiredToken",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
    ];
    let status = if forbidden.contains(&kind) {
        403
    } else {
        status
    };
    respond(world, (status, "text/xml"), Bytes::from(body))
}
