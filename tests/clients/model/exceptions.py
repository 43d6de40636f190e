"""What AWS does and its model doesn't have. Each line must still be needed."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Excuse:
    action: str
    problem: str
    why: str


# An action in IAM's words, what is found (a regular expression), and why that is right.
LIST = (
    Excuse(
        "ecs:(Register|Describe|Deregister)TaskDefinition",
        r'\.(zz\w*|x-shared) is no member of |Unknown parameter in .*: "(zz\w*|x-shared)"',
        "members newer than any model, which the stories put into a user's document: they go through unread",
    ),
    Excuse(
        "logs:GetLogEvents",
        r"\.message is no member of \w+Exception",
        "every error of the protocol has a message; the model of Logs leaves it out",
    ),
)


class Excused:
    """Which exceptions were needed."""

    def __init__(self) -> None:
        self.needed: set[Excuse] = set()

    def holds(self, action: str, problem: str) -> bool:
        for one in LIST:
            if re.fullmatch(one.action, action) and re.search(one.problem, problem):
                self.needed.add(one)
                return True
        return False

    def idle(self) -> list[Excuse]:
        return [one for one in LIST if one not in self.needed]
