"""`manage.py demo --play`: a visitor watches an incident go by, in the demo that runs (ADM-10)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.actors import person
from core import worker
from core.models import AuditEntry
from incidents.commands import lifecycle
from incidents.models import Incident
from portal.demo import history, live, organisation
from portal.demo.organisation import Organisation
from portal.demo.plays import fresh
from tests import world


@pytest.fixture
def fernhill(db: None, settings: Any, tmp_path: Any) -> Organisation:
    settings.MAIL_DIR = tmp_path
    settings.EMAIL_URL = ""
    for rank in range(1, 6):
        world.priority(rank)
    return organisation.build()


def running(seconds: float) -> None:
    """The portal of the demo, as far as the play waits for it."""
    worker.drain()


def test_it_goes_from_the_alert_to_the_end(fernhill: Organisation) -> None:
    said: list[str] = []
    incident = live.play(fernhill, said.append, running)
    assert incident.status == "resolved"
    assert incident.peak_priority.rank == 1
    assert incident.entries.filter(kind="note").count() == 6
    assert said[0] == f"Open /incidents/{incident.number}/ in the demo and watch.", "the port may be of another shell"
    assert said[-1] == "Resolved."
    assert not any(sentence.startswith("Left out") for sentence in said)


def test_a_visitor_who_resolves_it_first_does_not_end_the_play(fernhill: Organisation) -> None:
    said: list[str] = []

    def meddling(seconds: float) -> None:
        running(seconds)
        found = Incident.objects.filter(status="identified").first()
        if found is not None:
            lifecycle.resolve(person(fernhill.people["Priya Raman"]), fresh(found), resolution="Seen enough.")

    assert live.play(fernhill, said.append, meddling).resolution == "Seen enough."
    assert any(sentence.startswith("Left out: This incident is resolved") for sentence in said)


def test_without_a_running_portal_it_says_what_to_do(fernhill: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.1)
    monkeypatch.setattr(history, "is_told", lambda: True)
    before = AuditEntry.objects.count()
    with pytest.raises(CommandError, match="start it with `make demo`"):
        call_command("demo", "--play", stdout=io.StringIO())
    assert AuditEntry.objects.count() == before, "no tokens are made anew"


def test_without_a_demo_it_says_so(db: None) -> None:
    world.build()
    with pytest.raises(CommandError, match="no demo in this data directory"):
        call_command("demo", "--play", stdout=io.StringIO())
