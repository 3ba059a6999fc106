"""An engine at work for the tests of its health and audit: nothing remembered, one administrator."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from core import alarms, auditor, facts, health
from core.clock import FrozenClock
from core.models import Beat


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the checks of `core`, one administrator, nothing remembered from another test."""
    for name in [name for name in health._checks if not name.startswith("core.")]:
        monkeypatch.delitem(health._checks, name)
    monkeypatch.setattr(alarms, "_addresses", [lambda: ["ada@example.org"]])
    for kept in (alarms._remembered, health._banner, health._began, health._ill_since):
        kept.clear()
    alarms._mailed.clear()
    monkeypatch.setattr(facts, "_readers", {})


@pytest.fixture
def well(at: FrozenClock) -> FrozenClock:
    """An engine at work whose auditor has just found nothing."""
    Beat.objects.create(name="worker:host:1", at=at.at)
    auditor.audit_engine()
    return at


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) SELECT count(*) FROM n"


def failing() -> dict[str, str]:
    return {probe["name"]: probe["sentence"] for probe in health.report()["checks"] if not probe["ok"]}


def refuse(*_args: object, **_kwargs: object) -> Any:
    raise OperationalError("gone")
