"""The page of rights says what the code asks."""

from __future__ import annotations

from accounts.management.commands.permissions import COLUMN_WORDS, page
from accounts.permissions import COLUMNS
from tests.architecture.source import ROOT


def test_the_page_is_what_the_command_prints() -> None:
    """Regenerate with `manage.py permissions > docs/reference/permissions.md`."""
    assert (ROOT / "docs/reference/permissions.md").read_text(encoding="utf-8") == page()


def test_every_column_is_explained() -> None:
    assert set(COLUMN_WORDS) == set(COLUMNS)
