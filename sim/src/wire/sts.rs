//! STS: GetCallerIdentity, by the query protocol.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::respond;
use crate::world::{Refusal, World};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(super) fn handle(world: &World, action: &str, body: &Value) -> Result<Value, Refusal> {
    let known = ["Action", "Version"];
    let unknown = body
        .as_object()
        .and_then(|fields| fields.keys().find(|name| !known.contains(&name.as_str())));
    if action != "GetCallerIdentity" {
        let text = format!("Could not find operation {action} for version 2011-06-15");
        return Err(Refusal::new("InvalidAction", text));
    }
    if let Some(name) = unknown {
        return Err(Refusal::new(
            "ValidationError",
            format!("Unknown parameter: {name}"),
        ));
    }
    Ok(json!({"account": world.account}))
}

pub(super) fn response(world: &mut World, answer: &Value) -> Response<Bytes> {
    let account = answer["account"].as_str().unwrap_or_default();
    let id = world.requests.uuid();
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
         <Arn>arn:aws:sts::{account}:assumed-role/deploy/session</Arn><UserId>AROA0000000000000000A:session</UserId>\
         <Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    respond(world, (200, "text/xml"), Bytes::from(body))
}

pub(super) fn refusal(
    world: &mut World,
    (status, kind): (u16, &str),
    message: &str,
) -> Response<Bytes> {
    let id = world.requests.uuid();
    let kind = match kind {
        "ThrottlingException" => "Throttling",
        "ServerException" => "InternalFailure",
        "ExpiredTokenException" => "ExpiredToken",
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        other => other,
    };
    let side = if status >= 500 { "Receiver" } else { "Sender" };
    let message = message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type><Code>{kind}</Code>\
         <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    let status = if matches!(
        kind,
        "AccessDenied" | "ExpiredToken" | "MissingAuthenticationToken"
    ) {
        403
    } else {
        status
    };
    respond(world, (status, "text/xml"), Bytes::from(body))
}
