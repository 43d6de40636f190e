//! The forecast in the story: whether the rollout fits, said before anything is changed.

use std::collections::BTreeSet;

use super::definition::Base;
use super::image::Images;
use super::platform::{self, Landing};
use super::start::as_it_is;
use crate::capacity::{Forecast, TaskNeeds, forecast_together};
use crate::failure::Failure;
use crate::plan::{DefinitionPlan, Plan, Update};
use crate::report::{ImageReport, Outcome, forecast_lines};
use crate::request::{CapacityCheck, Request};
use crate::run::Run;
use crate::snapshot::Service;
use crate::survey::Survey;
use crate::taskdef::Definition;
use crate::wording::{self, Subject};

/// What the forecast comes to for the run.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// The services whose rollout is proven unable to finish, by their place in the request, with
    /// the sentence that says why.
    blocked: Vec<(usize, String)>,
    check: Option<CapacityCheck>,
}

impl Outlook {
    /// Refuses a rollout that is proven unable to finish, or warns of it.
    pub(super) fn refuse(&self, run: &mut Run) -> Result<(), Failure> {
        let Some((_, why)) = self.blocked.first() else {
            return Ok(());
        };
        if self.check != Some(CapacityCheck::Fail) {
            run.console
                .warning(&format!("{why}; `capacity-check` lets it go on"));
            return Ok(());
        }
        Err(self.blocked(run))
    }

    fn blocked(&self, run: &mut Run) -> Failure {
        for (index, why) in &self.blocked {
            let service = &mut run.report.services[*index];
            service.outcome = Some(Outcome::Blocked);
            service.reason.clone_from(why);
            let forecast = service.forecast.as_ref();
            let cause = forecast.and_then(|one| wording::as_cause(one, Subject::Rollout));
            service.causes = cause.into_iter().collect();
            service.said_cause = Some(0);
        }
        let reason = self
            .blocked
            .first()
            .map(|(_, why)| why.clone())
            .unwrap_or_default();
        Failure {
            outcome: Outcome::Blocked,
            reason,
            help: Vec::new(),
        }
    }
}

/// Forecasts every service that will get a new deployment, all of one cluster together, and says it.
pub(super) async fn outlook(
    run: &mut Run,
    request: &Request,
    services: &[Service],
    (bases, plan, found): (&[Base], &Plan, &Images<'_>),
) -> Result<Outlook, Failure> {
    let check = request.rollout.capacity_check;
    let mut outlook = Outlook {
        blocked: Vec::new(),
        check: Some(check),
    };
    if check == CapacityCheck::Off || request.register_only {
        return Ok(outlook);
    }
    let changing: Vec<usize> = (0..services.len())
        .filter(|&index| changes(services, plan, index))
        .collect();
    let clusters: BTreeSet<&str> = changing
        .iter()
        .map(|&index| services[index].cluster.as_str())
        .collect();
    for cluster in clusters {
        let here: Vec<usize> = changing
            .iter()
            .copied()
            .filter(|&index| services[index].cluster == cluster)
            .collect();
        let wanted: Vec<Service> = here
            .iter()
            .map(|&index| as_wanted(&services[index], &plan.updates[index].1))
            .collect();
        let needs: Vec<TaskNeeds> = here
            .iter()
            .map(|&index| needs(bases, plan, index))
            .collect();
        let asked: Vec<_> = wanted.iter().zip(&needs).collect();
        let reads = run.aws.before_a_deploy();
        let survey = Box::pin(reads.survey(cluster, &asked, None)).await;
        for &index in &here {
            let definition = &bases[plan.updates[index].0].definition;
            landing(run, &survey, &services[index], definition, found)?;
        }
        let deploys: Vec<_> = wanted
            .iter()
            .zip(&needs)
            .zip(&here)
            .map(|((service, needs), &index)| {
                let target = goes_on(service, plan, index);
                survey.deploy(service, needs, target)
            })
            .collect();
        for (&index, forecast) in here
            .iter()
            .zip(forecast_together(&survey.cluster(), &deploys))
        {
            say(run, &services[index], &forecast, services.len() > 1);
            if forecast.verdict.is_unknown() {
                reads.said_by_the_forecast();
            }
            if let Some(why) = wording::blocked(&forecast) {
                outlook.blocked.push((index, why));
            }
            run.report.services[index].forecast = Some(forecast);
        }
    }
    Ok(outlook)
}

/// Whether the images run on the instances that the service's tasks may land on.
fn landing(
    run: &mut Run,
    survey: &Survey,
    service: &Service,
    definition: &Definition,
    found: &Images<'_>,
) -> Result<(), Failure> {
    for platforms in found.platforms() {
        match platform::landing(survey, service, definition, &platforms)? {
            Landing::Fine => {}
            Landing::NotChecked(line) => run.console.line(&line),
            Landing::Mixed(warning) => run.console.warning(&warning),
        }
    }
    Ok(())
}

/// Whether a rollout of just what runs now would fit: for a service that is only looked at.
pub(crate) async fn forecast_same(
    run: &mut Run,
    index: usize,
    service: &Service,
) -> Result<(), Failure> {
    let definition = run.aws.task_definition(&service.task_definition).await?;
    let needs = TaskNeeds::of(&definition.document);
    let reads = run.aws.before_a_deploy();
    let asked = [(service, &needs)];
    let survey = Box::pin(reads.survey(&service.cluster, &asked, None)).await;
    let deploys = [survey.deploy(service, &needs, None)];
    for forecast in forecast_together(&survey.cluster(), &deploys) {
        run.console.line("if the same were deployed again:");
        say(run, service, &forecast, false);
        run.report.services[index].forecast = Some(forecast);
    }
    Ok(())
}

/// Whether the plan gives the service a new deployment.
pub(super) fn changes(services: &[Service], plan: &Plan, index: usize) -> bool {
    let (which, update) = &plan.updates[index];
    match &plan.definitions[*which] {
        DefinitionPlan::Register { .. } => true,
        DefinitionPlan::Existing { arn, .. } => {
            let update = Update {
                task_definition: Some(arn.clone()),
                ..update.clone()
            };
            as_it_is(&services[index], &update).is_none()
        }
    }
}

/// The deployment that the update leaves in place, since only the count is new: its tasks stay, and
/// none of them has to be replaced.
fn goes_on<'s>(service: &'s Service, plan: &Plan, index: usize) -> Option<&'s str> {
    let (which, update) = &plan.updates[index];
    let primary = service.primary()?;
    match &plan.definitions[*which] {
        DefinitionPlan::Existing { arn, .. }
            if *arn == primary.task_definition && !update.force_new_deployment =>
        {
            Some(&primary.id)
        }
        _ => None,
    }
}

/// The service as the update leaves it.
fn as_wanted(service: &Service, update: &Update) -> Service {
    let desired = update
        .desired_count
        .and_then(|count| u32::try_from(count).ok());
    Service {
        desired: desired.unwrap_or(service.desired),
        ..service.clone()
    }
}

/// What a new task needs; what ECS worked out for the revision before holds for the next one too.
fn needs(bases: &[Base], plan: &Plan, index: usize) -> TaskNeeds {
    let (which, _) = plan.updates[index];
    let base = bases[which].definition.as_value();
    match &plan.definitions[which] {
        DefinitionPlan::Existing { document, .. } => TaskNeeds::of(document),
        DefinitionPlan::Register { body, .. } => TaskNeeds::of(body).with_attributes_of(base, body),
    }
}

fn say(run: &mut Run, service: &Service, forecast: &Forecast, several: bool) {
    let name = if several {
        format!(" for `{}`", service.name)
    } else {
        String::new()
    };
    let lines = forecast_lines(forecast);
    for (index, line) in lines.shown.iter().enumerate() {
        run.console.line(&if index == 0 {
            format!("forecast{name}: {line}")
        } else {
            line.to_owned()
        });
    }
    if !lines.folded.is_empty() {
        run.console
            .group(&format!("{} more instances", lines.folded.len()));
        for line in &lines.folded {
            run.console.line(line);
        }
        run.console.end_group();
    }
}

/// The end of a dry run: nothing was changed.
pub(super) fn planned(
    run: &mut Run,
    request: &Request,
    found: &Images<'_>,
    outlook: &Outlook,
) -> Result<(), Failure> {
    if let Images::ToBuild(job) = found {
        run.console.line(&format!(
            "image: {} would be built and pushed",
            job.reference()
        ));
        run.report.image = Some(ImageReport {
            reference: job.reference(),
            tag: job.tag().to_owned(),
            platform: job.platform().to_string(),
            ..ImageReport::default()
        });
    }
    if request.strict && !outlook.blocked.is_empty() {
        return Err(outlook.blocked(run));
    }
    for service in &mut run.report.services {
        service.outcome = Some(Outcome::Planned);
        service.reason = service
            .forecast
            .as_ref()
            .map(wording::headline)
            .unwrap_or_default();
    }
    run.report.outcome = Some(Outcome::Planned);
    run.report.reason = match outlook.blocked.first() {
        Some((_, why)) => format!("nothing was changed; as it stands, {why}"),
        None => "nothing was changed: this is what a run without `dry-run` would do".to_owned(),
    };
    Ok(())
}
