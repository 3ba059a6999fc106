"""Escalation through the real due queue and a real mail server: what people find in their mailboxes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.actors import link_holder
from accounts.commands import users
from core.clock import FrozenClock
from notifications.models import ContactMethod
from oncall.commands import pages
from oncall.models import Escalation, Page
from oncall.queries.escalations import unreached
from tests import world as w
from tests.fakes import Mailbox, drain, run_until
from tests.oncall.cases import KEY, Case, paged, start, stop
from tests.world import World, acts


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    made = Mailbox()
    settings.EMAIL_URL = made.url
    yield made
    made.close()


def test_bo_is_mailed_then_cy_then_ana(world: World, case: Case, at: FrozenClock, mailbox: Mailbox) -> None:
    start(world.policy)
    drain()
    [mail] = mailbox.to("bo@example.org")
    assert "CASE-7" in str(mail["Subject"])
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Checkout is down" in text
    assert "http://localhost:8000/answer/" in text
    assert Page.objects.get().handed_at == at.at
    run_until(at, at.at + timedelta(minutes=5))
    assert len(mailbox.to("cy@example.org")) == 1
    run_until(at, at.at + timedelta(minutes=5))
    assert len(mailbox.to("ana@example.org")) == 1
    run_until(at, at.at + timedelta(hours=5))
    assert len(mailbox.mails) == 3


def test_o18_what_was_acknowledged_before_it_left_is_never_mailed(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    start(world.policy)
    stop()
    run_until(at, at.at + timedelta(hours=1))
    assert mailbox.mails == []


def test_g13_f31_a_refused_address_asks_the_next_level_at_once(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    mailbox.fail("550")
    start(world.policy)
    run_until(at, at.at + timedelta(seconds=5))
    assert len(mailbox.to("cy@example.org")) == 1
    assert paged(state="undeliverable") == ["Bo"]
    assert case.texts("page_failed") == ["No message reaches Bo Chen: every address has failed."]


def test_g12_a_greylisted_mail_arrives_and_changes_nothing(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    mailbox.fail("451")
    start(world.policy)
    run_until(at, at.at + timedelta(minutes=4))
    assert len(mailbox.to("bo@example.org")) == 1
    assert paged() == ["Bo"]
    assert case.texts("page_failed") == []


def test_f33_when_the_mail_server_is_back_unanswered_pages_arrive_late(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    mailbox.always = "451"
    start(world.policy)
    run_until(at, at.at + timedelta(minutes=8))
    assert Escalation.objects.get(subject=KEY).state == "exhausted"  # the provider's alarm pages beside it (G14)
    assert mailbox.mails == []
    assert "CASE-7: no message has reached anybody." in [finding.sentence for finding in unreached()]
    mailbox.always = "ok"
    run_until(at, at.at + timedelta(minutes=6))
    assert list(unreached()) == []
    for name in ("bo", "cy", "ana"):
        [mail] = mailbox.to(f"{name}@example.org")
        body = mail.get_body(("plain",))
        assert body is not None
        assert "Late by" in body.get_content()


def test_f17_an_unreadable_address_harms_no_other(world: World, case: Case, at: FrozenClock, mailbox: Mailbox) -> None:
    second = w.method(world.bo, "email", "bo.private@example.org")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_contactmethod SET secrets = 'garbage' WHERE address = 'bo@example.org'")
    start(world.policy)
    run_until(at, at.at + timedelta(seconds=30))
    assert len(mailbox.to(second.address)) == 1
    assert paged() == ["Bo"]


def test_s50_deactivating_a_person_hands_his_page_on(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """F55: by the fact that accounts records."""
    start(world.policy)
    drain()
    users.deactivate(acts(world.ada), world.bo)
    drain()
    assert paged() == ["Cy"]
    assert len(mailbox.to("cy@example.org")) == 1


def test_a_decline_by_the_mails_link_asks_the_next_level_at_once(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    start(world.policy)
    drain()
    pages.decline(link_holder(world.bo), Page.objects.get(), via="mail link", reason="on a plane")
    drain()
    assert len(mailbox.to("cy@example.org")) == 1


def broken() -> list[str]:
    """The addresses that are marked as broken."""
    return list(ContactMethod.objects.exclude(broken_at=None).order_by("pk").values_list("address", flat=True))


def test_f67_a_mailbox_that_was_refused_once_is_paged_again_a_day_later(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """Bo's only mailbox was full for an hour: he is passed over for a day, and not for good."""
    mailbox.fail("550")
    start(world.policy)
    run_until(at, at.at + timedelta(seconds=5))
    assert broken() == ["bo@example.org"]
    stop()
    run_until(at, at.at + timedelta(hours=23))
    start(world.policy)
    drain()
    assert case.texts("level_skipped") == [
        "Level 1 passed over at once: Bo Chen has no working way to be reached.",
    ]
    stop()
    run_until(at, at.at + timedelta(hours=1))
    start(world.policy)
    drain()
    assert len(case.texts("level_skipped")) == 1
    assert len(mailbox.to("bo@example.org")) == 1
    assert paged() == ["Bo"]
    assert broken() == [], "what arrived mends the mark"


def test_f67_a_mailbox_that_is_still_refused_rests_for_another_day(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    ContactMethod.objects.filter(user=world.bo).update(broken_at=at.at - timedelta(days=30))
    mailbox.fail("550")
    start(world.policy)
    run_until(at, at.at + timedelta(seconds=5))
    assert len(mailbox.to("cy@example.org")) == 1
    stop()
    start(world.policy)
    drain()
    assert case.texts("level_skipped") == ["Level 1 passed over at once: Bo Chen has no working way to be reached."]


def test_f67_the_last_resort_is_tried_by_an_address_that_was_refused_today(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """A broken address that is all that is left may fail, and beats none."""
    w.method(world.ada)
    ContactMethod.objects.update(broken_at=at.at - timedelta(hours=2))
    start(world.policy)
    drain()
    assert case.texts("exhausted") == ["Nobody on the policy can be reached. Paged the last resort: Ada Admin."]
    assert len(mailbox.to("ada@example.org")) == 1


def test_f67_rules_use_an_address_again_a_day_after_it_was_refused(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """Beside Bo's other address too: the rule says mail, and the mail is tried."""
    w.rule(world.bo, w.method(world.bo, "email", "bo.private@example.org"), delay_minutes=4)
    ContactMethod.objects.filter(address="bo@example.org").update(broken_at=at.at - timedelta(hours=24))
    start(world.policy)
    drain()
    assert len(mailbox.to("bo@example.org")) == 1


def test_f31_a_refused_sender_breaks_nobodys_address(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """The operator mistyped EMAIL_FROM: it is loud at once, and all mail leaves when it is mended."""
    from core import alarms

    mailbox.always = "sender"
    start(world.policy)
    drain()
    assert "alarm:provider.email" in [beat.name for beat in alarms.standing()]
    run_until(at, at.at + timedelta(minutes=8))
    assert broken() == []
    assert mailbox.mails == []
    mailbox.always = "ok"
    run_until(at, at.at + timedelta(minutes=6))
    for name in ("bo", "cy", "ana"):
        assert len(mailbox.to(f"{name}@example.org")) == 1, name


def test_f31_a_spam_rule_breaks_nobodys_address(world: World, case: Case, at: FrozenClock, mailbox: Mailbox) -> None:
    """What a server says of the content ends that message: the next person is asked at once, Bo next time too."""
    mailbox.fail("spam")
    start(world.policy)
    run_until(at, at.at + timedelta(seconds=5))
    assert len(mailbox.to("cy@example.org")) == 1
    assert broken() == []
    stop()
    start(world.policy)
    drain()
    assert len(mailbox.to("bo@example.org")) == 1


def text_of(mail: Any) -> str:
    """The plain part of a mail on one line."""
    return " ".join(mail.get_body(("plain",)).get_content().split())


def test_whoever_is_paged_late_reads_that_the_alerts_have_ended(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """Nothing stopped the escalation, so Cy is asked all the same, and knows."""
    start(world.policy)
    drain()
    case.remark = "All its alerts ended at 09:03."
    run_until(at, at.at + timedelta(minutes=5))
    [first], [second] = mailbox.to("bo@example.org"), mailbox.to("cy@example.org")
    assert "alerts" not in text_of(first)
    assert "P1 on Checkout. All its alerts ended at 09:03. Please acknowledge." in text_of(second)


def test_s50_the_last_resort_is_told_why_it_is_asked(
    world: World, case: Case, at: FrozenClock, mailbox: Mailbox
) -> None:
    """Nobody "has not answered" where nobody was asked: a service without a policy says so instead."""
    w.method(world.ada)
    start(None, team_id=world.payments.pk)
    drain()
    [mail] = mailbox.to("ana@example.org")
    assert "This service has no escalation policy: you are asked because you look after its team." in text_of(mail)
    assert case.texts("exhausted") == ["There is no escalation policy. Paged the last resort: Ana Lima."]
    stop()
    start(None)
    drain()
    [mail] = mailbox.to("ada@example.org")
    assert "no escalation policy: you are asked because you look after the portal." in text_of(mail)
    stop()
    at.move(minutes=2)
    gap = w.schedule("Nights", world.payments, world.bo, anchor="2027-01-01T09:00")
    start(w.policy("Gap", world.payments, [gap]))
    drain()
    assert "Nobody on the policy can be reached: you are the last resort." in text_of(mailbox.to("ana@example.org")[-1])
    stop()
    start(world.policy)
    run_until(at, at.at + timedelta(minutes=10))
    assert "Nobody has answered: you are the last resort." in text_of(mailbox.to("ana@example.org")[-1])
