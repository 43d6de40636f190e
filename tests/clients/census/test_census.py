"""The census finds what is missing in it, what is too much, and what isn't so."""

from __future__ import annotations

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import census

LINES = """\
# A census of one operation.
StopServiceDeployment                              used     src/aws/a.rs
StopServiceDeploymentRequest.serviceDeploymentArn  used     src/aws/a.rs, src/b.rs
StopServiceDeploymentRequest.stopType              used     src/aws/a.rs
StopServiceDeploymentStopType=ABORT                ignored  never sent
StopServiceDeploymentStopType=ROLLBACK             used     src/aws/a.rs
StopServiceDeploymentResponse.serviceDeploymentArn ignored  it is the one that was asked for
"""
CODE = {
    "src/aws/a.rs": 'const A: &str = "ecs:StopServiceDeployment"; service_deployment_arn(stop_type(Rollback))\n'
    '#[cfg(test)] mod tests { "ecs:StopTask" }',
    "src/aws/a/tests.rs": '"ecs:StopTask", "iam:PassRole"',
    "src/b.rs": 'get("serviceDeploymentArn")',
}

# What stands in the census, what stands there instead, what has to be found.
WRONG = [
    ("StopServiceDeployment  ", "#", "StopServiceDeployment is called in src/aws, and stands in no line"),
    ("StopServiceDeploymentRequest.stopType", "#", "ecs: StopServiceDeploymentRequest.stopType (string, by way of"),
    ("StopServiceDeploymentStopType=ABORT", "#", "ecs: StopServiceDeploymentStopType=ABORT (by way of"),
    ("StopServiceDeploymentResponse.s", "#", "ecs: StopServiceDeploymentResponse.serviceDeploymentArn (string"),
    ("=ABORT", "=CANCEL", "ecs.txt:5: the model has no StopServiceDeploymentStopType=CANCEL"),
    ("stopType              used     src/aws/a.rs", "stopType kept as it is", "StopType=ABORT, or nothing that is used leads"),
    ("ignored  never sent", "dropped  never sent", "ecs.txt:5: a line is a name, one of used"),
    ("ignored  never sent", "ignored", "ecs.txt:5: a line is a name, one of used"),
    ("ignored  never sent", "open  any text", "ecs.txt:5: `open` is for all words of an enum"),
    ("=ABORT                ignored", "=ROLLBACK ignored", "ecs.txt:6: StopServiceDeploymentStopType=ROLLBACK stands there twice"),
    ("src/b.rs", "src/c.rs", "ecs.txt:3: src/c.rs is no file under src/"),
    ("src/b.rs", "README.md", "ecs.txt:3: README.md is no file under src/"),
    ("stopType              used     src/aws/a.rs", "stopType used src/b.rs", "ecs.txt:4: src/b.rs doesn't name StopServiceDeploymentRequest.stopType"),
    ("=ROLLBACK             used     src/aws/a.rs", "=ROLLBACK used src/b.rs", "src/b.rs doesn't name StopServiceDeploymentStopType=ROLLBACK"),
]


def found(lines: str, code: dict[str, str] = CODE) -> str:
    """What the census says of these lines and this code."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in code.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        folder = root / "census"
        folder.mkdir()
        (folder / "ecs.txt").write_text(lines)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code_of_it = census.main(folder, root)
        last = said.getvalue().splitlines()[-1]
        assert (code_of_it == 0) == last.endswith("problems: 0"), last
        return said.getvalue()


class Wrong(unittest.TestCase):
    def test_a_whole_census_holds(self) -> None:
        self.assertIn("4 used, 0 kept, 2 ignored, 0 open; problems: 0", found(LINES))

    def test_what_is_wrong_is_found(self) -> None:
        for old, new, wanted in WRONG:
            with self.subTest(wanted):
                self.assertIn(old, LINES)
                self.assertIn(wanted, found(LINES.replace(old, new, 1)))

    def test_all_words_of_an_open_enum_are_taken(self) -> None:
        words = [line for line in LINES.splitlines() if "=" not in line]
        open_one = "StopServiceDeploymentStopType=* open any text"
        self.assertIn("problems: 0", found("\n".join([*words, open_one])))

    def test_a_service_without_a_file_is_found(self) -> None:
        code = CODE | {"src/aws/c.rs": '"codedeploy:CreateDeployment"'}
        self.assertIn("codedeploy:CreateDeployment is called, and its service has no file", found(LINES, code))

    def test_an_operation_that_only_tests_name_is_none(self) -> None:
        self.assertNotIn("StopTask", found(LINES))

    def test_an_empty_census_fails(self) -> None:
        self.assertIn("the census is empty", found(""))

    def test_names_are_known_as_rust_writes_them(self) -> None:
        for name, wanted in (
            ("enableECSManagedTags", "enable_ecs_managed_tags"),
            ("privateIpv4Address", "private_ipv4_address"),
            ("VCpuInfo", "v_cpu_info"),
            ("ec2InstanceId", "ec2_instance_id"),
        ):
            self.assertEqual(census.snake(name), wanted)


if __name__ == "__main__":
    unittest.main()
