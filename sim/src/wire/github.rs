//! GitHub's REST, version 2022-11-28: deployments, their statuses, comments of a pull request.
//!
//! It is asked at `api.github.com`, or below `/api/v3` as GitHub Enterprise Server is. Members that
//! an operation doesn't have are refused in GitHub's words.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::sim::FaultKind;
use crate::world::{GitHub, GitHubComment, GitHubDeployment, World};

const HOST: &str = "api.github.com";
/// Where the API of GitHub Enterprise Server begins.
const ENTERPRISE: &str = "/api/v3";
const BODY_MOST: usize = 65_536;
const DESCRIPTION_MOST: usize = 140;

/// A request to GitHub, read.
#[derive(Debug)]
pub(crate) struct Asked {
    /// In the words of GitHub's documentation: `CreateDeployment`.
    pub(crate) name: &'static str,
    /// `owner/name`.
    repository: String,
    /// The deployment, the pull request or the comment.
    number: u64,
    query: Vec<(String, String)>,
    authorization: String,
    has_agent: bool,
    pub(crate) body: Value,
}

/// Status and body of an answer.
type Answer = (u16, Value);

impl Asked {
    /// None where the request isn't for GitHub.
    pub(crate) fn of(request: &Request<Bytes>) -> Option<Asked> {
        let text = |name: header::HeaderName| {
            let value = request.headers().get(name);
            value
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let uri = request.uri();
        let host = uri.host().map_or_else(|| text(header::HOST), str::to_owned);
        let path = match uri.path().strip_prefix(ENTERPRISE) {
            Some(path) if path.starts_with('/') => path,
            _ if host == HOST => uri.path(),
            _ => return None,
        };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let (repository, rest) = match &parts[..] {
            ["repos", owner, name, rest @ ..] => (format!("{owner}/{name}"), rest),
            _ => (String::new(), &parts[..]),
        };
        let number = rest
            .iter()
            .find_map(|part| part.parse().ok())
            .unwrap_or_default();
        let query = url_pairs(uri.query().unwrap_or_default());
        Some(Asked {
            name: name(request.method(), rest),
            repository,
            number,
            query,
            authorization: text(header::AUTHORIZATION),
            has_agent: !text(header::USER_AGENT).is_empty(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// One page of `all`; a page has 30 items unless asked otherwise, 100 at most.
    fn page(&self, all: Vec<Value>) -> Answer {
        let number = |name: &str, or: usize| {
            self.parameter(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(or)
                .max(1)
        };
        let size = number("per_page", 30).min(100);
        let page = all
            .into_iter()
            .skip((number("page", 1) - 1) * size)
            .take(size);
        (200, page.collect())
    }
}

fn name(method: &Method, path: &[&str]) -> &'static str {
    match (method.as_str(), path) {
        ("POST", ["deployments"]) => "CreateDeployment",
        ("GET", ["deployments"]) => "ListDeployments",
        ("POST", ["deployments", _, "statuses"]) => "CreateDeploymentStatus",
        ("GET", ["deployments", _, "statuses"]) => "ListDeploymentStatuses",
        ("POST", ["issues", _, "comments"]) => "CreateIssueComment",
        ("GET", ["issues", _, "comments"]) => "ListIssueComments",
        ("PATCH", ["issues", "comments", _]) => "UpdateIssueComment",
        _ => "Unknown",
    }
}

fn url_pairs(query: &str) -> Vec<(String, String)> {
    let form = super::forms::read(query.as_bytes());
    let fields = form.as_object().cloned().unwrap_or_default();
    fields
        .into_iter()
        .map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Acts on a request.
pub(crate) fn act(world: &mut World, asked: &Asked) -> Response<Bytes> {
    let answer = allowed(&world.github, asked).and_then(|()| {
        world.github.remaining -= 1;
        handle(&mut world.github, asked)
    });
    let (status, body) = answer.unwrap_or_else(|refused| refused);
    response(world, status, &body)
}

/// What goes wrong on the way, in GitHub's words.
pub(crate) fn fault(world: &mut World, kind: &FaultKind) -> Response<Bytes> {
    match kind {
        FaultKind::Throttle => {
            world.github.remaining = 0;
            let (status, body) = limited();
            response(world, status, &body)
        }
        FaultKind::ExpiredToken => response(world, 401, &refusal(401, "Bad credentials").1),
        // Its front end speaks HTML.
        _ => Response::builder()
            .status(502)
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .body(Bytes::from_static(
                b"<html><body><h1>502 Bad Gateway</h1></body></html>",
            ))
            .unwrap_or_default(),
    }
}

fn response(world: &World, status: u16, body: &Value) -> Response<Bytes> {
    let reset = world.now() / 1000 + 3600;
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or_default())
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("x-ratelimit-limit", "1000")
        .header("x-ratelimit-remaining", world.github.remaining.to_string())
        .header("x-ratelimit-reset", reset.to_string())
        .body(Bytes::from(body.to_string()))
        .unwrap_or_default()
}

fn refusal(status: u16, message: &str) -> Answer {
    let link = "https://docs.github.com/rest";
    let body = json!({"message": message, "documentation_url": link, "status": status.to_string()});
    (status, body)
}

fn limited() -> Answer {
    refusal(403, "API rate limit exceeded for installation ID 57813.")
}

fn allowed(github: &GitHub, asked: &Asked) -> Result<(), Answer> {
    if !asked.has_agent {
        let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return Err(refusal(403, text));
    }
    let known = [
        format!("Bearer {}", github.token),
        format!("token {}", github.token),
    ];
    if !known.contains(&asked.authorization) {
        return Err(refusal(401, "Bad credentials"));
    }
    if github.remaining == 0 {
        return Err(limited());
    }
    if asked.repository != github.repository || asked.name == "Unknown" {
        return Err(refusal(404, "Not Found"));
    }
    let needed = if asked.name.contains("Comment") {
        "pull-requests"
    } else {
        "deployments"
    };
    if !github.permissions.iter().any(|one| one == needed) {
        return Err(refusal(403, "Resource not accessible by integration"));
    }
    Ok(())
}

fn handle(github: &mut GitHub, asked: &Asked) -> Result<Answer, Answer> {
    match asked.name {
        "CreateDeployment" => create_deployment(github, asked),
        "ListDeployments" => Ok(deployments(github, asked)),
        "CreateDeploymentStatus" => create_status(github, asked),
        "ListDeploymentStatuses" => {
            let of = deployment(github, asked.number)?;
            let newest_first = of.statuses.iter().rev();
            Ok(asked.page(
                newest_first
                    .map(|(id, status)| shown(*id, status))
                    .collect(),
            ))
        }
        "CreateIssueComment" => create_comment(github, asked),
        "ListIssueComments" => {
            pull(github, asked.number)?;
            let of = github
                .comments
                .iter()
                .filter(|one| one.pull == asked.number);
            Ok(asked.page(of.map(comment).collect()))
        }
        _ => update_comment(github, asked),
    }
}

/// A member's name, whether a value is of its kind, and the kind in words.
type Member = (&'static str, fn(&Value) -> bool, &'static str);

/// The members of a request: all known, all of their type, those with `!` given.
fn check(body: &Value, members: &[Member]) -> Result<(), Answer> {
    let invalid = |text: String| Err(refusal(422, &format!("Invalid request.\n\n{text}")));
    let Some(given) = body.as_object() else {
        return Err(refusal(400, "Problems parsing JSON"));
    };
    let is_known = |name: &&String| {
        members
            .iter()
            .any(|member| member.0.trim_end_matches('!') == name.as_str())
    };
    if let Some(name) = given.keys().find(|name| !is_known(name)) {
        return invalid(format!("\"{name}\" is not a permitted key."));
    }
    for (name, is_right, kind) in members {
        let plain = name.trim_end_matches('!');
        match given.get(plain) {
            None if plain != *name => return invalid(format!("\"{plain}\" wasn't supplied.")),
            Some(value) if !is_right(value) => {
                return invalid(format!("For 'properties/{plain}', {value} is not {kind}."));
            }
            _ => {}
        }
    }
    Ok(())
}

fn short(body: &Value) -> Result<(), Answer> {
    let description = body["description"].as_str().unwrap_or_default();
    if description.chars().count() > DESCRIPTION_MOST {
        let text = "Validation Failed: description is too long (maximum is 140 characters)";
        return Err(refusal(422, text));
    }
    Ok(())
}

fn create_deployment(github: &mut GitHub, asked: &Asked) -> Result<Answer, Answer> {
    let body = &asked.body;
    check(
        body,
        &[
            ("ref!", Value::is_string, "a string"),
            ("task", Value::is_string, "a string"),
            ("auto_merge", Value::is_boolean, "a boolean"),
            ("required_contexts", Value::is_array, "an array"),
            (
                "payload",
                |value| value.is_object() || value.is_string(),
                "an object",
            ),
            ("environment", Value::is_string, "a string"),
            ("description", Value::is_string, "a string"),
            ("transient_environment", Value::is_boolean, "a boolean"),
            ("production_environment", Value::is_boolean, "a boolean"),
        ],
    )?;
    short(body)?;
    let of = body["ref"].as_str().unwrap_or_default();
    if !github.refs.iter().any(|known| known == of) {
        return Err(refusal(422, &format!("No ref found for: {of}")));
    }
    // Without these two GitHub would merge the default branch, and wait for the commit's checks.
    if body["auto_merge"] != json!(false) || body["required_contexts"] != json!([]) {
        return Err(refusal(
            409,
            "Conflict: Commit status checks failed for the ref.",
        ));
    }
    let created = GitHubDeployment {
        id: github.next_id(),
        environment: body["environment"]
            .as_str()
            .unwrap_or("production")
            .to_owned(),
        asked: body.clone(),
        statuses: Vec::new(),
    };
    let answer = shown(created.id, body);
    github.deployments.push(created);
    Ok((201, answer))
}

fn deployments(github: &GitHub, asked: &Asked) -> Answer {
    let fits = |one: &&GitHubDeployment| {
        asked
            .parameter("environment")
            .is_none_or(|wanted| wanted == one.environment)
            && asked
                .parameter("sha")
                .is_none_or(|wanted| one.asked["ref"] == wanted)
    };
    let newest_first = github.deployments.iter().rev().filter(fits);
    asked.page(newest_first.map(|one| shown(one.id, &one.asked)).collect())
}

fn deployment(github: &mut GitHub, id: u64) -> Result<&mut GitHubDeployment, Answer> {
    let found = github.deployments.iter_mut().find(|one| one.id == id);
    found.ok_or_else(|| refusal(404, "Not Found"))
}

fn create_status(github: &mut GitHub, asked: &Asked) -> Result<Answer, Answer> {
    let body = &asked.body;
    check(
        body,
        &[
            ("state!", Value::is_string, "a string"),
            ("target_url", Value::is_string, "a string"),
            ("log_url", Value::is_string, "a string"),
            ("description", Value::is_string, "a string"),
            ("environment", Value::is_string, "a string"),
            ("environment_url", Value::is_string, "a string"),
            ("auto_inactive", Value::is_boolean, "a boolean"),
        ],
    )?;
    short(body)?;
    let states = [
        "error",
        "failure",
        "inactive",
        "in_progress",
        "queued",
        "pending",
        "success",
    ];
    if !states.iter().any(|state| body["state"] == *state) {
        return Err(refusal(
            422,
            "Validation Failed: state is not included in the list",
        ));
    }
    let id = github.next_id();
    deployment(github, asked.number)?
        .statuses
        .push((id, body.clone()));
    Ok((201, shown(id, body)))
}

/// What was asked for, as it is answered: with its id.
fn shown(id: u64, asked: &Value) -> Value {
    let mut shown = json!({"id": id});
    if let (Some(members), Some(asked)) = (shown.as_object_mut(), asked.as_object()) {
        members.extend(asked.clone());
    }
    shown
}

fn pull(github: &GitHub, number: u64) -> Result<(), Answer> {
    let found = github.pulls.contains(&number);
    found.then_some(()).ok_or_else(|| refusal(404, "Not Found"))
}

fn comment(of: &GitHubComment) -> Value {
    let kind = if of.login.ends_with("[bot]") {
        "Bot"
    } else {
        "User"
    };
    json!({
        "id": of.id,
        "body": of.body,
        "user": {"login": of.login, "type": kind},
        "author_association": of.association,
    })
}

fn text_of(asked: &Asked) -> Result<String, Answer> {
    check(&asked.body, &[("body!", Value::is_string, "a string")])?;
    let text = asked.body["body"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(refusal(422, "Validation Failed: body can't be blank"));
    }
    if text.chars().count() > BODY_MOST {
        let text = "Validation Failed: body is too long (maximum is 65536 characters)";
        return Err(refusal(422, text));
    }
    Ok(text.to_owned())
}

fn create_comment(github: &mut GitHub, asked: &Asked) -> Result<Answer, Answer> {
    pull(github, asked.number)?;
    let body = text_of(asked)?;
    github.add_comment(asked.number, &body);
    Ok((201, github.comments.last().map(comment).unwrap_or_default()))
}

fn update_comment(github: &mut GitHub, asked: &Asked) -> Result<Answer, Answer> {
    let body = text_of(asked)?;
    let found = github
        .comments
        .iter_mut()
        .find(|one| one.id == asked.number);
    let found = found.ok_or_else(|| refusal(404, "Not Found"))?;
    found.body = body;
    Ok((200, comment(found)))
}
