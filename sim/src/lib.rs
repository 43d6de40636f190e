//! A strict stand-in for Amazon ECS, ECR and STS, in virtual time.
//!
//! One [`World`] holds clusters, instances, services and tasks, and moves only when somebody
//! says what time it is. [`Sim`] is its door: it answers requests as AWS does, in process
//! ([`Sim::answer`]) or behind a socket ([`serve`]). What AWS refuses is refused here, in AWS's
//! shape; an unknown operation or member is never let through.
//!
//! It places tasks and counts percentages by its own code, second by second, so that a forecast
//! can be held against it. It must not share that code with anyone.

mod ids;
mod query;
mod registry;
mod sim;
mod socket;
mod throttling;
mod wire;
mod world;

pub use registry::Registry;
pub use sim::{Answer, Call, Fault, FaultKind, Sim};
pub use socket::serve;
pub use throttling::refused;
pub use wire::operations;
pub use world::{
    Activity, Alarms, Breaker, Configuration, DEREGISTRATION_DELAY_SECS, DOCKER_MANIFEST,
    Deployment, EarlySuccess, Event, Exit, FargateSpec, GitHub, GitHubComment, GitHubDeployment,
    HEALTHY_WITHOUT_CHECK_MS, Hook, HookSpec, Image, Instance, InstanceSpec, LambdaAnswer,
    LambdaSpec, ListenerSpec, LoadBalancerSpec, Provider, ProviderSpec, Repository, RoleSpec,
    Rollout, RunnerSpec, Scheduling, Service, ServiceDeployment, ServiceRevision, ServiceSpec,
    Session, Stage, Status, Strategy, SubnetSpec, Task, TaskBehaviour, TaskDefinition, World,
    digest,
};
