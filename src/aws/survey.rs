//! Reading what a forecast rests on. Every read is optional: what can't be had is said in `unread`,
//! and the forecast is the less certain for it.

use std::collections::{BTreeMap, BTreeSet};

use super::autoscaling::DescribedGroup;
use super::tasks::{TASKS, TASKS_PER_CALL, Which};
use super::{AwsError, Missed, OptionalReads, TaskBook, Wanted};
use crate::capacity::{Addresses, Source, TaskNeeds, Unread, interfaces_in_doubt};
use crate::snapshot::{Constraint, Scheduling, Service, Task, TaskStatus};
use crate::survey::Survey;

/// Revisions of running tasks that are read: a service in a rollout has two, rarely three.
const REVISIONS_PER_SERVICE: usize = 5;

/// Auto Scaling groups that are read: a strategy has at most twenty providers.
const GROUPS_MAX: usize = 40;

const INSTANCES: &[&str] = &[
    "ecs:ListContainerInstances",
    "ecs:DescribeContainerInstances",
];
const PROVIDERS: &[&str] = &["ecs:DescribeCapacityProviders"];
const GROUPS: &[&str] = &["autoscaling:DescribeAutoScalingGroups"];
const ACTIVITIES: &[&str] = &["autoscaling:DescribeScalingActivities"];
const TEMPLATES: &[&str] = &["ec2:DescribeLaunchTemplateVersions"];
const TYPES: &[&str] = &["ec2:DescribeInstanceTypes"];
const SUBNETS: &[&str] = &["ec2:DescribeSubnets"];
const QUOTAS: &[&str] = &["servicequotas:GetServiceQuota"];
const DEFINITIONS: &[&str] = &["ecs:DescribeTaskDefinition"];

/// A service and what the tasks that it is to run need.
pub(super) type Party<'a> = (&'a Service, &'a TaskNeeds);

impl OptionalReads {
    /// Reads `cluster` as far as it bears on the rollouts of `parties`. `own` are the tasks of these
    /// services where they were read already.
    pub async fn survey(
        &self,
        cluster: &str,
        parties: &[Party<'_>],
        own: Option<Vec<Task>>,
    ) -> Survey {
        let mut survey = Survey::default();
        if parties.iter().any(|(service, _)| !is_fargate(service)) {
            let read = self.aws.instances(cluster);
            let instances = self
                .survey_part(&mut survey, Source::Instances, INSTANCES, read)
                .await;
            survey.instances = instances.unwrap_or_default();
        }
        let own = match own {
            Some(own) => Some(own),
            None => {
                let read = self.own_tasks(cluster, parties);
                self.survey_part(&mut survey, Source::Tasks, TASKS, read)
                    .await
            }
        };
        survey.tasks = own.unwrap_or_default();
        survey
            .tasks
            .retain(|task| task.last_status != TaskStatus::Stopped);
        self.survey_providers(&mut survey, parties).await;
        self.survey_types(&mut survey, parties).await;
        self.survey_others(&mut survey, cluster, parties).await;
        for (service, needs) in parties {
            self.survey_constraints(&mut survey, service, &needs.constraints)
                .await;
        }
        self.survey_subnets(&mut survey, parties).await;
        self.survey_quotas(&mut survey, parties).await;
        self.survey_old_needs(&mut survey, parties).await;
        survey
    }

    /// The value of a read; what can't be had is noted.
    fn survey_part<T>(
        &self,
        survey: &mut Survey,
        what: Source,
        actions: &[&'static str],
        read: impl Future<Output = Result<T, AwsError>>,
    ) -> impl Future<Output = Option<T>> {
        let read = self.ask(actions, read);
        async move {
            let missed = match read.await {
                Ok(value) => return Some(value),
                Err(missed) => missed,
            };
            note(survey, what, &missed);
            None
        }
    }

    /// The tasks of the services, those that are on their way down included.
    async fn own_tasks(&self, cluster: &str, parties: &[Party<'_>]) -> Result<Vec<Task>, AwsError> {
        let wanted = parties.iter().map(|(service, _)| Wanted {
            service: &service.name,
            listed: true,
        });
        let wanted: Vec<Wanted<'_>> = wanted.collect();
        let own = TaskBook::default()
            .read(&self.aws, cluster, &wanted)
            .await?;
        Ok(own.into_iter().flatten().collect())
    }

    /// The tasks of others, on the instances where it is in doubt whether they leave an interface
    /// free. All else that they hold shows in what the instances have left.
    async fn survey_others(&self, survey: &mut Survey, cluster: &str, parties: &[Party<'_>]) {
        let wanted = parties
            .iter()
            .filter(|(service, needs)| needs.enis > 0 && !is_fargate(service))
            .map(|(service, _)| service.desired.max(1));
        let wanted = wanted.fold(0_u32, u32::saturating_add);
        if wanted == 0 || survey.unread.iter().any(|one| one.what == Source::Tasks) {
            return;
        }
        let limits = &survey.eni_limits;
        let doubtful = interfaces_in_doubt(&survey.instances, &survey.tasks, limits, wanted);
        let read = self.tasks_on(cluster, survey, &doubtful);
        match self.ask(TASKS, read).await {
            Ok(others) => survey.tasks.extend(others),
            Err(missed) => note(survey, Source::Tasks, &missed),
        }
    }

    /// The tasks on these instances, or on all where that takes fewer calls, without those that the
    /// survey has.
    async fn tasks_on(
        &self,
        cluster: &str,
        survey: &Survey,
        instances: &[&str],
    ) -> Result<Vec<Task>, AwsError> {
        let counted = survey
            .instances
            .iter()
            .map(|one| (one.running_tasks + one.pending_tasks) as usize);
        let pages = counted.sum::<usize>().div_ceil(TASKS_PER_CALL) + 1;
        let arns = if instances.len() > pages {
            let all = self
                .aws
                .task_arns(cluster, Which::All, false, pages)
                .await?;
            all.arns
        } else {
            let mut arns = Vec::new();
            for instance in instances {
                let which = Which::Instance(instance);
                arns.extend(self.aws.task_arns(cluster, which, false, pages).await?.arns);
            }
            arns
        };
        let known: BTreeSet<&str> = survey.tasks.iter().map(|task| task.arn.as_str()).collect();
        let new: Vec<String> = arns
            .into_iter()
            .filter(|arn| !known.contains(arn.as_str()))
            .collect();
        self.aws.tasks(cluster, &new).await
    }

    /// The capacity providers of the services, with what is behind them.
    async fn survey_providers(&self, survey: &mut Survey, parties: &[Party<'_>]) {
        let strategies = parties
            .iter()
            .filter(|(service, _)| !is_fargate(service))
            .flat_map(|(service, _)| &service.capacity_providers);
        let names: BTreeSet<String> = strategies.map(|item| item.provider.clone()).collect();
        if names.is_empty() {
            return;
        }
        let names: Vec<String> = names.into_iter().collect();
        let read = self.aws.capacity_providers(&names);
        let providers = self
            .survey_part(survey, Source::CapacityProviders, PROVIDERS, read)
            .await;
        survey.providers = providers.unwrap_or_default();
        self.survey_groups(survey).await;
    }

    /// The Auto Scaling groups that ECS itself scales: whether and with what they may still grow.
    async fn survey_groups(&self, survey: &mut Survey) {
        let scaled = survey
            .providers
            .iter()
            .filter(|provider| provider.managed_scaling);
        let names: BTreeSet<String> = scaled
            .filter_map(|provider| provider.group_name.clone())
            .take(GROUPS_MAX)
            .collect();
        if names.is_empty() {
            return;
        }
        let read = self.aws.scaling_groups(&names);
        let groups = self
            .survey_part(survey, Source::ScalingGroups, GROUPS, read)
            .await;
        for DescribedGroup {
            mut group,
            template,
        } in groups.unwrap_or_default()
        {
            // What a group would launch counts only while it may.
            if group.instance_types.is_empty()
                && group.desired < group.max
                && let Some((id, version)) = template
            {
                let read = self.aws.launch_template_type(&id, &version);
                let named = self
                    .survey_part(survey, Source::InstanceTypes, TEMPLATES, read)
                    .await;
                group.instance_types.extend(named.flatten());
            }
            let read = self.aws.scaling_activities(&group.name);
            let activities = self
                .survey_part(survey, Source::ScalingGroups, ACTIVITIES, read)
                .await;
            group.activities = activities.unwrap_or_default();
            let behind = survey
                .providers
                .iter_mut()
                .filter(|one| one.group_name.as_deref() == Some(group.name.as_str()));
            for provider in behind {
                provider.group = Some(group.clone());
            }
        }
    }

    /// The instance types whose limits count: all where tasks have network interfaces of their own,
    /// else those that a group may launch.
    async fn survey_types(&self, survey: &mut Survey, parties: &[Party<'_>]) {
        let interfaces = parties
            .iter()
            .any(|(service, _)| !is_fargate(service) && service.network.is_some());
        let there = survey
            .instances
            .iter()
            .filter(|_| interfaces)
            .filter_map(|instance| instance.instance_type());
        let groups = survey
            .providers
            .iter()
            .filter_map(|provider| provider.group.as_ref());
        let growing = groups.filter(|group| group.desired < group.max);
        let launched = growing.flat_map(|group| group.instance_types.iter().map(String::as_str));
        let names: BTreeSet<String> = there.chain(launched).map(str::to_owned).collect();
        if names.is_empty() {
            return;
        }
        let (mut types, missing) = self.aws.facts.types(&names);
        if !missing.is_empty() {
            let read = self.aws.instance_types(&missing);
            let read = self.survey_part(survey, Source::InstanceTypes, TYPES, read);
            types.extend(read.await.unwrap_or_default());
        }
        for one in types {
            if let Some(interfaces) = one.interfaces {
                survey.eni_limits.set_interfaces(&one.name, interfaces);
            }
            if let Some(size) = one.size {
                survey.type_sizes.insert(one.name, size);
            }
        }
    }

    /// `memberOf` is evaluated by ECS itself: the instances that match every expression.
    async fn survey_constraints(
        &self,
        survey: &mut Survey,
        service: &Service,
        more: &[Constraint],
    ) {
        for constraint in service.constraints.iter().chain(more) {
            let Constraint::MemberOf(expression) = constraint else {
                continue;
            };
            let read = self.aws.instance_arns(&service.cluster, Some(expression));
            let matching = self
                .survey_part(survey, Source::Constraint, INSTANCES, read)
                .await;
            let Some(arns) = matching else {
                continue;
            };
            let matching: BTreeSet<String> = arns.into_iter().collect();
            let before = survey.member_of.remove(&service.name);
            let both = match before {
                Some(before) => before.intersection(&matching).cloned().collect(),
                None => matching,
            };
            survey.member_of.insert(service.name.clone(), both);
        }
    }

    /// The subnets of the tasks that have network interfaces of their own.
    async fn survey_subnets(&self, survey: &mut Survey, parties: &[Party<'_>]) {
        let subnets_of = |service: &Service| service.network.clone().map(|network| network.subnets);
        let of_all: Vec<(&Service, Vec<String>)> = parties
            .iter()
            .filter_map(|(service, _)| Some((*service, subnets_of(service)?)))
            .filter(|(_, ids)| !ids.is_empty())
            .collect();
        let ids: BTreeSet<&str> = of_all
            .iter()
            .flat_map(|(_, ids)| ids.iter().map(String::as_str))
            .collect();
        if ids.is_empty() {
            return;
        }
        let read = self.aws.subnets(&ids);
        let Some(read) = self
            .survey_part(survey, Source::Subnets, SUBNETS, read)
            .await
        else {
            return;
        };
        for (service, ids) in of_all {
            // One that is missing may have any zone and any number of addresses.
            let Some(own) = ids
                .iter()
                .map(|id| read.get(id))
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            if is_fargate(service) {
                let free = own
                    .iter()
                    .try_fold(0_i64, |sum, one| Some(sum.saturating_add(one.free?)));
                let limits = survey.fargate.entry(service.name.clone()).or_default();
                limits.addresses = free;
            } else {
                let zones = own.iter().map(|one| one.zone.clone()).collect();
                survey.zones.insert(service.name.clone(), zones);
                let counted = own.iter().map(|one| (one.zone.clone(), one.free));
                let known = Addresses::by_zone(counted);
                let known = known.map(|known| (service.name.clone(), known));
                survey.addresses.extend(known);
            }
        }
    }

    /// The account's quota of Fargate's vCPUs, for services that run on one kind of Fargate.
    async fn survey_quotas(&self, survey: &mut Survey, parties: &[Party<'_>]) {
        for spot in [false, true] {
            let concerned = parties
                .iter()
                .filter(|(service, _)| spot_only(service) == Some(spot));
            let names: Vec<String> = concerned.map(|(service, _)| service.name.clone()).collect();
            if names.is_empty() {
                continue;
            }
            let read = self.aws.fargate_quota(spot);
            let Some(quota) = self.survey_part(survey, Source::Quotas, QUOTAS, read).await else {
                continue;
            };
            for name in names {
                survey.fargate.entry(name).or_default().quota = Some(quota);
            }
        }
    }

    /// What the running tasks of the services were started with.
    async fn survey_old_needs(&self, survey: &mut Survey, parties: &[Party<'_>]) {
        let mut revisions = BTreeSet::new();
        for (service, _) in parties {
            let group = format!("service:{}", service.name);
            let running = survey
                .tasks
                .iter()
                .filter(|task| task.group == group)
                .map(|task| task.task_definition.clone());
            let deployed = service
                .deployments
                .iter()
                .map(|deployment| deployment.task_definition.clone());
            let own: BTreeSet<String> = running.chain(deployed).collect();
            revisions.extend(own.into_iter().take(REVISIONS_PER_SERVICE));
        }
        let mut needs = BTreeMap::new();
        for arn in revisions {
            let read = match self.aws.facts.needs(&arn) {
                Some(known) => Some(known),
                None => {
                    let read = self.aws.needs_of(&arn);
                    self.survey_part(survey, Source::TaskDefinitions, DEFINITIONS, read)
                        .await
                }
            };
            needs.extend(read.map(|read| (arn, read)));
        }
        survey.old_needs = needs;
    }
}

/// Whether the service's tasks run on Fargate.
fn is_fargate(service: &Service) -> bool {
    service.scheduling == Scheduling::Replica
        && (service.launch_type.as_deref() == Some("FARGATE")
            || service
                .capacity_providers
                .iter()
                .any(|item| item.provider.starts_with("FARGATE")))
}

/// Whether all of a Fargate service's tasks are on Spot, or all on demand; none where both may be,
/// whose quotas are two.
fn spot_only(service: &Service) -> Option<bool> {
    if !is_fargate(service) {
        return None;
    }
    let on_spot = |provider: &str| provider == "FARGATE_SPOT";
    let mut kinds = service
        .capacity_providers
        .iter()
        .map(|item| on_spot(&item.provider));
    let first = kinds.next().unwrap_or(false);
    kinds.all(|kind| kind == first).then_some(first)
}

/// A note of what could not be read and why.
fn note(survey: &mut Survey, what: Source, missed: &Missed) {
    let error = &missed.error;
    let unread = Unread {
        what,
        action: error.is_denied().then(|| error.action.to_owned()),
        why: error.to_string(),
    };
    // What can't be had for one service can't be had for all: it is named once.
    if !survey.unread.contains(&unread) {
        survey.unread.push(unread);
    }
}
