"""Every setting, fact, provider and due kind is explained in the documentation."""

from __future__ import annotations

import re

from tests.architecture.source import ROOT, files

DOCS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))


def test_every_setting_is_in_the_operators_book() -> None:
    text = (ROOT / "portal/settings.py").read_text()
    names = set(re.findall(r'env\.[a-z_]+\("([A-Z_]+)"', text))
    assert len(names) >= 18
    operations = (ROOT / "docs/operations.md").read_text()
    for name in sorted(names - {"STATIC_FROM_SOURCE"}):
        assert f"`WATCHBILL_{name}`" in operations, name


def test_every_fact_is_documented() -> None:
    for path in files():
        for name in re.findall(r'^@fact\("([a-z_.]+)"\)', path.read_text(), re.M):
            assert f"`{name}`" in DOCS, name


def test_every_provider_is_documented() -> None:
    for path in (ROOT / "notifications/providers").glob("*.py"):
        match = re.search(r'^\s+id(?:: [^=]+)? = "([a-z_]+)"', path.read_text(), re.M)
        if match:
            assert f"`{match[1]}`" in DOCS, match[1]


def test_every_decision_is_numbered_and_listed() -> None:
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert records
    index = (ROOT / "docs/decisions/index.md").read_text()
    for number, path in enumerate(records, 1):
        assert path.name.startswith(f"{number:04d}-")
        assert path.name in index


def test_the_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme
