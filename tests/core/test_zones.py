"""Which time zones there are to choose from."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.commands import users
from core import zones
from core.errors import Invalid
from oncall.commands import shapes as schedules
from oncall.forms.schedules import ScheduleForm
from tests.world import World, acts


def test_what_is_no_place_is_no_choice() -> None:
    """A browser throws on these names, and their times are nobody's."""
    names = [name for name, _ in zones.zone_choices()]
    assert names == sorted(zones.zone_names())
    assert {"UTC", "Europe/Rome", "America/New_York"} <= set(names)
    assert not {"Factory", "localtime", "posixrules"} & set(names)


def test_a_stored_one_that_is_no_place_is_utc() -> None:
    for name in ("Factory", "localtime", "", "Nowhere/Else"):
        assert zones.zone_of(name) == ZoneInfo("UTC")
    assert zones.zone_of("Europe/Rome") == ZoneInfo("Europe/Rome")


def test_bo_is_offered_and_given_no_such_zone(world: World, browser: Callable[..., Client]) -> None:
    client = browser(world.bo)
    page = client.get("/profile/").content.decode()
    assert 'value="Europe/Rome"' in page
    assert 'value="Factory"' not in page
    assert 'value="localtime"' not in page
    assert client.post("/profile/", {"name": "Bo", "time_zone": "localtime"}).status_code == 400
    with pytest.raises(Invalid):
        users.edit_profile(acts(world.bo), world.bo, time_zone="Factory")


@pytest.mark.parametrize("name", ["Factory", "localtime"])
def test_a_schedule_has_a_real_zone_too(name: str) -> None:
    with pytest.raises(Invalid):
        schedules.time_zone(name)
    assert schedules.time_zone("Europe/Rome") == "Europe/Rome"
    assert name not in dict(ScheduleForm.base_fields["time_zone"].choices)  # type: ignore[attr-defined]
