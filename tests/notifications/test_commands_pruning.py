"""What the delivery log forgets, and what it keeps (G20, F46)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock, jobs
from core.models import BulkJob
from notifications.commands import pruning
from notifications.commands.deliveries import withdraw
from notifications.models import Delivery, DeliveryAttempt
from tests.fakes import Mailbox, drain
from tests.notifications.conftest import Desk, page
from tests.world import World

pytestmark = pytest.mark.django_db


def hourly() -> None:
    """The job as the bulk lane does it."""
    row = BulkJob.objects.create(name="notifications.prune_deliveries")
    jobs.run(row.pk)
    row.refresh_from_db()
    assert row.state == BulkJob.DONE, row.error


def paged(world: World, number: int, **fields: Any) -> Delivery:
    """Bo is paged about INC-<number> by mail."""
    made = page(world.bo.contact_methods.get(address="bo@example.org"), number, **fields)
    assert made is not None
    return made


def left() -> list[str]:
    """The incidents that the log still tells of."""
    return list(Delivery.objects.order_by("pk").values_list("purpose_key", flat=True))


def test_what_bo_got_is_kept_for_400_days(world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock) -> None:
    paged(world, 42)
    drain()
    desk.unwanted.add("42")
    at.move(days=400)
    hourly()
    assert left() == ["42"]
    at.move(minutes=1)
    hourly()
    assert left() == []
    assert not DeliveryAttempt.objects.exists()


def test_a_message_that_waits_is_never_forgotten(world: World, desk: Desk, at: clock.FrozenClock) -> None:
    paged(world, 42)
    desk.unwanted.add("42")
    at.move(days=500)
    hourly()
    assert left() == ["42"]


def test_the_log_of_an_open_page_stays_and_tells_who_was_tried(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """Bo's page of long ago was never answered: what was sent for it still counts, the next one's is gone."""
    paged(world, 42)
    paged(world, 43)
    drain()
    desk.unwanted.add("43")
    at.move(days=500)
    hourly()
    assert left() == ["42"]
    desk.unwanted.add("42")
    hourly()
    assert left() == []


def test_what_ended_late_is_counted_from_its_end(world: World, desk: Desk, at: clock.FrozenClock) -> None:
    """Queued two years ago and taken back yesterday."""
    paged(world, 42)
    desk.unwanted.add("42")
    at.move(days=730)
    withdraw("page", ["42"])
    at.move(days=1)
    hourly()
    assert left() == ["42"]
    at.move(days=400)
    hourly()
    assert left() == []


@pytest.mark.parametrize("purpose", ["test", "notice", "of a room that was taken away"])
def test_what_was_about_nothing_open_goes(world: World, desk: Desk, at: clock.FrozenClock, purpose: str) -> None:
    made = paged(world, 42)
    Delivery.objects.filter(pk=made.pk).update(purpose=purpose, state="sent", ended_at=at.at)
    at.move(days=401)
    hourly()
    assert left() == []


def test_a_message_that_nobody_can_open_any_more_goes(
    world: World, desk: Desk, at: clock.FrozenClock, settings: Any
) -> None:
    """The field keys were lost; the table does not grow for ever because of it."""
    made = paged(world, 42)
    Delivery.objects.filter(pk=made.pk).update(state="sent", ended_at=at.at)
    desk.unwanted.add("42")
    settings.FIELD_KEYS = ["another-key-than-the-one-before"]
    at.move(days=401)
    hourly()
    assert left() == []


def test_a_row_that_cannot_be_asked_about_stops_no_other(world: World, desk: Desk, at: clock.FrozenClock) -> None:
    """F17: the code of an address whose key is no number stays; Bo's page goes."""
    for number, purpose, key in ((41, "verify", "rubbish"), (42, "page", "42")):
        made = paged(world, number)
        Delivery.objects.filter(pk=made.pk).update(purpose=purpose, purpose_key=key, state="sent", ended_at=at.at)
    desk.unwanted.add("42")
    at.move(days=401)
    hourly()
    assert left() == ["rubbish"]


def test_batches_are_small_and_what_is_kept_blocks_nobody(
    world: World, desk: Desk, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The three oldest wait for ever; a batch of three goes on beyond them, and ends at the first young one."""
    monkeypatch.setattr(pruning, "BATCH", 3)
    for number in range(10):
        paged(world, number)
        desk.unwanted.add(str(number))
    Delivery.objects.filter(purpose_key__in=["3", "4", "5", "6", "7", "8"]).update(state="sent", ended_at=at.at)
    at.move(days=401)
    paged(world, 10)
    after = pruning.prune(0)
    assert after
    assert len(left()) == 11
    pruning.prune(after)
    assert left() == ["0", "1", "2", "6", "7", "8", "9", "10"]
    hourly()
    assert left() == ["0", "1", "2", "9", "10"]


def test_a_young_log_is_not_read_through(world: World, desk: Desk, at: clock.FrozenClock) -> None:
    """F46: every hour on a large table, so one short read by the primary key."""
    for number in range(5):
        paged(world, number)
    at.move(days=30)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert pruning.prune() == 0
    [read, *others] = [query["sql"] for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert "LIMIT 200" in read
    assert not others, others
