"""The scanner's rules, shown by what they find and what they spare, and the pins of what comes in (A101, A102)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.architecture.source import ROOT, files, short
from tools.sbom import bill, components

RULES = [
    (path, rule)
    for path in sorted((ROOT / "tools/semgrep").glob("*.yml"))
    for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]
]
MOST_EXCEPTIONS = 10


@pytest.mark.parametrize(("path", "rule"), RULES, ids=lambda each: each["id"] if isinstance(each, dict) else "")
def test_every_rule_has_a_bad_and_a_good_example(path: Path, rule: dict[str, object]) -> None:
    """Semgrep passes silently over a rule without examples."""
    examples = [each for each in (ROOT / "tests/semgrep").glob(f"{path.stem}.*") if each.suffix != ".yml"]
    said = "\n".join(each.read_text(encoding="utf-8") for each in examples)
    for mark in ("ruleid", "ok"):
        assert re.search(rf"\b{mark}: {rule['id']}\b", said), f"{short(path)}: {rule['id']} has no “{mark}”"


def test_files_that_rules_pass_over_exist() -> None:
    """An exception for a file that has been renamed would hide the next one of that name."""
    for path, rule in RULES:
        paths = rule.get("paths", {})
        for pattern in paths.get("exclude", []):
            assert list(ROOT.glob(pattern.removeprefix("**/"))), f"{short(path)}: {rule['id']} passes over {pattern}"


def test_exceptions_are_few_and_name_their_rule() -> None:
    """A bare `nosemgrep` or `nosec` would silence every rule there is."""
    known, found = {rule["id"] for _, rule in RULES}, 0
    for path in files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            mark = re.search(r"#\s*(nosemgrep|nosec)\b:?\s*([\w-]*)", line)
            if mark:
                found += 1
                named = mark[2] in known if mark[1] == "nosemgrep" else re.fullmatch(r"B\d+", mark[2])
                assert named, f"{short(path)}:{number} silences every rule"
    assert 0 < found <= MOST_EXCEPTIONS


@pytest.mark.parametrize("name", ["run", "scale", "dev", "scan"])
def test_everything_is_pinned_with_hashes(name: str) -> None:
    """A101: no package, of whatever depth, may come in another version or with other bytes than were looked at."""
    found = components((ROOT / f"requirements/{name}.lock").read_text(encoding="utf-8"))
    assert len(found) > 40
    for each in found:
        assert each["hashes"], each["purl"]


def test_the_bill_of_materials_names_what_the_product_needs() -> None:
    """A101: as CycloneDX, from the lock itself."""
    said = bill()
    names = {each["name"] for each in components((ROOT / "requirements/run.lock").read_text(encoding="utf-8"))}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {re.split(r"[\[~<>=]", each)[0].lower() for each in wanted} <= names
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.5")
