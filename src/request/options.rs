//! The inputs that are one word out of a few, as types.
//!
//! The words are the public contract: they stand in `action.yml`, in flags and in messages.

/// A type whose values are written as one word.
pub trait Choice: Copy + Sized + 'static {
    /// Every value with its word, in the order in which messages list them.
    const ALL: &'static [(Self, &'static str)];
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $word:literal),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $name { $($(#[$variant_doc])* $variant),+ }

            impl $name {
                /// The words, as messages list them.
                pub const NAMES: &[&str] = &[$($word),+];

                /// The word for this value.
                pub fn as_str(self) -> &'static str {
                    match self { $($name::$variant => $word),+ }
                }
            }

            impl Choice for $name {
                const ALL: &'static [(Self, &'static str)] = &[$(($name::$variant, $word)),+];
            }
        )+
    };
}

choices! {
    /// What a proven "can't finish" means before the deploy.
    CapacityCheck {
        Fail => "fail",
        Warn => "warn",
        Off => "off",
    }
    /// What to do with a rollout that is stuck.
    OnStuck {
        Fail => "fail",
        Rollback => "rollback",
        Wait => "wait",
    }
    /// What to do with a rollout that failed.
    OnFailure {
        None => "none",
        Rollback => "rollback",
    }
    /// What another deployment in this one's place means for the exit code.
    OnSuperseded {
        Fail => "fail",
        Ignore => "ignore",
    }
    /// What to do with the rollout when the run is cancelled.
    OnCancel {
        Leave => "leave",
        Rollback => "rollback",
    }
    /// Where tasks take tags from, in UpdateService's words.
    PropagateTags {
        None => "NONE",
        Service => "SERVICE",
        TaskDefinition => "TASK_DEFINITION",
    }
    /// Where RunTask starts a task, in its own words.
    LaunchType {
        Ec2 => "EC2",
        Fargate => "FARGATE",
        External => "EXTERNAL",
    }
    /// Whether a task's network interface gets a public address, in RunTask's words.
    AssignPublicIp {
        Enabled => "ENABLED",
        Disabled => "DISABLED",
    }
    /// The network of a Dockerfile's `RUN` steps.
    Network {
        Default => "default",
        None => "none",
        Host => "host",
    }
}
