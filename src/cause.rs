//! The words for why a rollout can't go on: shared by the forecast and the diagnosis.
//!
//! Only vocabulary lives here; the rules that find a cause are in `capacity` and `diagnosis`.

use serde_json::Value;

macro_rules! kinds {
    ($($variant:ident => $name:literal),+ $(,)?) => {
        /// What a cause is about. The names are part of the public contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CauseKind { $($variant),+ }

        impl CauseKind {
            /// All kinds, in the contract's order.
            pub const ALL: &[CauseKind] = &[$(CauseKind::$variant),+];

            /// The word in the log and in the report.
            pub fn as_str(self) -> &'static str {
                match self { $(CauseKind::$variant => $name),+ }
            }
        }
    };
}

// First those about room, then those about a task that has a place, then those about ECS.
kinds! {
    Cpu => "cpu",
    Memory => "memory",
    Port => "port",
    Eni => "eni",
    Gpu => "gpu",
    Attribute => "attribute",
    Constraint => "constraint",
    Agent => "agent",
    NoInstances => "no-instances",
    FargateCapacity => "fargate-capacity",
    Quota => "quota",
    SubnetAddresses => "subnet-addresses",
    ProvisioningLimit => "provisioning-limit",
    CapacityProvider => "capacity-provider",
    DeploymentConfiguration => "deployment-configuration",
    ImagePull => "image-pull",
    ImagePlatform => "image-platform",
    Secrets => "secrets",
    Logging => "logging",
    Role => "role",
    Volume => "volume",
    Network => "network",
    ContainerExit => "container-exit",
    OutOfMemory => "out-of-memory",
    ContainerHealth => "container-health",
    LoadBalancerHealth => "load-balancer-health",
    SpotInterruption => "spot-interruption",
    CircuitBreaker => "circuit-breaker",
    Alarm => "alarm",
    LifecycleHook => "lifecycle-hook",
    TaskProtection => "task-protection",
    Throttled => "throttled",
    Unknown => "unknown",
}

impl CauseKind {
    /// Whether it is about where a task could go.
    pub fn is_of_room(self) -> bool {
        self < CauseKind::ImagePull
    }

    /// Whether it says no more than ECS's own reason for a rollback.
    pub fn restates_rollback(self) -> bool {
        matches!(
            self,
            CauseKind::CircuitBreaker
                | CauseKind::Alarm
                | CauseKind::LifecycleHook
                | CauseKind::Unknown
        )
    }

    /// Whether it is about what becomes of a task that has a place.
    pub fn is_of_task(self) -> bool {
        (CauseKind::ImagePull..=CauseKind::LoadBalancerHealth).contains(&self)
    }
}

/// Why something went wrong: one sentence, what it rests on, what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// What it is about.
    pub kind: CauseKind,
    /// One sentence, without a full stop.
    pub message: String,
    /// The same inside a sentence that says already what went wrong, with the number that tells
    /// most; the message itself where absent.
    pub clause: Option<String>,
    /// What was seen, most telling first. AWS's texts stand verbatim and are untrusted.
    pub evidence: Vec<String>,
    /// What a person can do about it; none where nothing is known to help.
    pub remedies: Vec<Remedy>,
}

impl Cause {
    /// The cause inside a sentence that says already what went wrong.
    pub fn clause(&self) -> &str {
        self.clause.as_deref().unwrap_or(&self.message)
    }
}

/// Something that a person can do about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What to change, with real values.
    pub text: String,
    /// The same for programs, e.g. `{"minimumHealthyPercent": 0, "maximumPercent": 100}`.
    pub change: Value,
    /// What it costs, where it costs something (`"the service is down from stop to healthy"`).
    pub cost: Option<String>,
    /// Whether the forecast, run again with the change applied, says that the rollout fits.
    pub checked: bool,
}
