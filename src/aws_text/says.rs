//! What a text says more closely than its kind: what the rules of the diagnosis tell apart.

use super::reason::plain;

/// Something that a text may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// The log group isn't there.
    LogGroupMissing,
    /// Load balancer and deployment strategy don't fit each other.
    InvalidNetworking,
    /// The task's network interface wasn't ready in time.
    InterfaceNotReady,
    /// ECS can't assume a role.
    RoleNotAssumed,
    /// The role that ECS uses was changed.
    RoleChanged,
    /// The policy of a VPC endpoint is in the way.
    EndpointPolicy,
    /// No task could be placed.
    NoPlace,
    /// There is a reason, or the word for one.
    SomeReason,
    /// It is about Spot capacity.
    Spot,
    /// Somebody deregistered the instance by force.
    ForcedDeregistration,
    /// The account's number of vCPUs is reached.
    VcpuCount,
    /// The account's number of tasks is reached.
    TaskCount,
    /// EC2's limit of vCPUs is reached.
    VcpuLimit,
    /// EC2's limit of Spot instances is reached.
    SpotLimit,
    /// A subnet has no free address.
    NoFreeAddresses,
    /// It is about EFS.
    FileSystem,
    /// It is about ephemeral storage.
    EphemeralStorage,
    /// The agent or the engine took too long.
    AgentTimeout,
    /// AWS had an internal error.
    InternalError,
    /// A secret isn't the JSON object that it should be.
    InvalidCharacter,
    /// A secret or parameter isn't there.
    SecretMissing,
    /// A program is for another CPU architecture.
    WrongArchitecture,
    /// A capacity provider isn't active.
    NotActive,
    /// EC2 has no capacity.
    NoCapacity,
    /// An instance has no network interface left.
    NoDeviceIndex,
    /// ECS starts tasks more and more slowly.
    SlowedDown,
    /// It is about a capacity provider.
    CapacityProvider,
    /// The rollback isn't possible, or failed.
    NoRollback,
    /// A container could not be started.
    NotStarted,
    /// Targets could not be registered.
    TargetsNotRegistered,
    /// The registry limits pulls.
    PullLimit,
    /// The disk is full.
    DiskFull,
    /// The registry doesn't show the image.
    PullDenied,
    /// The login isn't good for the image.
    PullScope,
    /// The registry wants a login.
    NoLogin,
    /// The registry refuses.
    PullForbidden,
    /// The repository has no such image.
    ManifestUnknown,
    /// A layer could not be read.
    LayerNotRead,
    /// The engine failed.
    EngineCrashed,
    /// The image could not be unpacked.
    NotUnpacked,
    /// The pull took too long.
    PullCancelled,
    /// Something isn't there.
    NotFound,
}

impl Says {
    /// AWS's words for it (lower case), of which one is enough.
    fn words(self) -> &'static [&'static str] {
        match self {
            Says::LogGroupMissing => &["log group does not exist"],
            Says::InvalidNetworking => &["invalid networking configuration"],
            Says::InterfaceNotReady => &["network interface provisioning", "internalerror:"],
            Says::RoleNotAssumed => &["unable to assume"],
            Says::RoleChanged => &["misconfigured or changed"],
            Says::EndpointPolicy => &["no vpc endpoint policy allows"],
            Says::NoPlace => &["unable to place a task"],
            Says::SomeReason => &["reason"],
            Says::Spot => &["spot"],
            Says::ForcedDeregistration => &["deregistration forced"],
            Says::VcpuCount => &["number of vcpus"],
            Says::TaskCount => &["number of tasks"],
            Says::VcpuLimit => &["vcpulimitexceeded"],
            Says::SpotLimit => &["maxspotinstancecountexceeded"],
            Says::NoFreeAddresses => &["insufficientfreeaddresses"],
            Says::FileSystem => &["efs"],
            Says::EphemeralStorage => &["ephemeralstorage"],
            Says::AgentTimeout => &["timeouterror"],
            Says::InternalError => &["internal error."],
            Says::InvalidCharacter => &["invalid character"],
            Says::SecretMissing => &["can't find", "notfound", "invalid ssm parameters"],
            Says::WrongArchitecture => &["exec format error"],
            Says::NotActive => &["not in an active state"],
            Says::NoCapacity => &["unfulfillablecapacity"],
            Says::NoDeviceIndex => &["unused device index"],
            Says::SlowedDown => &["consistently start"],
            Says::CapacityProvider => &["capacity provider"],
            Says::NoRollback => &["no rollback candidate", "rollback has failed"],
            Says::NotStarted => &["cannotstartcontainererror", "executable file not found"],
            Says::TargetsNotRegistered => &["failed to register targets"],
            Says::PullLimit => &["toomanyrequests"],
            Says::DiskFull => &["no space left on device"],
            Says::PullDenied => &["pull access denied"],
            Says::PullScope => &["insufficient_scope"],
            Says::NoLogin => &["no basic auth credentials"],
            Says::PullForbidden => &["403 forbidden"],
            Says::ManifestUnknown => &["manifest unknown"],
            Says::LayerNotRead => &["failed to copy: httpreaderseeker"],
            Says::EngineCrashed => &["invalid memory address or nil pointer"],
            Says::NotUnpacked => &["failed to unpack image", "failed to extract layer"],
            Says::PullCancelled => &["context canceled"],
            Says::NotFound => &["not found"],
        }
    }

    /// Whether the text says so.
    pub fn is_in(self, text: &str) -> bool {
        let text = plain(text).to_ascii_lowercase();
        self.words().iter().any(|words| text.contains(words))
    }
}
