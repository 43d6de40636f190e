"""Holds the census, what Plimsoll does with each member of AWS's API, against botocore's model.

    python census.py [FOLDER [ROOT]]

FOLDER has one file a service, by botocore's name of it (`ecs.txt`), with a line for each operation,
member of a shape, and word of an enum: its name, what is done with it, and where or why.

    DescribeServices                used     src/aws/ecs.rs
    Deployment.rolloutState         used     src/aws/convert.rs
    DeploymentRolloutState=FAILED   used     src/aws/convert.rs
    Deployment.platformFamily       ignored  the forecast goes by the task definition

`used`: some code under src/ goes by it. `kept`: it is passed on as it is. `ignored`: nothing knows
it. `open`, of all words of an enum (`InstanceType=*`): they are taken as any text. Only what is used
leads on to what it holds."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import botocore
import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DECISIONS = ("used", "kept", "ignored", "open")
# An operation in IAM's words, as src/aws names what it calls.
ACTION = re.compile(r'"([a-z-]+):([A-Z]\w+)"')


@dataclass(frozen=True)
class Line:
    """One line of the census."""

    place: str
    name: str
    decision: str
    rest: str


@dataclass
class Census:
    """What one file says of its service."""

    service: ServiceModel
    lines: dict[str, Line] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def decision(self, name: str) -> str | None:
        """What the census says of something in the model."""
        self.reached.add(name)
        line = self.lines.get(name)
        return line.decision if line else None


@cache
def model(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def read(path: Path) -> Census:
    """The lines of a file; what is wrong with their form is among its problems."""
    census = Census(model(path.stem))
    for number, text in enumerate(path.read_text().splitlines(), 1):
        parts = text.split(maxsplit=2)
        if not parts or text.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        if len(parts) < 3 or parts[1] not in DECISIONS:
            census.problems.append(f"{place}: a line is a name, one of {', '.join(DECISIONS)}, and where or why")
        elif parts[0] in census.lines:
            census.problems.append(f"{place}: {parts[0]} stands there twice")
        elif (parts[1] == "open") != parts[0].endswith("=*"):
            census.problems.append(f"{place}: `open` is for all words of an enum: `{parts[0].partition('=')[0]}=*`")
        else:
            census.lines[parts[0]] = Line(place, *parts)
    return census


def check(census: Census, root: Path) -> list[str]:
    """What is wrong with the census of one service."""
    problems = list(census.problems)
    for name in called(census.service, root):
        census.decision(name)
        if name not in census.lines:
            problems.append(f"{census.service.service_name}: {name} is called in src/aws, and stands in no line")
    for name, line in list(census.lines.items()):
        if is_operation(name) and line.decision == "used":
            problems.extend(operation(census, name))
    for name, line in census.lines.items():
        if name not in census.reached:
            problems.append(f"{line.place}: the model has no {name}, or nothing that is used leads there")
        elif line.decision == "used":
            problems.extend(where(census, line, root))
    return problems


def is_operation(name: str) -> bool:
    return "." not in name and "=" not in name


def sources(root: Path) -> Iterator[tuple[Path, str]]:
    """What src/aws is made of, without its tests: each file, and its text."""
    for path in sorted((root / "src/aws").rglob("*.rs")):
        if path.name != "tests.rs":
            yield path, path.read_text().partition("#[cfg(test)]")[0]


def called(service: ServiceModel, root: Path) -> set[str]:
    """The operations of the service that src/aws names, outside of its tests."""
    found: set[str] = set()
    for _, text in sources(root):
        found |= {name for prefix, name in ACTION.findall(text) if prefix == service.signing_name}
    return found & set(service.operation_names)


def operation(census: Census, name: str) -> Iterator[str]:
    if name not in census.service.operation_names:
        return
    census.reached.add(name)
    shapes = census.service.operation_model(name)
    for shape in (shapes.input_shape, shapes.output_shape):
        if shape is not None:
            yield from walk(census, shape, name)


def walk(census: Census, shape: Shape, way: str) -> Iterator[str]:
    """What of a shape, and of all that is used in it, is in no line."""
    if isinstance(shape, ListShape):
        yield from walk(census, shape.member, way)
    elif isinstance(shape, MapShape):
        yield from walk(census, shape.value, way)
    elif isinstance(shape, StructureShape):
        yield from members(census, shape, way)
    elif shape.metadata.get("enum"):
        yield from words(census, shape, way)


def members(census: Census, shape: StructureShape, way: str) -> Iterator[str]:
    for name, member in shape.members.items():
        full = f"{shape.name}.{name}"
        known = full in census.reached
        decision = census.decision(full)
        if decision is None and not known:
            yield f"{census.service.service_name}: {full} ({member.type_name}, by way of {way}) is in no line"
        if decision == "used" and not known:
            yield from walk(census, member, f"{way} > {full}")


def words(census: Census, shape: Shape, way: str) -> Iterator[str]:
    if census.decision(f"{shape.name}=*") == "open":
        return
    for word in shape.metadata["enum"]:
        full = f"{shape.name}={word}"
        known = full in census.reached
        if census.decision(full) is None and not known:
            yield f"{census.service.service_name}: {full} (by way of {way}) is in no line"


def where(census: Census, line: Line, root: Path) -> Iterator[str]:
    """Each file must be there and name what it is said to use."""
    for name in line.rest.split(", "):
        path = root / name
        if not name.startswith("src/") or not path.is_file():
            yield f"{line.place}: {name} is no file under src/"
        elif not any(spelled in text_words(path) for spelled in spellings(census, line.name)):
            yield f"{line.place}: {name} doesn't name {line.name}"


@cache
def text_words(path: Path) -> frozenset[str]:
    """The words of a file; of `unhealthy.draining` the whole, too."""
    text = path.read_text()
    return frozenset(re.findall(r"\w+", text)) | frozenset(re.findall(r"[\w.-]+\w", text))


def spellings(census: Census, name: str) -> set[str]:
    """How a member or a word may be written: as AWS does, as Rust does, as its XML does."""
    shape, _, member = name.partition(".") if "=" not in name else name.partition("=")
    if not member:
        return {shape, snake(shape)}
    if "=" in name:
        return {member, "".join(part.capitalize() for part in re.split(r"[_.-]", member))} | {camel(member)}
    found = census.service.shape_for(shape).members[member].serialization
    names = {member, found.get("name", member), found.get("queryName", member)}
    rust = {snake(one) for one in names}
    return names | rust | {f"set_{one}" for one in rust} | {camel(one) for one in names}


def camel(name: str) -> str:
    """`distinctInstance` as `DistinctInstance`, as Rust has its variants."""
    return name[:1].upper() + name[1:]


def snake(name: str) -> str:
    """`enableECSManagedTags` as `enable_ecs_managed_tags`."""
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", name)
    return parted.lower()


def unlisted(services: list[ServiceModel], root: Path) -> Iterator[str]:
    """Services that src/aws calls and that have no file."""
    known = {service.signing_name for service in services}
    for path, text in sources(root):
        for prefix, name in ACTION.findall(text):
            if prefix not in known:
                yield f"{path.relative_to(root)}: {prefix}:{name} is called, and its service has no file in the census"


def main(folder: Path, root: Path) -> int:
    all_of_them = [read(path) for path in sorted(folder.glob("*.txt"))]
    problems = [problem for census in all_of_them for problem in check(census, root)]
    problems += sorted(set(unlisted([census.service for census in all_of_them], root)))
    counts = Counter(line.decision for census in all_of_them for line in census.lines.values())
    if not counts["used"]:
        problems.append(f"{folder}: the census is empty")
    print("\n".join(problems), end="\n" if problems else "")
    shown = ", ".join(f"{counts[decision]} {decision}" for decision in DECISIONS)
    print(f"census of AWS's API (botocore {botocore.__version__}): {shown}; problems: {len(problems)}")
    return 1 if problems else 0


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(arguments + [HERE, ROOT][len(arguments):])))
