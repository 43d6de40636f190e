//! The one table of inputs: the action's environment, the command's flags, `action.yml` and
//! `docs/reference.md` are all derived from it or held against it.
//!
//! A row is added here when the input works, not before; nothing else lists inputs.

use super::options::{
    AssignPublicIp, CapacityCheck, LaunchType, Network, OnCancel, OnFailure, OnStuck, OnSuperseded,
    PropagateTags,
};

/// One input, which is also a flag of the command.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Kebab-case, as in `with:` and after `--`.
    pub name: &'static str,
    /// What an input that isn't given counts as; empty means "nothing".
    pub default: &'static str,
    /// One line of Markdown without a full stop.
    pub help: &'static str,
    /// The heading over its row.
    pub group: Group,
    /// What its text has to look like.
    pub kind: Kind,
    /// Values may hold what nobody should read in a log: they're never shown, not even when wrong.
    pub secret: bool,
}

/// The heading that an input stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Aws,
    Image,
    TaskDefinition,
    Service,
    OneOffTask,
    Rollout,
    GitHub,
    Report,
}

impl Group {
    /// As shown over the rows of the group.
    pub fn title(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Image => "Image",
            Self::TaskDefinition => "Task definition",
            Self::Service => "Service",
            Self::OneOffTask => "One-off task",
            Self::Rollout => "Rollout",
            Self::GitHub => "GitHub",
            Self::Report => "Report",
        }
    }
}

/// What the text of an input has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `90s`, `2m`, `1h`; a bare number counts in the unit.
    Duration(Unit),
    /// A whole number from 0.
    Count,
    /// One item a line, or commas between items.
    List,
    /// One item a line; an item may hold commas.
    Lines,
}

impl Kind {
    /// Whether the flag may be given more than once, each adding to the list.
    pub fn repeats(self) -> bool {
        matches!(self, Self::List | Self::Lines)
    }
}

/// The unit in which a bare number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Minutes,
}

/// The row of an input; absent for a name that isn't one.
pub fn find(name: &str) -> Option<&'static Input> {
    INPUTS.iter().find(|input| input.name == name)
}

const fn row(group: Group, name: &'static str, kind: Kind, help: &'static str) -> Input {
    Input {
        name,
        default: "",
        help,
        group,
        kind,
        secret: false,
    }
}

impl Input {
    const fn or(mut self, default: &'static str) -> Input {
        self.default = default;
        self
    }

    const fn secret(mut self) -> Input {
        self.secret = true;
        self
    }
}

use Group::{Aws, GitHub, Image, OneOffTask, Report, Rollout, Service, TaskDefinition};
use Kind::{Count, Duration, Flag, Lines, List, Text};

/// Every input, in the order in which people read about them.
#[rustfmt::skip]
pub const INPUTS: &[Input] = &[
    row(Aws, "aws-region", Text, "Region; without it `AWS_REGION`, then `AWS_DEFAULT_REGION`"),
    row(Aws, "role-to-assume", Lines, "ARN of the role that is assumed with the job's OIDC token (`permissions: id-token: write`). Of several ARNs, one per line, each role is assumed with the credentials of the one before (role chaining). Without it the credentials come from the environment (the SDK's default chain)"),
    row(Aws, "role-session-name", Text, "Name of the role's session; without it `plimsoll-<repository>-<run>`"),
    row(Aws, "role-duration-seconds", Duration(Unit::Seconds), "How long the role's credentials last; they are renewed before they end").or("3600"),
    row(Aws, "audience", Text, "Audience of the OIDC token").or("sts.amazonaws.com"),
    row(Aws, "allowed-account-ids", List, "Account ids; any other account is refused before anything is touched"),

    row(Image, "image", Text, "Full reference (tag or digest) that exists already: it is deployed, nothing is built"),
    row(Image, "image-tag", Text, "Tag that exists already in `repository`: it is deployed, nothing is built"),
    row(Image, "images", List, "`container=reference` lines, for containers with different images that exist already"),
    row(Image, "repository", Text, "ECR repository, by name or URI; with it, and without `image`, `image-tag` and `images`, the image is built and pushed"),
    row(Image, "tags", List, "Tags to push, alone or as full references of `repository`; without it the commit's full SHA"),
    row(Image, "context", Text, "Directory of the build context").or("."),
    row(Image, "file", Text, "Path of the Dockerfile; without it `<context>/Dockerfile`"),
    row(Image, "target", Text, "Stage of the Dockerfile to build; without it the last one"),
    row(Image, "platform", Text, "The one platform to build for; with the default, the one that the task definition runs on, where it says so (`runtimePlatform`)").or("linux/amd64"),
    row(Image, "build-args", Lines, "`NAME=value` lines for the Dockerfile's `ARG`s, in quotes where a value has several lines (`\"NAME=value\"`); `NAME` alone takes the value from the environment").secret(),
    row(Image, "build-secrets", Lines, "`id=value` lines for the Dockerfile's `RUN --mount=type=secret,id=…`, in quotes where a value has several lines (`\"id=value\"`); masked in the log").secret(),
    row(Image, "labels", Lines, "`name=value` lines, put on the image"),
    row(Image, "cache-from", Lines, "Images whose inline cache is used: references, or `type=registry,ref=<reference>`"),
    row(Image, "cache-to", Lines, "`type=inline`: the pushed image carries its own cache"),
    row(Image, "no-cache", Flag, "Build every step again, without a cache").or("false"),
    row(Image, "pull", Flag, "Look for newer base images, even if the engine has one").or("false"),
    row(Image, "network", Kind::Choice(Network::NAMES), "Network of the `RUN` steps: `default`, `none` or `host`").or("default"),
    row(Image, "add-hosts", List, "`name:address` lines for the `RUN` steps' hosts file"),
    row(Image, "build-timeout", Duration(Unit::Seconds), "How long the build may take; then it is stopped").or("1h"),
    row(Image, "skip-existing", Flag, "No build and no push when the first tag exists in the repository already, for this platform").or("true"),

    row(TaskDefinition, "task-definition", Text, "JSON or YAML file in the workspace, family, `family:revision` or ARN; without it the revision that the service runs now"),
    row(TaskDefinition, "container-name", List, "Containers that get the image and the edits; without it the only container, else the one whose image is in `repository`"),
    row(TaskDefinition, "environment-variables", Lines, "`NAME=value` lines to set; `-NAME` removes one").secret(),
    row(TaskDefinition, "secrets", Lines, "`NAME=arn` lines to set; `-NAME` removes one").secret(),
    row(TaskDefinition, "docker-labels", Lines, "`name=value` lines to set; `-name` removes one"),
    row(TaskDefinition, "command", Text, "The container's command, as a JSON list or as a line with a shell's quotes"),
    row(TaskDefinition, "log-configuration-log-driver", Text, "Log driver, such as `awslogs` or `awsfirelens`"),
    row(TaskDefinition, "log-configuration-options", Lines, "`name=value` lines to set; `-name` removes one").secret(),
    row(TaskDefinition, "env-files", Lines, "S3 ARNs of environment files, which replace all present ones; or only `-arn` lines, which remove these"),
    row(TaskDefinition, "task-role-arn", Text, "ARN of the role that the containers have"),
    row(TaskDefinition, "execution-role-arn", Text, "ARN of the role that pulls images and reads secrets"),
    row(TaskDefinition, "register-only", Flag, "Stop after the registration").or("false"),

    row(Service, "cluster", Text, "Name or ARN of the cluster").or("default"),
    row(Service, "service", List, "Services, by name or ARN; `cluster/service` overrides `cluster`; required, unless `register-only` is set"),
    row(Service, "desired-count", Count, "How many tasks; not sent unless given"),
    row(Service, "force-new-deployment", Flag, "Start a rollout even when nothing changes; not sent unless given"),
    row(Service, "propagate-tags", Kind::Choice(PropagateTags::NAMES), "`NONE`, `SERVICE` or `TASK_DEFINITION`; not sent unless given"),
    row(Service, "enable-ecs-managed-tags", Flag, "Whether ECS tags the tasks; not sent unless given"),

    row(OneOffTask, "run-task", Flag, "Run one task of the new revision to its end before any service is updated, such as a migration; when it fails, nothing is updated. With `false` no task is run, even if other `run-task-…` inputs are set"),
    row(OneOffTask, "run-task-container", Text, "Container that gets the command and whose exit code decides; without it the only essential container, else the one that gets the image"),
    row(OneOffTask, "run-task-command", Text, "The task's command, as a JSON list or as a line with a shell's quotes; without it the one in the task definition"),
    row(OneOffTask, "run-task-subnets", List, "Subnets of the task; without it those of the first service"),
    row(OneOffTask, "run-task-security-groups", List, "Security groups of the task; without it those of the first service"),
    row(OneOffTask, "run-task-assign-public-ip", Kind::Choice(AssignPublicIp::NAMES), "`ENABLED` or `DISABLED`; without it as the first service has it"),
    row(OneOffTask, "run-task-capacity-provider-strategy", Text, "JSON list as RunTask has it, `[{\"capacityProvider\": \"FARGATE_SPOT\", \"weight\": 1}]`; without it and `run-task-launch-type` the first service's"),
    row(OneOffTask, "run-task-launch-type", Kind::Choice(LaunchType::NAMES), "`EC2`, `FARGATE` or `EXTERNAL`; without it and a strategy the first service's"),
    row(OneOffTask, "run-task-timeout", Duration(Unit::Minutes), "How long the task may take; then it is stopped").or("10"),

    row(Rollout, "wait-for-service-stability", Flag, "Follow the rollout to its end").or("true"),
    row(Rollout, "wait-for-minutes", Duration(Unit::Minutes), "How long to follow each rollout").or("30"),
    row(Rollout, "poll-interval", Duration(Unit::Seconds), "Shortest time between two looks at the service; longer while AWS throttles, at most 15 s").or("5s"),
    row(Rollout, "max-parallel", Count, "How many services are deployed at the same time; without it all"),
    row(Rollout, "stop-on-failure", Flag, "When one service doesn't succeed, the services that `max-parallel` has not started yet are not deployed").or("false"),
    row(Rollout, "capacity-check", Kind::Choice(CapacityCheck::NAMES), "If the forecast proves that the rollout can't finish: `fail` refuses it before anything is registered, `warn` says so and goes on; `off`: no forecast").or("fail"),
    row(Rollout, "stuck-after", Duration(Unit::Seconds), "How long nothing may move until a rollout is called `stuck`; one that is proven stuck is called so after two looks in a row that prove it").or("2m"),
    row(Rollout, "on-stuck", Kind::Choice(OnStuck::NAMES), "`fail` stops waiting, `rollback` also puts the previous revision back, `wait` goes on waiting").or("fail"),
    row(Rollout, "on-failure", Kind::Choice(OnFailure::NAMES), "`none`, or `rollback` to put the previous revision back").or("none"),
    row(Rollout, "on-superseded", Kind::Choice(OnSuperseded::NAMES), "If another deployment takes this one's place: `fail`, or `ignore` for exit code 0").or("fail"),
    row(Rollout, "on-cancel", Kind::Choice(OnCancel::NAMES), "If the run is cancelled: `leave` the rollout as it is, or `rollback`").or("leave"),
    row(Rollout, "dry-run", Flag, "Show the changes and the forecast; build, push, register and update nothing").or("false"),
    row(Rollout, "strict", Flag, "With `dry-run`: a blocked forecast ends as `blocked`, exit code 3").or("false"),

    row(GitHub, "github-token", Text, "Token with `deployments: write` or `pull-requests: write`, such as the job's own (the expression `github.token`); without it nothing is reported to GitHub").secret(),
    row(GitHub, "environment", Text, "Environment of the GitHub deployment; one is created if this and `github-token` are set"),
    row(GitHub, "environment-url", Text, "Address of the environment; without it that of the load balancer's listener, where that may be read"),
    row(GitHub, "comment", Flag, "On a pull request: one comment with the plan, kept up to date").or("false"),

    row(Report, "show-values", Flag, "Show values of environment variables in the diff; secrets stay hidden").or("false"),
    row(Report, "job-summary", Flag, "Write the job summary").or("true"),
];
