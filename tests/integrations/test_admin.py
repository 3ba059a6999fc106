"""Keys and the inbound log in the administration: a kind of tool stands by its name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.actors import system
from integrations.commands import keys
from integrations.models import InboundEvent
from tests.pages import text_of
from tests.world import World

Browser = Callable[..., Client]


@pytest.mark.django_db
def test_a_tool_stands_by_its_name(world: World, browser: Browser) -> None:
    key = keys.issue(system(), world.checkout, kind="alertmanager", name="prod")[0]
    event = InboundEvent.objects.create(service=world.checkout, tool="alertmanager", action="trigger")
    client = browser(world.ada)
    for path in ("integrationkey/", f"integrationkey/{key.pk}/change/", "inboundevent/"):
        assert "Prometheus Alertmanager" in text_of(client.get(f"/admin/integrations/{path}")), path
    assert "Prometheus Alertmanager" in text_of(client.get(f"/admin/integrations/inboundevent/{event.pk}/change/"))


@pytest.mark.django_db
def test_a_tool_that_is_not_there_any_more_stands_as_it_is(world: World, browser: Browser) -> None:
    InboundEvent.objects.create(service=world.checkout, tool="oldtool", action="trigger")
    assert "oldtool" in text_of(browser(world.ada).get("/admin/integrations/inboundevent/"))
