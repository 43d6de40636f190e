"""Holds plain values against a shape of AWS's model, strictly: botocore's own parsers let pass what
they don't know, and so would never notice it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from aws import pattern

# A time of this century, in seconds: milliseconds are far beyond.
SECONDS = (946_684_800, 4_102_444_800)
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")

Problems = Iterator[str]


def hold(shape: Shape, value: Any, path: str, times: str) -> Problems:
    """What is wrong with a value. `times` is how the protocol writes a time."""
    if value is None:
        yield f"{path} is null"
        return
    yield from CHECKS[shape.type_name](shape, value, path, times)


def _structure(shape: StructureShape, value: Any, path: str, times: str) -> Problems:
    if not isinstance(value, dict):
        yield f"{path} is no structure: {_shown(value)}"
        return
    if getattr(shape, "is_document_type", False):
        return
    for name in value.keys() - shape.members.keys():
        yield f"{path}.{name} is no member of {shape.name}"
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name} is missing, which {shape.name} requires"
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path} must have just one member of {shape.name}: {sorted(value)}"
    for name in value.keys() & shape.members.keys():
        yield from hold(shape.members[name], value[name], f"{path}.{name}", times)


def _list(shape: ListShape, value: Any, path: str, times: str) -> Problems:
    if not isinstance(value, list):
        yield f"{path} is no list: {_shown(value)}"
        return
    yield from _bounds(shape, len(value), path, "its number of items")
    for index, item in enumerate(value):
        yield from hold(shape.member, item, f"{path}[{index}]", times)


def _map(shape: MapShape, value: Any, path: str, times: str) -> Problems:
    if not isinstance(value, dict):
        yield f"{path} is no map: {_shown(value)}"
        return
    for name, item in value.items():
        yield from hold(shape.key, name, f"{path}'s key", times)
        yield from hold(shape.value, item, f"{path}[{name}]", times)


def _string(shape: Shape, value: Any, path: str, times: str) -> Problems:
    if not isinstance(value, str):
        yield f"{path} is no string: {_shown(value)}"
        return
    words = shape.metadata.get("enum")
    if words and value not in words:
        yield f"{path} is {value!r}, which is no word of {shape.name}"
    yield from _bounds(shape, len(value), path, "its length")
    wanted = shape.metadata.get("pattern")
    if wanted and not pattern(wanted).fullmatch(value):
        yield f"{path} is {value!r}, which doesn't match {shape.name}'s pattern {wanted}"


def _whole(shape: Shape, value: Any, path: str, times: str) -> Problems:
    if isinstance(value, bool) or not isinstance(value, int):
        yield f"{path} is no whole number: {_shown(value)}"
        return
    bits = 31 if shape.type_name == "integer" else 63
    if not -(2**bits) <= value < 2**bits:
        yield f"{path} is too large for {shape.type_name}: {value}"
    yield from _bounds(shape, value, path, "it")


def _number(shape: Shape, value: Any, path: str, times: str) -> Problems:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{path} is no number: {_shown(value)}"
        return
    yield from _bounds(shape, value, path, "it")


def _flag(shape: Shape, value: Any, path: str, times: str) -> Problems:
    if not isinstance(value, bool):
        yield f"{path} is no boolean: {_shown(value)}"


def _time(shape: Shape, value: Any, path: str, times: str) -> Problems:
    wanted = shape.serialization.get("timestampFormat", times)
    if wanted == "unixTimestamp":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        right = number and SECONDS[0] <= value < SECONDS[1]
    else:
        right = isinstance(value, str) and ISO_8601.fullmatch(value) is not None
    if not right:
        yield f"{path} is no time as {wanted} writes it: {_shown(value)}"


def _bounds(shape: Shape, size: float, path: str, what: str) -> Problems:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{path}: {what} is {size}, and {shape.name} has {least} at least"
    if most is not None and size > most:
        yield f"{path}: {what} is {size}, and {shape.name} has {most} at most"


def _shown(value: Any) -> str:
    return repr(value)[:80]


CHECKS: dict[str, Callable[[Any, Any, str, str], Problems]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "blob": _string,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "boolean": _flag,
    "timestamp": _time,
}
