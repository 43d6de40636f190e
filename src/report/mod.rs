//! What a run came to: one value, and its forms for people and for programs.
//!
//! The journal fills it while the run goes on, so that a cancelled run can still say what state
//! things are in. Nothing here decides and nothing here prints, and no step of a run reads it.

mod forecast;
pub mod json;
pub mod markdown;
mod one_off;
mod outcome;
mod outputs;
mod shown;
pub mod summary;
pub mod text;

#[cfg(test)]
mod tests;

pub use forecast::{Lines as ForecastLines, lines as forecast_lines};
pub use one_off::OneOffReport;
pub use outcome::Outcome;
pub use outputs::{OUTPUTS, hidden, outputs};
pub use shown::ShownReport;

use crate::capacity::Forecast;
use crate::cause::Cause;
use crate::rollout::Sample;
use crate::snapshot::{Task, Timestamp};
use crate::taskdef::Change;

/// The image of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageReport {
    /// `repository@sha256:…`, or what was given where the registry can't be asked.
    pub reference: String,
    /// `sha256:…`; empty where it isn't known.
    pub digest: String,
    /// Without the repository; empty where it was named by its digest.
    pub tag: String,
    /// `linux/arm64`; empty where it isn't known.
    pub platform: String,
    /// Whether this run built it.
    pub built: bool,
    /// Whether this run pushed it.
    pub pushed: bool,
}

/// The revision of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinitionReport {
    /// Empty before it is registered.
    pub arn: String,
    /// Its family, without the revision.
    pub family: String,
    /// Its number, from 1; 0 before it is registered.
    pub revision: i64,
    /// Whether this run registered it.
    pub registered: bool,
    /// Against the revision that runs.
    pub changes: Vec<Change>,
}

/// One service of a run.
#[derive(Clone, Debug, Default)]
pub struct ServiceReport {
    /// Its name, or its ARN where that was given.
    pub cluster: String,
    /// Its name.
    pub service: String,
    /// Absent while it isn't decided.
    pub outcome: Option<Outcome>,
    /// One line.
    pub reason: String,
    /// `ecs-svc/<digits>`; empty where no deployment is followed.
    pub deployment_id: String,
    /// ARN of the revision that it got, or that is looked at; empty before that is known.
    pub task_definition: String,
    /// Whether this run changed it.
    pub changed: bool,
    /// Absent where none was made.
    pub forecast: Option<Forecast>,
    /// The most telling first.
    pub causes: Vec<Cause>,
    /// The place among the causes of the one that `reason` says already.
    pub said_cause: Option<usize>,
    /// The newest tasks of the deployment that failed.
    pub stopped: Vec<Task>,
    /// The counts of tasks, oldest first.
    pub timeline: Vec<Sample>,
}

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Absent while it isn't decided.
    pub outcome: Option<Outcome>,
    /// The word before the reason where it isn't the outcome's: `explain` tells of a state.
    pub title: Option<&'static str>,
    /// One line.
    pub reason: String,
    /// What to do about it, where there is something to do.
    pub help: Vec<String>,
    /// Whether this run changed at least one service.
    pub service_changed: bool,
    /// The service whose UpdateService was sent and not answered yet.
    pub pending_write: Option<PendingWrite>,
    /// `on-superseded: ignore`: the outcome stays, the exit code is 0.
    pub superseded_is_fine: bool,
    /// When the run began.
    pub started: Timestamp,
    /// When the run ended.
    pub finished: Timestamp,
    /// `eu-west-1`; empty before it is known.
    pub region: String,
    /// The first one, where there are several.
    pub image: Option<ImageReport>,
    /// The first one, where there are several.
    pub definition: Option<DefinitionReport>,
    /// The task that was to run before any service is updated.
    pub one_off: Option<OneOffReport>,
    /// In the order of the request.
    pub services: Vec<ServiceReport>,
}

/// An UpdateService that was sent and isn't answered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingWrite {
    /// Which of the services it is.
    pub index: usize,
    /// ARN of the revision that it is to get.
    pub wanted: String,
    /// The id of the deployment that was PRIMARY before.
    pub before: Option<String>,
    /// How many tasks the service was to run.
    pub desired: u32,
}

impl Report {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Some(Outcome::Superseded) if self.superseded_is_fine => 0,
            Some(outcome) => outcome.exit_code(),
            None => Outcome::Error.exit_code(),
        }
    }

    /// Whether somebody should look at it though nothing went wrong: a plan that can't be carried out,
    /// or another deployment in this one's place.
    pub fn is_doubtful(&self) -> bool {
        let blocked = |service: &ServiceReport| {
            let forecast = service.forecast.as_ref();
            forecast.is_some_and(|forecast| forecast.verdict.is_blocked())
        };
        match self.outcome {
            Some(Outcome::Planned) => self.services.iter().any(blocked),
            outcome => outcome == Some(Outcome::Superseded),
        }
    }

    /// What a service is called where there are several, by its place among them.
    pub fn name_of(&self, index: usize) -> String {
        let services = self.services.iter();
        let mut names = names(services.map(|one| (one.cluster.as_str(), one.service.as_str())));
        match index < names.len() {
            true => names.swap_remove(index),
            false => String::new(),
        }
    }

    /// Where the AWS console shows the first service, for the partition of its region.
    pub fn console_url(&self) -> Option<String> {
        let service = self.services.first()?;
        let region = Some(self.region.as_str()).filter(|region| !region.is_empty())?;
        Some(console_url(region, &service.cluster, &service.service))
    }
}

/// What services are called where there are several, from the cluster and the name of each: the name,
/// with its cluster where another one has the same.
pub fn names<'a>(services: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Vec<String> {
    let all = services.clone();
    let alone = |name: &str| all.clone().filter(|(_, other)| *other == name).count() < 2;
    services
        .map(|(cluster, name)| match alone(name) {
            true => name.to_owned(),
            false => format!("{}/{name}", crate::snapshot::last_part(cluster)),
        })
        .collect()
}

/// The service's page in the AWS console.
pub fn console_url(region: &str, cluster: &str, service: &str) -> String {
    let cluster = crate::snapshot::last_part(cluster);
    let host = match region {
        _ if region.starts_with("cn-") => format!("{region}.console.amazonaws.cn"),
        _ if region.starts_with("us-gov-") => "console.amazonaws-us-gov.com".to_owned(),
        _ => format!("{region}.console.aws.amazon.com"),
    };
    format!(
        "https://{host}/ecs/v2/clusters/{cluster}/services/{service}/deployments?region={region}"
    )
}
