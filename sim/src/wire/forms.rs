//! The query protocol: forms in, XML out. What Auto Scaling, EC2 and the load balancers share.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};

use super::{Api, Operation, autoscaling, ec2, elb, respond};
use crate::world::{Refusal, World};

/// API versions, which tell the services apart behind one address.
const VERSIONS: [(&str, Api); 4] = [
    ("2011-06-15", Api::Sts),
    ("2011-01-01", Api::AutoScaling),
    ("2016-11-15", Api::Ec2),
    ("2015-12-01", Api::Elb),
];

/// The service that a form is for. One without an action is for none.
pub(super) fn api(body: &Value) -> Api {
    if body["Action"].as_str().is_none_or(str::is_empty) {
        return Api::Unknown;
    }
    let version = body["Version"].as_str().unwrap_or_default();
    let known = VERSIONS.iter().find(|known| known.0 == version);
    known.map_or(Api::Unknown, |known| known.1)
}

/// A form's fields as strings.
pub(super) fn read(body: &[u8]) -> Value {
    let mut fields = Map::new();
    for pair in body.split(|byte| *byte == b'&') {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            fields.insert(decoded(name), json!(decoded(value)));
        }
    }
    Value::Object(fields)
}

fn decoded(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = match (first, byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                &after[2..]
            }
            (b'+', _) => {
                out.push(b' ');
                after
            }
            (other, _) => {
                out.push(*other);
                after
            }
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Refuses fields that the operation doesn't have; `Names.member.` stands for a numbered list.
pub(super) fn check(body: &Value, known: &[&str]) -> Result<(), Refusal> {
    let is_known = |name: &str| {
        ["Action", "Version"].contains(&name)
            || known.iter().any(|known| match known.strip_suffix('.') {
                Some(_) => name
                    .strip_prefix(known)
                    .is_some_and(|number| number.parse::<u16>().is_ok_and(|number| number > 0)),
                None => name == *known,
            })
    };
    let fields = body.as_object().into_iter().flat_map(Map::keys);
    match fields.into_iter().find(|name| !is_known(name)) {
        Some(name) => Err(Refusal::new(
            "UnknownParameter",
            format!("The parameter {name} is not recognized"),
        )),
        None => Ok(()),
    }
}

/// The items of a numbered list, in order: `Names.member.1`, `Names.member.2`.
pub(super) fn items<'a>(body: &'a Value, prefix: &str) -> Vec<&'a str> {
    (1..)
        .map_while(|number| body[format!("{prefix}{number}")].as_str())
        .collect()
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `2026-11-20T17:00:00Z` of seconds since the epoch, by Hinnant's civil_from_days.
pub(super) fn iso(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// What is said of an operation that the service doesn't have.
pub(super) fn unknown(api: Api, name: &str) -> Refusal {
    let version = VERSIONS.iter().find(|known| known.1 == api);
    let version = version.map_or("", |known| known.0);
    let text = if api == Api::Ec2 {
        format!("The action {name} is not valid for this web service.")
    } else {
        format!("Could not find operation {name} for version {version}")
    };
    Refusal::new("InvalidAction", text)
}

/// Acts on an operation of these services; the inside of its result comes back.
pub(super) fn handle(world: &World, operation: &Operation) -> Result<String, Refusal> {
    let (name, body) = (operation.name.as_str(), &operation.body);
    match operation.api {
        Api::AutoScaling => autoscaling::handle(world, name, body),
        Api::Ec2 => ec2::handle(world, name, body),
        _ => elb::handle(world, name, body),
    }
}

fn namespace(api: Api) -> &'static str {
    match api {
        Api::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        Api::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        _ => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    }
}

pub(super) fn response(world: &mut World, operation: &Operation, inside: &str) -> Response<Bytes> {
    let id = world.requests.uuid();
    let (name, xmlns) = (&operation.name, namespace(operation.api));
    let body = if operation.api == Api::Ec2 {
        format!(
            "<{name}Response xmlns=\"{xmlns}\"><requestId>{id}</requestId>{inside}</{name}Response>"
        )
    } else {
        format!(
            "<{name}Response xmlns=\"{xmlns}\"><{name}Result>{inside}</{name}Result>\
             <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{name}Response>"
        )
    };
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    respond(world, (200, "text/xml;charset=UTF-8"), Bytes::from(body))
}

/// An error; the names that JSON services give it become those of this protocol.
pub(super) fn refusal(
    world: &mut World,
    operation: &Operation,
    kind: &str,
    message: &str,
) -> Response<Bytes> {
    let ec2 = operation.api == Api::Ec2;
    let (status, code) = match kind {
        "ThrottlingException" if ec2 => (503, "RequestLimitExceeded"),
        "ThrottlingException" => (400, "Throttling"),
        "ServerException" if ec2 => (500, "InternalError"),
        "ServerException" => (500, "InternalFailure"),
        "ExpiredTokenException" if ec2 => (400, "RequestExpired"),
        "ExpiredTokenException" => (403, "ExpiredToken"),
        "UnrecognizedClientException" if ec2 => (401, "AuthFailure"),
        "UnrecognizedClientException" => (403, "InvalidClientTokenId"),
        "MissingAuthenticationTokenException" => (403, "MissingAuthenticationToken"),
        "AccessDeniedException" if ec2 => (403, "UnauthorizedOperation"),
        "AccessDeniedException" => (403, "AccessDenied"),
        other => (400, other),
    };
    let (id, message) = (world.requests.uuid(), escaped(message));
    let body = if ec2 {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
             <Message>{message}</Message></Error></Errors><RequestID>{id}</RequestID></Response>"
        )
    } else {
        let side = if status >= 500 { "Receiver" } else { "Sender" };
        let xmlns = namespace(operation.api);
        format!(
            "<ErrorResponse xmlns=\"{xmlns}\"><Error><Type>{side}</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
        )
    };
    respond(world, (status, "text/xml;charset=UTF-8"), Bytes::from(body))
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn times_are_written_as_xml_has_them() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_795_194_000), "2026-11-20T17:00:00Z");
    }
}
