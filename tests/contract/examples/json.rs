//! A JSON block as one of the documents that the docs show, and what is wrong with it.

use serde_json::{Map, Value};

/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html, as far as the
/// docs use it.
const STATEMENT: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "Resource",
    "Condition",
];

const OPERATORS: &[&str] = &["StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"];

/// GitHub's provider, as it is named in a trust policy's conditions.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// What is wrong with a block.
pub(crate) fn problems(text: &str) -> Vec<String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return vec![error.to_string()],
    };
    let has = |name: &str| value.get(name).is_some();
    if has("Statement") {
        policy(&value)
    } else if has("Effect") {
        statement(&value)
    } else if has("containerDefinitions") {
        Vec::new()
    } else if has("schemaVersion") {
        let known = ["outcome", "reason", "serviceChanged", "services"];
        let absent = known.iter().filter(|name| !has(name));
        absent
            .map(|name| format!("a report has `{name}`"))
            .collect()
    } else {
        vec!["neither a policy nor a statement, a task definition or a report".to_owned()]
    }
}

fn policy(policy: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if policy["Version"] != "2012-10-17" {
        wrong.push("`Version` is not `2012-10-17`".to_owned());
    }
    let statements = policy["Statement"].as_array();
    if statements.is_none_or(Vec::is_empty) {
        wrong.push("`Statement` is not a list of some".to_owned());
    }
    let mut sids = Vec::new();
    for one in statements.into_iter().flatten() {
        wrong.extend(statement(one));
        if let Some(sid) = one["Sid"].as_str() {
            if sids.contains(&sid) {
                wrong.push(format!("`Sid` `{sid}` stands twice"));
            }
            sids.push(sid);
        }
    }
    wrong
}

fn statement(statement: &Value) -> Vec<String> {
    let Some(members) = statement.as_object() else {
        return vec!["a statement is an object".to_owned()];
    };
    let mut wrong: Vec<String> = members
        .keys()
        .filter(|key| !STATEMENT.contains(&key.as_str()))
        .map(|key| format!("a statement has no `{key}`"))
        .collect();
    if let Some(sid) = members.get("Sid")
        && !sid
            .as_str()
            .is_some_and(|sid| sid.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        wrong.push(format!("`Sid` {sid} is not of letters and digits"));
    }
    if members.get("Effect") != Some(&Value::from("Allow")) {
        wrong.push("`Effect` is not `Allow`".to_owned());
    }
    let actions = texts(members.get("Action"));
    if actions.is_empty() {
        wrong.push("no `Action`".to_owned());
    }
    let strange = actions.iter().filter(|action| !is_action(action));
    wrong.extend(
        strange.map(|action| format!("`{action}` is not written like `ecs:UpdateService`")),
    );
    let conditions = conditions(members.get("Condition"), &mut wrong);
    match (members.get("Principal"), members.get("Resource")) {
        (Some(principal), None) => wrong.extend(trust(principal, &actions, &conditions)),
        (None, Some(resource)) => {
            let resources = texts(Some(resource));
            let is_arn = |text: &&&str| **text == "*" || text.split(':').count() >= 6;
            if resources.is_empty() || resources.iter().filter(is_arn).count() < resources.len() {
                wrong.push(format!("`Resource` is neither `*` nor an ARN: {resource}"));
            }
        }
        _ => wrong.push("one of `Principal` and `Resource` is needed".to_owned()),
    }
    wrong
}

/// A trust policy of a role: of GitHub's tokens, or of one role, never of a whole account.
fn trust(principal: &Value, actions: &[&str], conditions: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(role) = principal["AWS"].as_str() {
        if !role.starts_with("arn:aws:iam::") || !role.contains(":role/") {
            wrong.push(format!("`Principal` is not one role: {role}"));
        }
        if !actions.contains(&"sts:AssumeRole") {
            wrong.push("no `sts:AssumeRole`".to_owned());
        }
        return wrong;
    }
    // One that leaves out `aud` or `sub` lets anybody's workflow in.
    let provider = principal["Federated"].as_str().unwrap_or_default();
    if !provider.ends_with(&format!(":oidc-provider/{GITHUB}")) {
        wrong.push(format!("`Principal` is not GitHub's provider: {principal}"));
    }
    if !actions.contains(&"sts:AssumeRoleWithWebIdentity") {
        wrong.push("no `sts:AssumeRoleWithWebIdentity`".to_owned());
    }
    for claim in ["aud", "sub"] {
        if !conditions.contains(&format!("{GITHUB}:{claim}")) {
            wrong.push(format!("no condition on `{claim}`"));
        }
    }
    wrong
}

/// The keys that conditions are about.
fn conditions(condition: Option<&Value>, wrong: &mut Vec<String>) -> Vec<String> {
    let empty = Map::new();
    let mut keys = Vec::new();
    for (operator, tests) in condition.and_then(Value::as_object).unwrap_or(&empty) {
        if !OPERATORS.contains(&operator.as_str()) {
            wrong.push(format!(
                "there is no operator `{operator}`, or the docs don't know it yet"
            ));
        }
        for (key, value) in tests.as_object().unwrap_or(&empty) {
            if !key.contains(':') || texts(Some(value)).is_empty() {
                wrong.push(format!("the condition on `{key}` says nothing"));
            }
            keys.push(key.clone());
        }
    }
    keys
}

/// A text or a list of texts; empty for anything else.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// `ecs:UpdateService`: a service, and an operation that begins with a capital letter.
fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, operation)| {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !service.is_empty()
            && service.bytes().all(lower)
            && operation.starts_with(|c: char| c.is_ascii_uppercase())
            && operation.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}
