//! The rules, one a file, named by the kind of cause that they find.
//!
//! A rule looks at what was seen, says one sentence with its evidence, and what to do. It doesn't
//! rank and doesn't print. A new one needs a file here, a section in `docs/diagnoses.md` and a
//! story in `tests/diagnoses`.

use crate::cause::CauseKind;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The cause that it finds.
    pub kind: CauseKind,
    /// What it finds, in one line.
    pub description: &'static str,
    /// AWS's page about it.
    pub link: &'static str,
    check: fn(&Observations<'_>) -> Option<Finding>,
}

impl Rule {
    /// The rule's name, which is its section in `docs/diagnoses.md`, too.
    pub fn ident(&self) -> &'static str {
        self.kind.as_str()
    }

    pub(crate) fn check(&self, seen: &Observations<'_>) -> Option<Finding> {
        (self.check)(seen)
    }
}

macro_rules! rules {
    ($($module:ident => $kind:ident),+ $(,)?) => {
        $(mod $module;)+

        /// All rules, in the order of the kinds.
        pub const RULES: &[Rule] = &[$($module::RULE),+];

        /// The rule that finds this kind.
        pub fn rule(kind: CauseKind) -> &'static Rule {
            match kind { $(CauseKind::$kind => &$module::RULE),+ }
        }
    };
}

rules! {
    cpu => Cpu,
    memory => Memory,
    port => Port,
    eni => Eni,
    gpu => Gpu,
    attribute => Attribute,
    constraint => Constraint,
    agent => Agent,
    no_instances => NoInstances,
    fargate_capacity => FargateCapacity,
    quota => Quota,
    subnet_addresses => SubnetAddresses,
    provisioning_limit => ProvisioningLimit,
    capacity_provider => CapacityProvider,
    deployment_configuration => DeploymentConfiguration,
    image_pull => ImagePull,
    image_platform => ImagePlatform,
    secrets => Secrets,
    logging => Logging,
    role => Role,
    volume => Volume,
    network => Network,
    container_exit => ContainerExit,
    out_of_memory => OutOfMemory,
    container_health => ContainerHealth,
    load_balancer_health => LoadBalancerHealth,
    spot_interruption => SpotInterruption,
    circuit_breaker => CircuitBreaker,
    alarm => Alarm,
    lifecycle_hook => LifecycleHook,
    task_protection => TaskProtection,
    throttled => Throttled,
    unknown => Unknown,
}
