//! AWS's reasons, kept apart by their words.
//!
//! The same reason comes as the tail of a service event, as a task's `stoppedReason`, as a
//! container's `reason` and as a deployment's, so one table serves all. It only says what a text
//! is about; what to make of it is the rules' business.

use crate::cause::CauseKind;

#[cfg(test)]
mod tests;

/// Longest text that is looked into, in characters. AWS's own are below 1,100; what is longer
/// came from an image or a registry and tells nothing more.
pub const MAX_TEXT: usize = 4_000;

/// Words that all have to be there (lower case) and what the text is about then.
/// The first row that holds wins: what is special stands before what is general.
const TABLE: &[(&[&str], CauseKind)] = &[
    (&["lifecycle hook"], CauseKind::LifecycleHook),
    (&["exec format error"], CauseKind::ImagePlatform),
    (&["descriptor matching platform"], CauseKind::ImagePlatform),
    (&["no matching manifest for"], CauseKind::ImagePlatform),
    (&["outofmemoryerror"], CauseKind::OutOfMemory),
    (&["killed due to memory usage"], CauseKind::OutOfMemory),
    // ECS Managed Instances: an EC2 code decides.
    (
        &["for capacity provider", "vcpulimitexceeded"],
        CauseKind::Quota,
    ),
    (
        &["for capacity provider", "maxspotinstancecountexceeded"],
        CauseKind::Quota,
    ),
    (
        &["for capacity provider", "not authorized"],
        CauseKind::Role,
    ),
    (
        &["for capacity provider", "unauthorizedoperation"],
        CauseKind::Role,
    ),
    (
        &["unable to launch instance(s)"],
        CauseKind::CapacityProvider,
    ),
    (
        &["capacity provider", "not in an active state"],
        CauseKind::CapacityProvider,
    ),
    // Where somebody may not do a thing, the way out is a role.
    (&["not authorized to perform"], CauseKind::Role),
    (&["accessdenied"], CauseKind::Role),
    (&["unable to assume the role"], CauseKind::Role),
    (&["unable to assume role"], CauseKind::Role),
    (
        &["check that the role has the permissions"],
        CauseKind::Role,
    ),
    (
        &["iam permissions policies have been misconfigured"],
        CauseKind::Role,
    ),
    (
        &["iam trust relationship has been misconfigured"],
        CauseKind::Role,
    ),
    (
        &["missing permissions on ecs infrastructure role"],
        CauseKind::Role,
    ),
    // Before the network: these name their own means, and the network is only one of the ways.
    (&["efs utils"], CauseKind::Volume),
    (&["efs volumes"], CauseKind::Volume),
    (&["cannotcreatevolumeerror"], CauseKind::Volume),
    (&["invalidvolumeerror"], CauseKind::Volume),
    (&["ephemeralstorage provisioning"], CauseKind::Volume),
    (&["ebs volume"], CauseKind::Volume),
    (&["bind source path does not exist"], CauseKind::Volume),
    (&["invalid mount config"], CauseKind::Volume),
    (&["error while mounting volume"], CauseKind::Volume),
    (&["failed to mount"], CauseKind::Volume),
    (&["log group does not exist"], CauseKind::Logging),
    (&["initialize logging driver"], CauseKind::Logging),
    (&["insufficientfreeaddresses"], CauseKind::SubnetAddresses),
    (
        &["create network interface", "subnet"],
        CauseKind::SubnetAddresses,
    ),
    (&["unused device index"], CauseKind::Eni),
    (
        &["connection issue between the task and"],
        CauseKind::Network,
    ),
    (&["i/o timeout"], CauseKind::Network),
    (&["no such host"], CauseKind::Network),
    (&["dial tcp"], CauseKind::Network),
    (
        &["request canceled while waiting for connection"],
        CauseKind::Network,
    ),
    (&["tls handshake timeout"], CauseKind::Network),
    (&["network interface provisioning"], CauseKind::Network),
    (&["containernetworkingerror"], CauseKind::Network),
    (&["invalid networking configuration"], CauseKind::Network),
    (&["internalerror:"], CauseKind::Network),
    (&["validate logger args"], CauseKind::Logging),
    (&["logging driver"], CauseKind::Logging),
    (&["cannotpull"], CauseKind::ImagePull),
    (&["task can't pull the image"], CauseKind::ImagePull),
    (&["pull image manifest"], CauseKind::ImagePull),
    (&["failed to resolve ref"], CauseKind::ImagePull),
    (&["ref pull has been retried"], CauseKind::ImagePull),
    (&["pull access denied"], CauseKind::ImagePull),
    (&["toomanyrequests"], CauseKind::ImagePull),
    (&["failed to unpack image"], CauseKind::ImagePull),
    (&["ecr registry auth"], CauseKind::ImagePull),
    (&["cannot pull registry auth"], CauseKind::ImagePull),
    (&["unable to retrieve secret"], CauseKind::Secrets),
    (&["secrets manager"], CauseKind::Secrets),
    (&["invalid ssm parameters"], CauseKind::Secrets),
    (&["unable to pull secrets"], CauseKind::Secrets),
    // Placement: the events' wordings, then the codes of tasks that waited in PROVISIONING.
    (&["insufficient cpu"], CauseKind::Cpu),
    (&["resource:cpu"], CauseKind::Cpu),
    (&["insufficient memory"], CauseKind::Memory),
    (&["resource:memory"], CauseKind::Memory),
    (&["already using a port"], CauseKind::Port),
    (&["resource:ports"], CauseKind::Port),
    (&["port is already allocated"], CauseKind::Port),
    (&["resource:eni"], CauseKind::Eni),
    (&["resource:gpu"], CauseKind::Gpu),
    (&["insufficient gpu"], CauseKind::Gpu),
    (&["missing an attribute"], CauseKind::Attribute),
    (&["taskfailedtostart: attribute"], CauseKind::Attribute),
    (&["error \"attribute\""], CauseKind::Attribute),
    (&["error \"location\""], CauseKind::Attribute),
    (&["placement constraint unsatisfied"], CauseKind::Constraint),
    (&["doesn't have the agent connected"], CauseKind::Agent),
    (&["error \"agent\""], CauseKind::Agent),
    (&["taskfailedtostart: agent"], CauseKind::Agent),
    (&["waiting for amazon ecs agent"], CauseKind::Agent),
    (&["dockertimeouterror"], CauseKind::Agent),
    (&["containerruntimetimeouterror"], CauseKind::Agent),
    (
        &["no container instances were found"],
        CauseKind::NoInstances,
    ),
    (&["no active instances"], CauseKind::NoInstances),
    (&["empty capacity provider"], CauseKind::NoInstances),
    (
        &["provisioning capacity limit"],
        CauseKind::ProvisioningLimit,
    ),
    (&["reached the limit on the number of"], CauseKind::Quota),
    (&["is above your limit"], CauseKind::Quota),
    (&["capacity is unavailable"], CauseKind::FargateCapacity),
    (&["internal error."], CauseKind::FargateCapacity),
    (
        &["failed container health checks"],
        CauseKind::ContainerHealth,
    ),
    (&["failed elb health checks"], CauseKind::LoadBalancerHealth),
    (&["is unhealthy in"], CauseKind::LoadBalancerHealth),
    (&["is not healthy in"], CauseKind::LoadBalancerHealth),
    (
        &["failed to register targets"],
        CauseKind::LoadBalancerHealth,
    ),
    (&["spot task was interrupted"], CauseKind::SpotInterruption),
    (&["host ec2 (instance"], CauseKind::SpotInterruption),
    (
        &["deregistration forced by user"],
        CauseKind::SpotInterruption,
    ),
    (&["alarm detected"], CauseKind::Alarm),
    (&["cloudwatch alarm"], CauseKind::Alarm),
    (&["circuit breaker"], CauseKind::CircuitBreaker),
    (
        &["deployment failed: tasks failed to start"],
        CauseKind::CircuitBreaker,
    ),
    (&["rollback has failed"], CauseKind::CircuitBreaker),
    (&["no rollback candidate"], CauseKind::CircuitBreaker),
    (&["under protection"], CauseKind::TaskProtection),
    (&["protected tasks"], CauseKind::TaskProtection),
    (&["unable to consistently start"], CauseKind::Throttled),
    (&["operations are being throttled"], CauseKind::Throttled),
    (&["rate exceeded"], CauseKind::Throttled),
    (
        &["service deployment configuration"],
        CauseKind::DeploymentConfiguration,
    ),
    (
        &["does not support maximumpercent"],
        CauseKind::DeploymentConfiguration,
    ),
    (&["cannotstartcontainererror"], CauseKind::ContainerExit),
    (&["executable file not found"], CauseKind::ContainerExit),
];

/// What a reason of AWS is about; nothing where no row knows its words.
pub fn kind(text: &str) -> Option<CauseKind> {
    let text = plain(text).to_ascii_lowercase();
    TABLE
        .iter()
        .find(|(words, _)| words.iter().all(|word| text.contains(word)))
        .map(|(_, kind)| *kind)
}

/// What an item of RunTask's `failures` is about: some are a bare word.
pub fn of_failure(reason: &str) -> Option<CauseKind> {
    match plain(reason).trim_end_matches('.') {
        "AGENT" => Some(CauseKind::Agent),
        "ATTRIBUTE" | "LOCATION" => Some(CauseKind::Attribute),
        other => kind(other),
    }
}

/// The text with straight quotes and single blanks, at most [`MAX_TEXT`] characters.
///
/// AWS writes `You've` with either apostrophe, and people paste texts with wrapped lines.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().min(MAX_TEXT));
    let mut blank = true;
    for letter in text.chars().take(MAX_TEXT) {
        let letter = match letter {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            other => other,
        };
        if !letter.is_whitespace() {
            plain.push(letter);
        } else if !blank {
            plain.push(' ');
        }
        blank = letter.is_whitespace();
    }
    plain.truncate(plain.trim_end().len());
    plain
}
