//! Why a deployment is as it is: `rolloutStateReason` and a service deployment's `statusReason`.

/// What gave a deployment up, as far as its reason says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenUpBy {
    CircuitBreaker,
    Alarms,
    /// The reason names neither, or both.
    Unclear,
}

impl GivenUpBy {
    pub fn of(reason: &str) -> GivenUpBy {
        let reason = reason.to_lowercase();
        match (reason.contains("circuit breaker"), reason.contains("alarm")) {
            (true, false) => GivenUpBy::CircuitBreaker,
            (false, true) => GivenUpBy::Alarms,
            _ => GivenUpBy::Unclear,
        }
    }
}

/// Whether the deployment with this reason is a rollback.
pub fn is_rollback(reason: &str) -> bool {
    reason.contains("rolling back")
}

/// Whether the reason only says that all is as usual.
pub fn is_usual(reason: &str) -> bool {
    reason.ends_with(" in progress.") || reason.ends_with(" completed.")
}

#[cfg(test)]
mod tests {
    use super::{GivenUpBy, is_rollback, is_usual};

    #[test]
    fn a_reason_says_what_gave_the_deployment_up() {
        let breaker = "ECS deployment circuit breaker: tasks failed to start.";
        assert_eq!(GivenUpBy::of(breaker), GivenUpBy::CircuitBreaker);
        assert_eq!(GivenUpBy::of("alarm detected"), GivenUpBy::Alarms);
        assert_eq!(GivenUpBy::of("something new"), GivenUpBy::Unclear);
        let back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
        assert!(is_rollback(back) && !is_rollback(breaker));
        assert!(is_usual("ECS deployment ecs-svc/1 in progress.") && !is_usual(breaker));
    }
}
