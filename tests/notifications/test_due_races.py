"""Several workers at one address and one message: real threads, real locks (F12, F65, G2, G9, S31)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from core import clock, due, worker
from core.claims import claim
from notifications.commands import outcomes
from notifications.commands.deliveries import withdraw
from notifications.models import Delivery
from tests.fakes import Carrier, Mailbox, Phones, drain, run_until
from tests.notifications.conftest import Desk, page
from tests.world import World, method

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(items: list[due.Item]) -> None:
    """Each item in a thread of its own, all let go together."""
    gate = threading.Barrier(len(items))

    def run(item: due.Item) -> None:
        gate.wait(10)
        try:
            worker.do(item)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)


def test_six_workers_at_one_address_send_one_mail_at_once_and_lose_none(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F65: the lock on the address orders them; every page is handed over exactly once."""
    own = world.bo.contact_methods.get()
    for number in range(1, 7):
        page(own, number)
    at_once(claim(6))
    assert len(mailbox.mails) == 1
    run_until(at, at.at + timedelta(minutes=3))
    assert sorted(desk.handed) == ["1", "2", "3", "4", "5", "6"]
    assert len(mailbox.mails) <= 3


def test_p1s_in_six_threads_leave_at_once_and_none_twice(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    own = world.bo.contact_methods.get()
    for number in range(1, 7):
        page(own, number, rank=1)
    at_once(claim(6))
    run_until(at, at.at + timedelta(minutes=3))
    assert sorted(desk.handed) == ["1", "2", "3", "4", "5", "6"]


def test_withdrawn_while_it_is_with_the_carrier_is_logged_as_sent(
    world: World, carrier: Carrier, desk: Desk, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G17: what is with the carrier may arrive; the log says so, and nobody is told that it was handed over."""
    from notifications.providers.webhook import Webhook

    send = Webhook.send

    def slow(*args: object) -> object:
        sent = send(*args)  # type: ignore[arg-type]
        assert withdraw("page", ["42"]) == 1
        return sent

    monkeypatch.setattr(Webhook, "send", slow)
    page(method(world.bo, "webhook", f"{carrier.url}/hook", secrets={"secret": "s"}))
    worker.drain()
    assert Delivery.objects.get().state == "confirmed"
    assert desk.handed == []


def test_a_lost_lease_after_sending_writes_nothing_twice(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F7, G2: two workers hold one row after a lease ended; one mail more at most, one mark."""
    page(world.bo.contact_methods.get())
    [first] = claim(1)
    at.move(seconds=26)
    [second] = claim(1)
    at_once([first, second])
    assert 1 <= len(mailbox.mails) <= 2
    assert desk.handed == ["42"]
    assert Delivery.objects.get().attempts == 1


def somebody_waits() -> bool:
    """Whether a connection of this database waits for another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


class Report(threading.Thread):
    """A carrier's news of one page, written down but not committed until our own mark waits for it."""

    def __init__(self, about: str, word: str) -> None:
        super().__init__(daemon=True)
        self.about, self.word = about, word
        self.written = threading.Event()
        self.met = False

    def run(self) -> None:
        try:
            with transaction.atomic():
                outcomes.news(Delivery.objects.get(purpose_key=self.about), self.word, "30003")
                self.written.set()
                end = time.monotonic() + 5
                while not self.met and time.monotonic() < end:
                    time.sleep(0.01)
                    self.met = somebody_waits()
        finally:
            connection.close()


@pytest.mark.services
@pytest.mark.parametrize(
    ("word", "states", "handed"),
    [
        ("failed", {"1": "sent", "2": "failed", "3": "sent"}, ["1", "3"]),
        ("confirmed", {"1": "sent", "2": "confirmed", "3": "bundled"}, ["1", "2", "3"]),
    ],
)
def test_news_that_are_written_while_we_mark_are_heeded(
    world: World,
    phones: Phones,
    desk: Desk,
    at: clock.FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    states: dict[str, str],
    handed: list[str],
) -> None:
    """F35: Bo's digest of pages 2 and 3 is reported in the moment that it is marked; no page of it is lost."""
    from notifications.providers.sms_twilio import SmsTwilio

    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    sms, report, send = method(world.bo, "sms_twilio", "+4512345678"), Report("2", word), SmsTwilio.send
    for number in (1, 2, 3):
        page(sms, number)
        drain()

    def fast(*args: object) -> object:
        sent = send(*args)  # type: ignore[arg-type]
        if not report.written.is_set():
            report.start()
            assert report.written.wait(10)
        return sent

    monkeypatch.setattr(SmsTwilio, "send", fast)
    run_until(at, at.at + timedelta(minutes=5))
    report.join(10)
    assert report.met
    assert dict(Delivery.objects.values_list("purpose_key", "state")) == states
    assert sorted(desk.handed) == handed
    assert desk.failed == ([("2", True)] if word == "failed" else [])
