"""Stories of many messages: the minute of an address, digests, the carriers' limits (F65, G6, conclusion 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock, due, worker
from core.claims import claim
from notifications.commands.deliveries import queue, withdraw
from notifications.messages import Message
from notifications.models import ContactMethod, Delivery
from tests.fakes import Mailbox, Phones, drain, run_until
from tests.notifications.conftest import Desk, page
from tests.world import World, method

pytestmark = pytest.mark.django_db
BO = "+4512345678"


def mail_of(world: World) -> ContactMethod:
    return world.bo.contact_methods.get(address="bo@example.org")


def text_of(mail: object) -> str:
    return mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined, no-any-return]


def test_first_at_once_then_one_digest_a_minute_with_every_number(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F65: 60 services go down within a minute."""
    for number in range(1, 61):
        page(mail_of(world), number)
        drain()
        at.move(milliseconds=500)
    assert len(mailbox.mails) == 1
    assert "INC-1:" in text_of(mailbox.mails[0])
    run_until(at, at.at + timedelta(minutes=2))
    assert len(mailbox.mails) == 2
    digest = text_of(mailbox.mails[1])
    assert "59 pages wait for you" in digest
    numbers = {word.strip(".,:") for word in digest.split() if word.startswith("INC-")}
    assert numbers >= {f"INC-{number}" for number in range(2, 61)}
    assert "http://localhost:8000/answer/token-of-17/" in digest
    assert sorted(desk.handed, key=int) == [str(number) for number in range(1, 61)]
    assert Delivery.objects.filter(state="bundled").count() == 58
    assert set(Delivery.objects.filter(state="bundled").values_list("bundled_into__state", flat=True)) == {"sent"}
    run_until(at, at.at + timedelta(minutes=5))
    assert len(mailbox.mails) == 2


def test_a_storm_of_ten_minutes_makes_one_digest_a_minute(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F65, G6: the pages of one person are bounded and no number is lost."""
    for number in range(1, 121):
        page(mail_of(world), number)
        run_until(at, at.at + timedelta(seconds=5))
    run_until(at, at.at + timedelta(minutes=3))
    assert len(mailbox.mails) <= 12
    assert len(set(desk.handed)) == len(desk.handed) == 120


def test_the_first_page_of_a_p1_is_never_held(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """Conclusion 5: and it does not put off those that wait."""
    page(mail_of(world), 1)
    drain()
    page(mail_of(world), 2)
    drain()
    at.move(seconds=30)
    page(mail_of(world), 3, rank=1)
    drain()
    assert [str(mail["Subject"])[:7] for mail in mailbox.mails] == ["[INC-1]", "[INC-3]"]
    run_until(at, at.at + timedelta(seconds=31))
    assert str(mailbox.mails[2]["Subject"]).startswith("[INC-2]")


def test_p1s_that_come_together_go_together_without_waiting(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    for number in range(1, 6):
        page(mail_of(world), number, rank=1)
    drain()
    assert len(mailbox.mails) == 1
    assert "5 pages wait for you: INC-1, INC-2, INC-3, INC-4, INC-5." in text_of(mailbox.mails[0])


def test_two_people_and_two_addresses_have_minutes_of_their_own(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    second = method(world.bo, address="bo.private@example.org")
    for each in (mail_of(world), second, world.cy.contact_methods.get()):
        page(each, each.pk)
    drain()
    assert len(mailbox.mails) == 3


def test_a_message_that_was_answered_is_not_in_the_digest(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """O18: also the one that would have carried the others."""
    for number in (1, 2, 3, 4):
        page(mail_of(world), number)
        drain()
    withdraw("page", ["2"])  # it leads
    desk.unwanted.add("3")
    run_until(at, at.at + timedelta(minutes=3))
    assert len(mailbox.mails) == 2
    assert "INC-4" in str(mailbox.mails[1]["Subject"])
    assert "INC-2" not in text_of(mailbox.mails[1])
    assert "INC-3" not in text_of(mailbox.mails[1])


def test_a_digest_that_fails_is_told_for_all_and_tried_again_whole(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """O29, F31: nobody is lost and nobody is told twice."""
    for number in (1, 2, 3):
        page(mail_of(world), number)
        drain()
    mailbox.fail("451", "451")
    run_until(at, at.at + timedelta(minutes=4))
    assert sorted(desk.failed) == [("2", False), ("3", False)]
    assert len(mailbox.mails) == 2
    assert sorted(desk.handed) == ["1", "2", "3"]


def test_a_failed_first_page_does_not_make_others_wait(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """G12: the next incident's page is tried, and told, at once."""
    mailbox.always = "451"
    page(mail_of(world), 1)
    drain()
    at.move(seconds=1)
    page(mail_of(world), 2)
    drain()
    assert desk.failed == [("1", False), ("2", False)]


def test_a_crash_in_its_turn_costs_no_minute(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G4: killed after it took the minute and before it sent."""
    from notifications.providers.email import Email

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    page(mail_of(world), 1)
    with monkeypatch.context() as broken:
        broken.setattr(Email, "send", killed)
        with pytest.raises(KeyboardInterrupt):
            drain()
    at.move(seconds=26)
    drain()
    assert len(mailbox.mails) == 1


def test_a_digest_is_never_taken_for_the_mail_that_its_carrier_sent_before(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F4: INC-1 was taken and the worker killed before the mark; INC-2 rides along with its repeat.

    Bo's mail server drops what carries a Message-ID that it knows: INC-2 must arrive all the same. The digest
    itself, repeated, is the same mail.
    """

    def killed(self: due.Item) -> None:
        raise KeyboardInterrupt

    page(mail_of(world), 1)
    for number in (2, 3):
        with monkeypatch.context() as broken:
            broken.setattr(due.Item, "finish", killed)
            with pytest.raises(KeyboardInterrupt):
                drain()
        if number == 2:
            page(mail_of(world), 2)
        at.move(seconds=26)  # the lease has ended
    run_until(at, at.at + timedelta(minutes=3))
    first, digest, again = mailbox.mails
    assert "INC-2" in text_of(digest)
    assert digest["Message-ID"] != first["Message-ID"]
    assert again["Message-ID"] == digest["Message-ID"]
    assert desk.handed == ["1", "2"]


def test_a_digest_that_fails_locks_messages_before_their_rows(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """An acknowledgement takes messages back in the same order, so that neither waits for the other for ever."""
    for number in (1, 2, 3):
        page(mail_of(world), number)
        drain()
    mailbox.fail("550")
    with CaptureQueriesContext(connection) as found:
        run_until(at, at.at + timedelta(minutes=2))
    texts = [query["sql"] for query in found]
    failed = [n for n, sql in enumerate(texts) if sql.startswith("UPDATE") and "'failed'" in sql]
    withdrawn = [n for n, sql in enumerate(texts) if sql.startswith("UPDATE") and "'withdrawn'" in sql]
    assert sorted(desk.failed) == [("2", True), ("3", True)]
    assert failed
    assert withdrawn
    assert max(failed) < min(withdrawn)


def test_one_that_rides_along_does_not_go_by_itself_meanwhile(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """Two workers at the end of the minute: the second finds its message in the first one's digest."""
    for number in (1, 2, 3):
        page(mail_of(world), number)
        drain()
    at.move(seconds=66)
    leader, rider = claim(2)
    from notifications.commands import turns
    from notifications.due import load

    delivery = load(leader.ref)
    assert delivery is not None
    assert len(turns.take_turn(delivery, (), ["page"]).riders) == 1
    worker.do(rider)
    assert len(mailbox.mails) == 1  # it waits for its carrier
    worker.do(leader)
    assert len(mailbox.mails) == 2
    run_until(at, at.at + timedelta(minutes=3))
    assert len(mailbox.mails) == 2
    assert sorted(desk.handed) == ["1", "2", "3"]


def test_sms_has_the_limits_of_a_telephone(world: World, phones: Phones, desk: Desk, at: clock.FrozenClock) -> None:
    """Conclusion 5: 1 a minute, 5 in 15 minutes, 11 an hour; what is held comes in digests, a P1 at once."""
    sms = method(world.bo, "sms_twilio", BO)
    for number in range(1, 60):
        page(sms, number)
        run_until(at, at.at + timedelta(seconds=60))
        if number == 14:
            assert len(phones.texts(BO)) == 5
    assert len(phones.texts(BO)) == 11
    page(sms, 99, rank=1)
    drain()
    assert "INC-99" in phones.texts(BO)[-1]["Body"]
    assert len(phones.texts(BO)) == 12
    run_until(at, at.at + timedelta(hours=2))
    assert len(set(desk.handed)) == 60


def test_a_first_page_held_for_long_goes_by_the_next_method(
    world: World, phones: Phones, desk: Desk, at: clock.FrozenClock
) -> None:
    """A throttle never silences an incident: the person's next method is told at once."""
    call = method(world.bo, "voice_twilio", BO)
    for number in (1, 2, 3):
        page(call, number)
        run_until(at, at.at + timedelta(seconds=61))
    assert len(phones.calls(BO)) == 3
    page(call, 4)
    drain()
    assert (len(phones.calls(BO)), desk.failed) == (3, [("4", False)])


def test_verification_and_tests_do_not_wait_behind_pages(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    from notifications.commands.contact_methods import send_test
    from tests.world import acts

    page(mail_of(world), 1)
    page(mail_of(world), 2)
    drain()
    send_test(acts(world.bo), mail_of(world))
    drain()
    assert str(mailbox.mails[-1]["Subject"]) == "Watchbill test"


def test_no_page_waits_behind_a_notice_a_code_or_a_test(
    world: World, mailbox: Mailbox, phones: Phones, desk: Desk, at: clock.FrozenClock
) -> None:
    """Bo is told by SMS that nothing reaches Cy; his own page a second later goes at once, as it does by mail."""
    sms, about = method(world.bo, "sms_twilio", BO), Message(title="No message reaches Cy Novak", text="Look.")
    for number, to in enumerate((sms, mail_of(world))):
        queue(key=f"n{number}", purpose="notice", purpose_key="n", method=to, message=about, rank=5, first=False)
    drain()
    assert (len(phones.texts(BO)), len(mailbox.mails)) == (1, 1)
    at.move(seconds=1)
    page(sms, 1)
    page(mail_of(world), 2)
    drain()
    assert (len(phones.texts(BO)), len(mailbox.mails)) == (2, 2)
    page(sms, 3)
    drain()
    assert len(phones.texts(BO)) == 2, "a page counts"


def test_a_page_of_the_last_resort_is_not_held_and_takes_along_what_waits(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """S50: nobody is behind Bo any more. The next one within the minute waits: a storm stays few mails (F65)."""
    for number in (1, 2):
        page(mail_of(world), number)
        drain()
    at.move(seconds=20)
    page(mail_of(world), 3, rank=3, first=False, pressing=True)
    drain()
    assert [str(mail["Subject"])[:7] for mail in mailbox.mails] == ["[INC-1]", "[INC-3]"]
    assert "INC-2" in text_of(mailbox.mails[1])
    page(mail_of(world), 4, rank=3, pressing=True)
    run_until(at, at.at + timedelta(seconds=59))
    assert len(mailbox.mails) == 2
    run_until(at, at.at + timedelta(seconds=2))
    assert str(mailbox.mails[2]["Subject"]).startswith("[INC-4]")
    assert sorted(desk.handed) == ["1", "2", "3", "4"]


def test_a_storm_that_reaches_the_last_resort_makes_few_mails(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F65, S50: two hundred policies give up within five minutes, while ordinary pages come too."""
    for number in range(1, 201):
        page(mail_of(world), number, pressing=number % 2 == 0)
        run_until(at, at.at + timedelta(seconds=1.5))
    run_until(at, at.at + timedelta(minutes=3))
    assert len(mailbox.mails) <= 12
    assert len(set(desk.handed)) == len(desk.handed) == 200
