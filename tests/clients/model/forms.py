"""What AWS's older protocols write as XML and as forms, as plain values by the model's shapes.

What a shape doesn't have is kept under its own name, so that it is found when the value is held
against the shape."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, Shape, StructureShape

Element = ElementTree.Element


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def from_xml(shape: Shape, element: Element) -> Any:
    """The value that an element holds."""
    if isinstance(shape, StructureShape):
        return _structure(shape, list(element))
    if isinstance(shape, ListShape):
        return _items(shape, list(element))
    if isinstance(shape, MapShape):
        raise NotImplementedError(f"{shape.name} is a map, which no answer has had so far")
    return from_text(shape, element.text or "", leaf=len(element) == 0)


def _structure(shape: StructureShape, children: list[Element]) -> dict[str, Any]:
    names = {_wire_name(name, member): name for name, member in shape.members.items()}
    value: dict[str, Any] = {}
    for child in children:
        name = names.get(local(child))
        # Twice the same member is as wrong as one that isn't known.
        if name is None or name in value:
            value[f"<{local(child)}>"] = child.text
        else:
            value[name] = from_xml(shape.members[name], child)
    return value


def _wire_name(name: str, member: Shape) -> str:
    return member.serialization.get("name", name)


def _items(shape: ListShape, children: list[Element]) -> Any:
    wanted = shape.member.serialization.get("name", "member")
    wrong = [local(child) for child in children if local(child) != wanted]
    return wrong[0] if wrong else [from_xml(shape.member, child) for child in children]


def from_text(shape: Shape, text: str, leaf: bool = True) -> Any:
    """The value that a text stands for; the text itself where it is none of that type."""
    kind = shape.type_name
    if not leaf:
        return None
    if kind in ("integer", "long") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind in ("float", "double") and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def from_form(shape: Shape, fields: dict[str, str], protocol: str) -> Any:
    """The parameters that the fields of a form stand for."""
    if isinstance(shape, StructureShape):
        return _members(shape, fields, protocol)
    if isinstance(shape, ListShape):
        return _numbered(shape, fields, protocol)
    return from_text(shape, fields.get("", ""))


def _members(shape: StructureShape, fields: dict[str, str], protocol: str) -> dict[str, Any]:
    names = {_field(name, member, protocol): (name, member) for name, member in shape.members.items()}
    value: dict[str, Any] = {}
    for head, inner in _by_head(fields).items():
        name, member = names.get(head, (f"{head}=", None))
        value[name] = inner if member is None else from_form(member, inner, protocol)
    return value


def _numbered(shape: ListShape, fields: dict[str, str], protocol: str) -> list[Any]:
    """`Names.member.1`, or `Name.1` in EC2's forms."""
    if protocol == "query" and not shape.serialization.get("flattened"):
        fields = _by_head(fields).get(shape.member.serialization.get("name", "member"), {})
    items = sorted(_by_head(fields).items(), key=lambda item: int(item[0]))
    return [from_form(shape.member, inner, protocol) for _, inner in items]


def _field(name: str, member: Shape, protocol: str) -> str:
    if protocol != "ec2":
        return _wire_name(name, member)
    named = member.serialization.get("queryName")
    if named:
        return named
    name = _wire_name(name, member)
    return name[0].upper() + name[1:]


def _by_head(fields: dict[str, str]) -> dict[str, dict[str, str]]:
    """`a.b` and `a.c` under `a`."""
    heads: dict[str, dict[str, str]] = {}
    for name, text in fields.items():
        head, _, rest = name.partition(".")
        heads.setdefault(head, {})[rest] = text
    return heads
