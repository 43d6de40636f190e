"""Holds recorded exchanges with the stand-in against AWS's own model.

    python check.py FOLDER

The folder is what the tests wrote with PLIMSOLL_EXCHANGES (see record.rs)."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore

import answers
import sent
from aws import Aws
from exceptions import Excused

# What is wrong in a hundred ways is shown in this many.
PROBLEMS_SHOWN = 60

ITEM = re.compile(r"\[\d+\]")


@dataclass
class Tally:
    """What was held, and what was found."""

    answers: int = 0
    requests: int = 0
    answered: set[str] = field(default_factory=set)
    excused: Excused = field(default_factory=Excused)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, problem: str, example: str) -> None:
        # Which item of a list it is about makes no other problem of it.
        line = f"{what}: {ITEM.sub('[]', problem)}"
        self.problems[line] += 1
        self.examples.setdefault(line, example)


def check(folder: Path) -> Tally:
    """Holds all that the folder has."""
    aws, tally = Aws(), Tally()
    for path in sorted(folder.glob("exchange-*.json")):
        hold(aws, json.loads(path.read_text()), tally, path.name)
    known = operations(folder)
    if not known:
        tally.note(str(folder), "it names no operation that the stand-in knows", "operations.json")
    for action in sorted(known - tally.answered):
        tally.note(action, "the stand-in knows it, and no recorded exchange answers it", "operations.json")
    for one in tally.excused.idle():
        tally.note(one.action, f"nothing needs the exception {one.problem!r} any more", "exceptions.py")
    if not (tally.answers and tally.requests):
        tally.note(str(folder), "no answers or no requests were recorded there", "record.rs")
    return tally


def hold(aws: Aws, exchange: dict[str, Any], tally: Tally, example: str) -> None:
    """Holds one exchange."""
    request, answer = exchange["request"], exchange["answer"]
    known = aws.asked(request["headers"], request["body"])
    if known is None:
        if exchange["by"] == "plimsoll":
            tally.note("request", f"AWS has no such operation: {request['headers']}", example)
        return
    if exchange["by"] == "plimsoll":
        tally.requests += 1
        found(tally, f"request of {known.action}", sent.check(known, request), example)
    # The connection may be lost before anything is answered.
    if answer["status"] != 0:
        tally.answers += 1
        found(tally, f"answer to {known.action}", answers.check(known, answer), example)
    if answer["status"] == 200:
        tally.answered.add(known.action)


def found(tally: Tally, what: str, problems: Iterator[str], example: str) -> None:
    action = what.split()[-1]
    for problem in problems:
        if not tally.excused.holds(action, problem):
            tally.note(what, problem, example)


def operations(folder: Path) -> set[str]:
    """The operations that the stand-in knows, in IAM's words."""
    path = folder / "operations.json"
    return set(json.loads(path.read_text())) if path.exists() else set()


def main(folder: Path) -> int:
    tally = check(folder)
    for line, number in tally.problems.most_common(PROBLEMS_SHOWN):
        print(f"{line} ({number}x, {tally.examples[line]})")
    held = f"{tally.answers} answers of {len(tally.answered)} operations, {tally.requests} requests"
    print(f"held against AWS's model (botocore {botocore.__version__}): {held}; problems: {len(tally.problems)}")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
