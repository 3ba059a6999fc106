"""A resolve is taken back in the moment in which another alert of the group arrives (O36)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actors import integration
from incidents.commands import lifecycle, undoing
from incidents.commands.alerts import ingest
from incidents.models import Alert, Incident
from tests.incidents.test_concurrency import send, together
from tests.world import World, acts, build, priority

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    for rank in range(1, 6):
        priority(rank)
    return build()


@pytest.mark.parametrize("repetition", range(5))
def test_o36_one_open_incident_has_the_group_whoever_comes_first(world: World, repetition: int) -> None:
    """Bo's Undo gets the group back, or leaves it to the new incident; neither of the two fails."""
    actor = integration("Events", world.checkout.pk)
    send(world.checkout.pk, "web1", tool_group="g")
    ingest(actor, Alert.objects.get())
    lifecycle.resolve(acts(world.bo), Incident.objects.get())
    send(world.checkout.pk, "web2", tool_group="g")
    later, resolved = Alert.objects.get(key="web2"), Incident.objects.get()

    def act(place: int) -> Any:
        return ingest(actor, later) if place else undoing.undo_resolve(acts(world.bo), resolved)

    assert all(isinstance(each, Incident) for each in together(2, act))
    assert Incident.objects.open().exclude(group_key="").count() == 1
    assert Alert.objects.filter(state="open", incident__isnull=False).count() == 2
