//! CloudWatch alarms of a deployment: in ALARM they fail it, unless they were so at its start.

use super::World;
use super::service::Rollout;

const REASON: &str = "Service deployment rolled back because an alarm was detected.";
const STOPPED: &str = "Service deployment stopped because an alarm was detected.";

impl World {
    /// An alarm of the account goes off, or back to OK.
    pub fn set_alarm(&mut self, name: &str, in_alarm: bool) {
        self.alarms.retain(|one| one != name);
        if in_alarm {
            self.alarms.push(name.to_owned());
        }
    }

    /// Alarms that were in ALARM when the deployment began are ignored for all of it; one is
    /// enough to have all ignored.
    pub(super) fn ignores_alarms(&self, index: usize) -> bool {
        self.ringing(index).next().is_some()
    }

    fn ringing(&self, index: usize) -> impl Iterator<Item = &String> {
        let configured = self.services[index].configuration.alarms.as_ref();
        let watched = configured.filter(|alarms| alarms.enable);
        let names = watched.into_iter().flat_map(|alarms| &alarms.names);
        names.filter(|name| self.alarms.contains(name))
    }

    pub(super) fn check_alarms(&mut self, index: usize) {
        let triggered: Vec<String> = self.ringing(index).cloned().collect();
        let service = &mut self.services[index];
        let Some(primary) = service.deployments.first() else {
            return;
        };
        let arn = primary.service_deployment.clone();
        let underway = primary.rollout == Rollout::InProgress && !primary.is_rollback;
        let record = service
            .service_deployments
            .iter_mut()
            .find(|one| one.arn == arn);
        let watches = record.is_some_and(|record| {
            let heeded = underway && !record.alarms_ignored && !triggered.is_empty();
            if heeded {
                record.triggered_alarms = triggered;
            }
            heeded
        });
        if watches {
            self.alarm_detected(index);
        }
    }

    /// A CloudWatch alarm of the service's deployment went off, whatever the service watches: it
    /// is rolled back.
    pub fn alarm(&mut self, cluster: &str, name: &str) {
        let found = self
            .services
            .iter()
            .position(|one| one.cluster == cluster && one.name == name);
        let Some(index) = found else { return };
        let first = self.services[index].deployments.first();
        if first.is_some_and(|first| first.rollout == Rollout::InProgress) {
            self.alarm_detected(index);
        }
    }

    fn alarm_detected(&mut self, index: usize) {
        let service = &self.services[index];
        let primary = &service.deployments[0];
        let (id, arn) = (primary.id.clone(), primary.service_deployment.clone());
        let stays = service
            .configuration
            .alarms
            .as_ref()
            .is_some_and(|alarms| alarms.enable && !alarms.rollback);
        self.say(
            index,
            &format!("(deployment {id}) deployment failed: alarm detected."),
        );
        if stays {
            self.fail_primary(
                index,
                &format!("ECS deployment {id} failed: alarm detected."),
            );
            self.end_record(index, &arn, ("STOPPED", STOPPED));
        } else {
            self.roll_back(index, REASON);
        }
    }
}
