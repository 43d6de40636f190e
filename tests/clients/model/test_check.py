"""The check finds what is wrong: exchanges that are right, each then made wrong in one way."""

from __future__ import annotations

import copy
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import check
from aws import Aws

Json = dict[str, Any]

TARGET = "AmazonEC2ContainerServiceV20141113"
ARN = "arn:aws:ecs:eu-west-1:111122223333:cluster/web"


def json_exchange(operation: str, asked: Json, answered: Json, status: int = 200) -> Json:
    headers = {"content-type": "application/x-amz-json-1.1"}
    return {
        "by": "plimsoll",
        "request": {
            "headers": headers | {"x-amz-target": f"{TARGET}.{operation}"},
            "body": json.dumps(asked),
        },
        "answer": {"status": status, "headers": headers, "body": json.dumps(answered)},
    }


def form_exchange(form: str, xml: str, status: int = 200) -> Json:
    return {
        "by": "plimsoll",
        "request": {
            "headers": {"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
            "body": form,
        },
        "answer": {"status": status, "headers": {"content-type": "text/xml"}, "body": xml},
    }


SERVICE: Json = {
    "serviceName": "api",
    "desiredCount": 2,
    "createdAt": 1795194000.25,
    "enableExecuteCommand": False,
    "launchType": "EC2",
    "deploymentController": {"type": "ECS"},
    "deployments": [{"id": "ecs-svc/1", "rolloutState": "COMPLETED"}],
}
SERVICES = json_exchange(
    "DescribeServices",
    {"cluster": "web", "services": ["api"]},
    {"services": [SERVICE], "failures": []},
)
RUN = json_exchange(
    "RunTask",
    {"cluster": "web", "taskDefinition": "api:1", "count": 1, "launchType": "EC2"},
    {"tasks": [], "failures": []},
)
REFUSED = json_exchange(
    "DescribeServices",
    {"cluster": "web", "services": ["api"]},
    {"__type": "ClusterNotFoundException", "message": "Cluster not found."},
    status=400,
)

GROUP = (
    "<AutoScalingGroupName>a</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>3</MaxSize>"
    "<DesiredCapacity>1</DesiredCapacity><DefaultCooldown>300</DefaultCooldown>"
    "<AvailabilityZones><member>eu-west-1a</member></AvailabilityZones>"
    "<HealthCheckType>EC2</HealthCheckType><CreatedTime>2026-11-20T17:00:00Z</CreatedTime>"
    "<Instances><member><InstanceId>i-1</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone>"
    "<LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>"
    "<ProtectedFromScaleIn>false</ProtectedFromScaleIn></member></Instances>"
)
GROUPS = form_exchange(
    "Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.1=a",
    '<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">'
    f"<DescribeAutoScalingGroupsResult><AutoScalingGroups><member>{GROUP}</member></AutoScalingGroups>"
    "</DescribeAutoScalingGroupsResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
    "</DescribeAutoScalingGroupsResponse>",
)
SUBNETS = form_exchange(
    "Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=subnet-1",
    '<DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>'
    "<subnetSet><item><subnetId>subnet-1</subnetId><state>available</state>"
    "<availableIpAddressCount>9</availableIpAddressCount></item></subnetSet></DescribeSubnetsResponse>",
)
DENIED = form_exchange(
    "Action=DescribeSubnets&Version=2016-11-15&SubnetId.1=subnet-1",
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
    "<RequestID>1</RequestID></Response>",
    status=403,
)
RIGHT = {
    "services": SERVICES,
    "run": RUN,
    "refused": REFUSED,
    "groups": GROUPS,
    "subnets": SUBNETS,
    "denied": DENIED,
}


def problems(exchange: Json) -> list[str]:
    tally = check.Tally()
    check.hold(Aws(), exchange, tally, "here")
    return list(tally.problems)


def changed(exchange: Json, side: str, old: str, new: str) -> Json:
    """The exchange with another text in the body of its request or answer."""
    exchange = copy.deepcopy(exchange)
    body = exchange[side]["body"]
    assert old in body, f"{old} is not in {body}"
    exchange[side]["body"] = body.replace(old, new, 1)
    return exchange


# Exchange, side, what stands there, what stands there instead, what has to be found.
WRONG = [
    # Answers in JSON.
    ("services", "answer", '"serviceName"', '"name"', "services[].name is no member of Service"),
    ("services", "answer", '{"type": "ECS"}', "{}", "deploymentController.type is missing"),
    ("services", "answer", '"COMPLETED"', '"DONE"', "'DONE', which is no word of DeploymentRolloutState"),
    ("services", "answer", '"desiredCount": 2', '"desiredCount": "2"', "desiredCount is no whole number: '2'"),
    ("services", "answer", '"desiredCount": 2', '"desiredCount": 2.5', "desiredCount is no whole number: 2.5"),
    ("services", "answer", '"desiredCount": 2', '"desiredCount": true', "desiredCount is no whole number: True"),
    ("services", "answer", '"desiredCount": 2', '"desiredCount": null', "desiredCount is null"),
    ("services", "answer", '"desiredCount": 2', '"desiredCount": 3000000000', "too large for integer"),
    ("services", "answer", "false", '"false"', "enableExecuteCommand is no boolean: 'false'"),
    ("services", "answer", "1795194000.25", "1795194000250", "createdAt is no time as unixTimestamp"),
    ("services", "answer", "1795194000.25", '"2026-11-20T17:00:00Z"', "createdAt is no time as unixTimestamp"),
    ("services", "answer", '"failures": []', '"failures": {}', "failures is no list"),
    ("services", "answer", '"serviceName": "api"', '"serviceName": 5', "serviceName is no string: 5"),
    ("refused", "answer", "ClusterNotFound", "ClusterMissing", "no error of ecs:DescribeServices"),
    ("refused", "answer", '"message"', '"text"', "text is no member of ClusterNotFoundException"),
    ("services", "answer", '{"services"', '{"services', "its body isn't what json writes"),
    # Answers in XML.
    ("groups", "answer", "<HealthCheckType>EC2</HealthCheckType>", "", "HealthCheckType is missing"),
    ("groups", "answer", "<HealthStatus>Healthy</HealthStatus>", "<Health/>", "<Health> is no member of Instance"),
    ("groups", "answer", "InService", "Serving", "'Serving', which is no word of LifecycleState"),
    ("groups", "answer", "<MinSize>0<", "<MinSize>none<", "MinSize is no whole number: 'none'"),
    ("groups", "answer", "<MinSize>0<", "<MinSize>none<", "botocore can't read it"),
    ("groups", "answer", "2026-11-20T17:00:00Z", "1795194000", "CreatedTime is no time as iso8601"),
    ("groups", "answer", "<member>eu-west-1a</member>", "<item>eu-west-1a</item>", "AvailabilityZones is no list"),
    ("groups", "answer", "<MinSize>0</MinSize>", "<MinSize>0</MinSize><MinSize>1</MinSize>", "<MinSize> is no member"),
    ("groups", "answer", "<MinSize>0</MinSize>", "<MinSize><a/></MinSize>", "MinSize is null"),
    ("groups", "answer", "autoscaling.amazonaws", "scaling.amazonaws", "its namespace is"),
    ("groups", "answer", "</MinSize>", "</MaxSize>", "its body isn't what query writes"),
    ("subnets", "answer", "<requestId>1</requestId>", "", "it has no requestId"),
    ("subnets", "answer", "<state>available</state>", "<zone>a</zone>", "<zone> is no member of Subnet"),
    ("denied", "answer", "UnauthorizedOperation", "Forbidden", "no error of ec2:DescribeSubnets"),
    # Requests.
    ("run", "request", '"count"', '"number"', "RunTask.number is no member of RunTaskRequest"),
    ("run", "request", '"EC2"', '"ec2"', "'ec2', which is no word of LaunchType"),
    ("run", "request", '"count": 1', '"count": "1"', "RunTask.count is no whole number: '1'"),
    ("run", "request", '"taskDefinition": "api:1", ', "", "RunTask.taskDefinition is missing"),
    ("run", "request", '"taskDefinition": "api:1", ', "", "botocore refuses it: Missing required parameter"),
    ("groups", "request", "AutoScalingGroupNames.member.1", "AutoScalingGroupNames.1", "botocore sends alone"),
    ("groups", "request", "AutoScalingGroupNames", "Names", "Names= is no member"),
    ("subnets", "request", "SubnetId.1", "SubnetIds.1", "SubnetIds= is no member of DescribeSubnetsRequest"),
    ("subnets", "request", "Action=DescribeSubnets", "Action=DescribeNets", "AWS has no such operation"),
]


class Wrong(unittest.TestCase):
    def test_what_is_right_holds(self) -> None:
        for name, exchange in RIGHT.items():
            with self.subTest(name):
                self.assertEqual(problems(exchange), [])

    def test_what_is_wrong_is_found(self) -> None:
        for name, side, old, new, wanted in WRONG:
            with self.subTest(name, wanted=wanted):
                found = problems(changed(RIGHT[name], side, old, new))
                self.assertTrue(any(wanted in problem for problem in found), found)

    def test_a_wrong_header_is_found(self) -> None:
        for side, wanted in (("answer", "its content-type is 'text/html'"), ("request", "its Content-Type is")):
            exchange = copy.deepcopy(SERVICES)
            exchange[side]["headers"] = exchange[side]["headers"] | {"content-type": "text/html"}
            self.assertTrue(any(wanted in problem for problem in problems(exchange)))

    def test_a_wrong_status_is_found(self) -> None:
        for name, wanted in (("denied", "AWS documents 403"), ("services", "is no error of")):
            exchange = copy.deepcopy(RIGHT[name])
            exchange["answer"]["status"] = 418
            self.assertTrue(any(wanted in problem for problem in problems(exchange)))


class Folder(unittest.TestCase):
    """What the exchanges must be together."""

    def found(self, exchanges: list[Json], operations: list[str] | None) -> list[str]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for index, exchange in enumerate(exchanges):
                (folder / f"exchange-{index}.json").write_text(json.dumps(exchange))
            if operations is not None:
                (folder / "operations.json").write_text(json.dumps(operations))
            return [line for line in check.check(folder).problems if "exception" not in line]

    def test_recorded_operations_hold(self) -> None:
        self.assertEqual(self.found([SERVICES], ["ecs:DescribeServices"]), [])

    def test_a_check_over_nothing_fails(self) -> None:
        for operations in (None, [], ["ecs:DescribeServices"]):
            self.assertTrue(any("no answers or no requests" in line for line in self.found([], operations)))

    def test_a_check_without_requests_of_plimsolls_fails(self) -> None:
        exchange = SERVICES | {"by": "test"}
        found = self.found([exchange], ["ecs:DescribeServices"])
        self.assertTrue(any("no answers or no requests" in line for line in found), found)

    def test_without_the_stand_ins_operations_it_fails(self) -> None:
        found = self.found([SERVICES], None)
        self.assertTrue(any("names no operation" in line for line in found), found)

    def test_an_operation_without_a_good_answer_is_found(self) -> None:
        found = self.found([SERVICES, RUN | {"answer": REFUSED["answer"]}], ["ecs:RunTask"])
        self.assertTrue(any("ecs:RunTask: the stand-in knows it" in line for line in found), found)

    def test_an_exception_that_nothing_needs_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            found = list(check.check(Path(name)).problems)
        self.assertTrue(any("nothing needs the exception" in line for line in found), found)


if __name__ == "__main__":
    unittest.main()
