"""`manage.py config`: what a portal exports, an empty one takes, and then exports the same bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.actors import system
from accounts.models import User
from core.config import applying, plan, reading
from integrations.commands import keys
from integrations.models import IntegrationKey, OutboundWebhook, OwnService
from notifications.models import ContactMethod
from oncall.commands import services
from oncall.models import Service
from tests.core.processes import rolled_back
from tests.portal.configs import bring, empty, said, values
from tests.world import World

pytestmark = pytest.mark.django_db


def test_export_apply_on_an_empty_database_and_export_give_the_same_bytes(set_up: World) -> None:
    first = plan.export()
    empty()
    bring(reading.read(first))
    assert plan.export() == first
    assert applying.rehearse(system(), reading.read(first)).changes == []
    assert OwnService.objects.get().service.name == "Watchbill"
    assert [user.has_usable_password() for user in User.objects.all()] == [False] * 8
    assert ContactMethod.objects.get(user__email="bo@example.org").address == "bo@example.org"


def test_the_file_is_the_same_each_time_and_holds_no_secret(set_up: World) -> None:
    first = plan.export()
    assert plan.export() == first
    assert b"\r" not in first
    text = first.decode()
    for secret in [*IntegrationKey.objects.values_list("digest", flat=True), User.objects.all()[0].password, "argon2"]:
        assert secret not in text
    assert str(OutboundWebhook.objects.get().secret) not in text
    for key in IntegrationKey.objects.all():
        assert f" {key.prefix}" not in text


def test_another_program_reads_what_we_mean(set_up: World) -> None:
    """Names that look like numbers, times or truth are texts to every reader of YAML."""
    found = values(plan.export())
    assert found["priorities"][1]["name"] == "No"
    assert found["event_rules"][0]["name"] == "07:30"
    assert found["integration_keys"][2]["name"] == "null"
    assert found["services"][2]["description"] == "Finds things:\n- fast\n- “well”\n"
    assert list(found) == [
        *("schema", "organisation", "people", "teams", "schedules", "policies", "services", "priorities"),
        *("event_rules", "grouping", "integration_keys", "heartbeats", "webhooks", "own_alarms"),
    ]


names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], max_codepoint=0x1F600), min_size=1, max_size=12
)
unique = st.lists(names, min_size=1, max_size=4, unique_by=lambda name: name.casefold())
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A file that the rules allow, with all sorts of texts."""
    mails = draw(st.lists(st.from_regex(r"[a-z0-9]{1,8}@ex\.org", fullmatch=True), min_size=1, max_size=4, unique=True))
    teams, turns, ladders, owned = (draw(unique) for _ in range(4))
    some = st.lists(st.sampled_from(mails), min_size=1, max_size=3, unique=True)
    return {
        "organisation": {"name": draw(names), "time_zone": draw(st.sampled_from(["UTC", "Asia/Tokyo"]))},
        "people": [{"email": each, "name": draw(names)} for each in mails],
        "teams": [{"name": each, "description": draw(texts), "members": draw(some)} for each in teams],
        "schedules": [
            {"name": each, "team": draw(st.sampled_from(teams)), "anchor": "2026-01-05T09:00", "members": draw(some)}
            for each in turns
        ],
        "policies": [
            {
                "name": each,
                "team": draw(st.sampled_from(teams)),
                "levels": [{"people": draw(some), "schedules": [draw(st.sampled_from(turns))]}],
            }
            for each in ladders
        ],
        "services": [
            {
                "name": each,
                "team": draw(st.sampled_from(teams)),
                "policy": draw(st.sampled_from([None, *ladders])),
                "description": draw(texts),
                "needs": draw(st.lists(st.sampled_from(owned[place + 1 :] or [each]), max_size=2, unique=True))
                if owned[place + 1 :]
                else [],
            }
            for place, each in enumerate(owned)
        ],
        "event_rules": [
            {
                "service": draw(st.sampled_from([None, *owned])),
                "name": draw(names),
                "field": "summary",
                "value": "x",
                "priority": 2,
            }
            for _ in range(draw(st.integers(0, 3)))
        ],
    }


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]  # to make a failure smaller takes minutes


@settings(max_examples=6, deadline=None, phases=UNSHRUNK, suppress_health_check=CHECKS)
@given(content=files())
def test_whatever_is_set_up_goes_there_and_back(content: dict[str, Any], db: None) -> None:
    there_and_back(content)


@pytest.mark.long
@settings(max_examples=100, deadline=None, suppress_health_check=CHECKS)
@given(content=files())
def test_a_hundred_set_ups_go_there_and_back(content: dict[str, Any], db: None) -> None:
    there_and_back(content)


def there_and_back(content: dict[str, Any]) -> None:
    """Set it up, export it, bring the export into an empty portal: the same bytes."""
    with rolled_back():
        empty()
        bring(said(**content))
        first = plan.export()
        assert bring(said(**content)) == []
        empty()
        bring(reading.read(first))
        assert plan.export() == first


def test_keys_with_a_successor_and_archived_services_are_not_part_of_it(set_up: World) -> None:
    actor = system()
    search = Service.objects.get(name="search")
    first = IntegrationKey.objects.get(kind="generic")
    keys.rotate(actor, first, grace=timedelta(hours=1))
    assert len(values(plan.export())["integration_keys"]) == 3
    with transaction.atomic():
        services.archive(actor, search)
    found = values(plan.export())
    assert found["integration_keys"] == found["heartbeats"] == found["grouping"] == []
    assert found["services"][1]["needs"] == []


def test_the_example_of_the_book_can_be_applied(db: None) -> None:
    empty()
    text = (Path(__file__).parents[2] / "docs/config.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert bring(reading.read(example.encode()))
    assert bring(reading.read(example.encode())) == []
    assert bring(reading.read(plan.export())) == []
