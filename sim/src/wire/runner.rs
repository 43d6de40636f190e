//! The runner's token endpoint: a GET with a bearer token, answered in JSON.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::{forms, respond};
use crate::world::World;

/// Where `ACTIONS_ID_TOKEN_REQUEST_URL` leads to; a query goes with it.
pub(crate) const PATH: &str = "/_runner/idtoken";

/// The name that the call goes by here: GitHub gives it none.
pub(crate) const OPERATION: &str = "GetIDToken";

/// What was asked for, as the list of calls has it.
pub(crate) fn asked(request: &Request<Bytes>) -> Value {
    forms::read(request.uri().query().unwrap_or_default().as_bytes())
}

pub(crate) fn token(world: &mut World, request: &Request<Bytes>) -> Response<Bytes> {
    if let Some((status, body)) = world.runner.answer.clone() {
        return respond(world, (status, "text/html"), Bytes::from(body));
    }
    let bearer = format!("Bearer {}", world.runner.request_token);
    let shown = request.headers().get(http::header::AUTHORIZATION);
    if shown.is_none_or(|shown| shown != bearer.as_str()) {
        return refused(world, 401, "Bad credentials");
    }
    let asked = asked(request);
    let Some(audience) = asked["audience"].as_str().filter(|one| !one.is_empty()) else {
        return refused(world, 400, "the stand-in wants an audience");
    };
    let body = json!({"count": 1, "value": world.id_token(audience)});
    respond(
        world,
        (200, "application/json"),
        Bytes::from(body.to_string()),
    )
}

pub(crate) fn refused(world: &mut World, status: u16, message: &str) -> Response<Bytes> {
    let body = json!({"message": message}).to_string();
    respond(world, (status, "application/json"), Bytes::from(body))
}
