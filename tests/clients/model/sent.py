"""Holds a request of Plimsoll's against AWS's model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from answers import TIMES
from aws import Known, fields
from forms import from_form
from values import hold


def check(known: Known, request: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the request."""
    shape, body = known.model.input_shape, request["body"]
    if known.protocol == "json":
        parameters = json.loads(body)
    else:
        form = {name: text for name, text in fields(body).items() if name not in ("Action", "Version")}
        parameters = from_form(shape, form, known.protocol) if shape else form
    if shape is None:
        yield from [f"it holds {sorted(parameters)}, and the operation takes nothing"] if parameters else []
        return
    yield from hold(shape, parameters, known.model.name, TIMES[known.protocol])
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        yield from (f"botocore refuses it: {line}" for line in report.generate_report().splitlines())
        return
    yield from _as_botocore_writes_it(known, request, parameters)


def _as_botocore_writes_it(
    known: Known, request: dict[str, Any], parameters: dict[str, Any]
) -> Iterator[str]:
    """The same parameters, written by botocore, must be the same members under the same headers."""
    serializer = create_serializer(known.protocol, include_validation=False)
    written = serializer.serialize_to_request(parameters, known.model)
    if known.protocol == "json":
        ours, theirs = leaves(json.loads(request["body"])), leaves(json.loads(written["body"]))
    else:
        ours, theirs = set(fields(request["body"])), set(written["body"])
    for name in sorted(ours ^ theirs):
        who = "we send" if name in ours else "botocore sends"
        yield f"{name} is what {who} alone"
    for name in ("X-Amz-Target", "Content-Type"):
        given = request["headers"].get(name.lower(), "").partition(";")[0]
        wanted = written["headers"].get(name, "").partition(";")[0]
        if given != wanted:
            yield f"its {name} is {given!r}, not {wanted!r}"


def leaves(value: Any, path: str = "") -> set[str]:
    """The paths of all that holds nothing else."""
    if isinstance(value, dict) and value:
        return set().union(*(leaves(item, f"{path}.{name}") for name, item in value.items()))
    if isinstance(value, list) and value:
        return set().union(*(leaves(item, f"{path}[{index}]") for index, item in enumerate(value)))
    return {path}
