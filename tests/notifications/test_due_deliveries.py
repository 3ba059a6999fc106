"""Stories of one message: sent, retried, refused, withdrawn, late (F4, F17, F31, F67, O18, O29, G12, A8, A9)."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.urls import resolve

from core import clock, due, links, worker
from core.claims import claim
from core.models import DueRow
from notifications import kinds
from notifications.commands.deliveries import withdraw
from notifications.commands.notices import tell
from notifications.messages import Message
from notifications.models import ContactMethod, Delivery, DeliveryAttempt
from tests.fakes import Carrier, Mailbox, drain, run_until
from tests.notifications.conftest import Desk, page
from tests.world import World, method

pytestmark = pytest.mark.django_db


def mail_of(world: World) -> ContactMethod:
    return world.bo.contact_methods.get(address="bo@example.org")


def test_a_page_leaves_as_one_mail_with_number_title_and_link(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    queued = page(mail_of(world))
    drain()
    [mail] = mailbox.to("bo@example.org")
    assert mail["Subject"] == "[INC-42] P2 Checkout is down"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "INC-42: Checkout is down" in text
    assert "http://localhost:8000/answer/token-of-42/" in text
    assert mail["Auto-Submitted"] == "auto-generated"  # F59
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert queued is not None
    queued.refresh_from_db()
    assert (queued.state, queued.attempts, desk.handed) == ("sent", 1, ["42"])
    assert [t.outcome for t in queued.tries.all()] == ["sent"]


def test_every_link_of_a_digest_is_signed_as_it_leaves(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock, settings: Any
) -> None:
    """F53: Bo's mail server was away while the operator changed the key; each link still opens its own page."""
    for number in range(42, 47):
        link = links.absolute(f"/answer/{links.sign('answer', str(number))}/")
        page(mail_of(world), number, answer_link=link)
    settings.SECRET_KEY = "another-secret-key-of-the-same-portal-" * 2
    run_until(at, at.at + timedelta(minutes=5))
    texts = "".join(mail.get_body(("plain",)).get_content() for mail in mailbox.mails)  # type: ignore[union-attr]
    tokens = re.findall(r"/answer/([^/\s]+)/", texts)
    read = [links.read("answer", token, timedelta(hours=48)) for token in tokens]
    assert len(mailbox.mails) < len(read)
    assert sorted(read) == ["42", "43", "44", "45", "46"]


def test_the_same_key_is_queued_once(world: World, mailbox: Mailbox, desk: Desk) -> None:
    assert page(mail_of(world)) is not None
    assert page(mail_of(world)) is None
    drain()
    assert len(mailbox.mails) == 1


def test_an_unverified_address_gets_no_page(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """A43."""
    assert page(method(world.bo, address="new@example.org", verified=False)) is None
    assert Delivery.objects.count() == 0


def test_a_withdrawn_message_never_leaves(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """O18: what is queued and not handed over is taken back."""
    page(mail_of(world))
    assert withdraw("page", ["42"]) == 1
    assert withdraw("page", ["42"]) == 0
    drain()
    assert mailbox.mails == []
    assert Delivery.objects.get().state == "withdrawn"


def test_wanted_is_asked_again_right_before_sending(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """O18: answered between the queue and the provider."""
    page(mail_of(world))
    desk.unwanted.add("42")
    drain()
    assert mailbox.mails == []
    assert Delivery.objects.get().state == "withdrawn"


def test_a_worker_that_lost_its_lease_sends_nothing(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """F7: the woken one asks for its lease before it sends."""
    page(mail_of(world))
    [item] = claim(1)
    DueRow.objects.filter(pk=item.id).update(lease_owner="somebody else")
    worker.do(item)
    assert mailbox.mails == []
    assert Delivery.objects.get().state == "queued"


def test_killed_between_acceptance_and_mark_sends_once_more_with_the_same_id(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F4: never marked before it is sent; the repeat carries the same Message-ID."""

    def killed(self: due.Item) -> None:
        raise KeyboardInterrupt

    page(mail_of(world))
    with monkeypatch.context() as broken:
        broken.setattr(due.Item, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            drain()
    at.move(seconds=26)  # the lease has ended
    drain()
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    at.move(minutes=5)
    drain()
    assert len(mailbox.mails) == 2
    assert desk.handed == ["42"]


@pytest.mark.parametrize("mode", ["421", "451", "close", "lost_after_accept"])
def test_a_temporary_failure_tells_at_once_and_retries_beside(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock, mode: str
) -> None:
    """F31, O29: the person's next method goes at once; the same message is tried again after 5 s."""
    mailbox.fail(mode, mode)
    page(mail_of(world))
    drain()
    assert desk.failed == [("42", False)]
    assert Delivery.objects.get().state == "queued"
    run_until(at, at.at + timedelta(seconds=20))
    assert desk.failed == [("42", False)]  # told once
    assert Delivery.objects.get().state == "sent"
    assert list(DeliveryAttempt.objects.values_list("outcome", flat=True)) == ["temporary", "temporary", "sent"]


def test_a_refused_mailbox_is_marked_and_tried_again_after_a_day(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F31, F67: 550 ends it at once; its owner learns of it elsewhere; it is tried again once a day."""
    own = mail_of(world)
    other = method(world.bo, address="bo.private@example.org")
    mailbox.fail("550")
    page(own)
    drain()
    own.refresh_from_db()
    assert own.broken_at == at.at
    assert desk.failed == [("42", True)]
    assert Delivery.objects.get(purpose="page").state == "failed"
    [notice] = mailbox.to("bo.private@example.org")
    assert "does not work" in str(notice["Subject"])
    text = notice.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    [path] = re.findall(r"https?://[^/\s]+(/[^\s]*)", text)
    assert resolve(path).url_name == "methods"
    assert [str(mail["Subject"]) for mail in mailbox.to("ana@example.org")] == ["A responder's address does not work"]
    page(own, 43)
    drain()
    assert desk.failed[-1] == ("43", True)
    assert mailbox.to(own.address) == []
    at.move(hours=25)
    page(own, 44)
    drain()
    own.refresh_from_db()
    assert len(mailbox.to(own.address)) == 1
    assert ContactMethod.objects.get(pk=own.pk).broken_at is None
    assert other.verified_at


def test_a_notice_goes_where_nothing_was_ever_refused(
    world: World, mailbox: Mailbox, carrier: Carrier, desk: Desk, at: clock.FrozenClock
) -> None:
    """F67: Ana's mailbox died two days ago. A page may try it again, but what goes by one way alone does not."""
    dead = world.ana.contact_methods.get()
    ContactMethod.objects.filter(pk=dead.pk).update(broken_at=at.at - timedelta(days=2), broken_reason="550")
    topic = method(world.ana, "ntfy", f"{carrier.url}/ana")
    told = tell(world.ana, key="a", message=Message(title="Look", text="Look."))
    assert told is not None
    assert told.method == topic
    ContactMethod.objects.filter(pk=topic.pk).update(broken_at=at.at, broken_reason="404")
    told = tell(world.ana, key="b", message=Message(title="Look", text="Look."))
    assert told is not None
    assert told.method == dead, "rather than the one that was refused today"
    told = tell(world.ana, key="c", message=Message(title="Look", text="Look."), without=dead.pk)
    assert told is not None
    assert told.method == topic, "a notice that may fail beats none"


def test_a_broken_address_is_still_used_when_it_is_all_there_is(world: World, mailbox: Mailbox, desk: Desk) -> None:
    own = mail_of(world)
    ContactMethod.objects.filter(pk=own.pk).update(broken_at=clock.now(), broken_reason="550")
    page(own)
    drain()
    assert len(mailbox.mails) == 1


def test_a_hanging_mail_server_ends_within_ten_seconds(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """F31, G12: hangs after the greeting; total wall clock."""
    mailbox.fail("hang")
    page(mail_of(world))
    start = time.monotonic()
    drain()
    assert 8 < time.monotonic() - start < 12
    assert desk.failed == [("42", False)]


def test_slow_replies_end_within_the_limit_in_all(
    world: World, mailbox: Mailbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F31: each reply alone is within the limit, all together are not."""
    monkeypatch.setattr("notifications.providers.email.DEADLINE", 2.0)
    mailbox.pace = 0.8
    mailbox.fail("slow")
    page(mail_of(world))
    start = time.monotonic()
    drain()
    assert time.monotonic() - start < 4
    assert desk.failed == [("42", False)]


def test_a_mail_server_that_refuses_connections(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F31, F33: the page is kept and leaves late, saying so, when the server is back and it is still wanted."""
    mailbox.close()
    page(mail_of(world))
    run_until(at, at.at + timedelta(minutes=7))
    assert Delivery.objects.get().state == "queued"
    back = Mailbox(port=mailbox.port)
    run_until(at, at.at + timedelta(minutes=1))
    back.close()
    assert "Late by 7 min." in back.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_page_is_never_dropped_for_its_age_and_says_late(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """Conclusion 4, F33."""
    mailbox.always = "451"
    page(mail_of(world))
    run_until(at, at.at + timedelta(hours=3))
    assert Delivery.objects.get().state == "queued"
    tried = Delivery.objects.get().attempts
    assert tried > 30
    mailbox.always = "ok"
    run_until(at, at.at + timedelta(minutes=6))
    [mail] = mailbox.mails
    assert "Late by 18" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert Delivery.objects.get().state == "sent"


def test_a_provider_that_keeps_failing_is_loud_and_success_ends_the_alarm(
    world: World, mailbox: Mailbox, desk: Desk, at: clock.FrozenClock
) -> None:
    """F33: visible on the screen, and the watchdog's ping stops since health is red."""
    from core import alarms

    mailbox.fail("451", "451", "451")
    page(mail_of(world))
    run_until(at, at.at + timedelta(seconds=16))
    assert [beat.name for beat in alarms.standing()] == ["alarm:provider.email"]
    run_until(at, at.at + timedelta(minutes=2))
    assert alarms.standing() == []


def test_an_unreadable_message_still_pages(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """F17: one broken row, a fallback text; the others go on."""
    page(mail_of(world), 41)
    Delivery.objects.update(message={"title": 7})
    other = method(world.cy, address="cy2@example.org")
    page(other)
    drain()
    assert mailbox.to("bo@example.org")[0]["Subject"] == "You are being paged"
    assert len(mailbox.to("cy2@example.org")) == 1


def test_unreadable_secrets_fail_that_address_only(
    world: World, carrier: Carrier, mailbox: Mailbox, desk: Desk
) -> None:
    """F17: the stored secrets cannot be opened any more."""
    from django.db import connection

    hook = method(world.bo, "webhook", f"{carrier.url}/hook", secrets={"secret": "s"})
    page(hook, 41)
    page(mail_of(world))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_contactmethod SET secrets = 'garbage' WHERE id = %s", [hook.pk])
    drain()
    assert desk.failed == [("41", True)]
    assert len(mailbox.mails) == 1


def test_a_faulty_plug_in_is_retried_and_loud(
    world: World, mailbox: Mailbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F17."""
    provider = kinds.provider_of("email")
    monkeypatch.setattr(type(provider), "send", lambda *_: dict[str, str]()["nothing"])
    page(mail_of(world))
    drain()
    assert desk.failed == [("42", False)]
    assert Delivery.objects.get().state == "queued"


def test_removed_addresses_and_deactivated_people_fail_for_good(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """F55."""
    page(mail_of(world), 1)
    mail_of(world).delete()
    page(world.cy.contact_methods.get(), 2)
    world.cy.is_active = False
    world.cy.save()
    drain()
    assert sorted(desk.failed) == [("1", True), ("2", True)]
    assert mailbox.mails == []


def test_html_in_a_title_is_text_in_the_mail(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """A8: no foreign picture, style or button; links lead to our host only."""
    evil = '<img src=http://evil.test/x><style>*{display:none}</style><a href="http://evil.test/ack">Accept</a>'
    page(mail_of(world), title=evil, html=f"<p>{evil}</p>")
    drain()
    html = mailbox.mails[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<img" not in html
    assert "<style" not in html
    assert 'evil.test/ack"' not in html.replace("&quot;", "'")
    assert html.count("<a ") == 2
    assert 'href="http://localhost:8000/answer/token-of-42/"' in html


@pytest.mark.parametrize(
    "title",
    [
        "x\r\nBcc: eve@example.org",
        "x\nBcc: eve@example.org\n\nbody",
        "x\u2028Bcc: eve@example.org",
        "=?utf-8?q?x=0D=0ABcc:eve@example.org?=",
        "\x00\x0b\x85Bcc: eve@example.org",
        "ü" * 500,
    ],
)
def test_no_title_makes_a_header(world: World, mailbox: Mailbox, desk: Desk, title: str) -> None:
    """A9: exactly the intended recipient, one subject."""
    page(mail_of(world), title=title)
    drain()
    assert mailbox.recipients == [["bo@example.org"]]
    mail = mailbox.mails[0]
    assert mail["Bcc"] is None
    assert "\n" not in str(mail["Subject"])
    assert str(mail["Subject"]).startswith("[INC-42] P2 ")


def test_a_provider_that_was_taken_away_fails_for_good(world: World, mailbox: Mailbox, desk: Desk) -> None:
    page(method(world.bo, "pigeon", "the roof"))
    drain()
    assert desk.failed == [("42", True)]


def test_one_page_costs_few_queries_and_no_needless_write(
    world: World, mailbox: Mailbox, desk: Desk, django_assert_max_num_queries: Any
) -> None:
    """P2: the way from the due row to the provider and back."""
    page(mail_of(world))
    with django_assert_max_num_queries(28):
        assert drain() == 1
