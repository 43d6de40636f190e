//! What a text of AWS's names: an image, a role, an action, a host.

/// The word after `marker`, up to a blank, a quote or a bracket; without a comma, colon or full
/// stop at its end.
fn word_after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(marker)?;
    let after = after.trim_start_matches(['\'', '"', '(', ' ', '[']);
    let end = after
        .find([' ', '\'', '"', ')', ']', '}', '\n'])
        .unwrap_or(after.len());
    let word = after.get(..end)?.trim_end_matches([',', '.', ':', ';']);
    (!word.is_empty()).then_some(word)
}

fn after_any<'a>(text: &'a str, markers: &[&str]) -> Option<&'a str> {
    markers.iter().find_map(|marker| word_after(text, marker))
}

/// The target of a lifecycle hook.
pub fn hook_target(text: &str) -> Option<&str> {
    after_any(text, &["hook target ", "response from "])
}

/// The host that could not be reached, without its port.
pub fn host(text: &str) -> Option<&str> {
    let host = after_any(text, &["https://", "lookup ", "dial tcp "])?;
    let host = host.split(['/', ':']).next().unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

/// The role that could not be assumed.
pub fn role_to_assume(text: &str) -> Option<&str> {
    after_any(text, &["assume the role ", "assume role "])
}

/// The role that lacks a permission.
pub fn role(text: &str) -> Option<&str> {
    let assumed = word_after(text, "assumed-role/").and_then(|rest| rest.split('/').next());
    assumed.or_else(|| word_after(text, "Infrastructure Role "))
}

/// The IAM action that was denied.
pub fn denied_action(text: &str) -> Option<&str> {
    word_after(text, "not authorized to perform: ")
}

/// What the action was denied on.
pub fn denied_resource(text: &str) -> Option<&str> {
    word_after(text, "on resource: ")
}

/// The image that could not be pulled.
pub fn image(text: &str) -> Option<&str> {
    const MARKERS: &[&str] = &[
        "failed to resolve ref ",
        "failed to pull image ",
        "pull access denied for ",
    ];
    after_any(text, MARKERS).map(|word| word.trim_end_matches(':'))
}

/// The platform that an image doesn't have.
pub fn platform(text: &str) -> Option<&str> {
    after_any(text, &["platform '", "manifest for "])
}

pub fn capacity_provider(text: &str) -> Option<&str> {
    word_after(text, "capacity provider ")
}

/// Id of the subnet.
pub fn subnet(text: &str) -> Option<&str> {
    word_after(text, "subnet '").filter(|id| id.starts_with("subnet-"))
}
