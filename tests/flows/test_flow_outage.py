"""Five hundred services of one person go down at once, and one P1 of somebody else (F64, F65, G7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from core.clock import FrozenClock
from core.models import DueRow
from incidents.commands.alerts import accept_batch
from incidents.kinds import Normalised
from incidents.models import GroupingRule, Incident
from oncall.models import Service
from tests import world as people
from tests.fakes import Mailbox, drain, run_until
from tests.world import World

pytestmark = pytest.mark.long  # the suite has it with sixty services
SERVICES = 500


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """The mail server of the portal."""
    made = Mailbox()
    settings.EMAIL_URL, settings.OUTBOUND_ALLOW = made.url, ["127.0.0.1"]
    yield made
    made.close()


def down(service: Service) -> Normalised:
    """The service's own alert."""
    return Normalised(service.pk, "trigger", f"down-{service.pk}", summary=f"{service.name} is down", severity="error")


def test_every_incident_is_in_some_mail_and_the_mails_are_few(world: World, mailbox: Mailbox, at: FrozenClock) -> None:
    """F65: the first at once, then a digest a minute; all 500 numbers are named. F64: the other one does not wait."""
    rows = [Service(name=f"Machine {n:03d}", team=world.payments, policy=world.policy) for n in range(SERVICES)]
    machines = Service.objects.bulk_create(rows)
    ladder = people.policy("Search on call", world.search, [world.di])
    canary = people.service("Search", world.search, policy=ladder)
    for service in (*machines, canary):
        GroupingRule.objects.create(service=service, mode="none")
    with transaction.atomic():
        accept_batch([down(service) for service in machines])
        accept_batch([down(canary)])
    drain(20_000)
    assert Incident.objects.count() == SERVICES + 1
    sent_to = [to for recipients in mailbox.recipients for to in recipients]
    assert sorted(sent_to) == [world.bo.email, world.di.email]

    at.move(seconds=61)
    run_until(at, at.at)
    assert len(mailbox.mails) == 3
    at.move(minutes=3)
    run_until(at, at.at)
    named = {number for mail in mailbox.mails for number in re.findall(r"INC-(\d+)", _text(mail))}
    assert named == {str(number) for number in Incident.objects.values_list("number", flat=True)}
    assert len(mailbox.mails) <= 6
    assert not DueRow.objects.filter(state=DueRow.PARKED).exists()


def _text(mail: Any) -> str:
    body = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{body.get_content()}"
