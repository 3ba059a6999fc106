"""What the auditor finds about private incidents is read by many: it names none of them (S34, G14)."""

from __future__ import annotations

import pytest

from core.health import Finding
from core.models import DueRow
from incidents.models import Incident, Participant
from incidents.queries.health import unanswered, unowned
from notifications.models import Delivery
from oncall.models import Escalation, Page
from oncall.queries.escalations import unattended, unreached
from tests.incidents.conftest import Stage


@pytest.fixture
def forgotten(stage: Stage) -> Incident:
    """INC-1 is private and called Heron; its messages, its next step and its people are lost."""
    stage.fire(summary="Mallory reads the payroll")
    Incident.objects.update(visibility="private", codename="Heron")
    Page.objects.update(failed_at=stage.incident().created_at, handed_at=None)
    Delivery.objects.all().delete()
    DueRow.objects.filter(kind="escalation.step").delete()
    Participant.objects.all().delete()
    stage.at.move(minutes=30)
    return stage.incident()


def findings() -> list[Finding]:
    """What every check says that looks at incidents."""
    return [*unanswered(), *unowned(), *unattended(), *unreached()]


def test_s34_sentences_about_a_private_incident_have_neither_number_nor_name(stage: Stage, forgotten: Incident) -> None:
    found = findings()
    assert {each.thing for each in found} == {"INC-1", "incident:1"}
    assert len(found) == 5
    assert {each.sentence[:19] for each in found} == {"A private incident ", "A private incident:"}
    assert not any(word in each.sentence for each in found for word in ("INC-1", "Heron", "Mallory", "Checkout"))


def test_an_open_one_is_named_in_each_of_them(stage: Stage, forgotten: Incident) -> None:
    Incident.objects.update(visibility="open")
    assert {each.sentence[:5] for each in findings()} == {"INC-1"}
    Escalation.objects.update(state="stopped")
    assert len(findings()) == 2
