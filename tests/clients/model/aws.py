"""AWS's own model of its services, as botocore has it: which operation a message is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl

import botocore.session
from botocore.model import OperationModel, ServiceModel

# What Plimsoll calls, and so what the stand-in knows, in botocore's names.
SERVICES = ("ecs", "ecr", "sts", "autoscaling", "ec2", "elbv2", "logs", "service-quotas")


@dataclass(frozen=True)
class Known:
    """One operation."""

    service: ServiceModel
    model: OperationModel

    @property
    def action(self) -> str:
        """As an IAM policy names it: `ecs:DescribeServices`."""
        return f"{self.service.signing_name}:{self.model.name}"

    @property
    def protocol(self) -> str:
        """`json`, `query` or `ec2`."""
        return self.service.metadata["protocol"]


@cache
def services() -> list[ServiceModel]:
    """Read once: EC2's model alone takes a second."""
    session = botocore.session.get_session()
    return [session.get_service_model(name) for name in SERVICES]


class Aws:
    """All operations of the services, by what names them on the wire."""

    def __init__(self) -> None:
        self.by_target: dict[str, ServiceModel] = {}
        self.by_version: dict[str, ServiceModel] = {}
        self.by_prefix: dict[str, ServiceModel] = {}
        for service in services():
            self.by_prefix[service.signing_name] = service
            if "targetPrefix" in service.metadata:
                self.by_target[service.metadata["targetPrefix"]] = service
            else:
                self.by_version[service.api_version] = service

    def asked(self, headers: dict[str, str], body: str) -> Known | None:
        """The operation that a request asks for; none where AWS has no such operation."""
        if target := headers.get("x-amz-target"):
            prefix, _, name = target.rpartition(".")
            return _known(self.by_target.get(prefix), name)
        form = fields(body)
        return _known(self.by_version.get(form.get("Version", "")), form.get("Action", ""))

    def action(self, action: str) -> Known | None:
        """The operation of that name in IAM's words."""
        prefix, _, name = action.partition(":")
        return _known(self.by_prefix.get(prefix), name)


def _known(service: ServiceModel | None, name: str) -> Known | None:
    if service is None or name not in service.operation_names:
        return None
    return Known(service, service.operation_model(name))


def fields(form: str) -> dict[str, str]:
    return dict(parse_qsl(form, keep_blank_values=True))


# Java's classes and pairs of surrogates, in Python's words.
JAVA = {r"\p{L}\p{Z}\p{N}": r"\w\s", r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF"}


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of a model, which is one of Java's."""
    for java, python in JAVA.items():
        text = text.replace(java, python)
    return re.compile(text)
