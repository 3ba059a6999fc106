"""`manage.py config` and what stands already: who comes back is named, and a change costs the same among many."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext

from accounts.actors import system
from accounts.commands import users
from accounts.models import User
from core.config import applying, plan, reading
from core.models import AuditEntry
from incidents.models import EventRule
from integrations.models import IntegrationKey
from oncall.commands import services
from tests.core.processes import rolled_back
from tests.portal.configs import bring, said, values
from tests.world import World

pytestmark = pytest.mark.django_db
PLAIN: dict[str, dict[str, Any]] = {
    "event_rules": {"field": "summary", "value": "x", "priority": 2},
    "integration_keys": {"kind": "generic"},
}
OTHER: dict[str, dict[str, Any]] = {
    "event_rules": {"value": "y"},
    "integration_keys": {"paths": {"summary": "text"}},
}


def test_somebody_who_has_left_comes_back_in_plain_sight_and_without_the_old_password(world: World) -> None:
    """Di was deactivated on her page and still stands in a file of before; so does a service that was archived."""
    stood = values(plan.export())
    read = said(people=stood["people"], services=stood["services"])
    users.deactivate(system(), world.di)
    services.archive(system(), world.checkout)
    lines = applying.rehearse(system(), read).lines()
    assert "~ people: di@example.org: comes back (was deactivated)" in lines
    assert "~ services: Checkout: comes back (was archived)" in lines
    assert not [line for line in lines if line.startswith("+")]
    bring(read)
    di = User.objects.get(email="di@example.org")
    assert di.is_active
    assert not di.has_usable_password(), "the reset link makes a new one"
    assert AuditEntry.objects.get(verb="user.reactivate").after == {"active": True, "password": "none"}
    assert User.objects.get(email="bo@example.org").has_usable_password(), "who was here all the time keeps it"


@pytest.mark.parametrize("section", ["event_rules", "integration_keys"])
def test_a_change_costs_the_same_however_many_there_are(world: World, section: str) -> None:
    """No rows read again for each change: all of it is one transaction, which holds SQLite's one place to write."""
    bring(_many(section, 1))
    costs = [_cost(section, count) for count in (5, 15, 25)]
    for few, some, many in zip(*costs, strict=True):
        assert many - some == some - few, costs


def _many(section: str, count: int, **more: Any) -> reading.Read:
    said_of = {"service": "Checkout", **PLAIN[section], **more}
    return said(**{section: [deepcopy({"name": f"No {number}", **said_of}) for number in range(count)]})


def _cost(section: str, count: int) -> tuple[int, int]:
    """Queries, and rows made from them, of changing this many of this many."""
    model = {"event_rules": EventRule, "integration_keys": IntegrationKey}[section]
    read: list[Model] = []

    def note(instance: Model, **_: Any) -> None:
        read.append(instance)

    with rolled_back():
        bring(_many(section, count))
        changes = _many(section, count, **OTHER[section])
        post_init.connect(note, sender=model)
        try:
            with CaptureQueriesContext(connection) as queries:
                assert len(bring(changes)) == count
        finally:
            post_init.disconnect(note, sender=model)
    assert read
    return len(queries), len(read)


def test_who_needs_whom_is_read_once_for_the_whole_file(world: World) -> None:
    """Not once for each need: with hundreds of services that alone took half of the time."""
    names = [f"No {number}" for number in range(6)]
    chain = [{"name": name, "team": "Payments", "needs": names[:place]} for place, name in enumerate(names)]
    for changes in (chain, [{**each, "needs": each["needs"][:2]} for each in chain]):
        with CaptureQueriesContext(connection) as queries:
            assert len(bring(said(services=changes))) > 2
        whole = [one["sql"] for one in queries if 'FROM "oncall_servicedependency"' in one["sql"]]
        assert len([sql for sql in whole if sql.startswith("SELECT") and "WHERE" not in sql]) == 1
