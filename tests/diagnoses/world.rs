//! A service in the middle of a rollout, to be spoiled by each story.

use std::time::Duration;

use plimsoll::cause::Cause;
use plimsoll::diagnosis::{Evidence, diagnose};
use plimsoll::snapshot::{
    CapacityProvider, Container, Deployment, DeploymentStatus, Event, Health, Instance,
    LoadBalancer, LogTail, Network, RolloutState, ScalingGroup, Service, ServiceDeployment,
    TargetHealth, Task, TaskStatus, Timestamp,
};
use serde_json::{Value, json};

/// When the deployment began. Now is five minutes later.
pub(crate) const BEGAN: Timestamp = Timestamp(1_700_000_000_000);
pub(crate) const OURS: &str = "ecs-svc/2222222222222222222";
pub(crate) const OLD: &str = "ecs-svc/1111111111111111111";
pub(crate) const CLOSEST: &str = "3f4de1c5ffdd4954af7e75b4be0c8841";

pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) tasks: Vec<Task>,
    pub(crate) whole: Option<ServiceDeployment>,
    pub(crate) targets: Vec<TargetHealth>,
    pub(crate) logs: Vec<LogTail>,
    pub(crate) definition: Value,
    pub(crate) instances: Vec<Instance>,
    pub(crate) providers: Vec<CapacityProvider>,
    pub(crate) capacity: Vec<Cause>,
}

impl World {
    /// Three tasks run under the old deployment, none yet under ours; one instance.
    pub(crate) fn new() -> World {
        let service = Service {
            cluster: "arn:aws:ecs:eu-central-1:000000000000:cluster/web".to_owned(),
            name: "api".to_owned(),
            desired: 3,
            running: 3,
            deployments: vec![deployment(OURS, true), deployment(OLD, false)],
            network: Some(Network {
                subnets: vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
                security_groups: vec!["sg-1".to_owned()],
                assign_public_ip: false,
            }),
            load_balancers: vec![LoadBalancer {
                container: "app".to_owned(),
                port: 8080,
                ..LoadBalancer::default()
            }],
            ..Service::default()
        };
        let mut instance = Instance {
            arn: format!("arn:aws:ecs:eu-central-1:000000000000:container-instance/web/{CLOSEST}"),
            status: "ACTIVE".to_owned(),
            agent_connected: true,
            ..Instance::default()
        };
        instance
            .attributes
            .insert("ecs.instance-type".to_owned(), Some("t3.small".to_owned()));
        instance.remaining.tcp_ports = [22, 8080].into();
        World {
            service,
            tasks: Vec::new(),
            whole: None,
            targets: Vec::new(),
            logs: Vec::new(),
            definition: definition(),
            instances: vec![instance],
            providers: Vec::new(),
            capacity: Vec::new(),
        }
    }

    /// An event of our service, so many seconds after the deployment began; newest last.
    pub(crate) fn event(mut self, seconds: i64, text: &str) -> World {
        let message = format!("(service api) {text}");
        let at = Timestamp(BEGAN.0 + seconds * 1_000);
        self.service.events.insert(
            0,
            Event {
                id: format!("e{seconds}"),
                at,
                message,
            },
        );
        self
    }

    /// An event that says so of the closest instance.
    pub(crate) fn closest(self, what: &str) -> World {
        let head =
            "was unable to place a task because no container instance met all of its requirements.";
        let tail = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
        self.event(
            10,
            &format!("{head} The closest matching (container-instance {CLOSEST}) {what}. {tail}"),
        )
    }

    /// An event with a reason behind it.
    pub(crate) fn reason(self, reason: &str) -> World {
        self.event(
            10,
            &format!("was unable to place a task. Reason: {reason}."),
        )
    }

    /// So many tasks of our deployment that stopped like that.
    pub(crate) fn stopped(mut self, number: usize, code: &str, reason: &str) -> World {
        for _ in 0..number {
            let mut task = self.task(TaskStatus::Stopped);
            task.stop_code = Some(code.to_owned());
            task.stopped_reason = reason.to_owned();
            self.tasks.push(task);
        }
        self
    }

    /// So many tasks of our deployment whose container `app` ended like that.
    pub(crate) fn exited(mut self, number: usize, code: i64, reason: &str) -> World {
        for _ in 0..number {
            let mut task = self.task(TaskStatus::Stopped);
            task.stop_code = Some("EssentialContainerExited".to_owned());
            task.stopped_reason = "Essential container in task exited".to_owned();
            task.started = Some(BEGAN);
            task.stopped = Some(BEGAN.plus(Duration::from_secs(3)));
            task.containers = vec![Container {
                name: "app".to_owned(),
                exit_code: Some(code),
                reason: reason.to_owned(),
                image: "000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c".to_owned(),
                ..Container::default()
            }];
            self.tasks.push(task);
        }
        self
    }

    /// A task of our deployment in this state.
    pub(crate) fn task(&self, status: TaskStatus) -> Task {
        Task {
            arn: format!(
                "arn:aws:ecs:eu-central-1:000000000000:task/web/{:032x}",
                self.tasks.len() + 0xa0
            ),
            task_definition: String::new(),
            started_by: OURS.to_owned(),
            group: "service:api".to_owned(),
            instance: None,
            capacity_provider: None,
            launch_type: None,
            availability_zone: None,
            last_status: status,
            desired_status: "RUNNING".to_owned(),
            health: Health::Unknown,
            created: BEGAN,
            started: None,
            stopping: None,
            stopped: None,
            stop_code: None,
            stopped_reason: String::new(),
            has_eni: false,
            protected: false,
            in_service: None,
            cpu: None,
            memory: None,
            containers: Vec::new(),
        }
    }

    pub(crate) fn log(mut self, lines: &[&str]) -> World {
        self.logs.push(LogTail {
            container: "app".to_owned(),
            group: "/ecs/api".to_owned(),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..LogTail::default()
        });
        self
    }

    pub(crate) fn group(mut self, desired: u32, max: u32, activity: Option<&str>) -> World {
        let failed = |text: &str| ("Failed".to_owned(), text.to_owned());
        let group = ScalingGroup {
            name: "web-asg".to_owned(),
            desired,
            max,
            activities: activity.map(failed).into_iter().collect(),
            ..ScalingGroup::default()
        };
        self.providers.push(CapacityProvider {
            name: "web-cp".to_owned(),
            status: "ACTIVE".to_owned(),
            group: Some(group),
            ..CapacityProvider::default()
        });
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut World)) -> World {
        change(&mut self);
        self
    }

    pub(crate) fn causes(&self) -> Vec<Cause> {
        let mut evidence = Evidence::new(&self.service, OURS, BEGAN.plus(Duration::from_secs(300)));
        evidence.tasks = &self.tasks;
        evidence.service_deployment = self.whole.as_ref();
        evidence.targets = &self.targets;
        evidence.logs = &self.logs;
        evidence.definition = Some(&self.definition);
        evidence.instances = &self.instances;
        evidence.providers = &self.providers;
        evidence.capacity = &self.capacity;
        diagnose(&evidence)
    }

    /// The first cause in full, of the others the kind.
    pub(crate) fn told(&self) -> String {
        let causes = self.causes();
        let Some((first, others)) = causes.split_first() else {
            return "no cause".to_owned();
        };
        let mut told = format!("{}: {}", first.kind.as_str(), first.message);
        for line in &first.evidence {
            told.push_str(&format!("\n| {line}"));
        }
        for remedy in first
            .remedies
            .iter()
            .filter(|one| !one.text.starts_with("AWS's page: "))
        {
            let cost = remedy
                .cost
                .as_ref()
                .map(|cost| format!(" [{cost}]"))
                .unwrap_or_default();
            told.push_str(&format!("\n> {}{cost}", remedy.text));
        }
        for other in others {
            told.push_str(&format!("\nthen {}", other.kind.as_str()));
        }
        told
    }
}

fn deployment(id: &str, ours: bool) -> Deployment {
    Deployment {
        id: id.to_owned(),
        status: if ours {
            DeploymentStatus::Primary
        } else {
            DeploymentStatus::Active
        },
        task_definition: String::new(),
        desired: 3,
        pending: 0,
        running: if ours { 0 } else { 3 },
        failed: 0,
        created: if ours {
            BEGAN
        } else {
            Timestamp(BEGAN.0 - 86_400_000)
        },
        updated: BEGAN,
        rollout: Some(RolloutState::InProgress),
        rollout_reason: format!("ECS deployment {id} in progress."),
    }
}

fn definition() -> Value {
    json!({
        "family": "api",
        "cpu": "512",
        "memory": "1024",
        "networkMode": "bridge",
        "executionRoleArn": "arn:aws:iam::000000000000:role/api-execution",
        "taskRoleArn": "arn:aws:iam::000000000000:role/api-task",
        "containerDefinitions": [
            {
                "name": "app",
                "image": "000000000000.dkr.ecr.eu-central-1.amazonaws.com/api:7f3c",
                "memory": 512,
                "portMappings": [{"containerPort": 8080, "hostPort": 8080}],
                "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"]},
                "secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:eu-central-1:000000000000:secret:api-token-a1b2c3:token::"}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": "/ecs/api", "awslogs-region": "eu-central-1"},
                },
            },
            {"name": "agent", "essential": false},
        ],
        "volumes": [{"name": "data", "efsVolumeConfiguration": {"fileSystemId": "fs-0123"}}],
        "requiresAttributes": [
            {"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"},
            {"name": "ecs.capability.execution-role-awslogs"},
        ],
    })
}
