//! The forecast in the story: whether the rollout fits, said before anything is changed.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{as_wanted, changes, goes_on};
use super::found::Found;
use super::pinned::Images;
use super::platform::{self, Landing};
use crate::aws::OptionalReads;
use crate::capacity::{Forecast, TaskNeeds, forecast_together};
use crate::failure::Failure;
use crate::plan::{DefinitionPlan, Plan};
use crate::report::{Outcome, forecast_lines};
use crate::request::CapacityCheck;
use crate::run::{Ending, Journal, RunContext, ServiceEnd};
use crate::snapshot::Service;
use crate::survey::Survey;
use crate::wording::{self, Subject};

/// What the forecast comes to for the run.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// By the service's place in the request; only those that get a new deployment have one.
    forecasts: BTreeMap<usize, Forecast>,
    /// The rollouts that are proven unable to finish, in the order in which that was found.
    blocked: Vec<Blocked>,
}

/// A rollout that is proven unable to finish.
#[derive(Debug)]
struct Blocked {
    /// Which of the request's services it is, counted from zero.
    index: usize,
    /// The sentence that says why.
    why: String,
}

impl Outlook {
    /// Whether nobody knows if the rollout of this service fits.
    pub(super) fn doubts(&self, index: usize) -> bool {
        let forecast = self.forecasts.get(&index);
        forecast.is_none_or(|forecast| forecast.verdict.is_unknown())
    }

    /// Refuses a rollout that is proven unable to finish, or warns of it.
    ///
    /// # Errors
    /// `blocked`, where `capacity-check` is `fail`.
    pub(super) fn refuse(
        &self,
        journal: &mut Journal,
        check: CapacityCheck,
    ) -> Result<(), Failure> {
        let Some(Blocked { why, .. }) = self.blocked.first() else {
            return Ok(());
        };
        if check != CapacityCheck::Fail {
            journal.warning(&format!("{why}; `capacity-check` lets it go on"));
            return Ok(());
        }
        Err(self.blocked(journal))
    }

    fn blocked(&self, journal: &mut Journal) -> Failure {
        for Blocked { index, why } in &self.blocked {
            let forecast = self.forecasts.get(index);
            let cause = forecast.and_then(|one| wording::as_cause(one, Subject::Rollout));
            let end = ServiceEnd {
                causes: cause.into_iter().collect(),
                said_cause: Some(0),
                ..ServiceEnd::new(Outcome::Blocked, why)
            };
            journal.service_ended(*index, &end);
        }
        let reason = self.blocked.first().map(|one| one.why.clone());
        Failure {
            outcome: Outcome::Blocked,
            reason: reason.unwrap_or_default(),
            help: Vec::new(),
        }
    }
}

/// The services of one cluster that get a new deployment, for one forecast of all together.
struct Together<'a> {
    found: &'a Found<'a>,
    plan: &'a Plan,
    /// Their places in the request.
    indexes: Vec<usize>,
    /// Each as its update leaves it.
    wanted: Vec<Service>,
    /// What a new task of each needs.
    needs: Vec<TaskNeeds>,
}

impl<'a> Together<'a> {
    /// Those of `changing` that are on `cluster`.
    fn on(cluster: &str, changing: &[usize], found: &'a Found<'a>, plan: &'a Plan) -> Together<'a> {
        let here = changing.iter().copied();
        let indexes: Vec<usize> = here
            .filter(|&index| found.services[index].cluster == cluster)
            .collect();
        let wanted = |&index: &usize| {
            let service = &found.services[index];
            as_wanted(service, &plan.updates[index].update)
        };
        Together {
            wanted: indexes.iter().map(wanted).collect(),
            needs: indexes
                .iter()
                .map(|&index| needs(found, plan, index))
                .collect(),
            found,
            plan,
            indexes,
        }
    }

    async fn survey(&self, reads: &OptionalReads, cluster: &str) -> Survey {
        let asked: Vec<_> = self.wanted.iter().zip(&self.needs).collect();
        Box::pin(reads.survey(cluster, &asked, None)).await
    }

    /// Whether the images run on the instances that the tasks may land on.
    fn landing(&self, journal: &mut Journal, survey: &Survey) -> Result<(), Failure> {
        for &index in &self.indexes {
            let service = &self.found.services[index];
            let base = &self.found.bases[self.plan.updates[index].definition];
            for platforms in self.found.images.platforms() {
                match platform::landing(survey, service, &base.definition, &platforms)? {
                    Landing::Fine => {}
                    Landing::NotChecked(line) => journal.line(&line),
                    Landing::Mixed(warning) => journal.warning(&warning),
                }
            }
        }
        Ok(())
    }

    /// One forecast for each of `indexes`.
    fn forecasts(&self, survey: &Survey) -> Vec<Forecast> {
        let all = self.wanted.iter().zip(&self.needs).zip(&self.indexes);
        let deploys: Vec<_> = all
            .map(|((service, needs), &index)| {
                let target = goes_on(service, self.plan, index);
                survey.deploy(service, needs, target)
            })
            .collect();
        forecast_together(&survey.cluster(), &deploys)
    }
}

/// Forecasts every service that will get a new deployment, all of one cluster together, and says it.
///
/// # Errors
/// The image runs on none of the instances.
pub(super) async fn outlook(
    context: &RunContext,
    journal: &mut Journal,
    found: &Found<'_>,
    plan: &Plan,
) -> Result<Outlook, Failure> {
    let request = &context.request;
    let mut outlook = Outlook::default();
    if request.rollout.capacity_check == CapacityCheck::Off || request.register_only {
        return Ok(outlook);
    }
    let services = &found.services;
    let changing: Vec<usize> = (0..services.len())
        .filter(|&index| changes(services, plan, index))
        .collect();
    let clusters: BTreeSet<&str> = changing
        .iter()
        .map(|&index| services[index].cluster.as_str())
        .collect();
    for cluster in clusters {
        let together = Together::on(cluster, &changing, found, plan);
        let reads = context.aws.before_a_deploy();
        let survey = together.survey(&reads, cluster).await;
        together.landing(journal, &survey)?;
        let forecasts = together.forecasts(&survey);
        for (&index, forecast) in together.indexes.iter().zip(forecasts) {
            say(journal, &services[index], &forecast, services.len() > 1);
            if forecast.verdict.is_unknown() {
                reads.said_by_the_forecast();
            }
            if let Some(why) = wording::blocked(&forecast) {
                outlook.blocked.push(Blocked { index, why });
            }
            journal.forecast_made(index, forecast.clone());
            outlook.forecasts.insert(index, forecast);
        }
    }
    Ok(outlook)
}

/// Whether a rollout of just what runs now would fit: for a service that is only looked at, by its
/// place in the request.
///
/// # Errors
/// Its task definition can't be read.
pub(crate) async fn forecast_same(
    context: &RunContext,
    journal: &mut Journal,
    index: usize,
    service: &Service,
) -> Result<(), Failure> {
    let definition = context.aws.task_definition(&service.task_definition);
    let needs = TaskNeeds::of(&definition.await?.document);
    let reads = context.aws.before_a_deploy();
    let asked = [(service, &needs)];
    let survey = Box::pin(reads.survey(&service.cluster, &asked, None)).await;
    let deploys = [survey.deploy(service, &needs, None)];
    for forecast in forecast_together(&survey.cluster(), &deploys) {
        journal.line("if the same were deployed again:");
        say(journal, service, &forecast, false);
        journal.forecast_made(index, forecast);
    }
    Ok(())
}

/// What a new task needs; what ECS worked out for the revision before holds for the next one too.
fn needs(found: &Found<'_>, plan: &Plan, index: usize) -> TaskNeeds {
    let which = plan.updates[index].definition;
    let base = found.bases[which].definition.as_value();
    match &plan.definitions[which] {
        DefinitionPlan::Existing { document, .. } => TaskNeeds::of(document),
        DefinitionPlan::Register { body, .. } => TaskNeeds::of(body).with_attributes_of(base, body),
    }
}

fn say(journal: &mut Journal, service: &Service, forecast: &Forecast, several: bool) {
    let name = if several {
        format!(" for `{}`", service.name)
    } else {
        String::new()
    };
    let lines = forecast_lines(forecast);
    for (index, line) in lines.shown.iter().enumerate() {
        journal.line(&if index == 0 {
            format!("forecast{name}: {line}")
        } else {
            line.to_owned()
        });
    }
    if !lines.folded.is_empty() {
        journal
            .log()
            .group(&format!("{} more instances", lines.folded.len()));
        for line in &lines.folded {
            journal.line(line);
        }
        journal.log().end_group();
    }
}

/// The end of a dry run: nothing was changed.
///
/// # Errors
/// `blocked`, where `strict` is set and a rollout is proven unable to finish.
pub(super) fn planned(
    context: &RunContext,
    journal: &mut Journal,
    found: &Found<'_>,
    outlook: &Outlook,
) -> Result<Ending, Failure> {
    if let Images::ToBuild(job) = &found.images {
        journal.line(&format!(
            "image: {} would be built and pushed",
            job.reference()
        ));
        journal.image_is(job.planned());
    }
    if context.request.strict && !outlook.blocked.is_empty() {
        return Err(outlook.blocked(journal));
    }
    for index in 0..found.services.len() {
        let forecast = outlook.forecasts.get(&index);
        let reason = forecast.map(wording::headline);
        let end = ServiceEnd::new(Outcome::Planned, reason.unwrap_or_default());
        journal.service_ended(index, &end);
    }
    let reason = match outlook.blocked.first() {
        Some(Blocked { why, .. }) => format!("nothing was changed; as it stands, {why}"),
        None => "nothing was changed: this is what a run without `dry-run` would do".to_owned(),
    };
    Ok(Ending::new(Outcome::Planned, reason))
}
