"""Holds an answer of the stand-in against AWS's model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from botocore.awsrequest import HeadersDict
from botocore.model import Shape
from botocore.parsers import create_parser

from aws import Known
from common import COMMON
from forms import Element, from_xml, local
from values import hold

TIMES = {"json": "unixTimestamp", "query": "iso8601", "ec2": "iso8601"}


def check(known: Known, answer: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the answer to an operation."""
    yield from _type(known, answer)
    try:
        parsed = _parsed(known, answer)
    # Its parsers fail in ways of their own; each of them would end a program that uses boto3.
    except Exception as error:  # noqa: BLE001
        yield f"botocore can't read it: {error}"
        parsed = {}
    try:
        yield from _strictly(known, answer, parsed)
    except (json.JSONDecodeError, ElementTree.ParseError) as error:
        yield f"its body isn't what {known.protocol} writes: {error}"


def _strictly(known: Known, answer: dict[str, Any], parsed: dict[str, Any]) -> Iterator[str]:
    if answer["status"] >= 300:
        yield from _error(known, answer, parsed)
    elif known.protocol == "json":
        yield from _held(known.model.output_shape, json.loads(answer["body"]), known)
    else:
        yield from _xml(known, answer["body"])


def _parsed(known: Known, answer: dict[str, Any]) -> dict[str, Any]:
    """What boto3 makes of it."""
    response = {
        "status_code": answer["status"],
        "headers": HeadersDict(answer["headers"]),
        "body": answer["body"].encode(),
    }
    return create_parser(known.protocol).parse(response, known.model.output_shape)


def _type(known: Known, answer: dict[str, Any]) -> Iterator[str]:
    given = answer["headers"].get("content-type", "").partition(";")[0]
    version = known.service.metadata.get("jsonVersion")
    wanted = f"application/x-amz-json-{version}" if known.protocol == "json" else "text/xml"
    if given != wanted:
        yield f"its content-type is {given!r}, not {wanted!r}"


def _held(shape: Shape | None, value: Any, known: Known) -> Iterator[str]:
    if shape is None:
        if value:
            yield f"it holds {sorted(value)}, and the operation answers nothing"
    else:
        yield from hold(shape, value, known.model.name, TIMES[known.protocol])


def _xml(known: Known, body: str) -> Iterator[str]:
    root = ElementTree.fromstring(body)
    name, shape = known.model.name, known.model.output_shape
    yield from _named(root, f"{name}Response")
    # AWS ends the namespace with a stroke where the model doesn't.
    namespace = root.tag.partition("}")[0].strip("{").rstrip("/")
    if namespace != known.service.metadata["xmlNamespace"].rstrip("/"):
        yield f"its namespace is {namespace}"
    if known.protocol == "ec2":
        value, metadata = _without(root, "requestId")
        yield from [] if metadata is not None else ["it has no requestId"]
    else:
        value, metadata = _without(root, "ResponseMetadata")
        yield from [] if metadata is not None else ["it has no ResponseMetadata"]
        wrapper = shape.serialization.get("resultWrapper") if shape else f"{name}Result"
        if [local(child) for child in value] != [wrapper]:
            yield f"it holds {[local(child) for child in value]}, not one {wrapper}"
            return
        value = value[0]
    yield from _held(shape, from_xml(shape, value) if shape else {}, known)


def _without(root: Element, name: str) -> tuple[Element, Element | None]:
    found = next((child for child in root if local(child) == name), None)
    if found is not None:
        root.remove(found)
    return root, found


def _named(element: Element, name: str) -> Iterator[str]:
    if local(element) != name:
        yield f"its element is {local(element)}, not {name}"


def _error(known: Known, answer: dict[str, Any], parsed: dict[str, Any]) -> Iterator[str]:
    code = parsed.get("Error", {}).get("Code", "")
    shapes = {_code(shape): shape for shape in known.model.error_shapes}
    status = answer["status"]
    if known.protocol == "json":
        members = {name: text for name, text in json.loads(answer["body"]).items() if name != "__type"}
    else:
        root = ElementTree.fromstring(answer["body"])
        yield from _named(root, "Response" if known.protocol == "ec2" else "ErrorResponse")
        members = {}
    if code in shapes:
        yield from _held(shapes[code], members, known)
        wanted = shapes[code].metadata.get("error", {}).get("httpStatusCode")
        if wanted is not None and status != wanted:
            yield f"{code} comes with HTTP {status}, and the model says {wanted}"
        return
    documented = COMMON[known.protocol].get(code)
    if documented is None:
        yield f"{code!r} (HTTP {status}) is no error of {known.action}: {sorted(shapes)}"
    elif status != documented:
        yield f"{code} comes with HTTP {status}, and AWS documents {documented}"


def _code(shape: Shape) -> str:
    return shape.metadata.get("error", {}).get("code", shape.name)
