"""Every setting, fact, provider and due kind is explained in the documentation."""

from __future__ import annotations

import re

from integrations.kinds import USUAL_KINDS, WEBHOOK_KINDS
from tests.architecture.source import ROOT, files
from tools import reference

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


def test_every_event_of_webhooks_is_listed_with_what_it_tells() -> None:
    """Regenerate with `make docs-generate`; the process owners' book names those that are ticked at first."""
    page = (ROOT / "docs/reference/webhook-events.md").read_text(encoding="utf-8")
    assert page == reference.webhook_events()
    assert set(WEBHOOK_KINDS) == set(re.findall(r"^\| `(incident\.[a-z_]+)`", page, re.M))
    book = (ROOT / "docs/process-owners/webhooks.md").read_text(encoding="utf-8")
    ticked = re.search(r"The usual ones are ticked: ([^.]+)\.", book)
    assert ticked
    assert " ".join(ticked[1].split()) == ", ".join(WEBHOOK_KINDS[kind].lower() for kind in USUAL_KINDS)


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
