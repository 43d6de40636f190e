//! A report without the secrets that the run knows: the only one that is rendered.
//!
//! Each type is taken apart member by member, so that a new member that holds text can't be
//! forgotten: it doesn't compile until it stands here.

use std::ops::Deref;

use serde_json::Value;

use super::{DefinitionReport, ImageReport, OneOffReport, PendingWrite, Report, ServiceReport};
use crate::capacity::{
    Basis, Blocker, Fit, FixedCapacity, Forecast, ForecastVerdict, HowItFits, InstanceView, Lack,
    MayGrow, Obstacle, Uncertainty, Unread, Unreadable,
};
use crate::cause::{Cause, Remedy};
use crate::redact::Redactor;
use crate::rollout::Sample;
use crate::snapshot::{Container, Task};
use crate::taskdef::Change;

/// A report that may be written for others to read.
#[derive(Clone, Debug)]
pub struct ShownReport(Report);

impl Deref for ShownReport {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

impl Report {
    /// The report with every text in it as `redactor` shows it.
    pub fn shown(&self, redactor: &Redactor) -> ShownReport {
        let mut report = self.clone();
        report.each_text(&mut |text| {
            let shown = redactor.shown(text);
            if shown.as_str() != text {
                *text = shown.into_string();
            }
        });
        ShownReport(report)
    }
}

/// What is done with each text.
type Each<'e> = &'e mut dyn FnMut(&mut String);

trait Texts {
    fn each_text(&mut self, each: Each<'_>);
}

impl Texts for String {
    fn each_text(&mut self, each: Each<'_>) {
        each(self);
    }
}

impl<T: Texts> Texts for Option<T> {
    fn each_text(&mut self, each: Each<'_>) {
        self.iter_mut().for_each(|one| one.each_text(each));
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn each_text(&mut self, each: Each<'_>) {
        self.iter_mut().for_each(|one| one.each_text(each));
    }
}

/// The names of members are ours.
impl Texts for Value {
    fn each_text(&mut self, each: Each<'_>) {
        match self {
            Value::String(text) => each(text),
            Value::Array(items) => items.iter_mut().for_each(|one| one.each_text(each)),
            Value::Object(members) => members.values_mut().for_each(|one| one.each_text(each)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Names the members that hold text, and those that don't.
macro_rules! texts {
    ($($type:ty { $($text:ident),* $(; $($other:ident),*)? })*) => {
        $(impl Texts for $type {
            fn each_text(&mut self, each: Each<'_>) {
                let Self { $($text,)* $($($other: _,)*)? } = self;
                $($text.each_text(each);)*
            }
        })*
    };
}

texts! {
    Report {
        reason, help, pending_write, region, image, definition, one_off, services;
        outcome, title, service_changed, superseded_is_fine, started, finished
    }
    PendingWrite { wanted, before; index, desired }
    ImageReport { reference, digest, tag, platform; built, pushed }
    DefinitionReport { arn, family, changes; revision, registered }
    Change { path, before, after }
    ServiceReport {
        cluster, service, reason, deployment_id, task_definition, forecast, causes, stopped, timeline;
        outcome, changed, said_cause
    }
    OneOffReport {
        cluster, token, task_definition, container, command, reason, task, causes, log;
        outcome
    }
    Forecast {
        verdict, basis, blockers, instances, remedies;
        kind, bounds, needs, left_out
    }
    Fit { how; waves, tightest }
    Unread { action, why; what }
    Blocker { instance, lack; kind, certain }
    InstanceView { id, ec2_instance_id, instance_type, status, why; agent_connected, free, fits }
    Cause { message, clause, evidence, remedies; kind }
    Remedy { text, change, cost; checked }
    Sample { event; at, desired, running, pending, failed, old_running }
    Task {
        arn, task_definition, started_by, group, instance, capacity_provider, launch_type,
        availability_zone, desired_status, stop_code, stopped_reason, containers;
        last_status, health, created, started, stopping, stopped, has_eni, protected, in_service,
        cpu, memory
    }
    Container {
        name, last_status, reason, image, image_digest, addresses;
        exit_code, health, host_ports
    }
}

/// The same for the variants of an enum.
macro_rules! texts_of_variants {
    ($($type:ty {
        $($variant:ident { $($text:ident),* $(; $($other:ident),*)? })*
    })*) => {
        $(impl Texts for $type {
            fn each_text(&mut self, each: Each<'_>) {
                match self {
                    $(Self::$variant { $($text,)* $($($other: _,)*)? } => {
                        $($text.each_text(each);)*
                    })*
                }
            }
        })*
    };
}

texts_of_variants! {
    HowItFits {
        NoTasksWanted {}
        InWaves { ; tasks }
        SecondSet { strategy; tasks }
        OnEachInstance { ; instances }
    }
    Obstacle {
        Percentages {}
        NoInstance {}
        TooLittleRoom { ; room, wanted }
        NoFirstStep {}
        NoFurtherStep { ; stopped, started }
        SecondSet { strategy; wanted, room }
        Daemon { ; short }
        SubnetAddresses { zones; free }
        FargateQuota { ; quota, in_use, users, needed }
        FargateSize { ; asked, next }
    }
    Basis {
        Bounds {}
        FixedCapacity { why }
    }
    FixedCapacity {
        AtMaximum { provider, group; desired, max }
        TaskTooLarge { provider, instance_type; cpu, memory, size }
    }
    MayGrow {
        ProviderUnread { provider }
        OwnCapacity { provider, kind }
        GroupUnread { provider }
        Registering { provider; registered, desired }
        BelowMaximum { provider; desired, max }
    }
    Uncertainty {
        Unread { unread }
        MayGrow { why }
        NoInstances {}
        TasksNotFound { ; tasks }
        NotReady { ; instances }
        Resources { ; instances }
        StoppingTasks { ; instances }
        Interfaces { ; instances }
        Attributes { ; instances }
        Constraints { ; instances }
        OldTasks { ; instances }
        Unsteady { ; tasks }
        Protected { ; tasks }
        Definition { problem }
        Draining { ; tasks }
        Siblings {}
        Addresses { zone; free, starts }
        NoKnownRoom {}
        OrderOfStops {}
        AgentsLost { ; instances }
        NoTaskMayStop {}
        FargateCapacity {}
    }
    Unreadable {
        NoContainers {}
        TaskSize { value; member }
        ContainerSize { value; member }
        Gpus { value }
        HostPort { value }
    }
    Lack {
        Amount { ; needed, free }
        Port { ; port }
        Attribute { name, wanted, there }
        Agent {}
        Status { there }
        CapacityProvider { wanted, there }
        MemberOf {}
        DistinctInstance {}
    }
}

impl Texts for ForecastVerdict {
    fn each_text(&mut self, each: Each<'_>) {
        match self {
            ForecastVerdict::Fits(fit) => fit.each_text(each),
            ForecastVerdict::Blocked(obstacle) => obstacle.each_text(each),
            ForecastVerdict::Unknown(why) => why.each_text(each),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cause::{Cause, CauseKind};
    use crate::redact::Redactor;
    use crate::report::{Report, ServiceReport, json, summary, text};

    #[test]
    fn no_form_of_a_report_holds_a_secret() {
        let secret = "FwoGZ_XIvYXdzEB*YaD";
        let redactor = Redactor::default();
        redactor.learn(secret);
        let cause = Cause {
            kind: CauseKind::Unknown,
            message: format!("AWS says {secret}"),
            clause: Some(secret.to_owned()),
            evidence: vec![format!("the request was {secret}")],
            remedies: Vec::new(),
        };
        let report = Report {
            reason: format!("refused: {secret}"),
            help: vec![secret.to_owned()],
            services: vec![ServiceReport {
                reason: secret.to_owned(),
                causes: vec![cause],
                ..ServiceReport::default()
            }],
            ..Report::default()
        };
        let shown = report.shown(&redactor);
        let forms = [
            json::render(&shown).to_string(),
            summary::render(&shown),
            text::closing(&shown).join("\n"),
        ];
        for form in forms {
            let is_marked = form.contains("***") || form.contains(r"\*\*\*");
            assert!(is_marked, "{form}");
            assert!(!form.contains("FwoGZ"), "{form}");
        }
    }
}
