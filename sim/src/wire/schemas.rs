//! The members of every request that is understood, as in the service models.

use super::Api;
use super::validate::Kind::{Any, Flag, List, Map, Number, OneOf, Text, Texts, TextsOf, Whole};
use super::validate::{Member, may, must};

const CLUSTER: Member = may("cluster", Text);
const NEXT: Member = may("nextToken", Text);
const MOST: Member = may("maxResults", Whole);

const TAGS: Member = may("include", TextsOf(&["TAGS"]));
const OF_INSTANCES: Member = may("include", TextsOf(&["TAGS", "CONTAINER_INSTANCE_HEALTH"]));
const OF_CLUSTERS: Member = may(
    "include",
    TextsOf(&[
        "ATTACHMENTS",
        "CONFIGURATIONS",
        "SETTINGS",
        "STATISTICS",
        "TAGS",
    ]),
);

const GET_SERVICE_QUOTA: &[Member] = &[must("ServiceCode", Text), must("QuotaCode", Text)];

const THRESHOLD: &[Member] = &[
    must(
        "type",
        OneOf(&["BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT"]),
    ),
    must("value", Whole),
];
const BREAKER: &[Member] = &[
    must("enable", Flag),
    must("rollback", Flag),
    may("thresholdConfiguration", Map(THRESHOLD)),
    may("resetOnHealthyTask", Flag),
];
const ALARMS: &[Member] = &[
    must("alarmNames", Texts),
    must("enable", Flag),
    must("rollback", Flag),
];
const HOOK: &[Member] = &[
    may("targetType", OneOf(&["AWS_LAMBDA", "PAUSE"])),
    may("hookTargetArn", Text),
    may("roleArn", Text),
    must("lifecycleStages", Texts),
    may("hookDetails", Any),
    may(
        "timeoutConfiguration",
        Map(&[
            may("timeoutInMinutes", Whole),
            may("action", OneOf(&["CONTINUE", "ROLLBACK"])),
        ]),
    ),
];
const LINEAR: &[Member] = &[
    may("stepPercent", Number),
    may("stepBakeTimeInMinutes", Whole),
];
const CANARY: &[Member] = &[
    may("canaryPercent", Number),
    may("canaryBakeTimeInMinutes", Whole),
];
const EARLY_SUCCESS: &[Member] = &[
    must("enable", Flag),
    may("healthyPercent", Whole),
    may(
        "sourceServiceRevisionCleanup",
        OneOf(&["BLOCKING", "DEFERRED"]),
    ),
];
const DEPLOYMENT: &[Member] = &[
    may("deploymentCircuitBreaker", Map(BREAKER)),
    may("maximumPercent", Whole),
    may("minimumHealthyPercent", Whole),
    may("alarms", Map(ALARMS)),
    may(
        "strategy",
        OneOf(&["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"]),
    ),
    may("bakeTimeInMinutes", Whole),
    may("lifecycleHooks", List(HOOK)),
    may("linearConfiguration", Map(LINEAR)),
    may("canaryConfiguration", Map(CANARY)),
    may("earlySuccessCriteria", Map(EARLY_SUCCESS)),
];
const AWSVPC: &[Member] = &[
    must("subnets", Texts),
    may("securityGroups", Texts),
    may("assignPublicIp", OneOf(&["ENABLED", "DISABLED"])),
];
const STRATEGY_ITEM: &[Member] = &[
    must("capacityProvider", Text),
    may("weight", Whole),
    may("base", Whole),
];
const CONSTRAINT: &[Member] = &[
    may("type", OneOf(&["distinctInstance", "memberOf"])),
    may("expression", Text),
];
const PLACEMENT: &[Member] = &[
    may("type", OneOf(&["random", "spread", "binpack"])),
    may("field", Text),
];
const LOAD_BALANCER: &[Member] = &[
    may("targetGroupArn", Text),
    may("loadBalancerName", Text),
    may("containerName", Text),
    may("containerPort", Whole),
    may("advancedConfiguration", Any),
];
const UPDATE_SERVICE: &[Member] = &[
    CLUSTER,
    must("service", Text),
    may("desiredCount", Whole),
    may("taskDefinition", Text),
    may("capacityProviderStrategy", List(STRATEGY_ITEM)),
    may("deploymentConfiguration", Map(DEPLOYMENT)),
    may(
        "availabilityZoneRebalancing",
        OneOf(&["ENABLED", "DISABLED"]),
    ),
    may(
        "networkConfiguration",
        Map(&[may("awsvpcConfiguration", Map(AWSVPC))]),
    ),
    may("placementConstraints", List(CONSTRAINT)),
    may("placementStrategy", List(PLACEMENT)),
    may("platformVersion", Text),
    may("forceNewDeployment", Flag),
    may("healthCheckGracePeriodSeconds", Whole),
    may("deploymentController", Any),
    may("enableExecuteCommand", Flag),
    may("enableECSManagedTags", Flag),
    may("loadBalancers", List(LOAD_BALANCER)),
    may(
        "propagateTags",
        OneOf(&["TASK_DEFINITION", "SERVICE", "NONE"]),
    ),
    may("serviceRegistries", Any),
    may("serviceConnectConfiguration", Any),
    may("volumeConfigurations", Any),
    may("vpcLatticeConfigurations", Any),
    may("gatewayConnectors", Any),
    may("monitoring", Any),
];
const PAIR: &[Member] = &[may("name", Text), may("value", Text)];
const KEY_VALUE: &[Member] = &[may("key", Text), may("value", Text)];
const TYPED: &[Member] = &[must("value", Text), must("type", Text)];
const CONTAINER_OVERRIDE: &[Member] = &[
    may("name", Text),
    may("command", Texts),
    may("environment", List(PAIR)),
    may("environmentFiles", List(TYPED)),
    may("cpu", Whole),
    may("memory", Whole),
    may("memoryReservation", Whole),
    may("resourceRequirements", List(TYPED)),
];
const OVERRIDES: &[Member] = &[
    may("containerOverrides", List(CONTAINER_OVERRIDE)),
    may("cpu", Text),
    may("inferenceAcceleratorOverrides", Any),
    may("executionRoleArn", Text),
    may("memory", Text),
    may("taskRoleArn", Text),
    may("ephemeralStorage", Map(&[must("sizeInGiB", Whole)])),
];
const RUN_TASK: &[Member] = &[
    may("capacityProviderStrategy", List(STRATEGY_ITEM)),
    CLUSTER,
    may("count", Whole),
    may("enableECSManagedTags", Flag),
    may("enableExecuteCommand", Flag),
    may("group", Text),
    may(
        "launchType",
        OneOf(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]),
    ),
    may(
        "networkConfiguration",
        Map(&[may("awsvpcConfiguration", Map(AWSVPC))]),
    ),
    may("overrides", Map(OVERRIDES)),
    may("placementConstraints", List(CONSTRAINT)),
    may("placementStrategy", List(PLACEMENT)),
    may("platformVersion", Text),
    may(
        "propagateTags",
        OneOf(&["TASK_DEFINITION", "SERVICE", "NONE"]),
    ),
    may("referenceId", Text),
    may("startedBy", Text),
    may("tags", List(KEY_VALUE)),
    must("taskDefinition", Text),
    may("clientToken", Text),
    may("volumeConfigurations", Any),
];
const GET_LOG_EVENTS: &[Member] = &[
    must("logGroupName", Text),
    must("logStreamName", Text),
    may("startTime", Whole),
    may("endTime", Whole),
    NEXT,
    may("limit", Whole),
    may("startFromHead", Flag),
    may("unmask", Flag),
];
const LIST_TASKS: &[Member] = &[
    CLUSTER,
    may("containerInstance", Text),
    may("family", Text),
    NEXT,
    MOST,
    may("startedBy", Text),
    may("serviceName", Text),
    may("desiredStatus", OneOf(&["RUNNING", "PENDING", "STOPPED"])),
    may(
        "launchType",
        OneOf(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]),
    ),
    may("daemonName", Text),
];
const INSTANCE_STATUS: &[&str] = &[
    "ACTIVE",
    "DRAINING",
    "REGISTERING",
    "DEREGISTERING",
    "REGISTRATION_FAILED",
];
const LIST_INSTANCES: &[Member] = &[
    CLUSTER,
    may("filter", Text),
    NEXT,
    MOST,
    may("status", OneOf(INSTANCE_STATUS)),
];
const LIST_DEPLOYMENTS: &[Member] = &[
    must("service", Text),
    CLUSTER,
    may("status", Texts),
    may(
        "createdAt",
        Map(&[may("before", Number), may("after", Number)]),
    ),
    NEXT,
    MOST,
];
const LIST_SERVICES: &[Member] = &[
    CLUSTER,
    NEXT,
    MOST,
    may(
        "launchType",
        OneOf(&["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]),
    ),
    may("schedulingStrategy", OneOf(&["REPLICA", "DAEMON"])),
    may("resourceManagementType", Text),
];

const IMAGE_ID: &[Member] = &[may("imageDigest", Text), may("imageTag", Text)];
const IMAGE_FILTER: &[Member] = &[
    may("tagStatus", OneOf(&["TAGGED", "UNTAGGED", "ANY"])),
    may("imageStatus", Text),
];
const REGISTRY: Member = may("registryId", Text);
const REPOSITORY: Member = must("repositoryName", Text);

/// An operation's name, and its members.
type Known = (&'static str, &'static [Member]);

/// The members of an operation that is asked in JSON; none where the operation is unknown.
pub(super) fn members(api: Api, name: &str) -> Option<&'static [Member]> {
    let known = json(api).iter().find(|known| known.0 == name);
    known.map(|known| known.1)
}

/// Every operation that the stand-in knows.
pub(super) fn operations() -> impl Iterator<Item = (Api, &'static str)> {
    let asked_in_json = APIS.into_iter().flat_map(|api| {
        let known = json(api).iter();
        known.map(move |(name, _)| (api, *name))
    });
    let asked_by_form = APIS.into_iter().flat_map(|api| {
        let known = form(api).iter();
        known.map(move |name| (api, *name))
    });
    asked_in_json.chain(asked_by_form)
}

const APIS: [Api; 8] = [
    Api::Ecs,
    Api::Ecr,
    Api::Sts,
    Api::AutoScaling,
    Api::Ec2,
    Api::Elb,
    Api::Logs,
    Api::Quotas,
];

fn json(api: Api) -> &'static [Known] {
    match api {
        Api::Ecs => ECS,
        Api::Ecr => ECR,
        Api::Quotas => &[("GetServiceQuota", GET_SERVICE_QUOTA)],
        Api::Logs => &[("GetLogEvents", GET_LOG_EVENTS)],
        Api::Sts | Api::AutoScaling | Api::Ec2 | Api::Elb | Api::Unknown => &[],
    }
}

/// The operations that are asked by form. Which fields they take is looked at where they are
/// answered.
pub(super) fn form(api: Api) -> &'static [&'static str] {
    match api {
        Api::Sts => &[
            "GetCallerIdentity",
            "AssumeRole",
            "AssumeRoleWithWebIdentity",
        ],
        Api::AutoScaling => &["DescribeAutoScalingGroups", "DescribeScalingActivities"],
        Api::Ec2 => &[
            "DescribeInstanceTypes",
            "DescribeSubnets",
            "DescribeLaunchTemplateVersions",
        ],
        Api::Elb => &[
            "DescribeTargetHealth",
            "DescribeTargetGroups",
            "DescribeLoadBalancers",
            "DescribeListeners",
        ],
        Api::Ecs | Api::Ecr | Api::Logs | Api::Quotas | Api::Unknown => &[],
    }
}

const ECS: &[Known] = &[
    // A document: what it may hold is looked at where it is registered.
    ("RegisterTaskDefinition", &[may("*", Any)]),
    (
        "DescribeTaskDefinition",
        &[must("taskDefinition", Text), TAGS],
    ),
    ("DeregisterTaskDefinition", &[must("taskDefinition", Text)]),
    ("UpdateService", UPDATE_SERVICE),
    (
        "DescribeServices",
        &[CLUSTER, must("services", Texts), TAGS],
    ),
    ("ListServices", LIST_SERVICES),
    ("RunTask", RUN_TASK),
    ("ListTasks", LIST_TASKS),
    ("DescribeTasks", &[CLUSTER, must("tasks", Texts), TAGS]),
    (
        "StopTask",
        &[CLUSTER, must("task", Text), may("reason", Text)],
    ),
    ("ListContainerInstances", LIST_INSTANCES),
    (
        "DescribeContainerInstances",
        &[CLUSTER, must("containerInstances", Texts), OF_INSTANCES],
    ),
    ("DescribeClusters", &[may("clusters", Texts), OF_CLUSTERS]),
    (
        "DescribeCapacityProviders",
        &[may("capacityProviders", Texts), CLUSTER, TAGS, MOST, NEXT],
    ),
    ("ListServiceDeployments", LIST_DEPLOYMENTS),
    (
        "DescribeServiceDeployments",
        &[must("serviceDeploymentArns", Texts)],
    ),
    (
        "DescribeServiceRevisions",
        &[must("serviceRevisionArns", Texts)],
    ),
    (
        "ContinueServiceDeployment",
        &[
            must("serviceDeploymentArn", Text),
            must("hookId", Text),
            may("action", OneOf(&["CONTINUE", "ROLLBACK"])),
        ],
    ),
    (
        "UpdateTaskProtection",
        &[
            must("cluster", Text),
            must("tasks", Texts),
            must("protectionEnabled", Flag),
            may("expiresInMinutes", Whole),
        ],
    ),
    (
        "GetTaskProtection",
        &[must("cluster", Text), may("tasks", Texts)],
    ),
    (
        "StopServiceDeployment",
        &[
            must("serviceDeploymentArn", Text),
            may("stopType", OneOf(&["ABORT", "ROLLBACK"])),
        ],
    ),
];

const ECR: &[Known] = &[
    ("GetAuthorizationToken", &[may("registryIds", Texts)]),
    (
        "DescribeRepositories",
        &[REGISTRY, may("repositoryNames", Texts), NEXT, MOST],
    ),
    (
        "DescribeImages",
        &[
            REGISTRY,
            REPOSITORY,
            may("imageIds", List(IMAGE_ID)),
            NEXT,
            MOST,
            may("filter", Map(IMAGE_FILTER)),
        ],
    ),
    (
        "BatchGetImage",
        &[
            REGISTRY,
            REPOSITORY,
            must("imageIds", List(IMAGE_ID)),
            may("acceptedMediaTypes", Texts),
        ],
    ),
    (
        "DescribePullThroughCacheRules",
        &[REGISTRY, may("ecrRepositoryPrefixes", Texts), NEXT, MOST],
    ),
    (
        "BatchCheckLayerAvailability",
        &[REGISTRY, REPOSITORY, must("layerDigests", Texts)],
    ),
    (
        "GetDownloadUrlForLayer",
        &[REGISTRY, REPOSITORY, must("layerDigest", Text)],
    ),
];
