//! What the engine's texts say about a server or a network, whoever it talks to. Pure.
//!
//! The engine is written in Go, and hands out the errors of Go's HTTP client as texts.

use http::StatusCode;

/// The text without what stands in double quotes, as Go quotes: commands, paths and addresses, which
/// are others' words.
pub(super) fn unquoted(text: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut is_quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => {
                chars.next();
            }
            c if !is_quoted => rest.push(c),
            _ => {}
        }
    }
    rest
}

/// The status of an HTTP answer that is an error, where the text tells one: `503 Service
/// Unavailable`, `parsing HTTP 429 response body`, `invalid response status 404`.
pub(super) fn http_status(text: &str) -> Option<StatusCode> {
    text.match_indices(|c: char| c.is_ascii_digit())
        .filter_map(|(at, _)| {
            let (before, rest) = (&text[..at], &text[at..]);
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let is_number = digits == 3 && !before.ends_with(|c: char| c.is_ascii_digit());
            let status = StatusCode::from_bytes(rest.get(..3)?.as_bytes()).ok()?;
            let is_error = status.is_client_error() || status.is_server_error();
            let named = status
                .canonical_reason()
                .is_some_and(|reason| rest[3..].trim_start().starts_with(reason));
            let announced = [
                "HTTP ",
                "status ",
                "status: ",
                "status code ",
                "status code: ",
            ]
            .iter()
            .any(|words| before.ends_with(words));
            (is_number && is_error && (named || announced)).then_some(status)
        })
        .next()
}

/// Go's words for a connection that ended where an answer was due.
pub(super) fn is_dropped(unquoted: &str) -> bool {
    [
        "unexpected EOF",
        "connection reset by peer",
        "broken pipe",
        "server closed idle connection",
        "use of closed network connection",
        "client connection lost",
        "GOAWAY",
        "stream error",
        "i/o timeout",
        "TLS handshake timeout",
        "Client.Timeout exceeded",
        "timeout awaiting response headers",
    ]
    .iter()
    .any(|words| unquoted.contains(words))
        || unquoted == "EOF"
        || unquoted.ends_with(": EOF")
}

/// Go's words for a server that isn't found, doesn't listen, or isn't the one that it should be.
pub(super) fn is_unreachable(unquoted: &str) -> bool {
    [
        "dial tcp",
        "dial unix",
        "connection refused",
        "no such host",
        "no route to host",
        "network is unreachable",
        "Temporary failure in name resolution",
        "server misbehaving",
        "proxyconnect",
        "x509:",
        "tls: ",
        "gave HTTP response to HTTPS client",
    ]
    .iter()
    .any(|words| unquoted.contains(words))
}

#[cfg(test)]
mod tests {
    use super::{http_status, unquoted};

    #[test]
    fn what_is_quoted_is_left_out() {
        let check = |text: &str, expected: &str| assert_eq!(unquoted(text), expected, "{text}");
        check(
            r#"Put "http://r/v2/team/denied/manifests/v1": EOF"#,
            "Put : EOF",
        );
        check(
            r#"process "/bin/sh -c echo \"a\" # b" did not complete"#,
            "process  did not complete",
        );
        check(r#"no end "of it"#, "no end ");
        check(r"a \ b", r"a \ b");
    }

    #[test]
    fn finds_the_status_of_an_answer() {
        let check = |text: &str, expected: Option<u16>| {
            let found = http_status(text).map(|status| status.as_u16());
            assert_eq!(found, expected, "{text}");
        };
        check(
            "received unexpected HTTP status: 503 Service Unavailable",
            Some(503),
        );
        check(
            "error parsing HTTP 429 response body: invalid character",
            Some(429),
        );
        check("invalid response status 404", Some(404));
        check(
            "failed with status code [manifests 1]: 502 Bad Gateway",
            Some(502),
        );
        check("exit code: 404", None);
        check("read 503 bytes", None);
        check("status 200 OK", None);
        check("status 5033", None);
        check("127.0.0.1:5030/a: 1503 Service Unavailable", None);
    }
}
