//! What a run came to: one value, and its forms for people and for programs.
//!
//! The report is filled while the run goes on, so that a cancelled run can still say what state
//! things are in. Nothing here decides and nothing here prints.

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
    pub digest: String,
    pub tag: String,
    pub platform: String,
    pub built: bool,
    pub pushed: bool,
}

/// The revision of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinitionReport {
    pub arn: String,
    pub family: String,
    pub revision: i64,
    /// Whether this run registered it.
    pub registered: bool,
    pub changes: Vec<Change>,
}

/// One service of a run.
#[derive(Clone, Debug, Default)]
pub struct ServiceReport {
    pub cluster: String,
    pub service: String,
    pub outcome: Option<Outcome>,
    pub reason: String,
    pub deployment_id: String,
    pub task_definition: String,
    pub changed: bool,
    pub forecast: Option<Forecast>,
    pub causes: Vec<Cause>,
    /// The place among the causes of the one that `reason` says already.
    pub said_cause: Option<usize>,
    pub stopped: Vec<Task>,
    pub timeline: Vec<Sample>,
}

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub outcome: Option<Outcome>,
    /// The word before the reason where it isn't the outcome's: `explain` tells of a state.
    pub title: Option<&'static str>,
    /// One line.
    pub reason: String,
    /// What to do about it, where there is something to do.
    pub help: Vec<String>,
    pub service_changed: bool,
    /// The service whose UpdateService was sent and not answered yet.
    pub pending_write: Option<PendingWrite>,
    /// `on-superseded: ignore`: the outcome stays, the exit code is 0.
    pub superseded_is_fine: bool,
    pub started: Timestamp,
    pub finished: Timestamp,
    pub region: String,
    pub image: Option<ImageReport>,
    pub definition: Option<DefinitionReport>,
    /// The task that was to run before any service is updated.
    pub one_off: Option<OneOffReport>,
    pub services: Vec<ServiceReport>,
}

/// An UpdateService that was sent and isn't answered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingWrite {
    /// Which of the services it is.
    pub index: usize,
    /// ARN of the revision that it is to get.
    pub wanted: String,
    /// The deployment that was PRIMARY before, and how many tasks were to run.
    pub before: Option<String>,
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

    /// What a service is called where there are several: its name, with its cluster where another
    /// one bears the same.
    pub fn name_of(&self, index: usize) -> String {
        let Some(service) = self.services.get(index) else {
            return String::new();
        };
        let is_alone = self
            .services
            .iter()
            .filter(|other| other.service == service.service)
            .count()
            < 2;
        if is_alone {
            return service.service.clone();
        }
        format!(
            "{}/{}",
            crate::snapshot::last_part(&service.cluster),
            service.service
        )
    }

    /// Where the AWS console shows the first service, for the partition of its region.
    pub fn console_url(&self) -> Option<String> {
        let service = self.services.first()?;
        let region = Some(self.region.as_str()).filter(|region| !region.is_empty())?;
        Some(console_url(region, &service.cluster, &service.service))
    }
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
