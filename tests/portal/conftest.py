"""What the tests of the portal share."""

from __future__ import annotations

import pytest

from accounts.actors import system
from accounts.commands import organisation as organisations
from incidents.commands import config as rules
from incidents.models import Priority
from integrations.commands import heartbeats, keys, webhooks
from integrations.kinds import USUAL_KINDS
from integrations.models import OwnService
from oncall.commands import services
from tests import world as w
from tests.world import World


@pytest.fixture
def set_up(world: World) -> World:
    """The world with one of everything that can be set up."""
    actor = system()
    organisations.edit_organisation(actor, name="Northwind ☂", time_zone="Europe/Berlin")
    turns = w.schedule("Search turns", world.search, world.di, world.bo, time_zone="America/New_York")
    second = w.policy("Search on call", world.search, [turns, world.di], [world.bo], repeats=1)
    search = w.service("search", world.search, policy=second, description="Finds things:\n- fast\n- “well”\n")
    w.service("Bare", world.payments, customer_facing=True, ack_timeout_minutes=45)
    services.edit(actor, world.checkout, needs=[search.pk])
    rules.edit_priority(actor, Priority.objects.get(rank=2), name="No", definition="yes", ack_timeout_minutes=17)
    for value in ("disk", "cpu"):
        rules.create_rule(actor, service=search, name="Twice", field="summary", value=value, priority=w.priority(4))
    rules.create_rule(actor, service=None, name="07:30", field="details.job", operator="exists", informational=True)
    rules.set_grouping(actor, search, mode="fields", fields=["component", "details.zone"])
    keys.issue(actor, search, kind="generic", name="null", paths={"summary": "alert.text", "informational": True})
    keys.issue(actor, search)
    keys.issue(actor, search)
    row, _ = heartbeats.create(actor, search, name="backup", interval_seconds=3600)
    heartbeats.pause(actor, row)
    shown, _ = webhooks.create(
        actor, world.search, name="Chat", url="https://hooks.example.org/x", kinds=USUAL_KINDS[:2], services=[search]
    )
    webhooks.pause(actor, shown)
    OwnService.objects.create(pk=1, service=w.service("Watchbill", world.payments))
    return world
