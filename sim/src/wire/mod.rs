//! AWS's wire: AWS JSON 1.1 for ECS, ECR and logs, the query protocol for the others. GitHub's REST
//! has a module of its own.
//!
//! Here a request becomes an operation and a body, is checked against the operation's members,
//! and is handed on. Nothing here decides what the world does.

mod autoscaling;
mod ec2;
mod ecr;
mod ecs_clusters;
mod ecs_deployments;
mod ecs_hooks;
mod ecs_protection;
mod ecs_services;
mod ecs_taskdefs;
mod ecs_tasks;
mod elb;
mod forms;
pub(crate) mod github;
mod logs;
mod paging;
mod quotas;
pub(crate) mod runner;
mod schemas;
mod sts;
mod validate;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Map, Value, json};

use crate::world::{Refusal, World};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const QUOTAS: &str = "ServiceQuotasV20190624";
const LOGS: &str = "Logs_20140328";

/// Which service an operation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Ecs,
    Ecr,
    Sts,
    AutoScaling,
    Ec2,
    Elb,
    Logs,
    Quotas,
    Unknown,
}

impl Api {
    /// An operation as an IAM policy names it.
    fn action(self, operation: &str) -> String {
        let service = match self {
            Api::Ecr => "ecr",
            Api::Sts => "sts",
            Api::AutoScaling => "autoscaling",
            Api::Ec2 => "ec2",
            Api::Elb => "elasticloadbalancing",
            Api::Logs => "logs",
            Api::Quotas => "servicequotas",
            Api::Ecs | Api::Unknown => "ecs",
        };
        format!("{service}:{operation}")
    }
}

/// Every operation of AWS that the stand-in knows, as an IAM policy names it.
pub fn operations() -> Vec<String> {
    let known = schemas::operations();
    known.map(|(api, name)| api.action(name)).collect()
}

/// A request, read.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) api: Api,
    pub(crate) name: String,
    pub(crate) body: Value,
    /// The body could not be read.
    unreadable: bool,
    /// `host:port` that the client asked.
    host: String,
    /// Whose signature it has; empty where it has none.
    access_key: String,
    session_token: String,
}

impl Operation {
    pub(crate) fn of(request: &Request<Bytes>) -> Operation {
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let authority = request.uri().authority().map(ToString::to_string);
        let host = authority.unwrap_or_else(|| header("host").to_owned());
        let signed = header("authorization").split_once("Credential=");
        let access_key = signed.and_then(|(_, rest)| rest.split(['/', ',']).next());
        let access_key = access_key.unwrap_or_default().to_owned();
        let session_token = header("x-amz-security-token").to_owned();
        let Some((service, name)) = header("x-amz-target").rsplit_once('.') else {
            let body = forms::read(request.body());
            let name = body["Action"].as_str().unwrap_or_default().to_owned();
            let api = forms::api(&body);
            return Operation {
                api,
                name,
                body,
                unreadable: false,
                host,
                access_key,
                session_token,
            };
        };
        let api = match service {
            ECS => Api::Ecs,
            ECR => Api::Ecr,
            LOGS => Api::Logs,
            QUOTAS => Api::Quotas,
            _ => Api::Unknown,
        };
        let read = serde_json::from_slice::<Value>(request.body())
            .ok()
            .filter(Value::is_object);
        let unreadable = read.is_none();
        Operation {
            api,
            name: name.to_owned(),
            body: read.unwrap_or_default(),
            unreadable,
            host,
            access_key,
            session_token,
        }
    }

    fn action(&self) -> String {
        self.api.action(&self.name)
    }

    /// Whether it is made without credentials.
    fn is_unsigned(&self) -> bool {
        self.api == Api::Sts && self.name == sts::UNSIGNED
    }

    /// Whether it came as a form of one of the services that `forms` answers.
    fn is_form(&self) -> bool {
        matches!(self.api, Api::AutoScaling | Api::Ec2 | Api::Elb)
    }

    /// Whether it is asked by form, and there is no such operation.
    fn is_unknown_form(&self) -> bool {
        let by_form = self.is_form() || self.api == Api::Sts;
        by_form && !schemas::form(self.api).contains(&self.name.as_str())
    }
}

/// Acts on a request, with its signature and permissions looked at first.
pub(crate) fn act(
    world: &mut World,
    request: &Request<Bytes>,
    operation: &Operation,
) -> Response<Bytes> {
    let unsigned = operation.is_unsigned();
    if world.requires_signature
        && !unsigned
        && !request.headers().contains_key(http::header::AUTHORIZATION)
    {
        return refusal(
            world,
            operation,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
    }
    let session = world.session(&operation.access_key, &operation.session_token);
    if let Some(found) = session.err().filter(|_| !unsigned) {
        return refusal(world, operation, found.kind, &found.message);
    }
    if request.uri().path() != "/" || operation.api == Api::Unknown {
        return refusal(world, operation, "UnknownOperationException", "");
    }
    let action = operation.action();
    if world.denied.contains(&action) {
        let message = format!(
            "User: arn:aws:sts::{}:assumed-role/deploy/session is not authorized to perform: {action} on resource: * \
             because no identity-based policy allows the {action} action",
            world.account
        );
        let kind = if operation.api == Api::Sts {
            "AccessDenied"
        } else {
            "AccessDeniedException"
        };
        return refusal(world, operation, kind, &message);
    }
    if operation.unreadable {
        return refusal(
            world,
            operation,
            "SerializationException",
            "Unexpected end of input",
        );
    }
    if operation.is_unknown_form() {
        let found = forms::unknown(operation.api, &operation.name);
        return refusal(world, operation, found.kind, &found.message);
    }
    if operation.is_form() {
        return match forms::handle(world, operation) {
            Ok(inside) => forms::response(world, operation, &inside),
            Err(found) => refusal(world, operation, found.kind, &found.message),
        };
    }
    if operation.api == Api::Sts {
        return match sts::handle(world, operation) {
            Ok(inside) => sts::response(world, operation, &inside),
            Err(found) => refusal(world, operation, found.kind, &found.message),
        };
    }
    match handle(world, operation) {
        Ok(answer) => json_response(world, 200, Bytes::from(answer.to_string())),
        Err(found) => refusal(world, operation, found.kind, &found.message),
    }
}

fn handle(world: &mut World, operation: &Operation) -> Result<Value, Refusal> {
    let body = &operation.body;
    let unknown = || Refusal::new("UnknownOperationException", "");
    let members = schemas::members(operation.api, &operation.name).ok_or_else(unknown)?;
    validate::check(body, members)?;
    if operation.api == Api::Ecr {
        return ecr::handle(world, operation);
    }
    if operation.api == Api::Quotas {
        return quotas::quota(world, body);
    }
    if operation.api == Api::Logs {
        return logs::events(world, body);
    }
    match operation.name.as_str() {
        "RegisterTaskDefinition" => ecs_taskdefs::register(world, body),
        "DescribeTaskDefinition" => ecs_taskdefs::describe(world, body),
        "DeregisterTaskDefinition" => ecs_taskdefs::deregister(world, body),
        "UpdateService" => ecs_services::update(world, body),
        "DescribeServices" => ecs_services::describe(world, body),
        "ListServices" => ecs_services::list(world, body),
        "RunTask" => ecs_tasks::run(world, body),
        "ListTasks" => ecs_tasks::list(world, body),
        "DescribeTasks" => ecs_tasks::describe(world, body),
        "StopTask" => ecs_tasks::stop(world, body),
        "ListContainerInstances" => ecs_clusters::list_instances(world, body),
        "DescribeContainerInstances" => ecs_clusters::describe_instances(world, body),
        "DescribeClusters" => ecs_clusters::describe(world, body),
        "DescribeCapacityProviders" => ecs_clusters::describe_providers(world, body),
        "ListServiceDeployments" => ecs_deployments::list(world, body),
        "DescribeServiceDeployments" => ecs_deployments::describe(world, body),
        "DescribeServiceRevisions" => ecs_deployments::describe_revisions(world, body),
        "StopServiceDeployment" => ecs_deployments::stop(world, body),
        "ContinueServiceDeployment" => ecs_hooks::go_on(world, body),
        "UpdateTaskProtection" => ecs_protection::update(world, body),
        "GetTaskProtection" => ecs_protection::get(world, body),
        _ => Err(unknown()),
    }
}

/// DescribeServices as if none of the services existed.
pub(crate) fn all_missing(world: &mut World, operation: &Operation) -> Response<Bytes> {
    let cluster = cluster_name(&operation.body).to_owned();
    let names = crate::world::list(&operation.body["services"])
        .iter()
        .filter_map(Value::as_str);
    let failures: Vec<Value> = names
        .map(|name| json!({"arn": world.arn(&format!("service/{cluster}/{}", last_part(name))), "reason": "MISSING"}))
        .collect();
    let body = json!({"services": [], "failures": failures}).to_string();
    json_response(world, 200, Bytes::from(body))
}

pub(crate) fn json_response(world: &mut World, status: u16, body: Bytes) -> Response<Bytes> {
    respond(world, (status, "application/x-amz-json-1.1"), body)
}

fn respond(world: &mut World, (status, content): (u16, &str), body: Bytes) -> Response<Bytes> {
    let id = world.requests.uuid();
    let built = Response::builder()
        .status(status)
        .header("content-type", content)
        .header("x-amzn-requestid", id)
        .body(body);
    built.unwrap_or_default()
}

/// An error in the shape of the operation's protocol.
pub(crate) fn refusal(
    world: &mut World,
    operation: &Operation,
    kind: &str,
    message: &str,
) -> Response<Bytes> {
    let status = if kind == "ServerException" { 500 } else { 400 };
    if operation.api == Api::Sts {
        return sts::refusal(world, (status, kind), operation.is_unsigned(), message);
    }
    if operation.is_form() {
        return forms::refusal(world, operation, kind, message);
    }
    let mut body = Map::new();
    body.insert("__type".to_owned(), json!(kind));
    // Service Quotas' model has it with a capital, the others' without.
    let name = if operation.api == Api::Quotas {
        "Message"
    } else {
        "message"
    };
    if !message.is_empty() {
        body.insert(name.to_owned(), json!(message));
    }
    json_response(world, status, Bytes::from(Value::Object(body).to_string()))
}

/// What an emulator says of an operation that it doesn't have: LocalStack with 501 and the protocol's
/// error, moto's server with 500 and a page.
pub(crate) fn not_implemented(
    world: &mut World,
    operation: &Operation,
    status: u16,
) -> Response<Bytes> {
    if status != 501 {
        return page(world, status, "Internal Server Error");
    }
    let message = format!(
        "API action '{}' for service is not yet implemented",
        operation.name
    );
    let mut answer = refusal(world, operation, "InternalFailure", &message);
    *answer.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
    answer
}

/// A page, as a server that isn't AWS writes it.
pub(crate) fn page(world: &mut World, status: u16, title: &str) -> Response<Bytes> {
    let body = format!(
        "<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n"
    );
    respond(
        world,
        (status, "text/html; charset=utf-8"),
        Bytes::from(body),
    )
}

/// A layer or configuration blob under the URL that GetDownloadUrlForLayer gave.
pub(crate) fn blob(world: &World, path: &str) -> Response<Bytes> {
    let found = path
        .strip_prefix("/_layers/")
        .and_then(|rest| rest.rsplit_once('/'));
    let found = found.and_then(|(repository, digest)| world.blob(repository, digest));
    let (status, body) = found.map_or((404, Bytes::new()), |body| (200, body));
    Response::builder()
        .status(status)
        .body(body)
        .unwrap_or_default()
}

/// The cluster's name; `default` where none is given.
fn cluster_name(body: &Value) -> &str {
    body["cluster"].as_str().map_or("default", last_part)
}

/// The cluster's name if there is such a cluster.
fn cluster<'a>(world: &World, body: &'a Value) -> Result<&'a str, Refusal> {
    let name = cluster_name(body);
    if world.clusters.iter().any(|known| known == name) {
        Ok(name)
    } else {
        Err(Refusal::new(
            "ClusterNotFoundException",
            "Cluster not found.",
        ))
    }
}

fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The strings of a list.
fn texts<'a>(body: &'a Value, name: &str) -> Vec<&'a str> {
    crate::world::list(&body[name])
        .iter()
        .filter_map(Value::as_str)
        .collect()
}
