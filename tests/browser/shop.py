"""The demo with a week's past, made once for all files that visit it; its people sign in once."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visit import Visitor, visitor
from tests.canaries import shown_by
from tests.made_once import once
from tools.chaos.portal import Portal
from tools.tour import open_places
from tools.tour_rows import Ids, ids


@dataclass
class Shop:
    """The demo as it runs: its people by role, its rows."""

    portal: Portal
    people: dict[str, dict[str, str]]
    ids: Ids
    _cookies: dict[str, Any] = field(default_factory=dict)

    def paths(self, *, public: bool) -> list[str]:
        """Every address of the tour, before or behind the sign-in."""
        return [path.format(**self.ids) for path in open_places(public=public)]

    @contextlib.contextmanager
    def guest(self, chromium: Browser, role: str, width: int, theme: str = "light", **more: Any) -> Iterator[Visitor]:
        """Somebody of this role, signed in; nobody for "" (a page before the sign-in)."""
        if role and role not in self._cookies:
            with visitor(chromium, self.portal.url, width) as first:
                first.sign_in(self.people[role])
                self._cookies[role] = first.page.context.storage_state()
        more |= {"storage_state": self._cookies[role]} if role else {}
        with visitor(chromium, self.portal.url, width, theme, **more) as guest:
            yield guest


def _filled(folder: Path) -> None:
    card = Portal(folder).manage("demo", "--json", "--days", "7")
    (folder / "card.json").write_text(card)


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo; copy it."""
    return once(tmp_path_factory, "stocked", _filled)


@pytest.fixture(scope="module")
def shop(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A running copy of the demo."""
    with opened(stocked, Path(tmp_path_factory.mktemp("shop"))) as made:
        yield made


@contextlib.contextmanager
def opened(stocked: Path, folder: Path, **settings: str) -> Iterator[Shop]:
    """A running copy of the demo in a folder, with settings of its own."""
    shutil.copytree(stocked / "data", folder / "data")
    card: dict[str, Any] = json.loads((stocked / "card.json").read_text())
    people = {user["role"]: user for user in reversed(card["users"])}
    portal = Portal(folder, **settings)
    portal.start()
    try:
        yield Shop(portal, people, ids(portal, card, people["administrator"]))
    finally:
        portal.stop()
    shown = shown_by(portal.log.read_text(errors="replace"), folder / "data")
    assert not shown, f"{portal.log} shows {shown}"
