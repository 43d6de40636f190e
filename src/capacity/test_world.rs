//! A small cluster to forecast on, put together in a line or two.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::capacity::fit::cluster_index::ClusterIndex;
use crate::capacity::fit::service_placement::ServicePlacement;
use crate::capacity::prove::decide::decide;
use crate::capacity::{
    Addresses, Cluster, Deploy, EniLimits, FargateLimits, Forecast, ForecastVerdict, TaskNeeds,
    TypeSize, Unread, forecast,
};
use crate::snapshot::{
    CapacityProvider, Health, Instance, Resources, Service, Task, TaskStatus, Timestamp,
};

pub(crate) const OLD: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:1";

/// The tables, and types `slots1` to `slots4` with that many slots.
static LIMITS: LazyLock<EniLimits> = LazyLock::new(|| {
    let mut limits = EniLimits::default();
    for slots in 1..=4 {
        limits.set_interfaces(&format!("slots{slots}"), slots + 1);
    }
    limits
});

/// Everything that a forecast reads, owned.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub service: Service,
    pub needs: TaskNeeds,
    pub old_needs: TaskNeeds,
    pub instances: Vec<Instance>,
    pub tasks: Vec<Task>,
    pub providers: Vec<CapacityProvider>,
    pub limits: Cow<'static, EniLimits>,
    pub type_sizes: BTreeMap<String, TypeSize>,
    pub agents_lost: BTreeSet<String>,
    pub unread: Vec<Unread>,
    pub member_of: Option<BTreeSet<String>>,
    pub zones: Option<BTreeSet<String>>,
    pub addresses: Option<BTreeMap<String, Addresses>>,
    pub fargate: Option<FargateLimits>,
}

pub(crate) fn size(cpu: i64, memory: i64) -> TaskNeeds {
    TaskNeeds {
        cpu,
        memory,
        ..TaskNeeds::default()
    }
}

/// A type of instances, and what one of it registers: CPU units and MiB.
#[derive(Clone, Copy)]
pub(crate) struct InstanceType<'a> {
    name: &'a str,
    cpu: i64,
    memory: i64,
}

pub(crate) const fn instance_type(name: &str, cpu: i64, memory: i64) -> InstanceType<'_> {
    InstanceType { name, cpu, memory }
}

impl World {
    pub(crate) fn new(desired: u32, minimum: u32, maximum: u32) -> World {
        let mut service = Service {
            cluster: "web".to_owned(),
            name: "api".to_owned(),
            desired,
            launch_type: Some("EC2".to_owned()),
            task_definition: OLD.to_owned(),
            ..Service::default()
        };
        service.configuration.minimum_healthy_percent = minimum;
        service.configuration.maximum_percent = maximum;
        World {
            service,
            needs: TaskNeeds::default(),
            old_needs: TaskNeeds::default(),
            instances: Vec::new(),
            tasks: Vec::new(),
            providers: Vec::new(),
            limits: Cow::Borrowed(&LIMITS),
            type_sizes: BTreeMap::new(),
            agents_lost: BTreeSet::new(),
            unread: Vec::new(),
            member_of: None,
            zones: None,
            addresses: None,
            fargate: None,
        }
    }

    /// The same needs for the old and the new revision.
    pub(crate) fn of_size(mut self, needs: &TaskNeeds) -> World {
        self.needs = needs.clone();
        self.old_needs = needs.clone();
        self
    }

    /// An instance of this type with `old` tasks of the service on it.
    pub(crate) fn instance(mut self, kind: InstanceType<'_>, old: u32) -> World {
        let id = format!("i{}", self.instances.len() + 1);
        let arn = format!("arn:aws:ecs:eu-west-1:111122223333:container-instance/web/{id}");
        let registered = Resources {
            cpu: Some(kind.cpu),
            memory: Some(kind.memory),
            ..Resources::default()
        };
        let mut remaining = registered.clone();
        let held = i64::from(old);
        remaining.cpu = Some(kind.cpu - held * self.old_needs.cpu);
        remaining.memory = Some(kind.memory - held * self.old_needs.memory);
        if old > 0 {
            remaining.tcp_ports = self.old_needs.tcp_ports.clone();
        }
        let attributes = BTreeMap::from([
            ("ecs.instance-type".to_owned(), Some(kind.name.to_owned())),
            ("ecs.cpu-architecture".to_owned(), Some("x86_64".to_owned())),
        ]);
        self.instances.push(Instance {
            arn,
            ec2_instance_id: Some(format!("i-0{id}")),
            status: "ACTIVE".to_owned(),
            agent_connected: true,
            registered,
            remaining,
            attributes,
            ..Instance::default()
        });
        for _ in 0..old {
            self.add_task("api");
        }
        self
    }

    /// A task of a service on the last instance; its resources are not subtracted.
    pub(crate) fn add_task(&mut self, service: &str) -> &mut Task {
        let instance = self.instances.last_mut().unwrap();
        instance.running_tasks += 1;
        let task = Task {
            arn: format!(
                "arn:aws:ecs:eu-west-1:111122223333:task/web/t{}",
                self.tasks.len()
            ),
            task_definition: OLD.to_owned(),
            started_by: "ecs-svc/1".to_owned(),
            group: format!("service:{service}"),
            instance: Some(instance.arn.clone()),
            capacity_provider: None,
            launch_type: Some("EC2".to_owned()),
            availability_zone: None,
            last_status: TaskStatus::Running,
            desired_status: "RUNNING".to_owned(),
            health: Health::Unknown,
            created: Timestamp(0),
            started: Some(Timestamp(0)),
            stopping: None,
            stopped: None,
            stop_code: None,
            stopped_reason: String::new(),
            has_eni: self.old_needs.enis > 0,
            protected: false,
            in_service: None,
            cpu: None,
            memory: None,
            containers: Vec::new(),
        };
        self.service.running += u32::from(service == "api");
        self.tasks.push(task);
        self.tasks.last_mut().unwrap()
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&Cluster<'_>, &Deploy<'_>) -> T) -> T {
        let old_needs = BTreeMap::from([(OLD.to_owned(), self.old_needs.clone())]);
        let cluster = Cluster {
            instances: &self.instances,
            tasks: &self.tasks,
            providers: &self.providers,
            eni_limits: &self.limits,
            type_sizes: &self.type_sizes,
            agents_lost: &self.agents_lost,
            unread: &self.unread,
        };
        let deploy = Deploy {
            service: &self.service,
            needs: &self.needs,
            old_needs: &old_needs,
            member_of: self.member_of.as_ref(),
            zones: self.zones.as_ref(),
            addresses: self.addresses.as_ref(),
            target: None,
            fargate: self.fargate.as_ref(),
        };
        look(&cluster, &deploy)
    }

    /// The verdict alone.
    pub(crate) fn verdict(&self) -> ForecastVerdict {
        self.with(|cluster, deploy| {
            let index = ClusterIndex::new(*cluster, [deploy.needs]);
            decide(&ServicePlacement::new(&index, deploy)).verdict
        })
    }

    pub(crate) fn forecast(&self) -> Forecast {
        self.with(forecast)
    }
}
